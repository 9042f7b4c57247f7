//! The ConfigMaps that a Kustomization substitutes from: plain text in Git, as its own `substitute` is.

use serde_json::{Value, json};

use super::{Kept, report};
use crate::facts::{Answer, Facts, Key};
use crate::model::{Case, Findings, Kind, NodeId, Subject};

/// Reports what the ConfigMaps of `postBuild.substituteFrom` hold, as far as anybody can see them.
pub(super) fn check(
    case: &Case<'_>,
    kept: Kept,
    help: &'static str,
    facts: &dyn Facts,
    out: &mut Findings,
) {
    let tree = &case.subject.tree;
    let path = ["spec", "postBuild", "substituteFrom"];
    let Some(list) = tree.descend(NodeId::ROOT, &path) else {
        return;
    };
    for at in tree.children(list) {
        let entry = tree.value(at);
        let (Some("ConfigMap"), Some(name)) = (entry["kind"].as_str(), entry["name"].as_str())
        else {
            continue;
        };
        let key = Key {
            namespace: case.subject.namespace,
            name,
        };
        let Answer::Known(map) = facts.config_map(key) else {
            continue;
        };
        let inline = as_if_inline(&json!(map.data));
        let Some(subject) = Subject::new(&inline) else {
            continue;
        };
        for (hit, worst) in kept.hits(&subject) {
            let finding = report(&subject.tree, hit, worst, out);
            finding.message.push_str("; it is in ConfigMap `");
            finding.message.push_str(name);
            finding.message.push('`');
            finding.pointer = tree.pointer(at);
            // What is there names the ConfigMap and is no secret.
            finding.conceals = false;
            finding.on_facts().help(help);
        }
    }
}

/// A Kustomization that holds the variables itself.
fn as_if_inline(variables: &Value) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": Kind::Kustomization.name(),
        "spec": {"postBuild": {"substitute": variables}},
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::facts::testing::Written;
    use crate::facts::{ConfigMap, NoFacts, Unseen};
    use crate::judge::judge;
    use crate::model::{Action, Form, Pointer};
    use crate::policy::Policy;

    fn verdict(form: Form, facts: &dyn Facts) -> Vec<(Action, String, Pointer, String)> {
        let root = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "apps", "namespace": "flux-system"},
            "spec": {"postBuild": {"substituteFrom": [
                {"kind": "Secret", "name": "hidden"},
                {"kind": "ConfigMap", "name": "plain"}]}},
        });
        let subject = Subject::new(&root).expect("a Kustomization");
        let mut case = Case::of_file(subject, Timestamp::UNIX_EPOCH);
        case.request.form = form;
        let findings = judge(&case, &Policy::builtin(), facts).findings.into_iter();
        findings
            .map(|ruled| {
                let finding = ruled.finding;
                let rule = finding.rule.into_owned();
                (ruled.action, rule, finding.pointer, finding.message)
            })
            .collect()
    }

    #[test]
    fn what_a_config_map_holds_is_found_at_the_entry_that_names_it() {
        let secret = ["Otter", "Lantern", "83", "Quarry"].join("-");
        let data = [
            ("DOMAIN", "example.com"),
            ("DB_PASSWORD", &secret),
            ("ADMIN_PASSWORD", "changeme"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
        let map = ConfigMap { data: data.into() };
        let facts = Written::default().config_map_as("flux-system/plain", Answer::Known(map));
        for (form, action) in [(Form::Source, Action::Deny), (Form::Applied, Action::Warn)] {
            let found = verdict(form, &facts);
            let told: Vec<_> = found
                .iter()
                .map(|(action, rule, ..)| (*action, rule.as_str()))
                .collect();
            assert_eq!(
                told,
                [(action, "literal-secret"), (action, "weak-default-secret")]
            );
            for (_, _, pointer, message) in found {
                assert_eq!(pointer.as_str(), "/spec/postBuild/substituteFrom/1");
                assert!(
                    message.ends_with("; it is in ConfigMap `plain`"),
                    "{message}"
                );
                assert!(!message.contains(&secret) && !message.contains("changeme"));
            }
        }
    }

    #[test]
    fn what_nobody_can_see_is_no_finding() {
        let unseen = Written::others(Some(Unseen::TooSlow));
        let absent = Written::others(None);
        let worlds: [&dyn Facts; 3] = [&NoFacts, &unseen, &absent];
        for facts in worlds {
            assert_eq!(verdict(Form::Applied, facts), []);
        }
    }
}
