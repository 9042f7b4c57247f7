//! `unseen-values`: values that nobody here could judge.
//!
//! It is of the family secrets: nearly all of what is not seen is in Secrets, and whoever reads the
//! verdict of that family must know what it did not cover.

use std::collections::HashSet;

use crate::facts::Facts;
use crate::model::{Action, Case, Findings, Kind, NodeId, ValuesFrom, ValuesReference};
use crate::rules::{Family, Meta, NoParams, Rule, rule};

rule! {
    /// ## What it does
    /// Says, once for a HelmRelease, that some of its values could not be judged: those from Secrets,
    /// which are never read, and those from ConfigMaps that could not be read, with the reason.
    ///
    /// ## Why is this bad
    /// A Secret is where a password belongs. But an image, a volume or a whole block of values can
    /// stand in it too, and no rule has seen that: a release without other findings is not known
    /// to be free of them. With a `targetPath` too, as Helm reads more assignments behind a comma.
    ///
    /// ## Example
    /// ```yaml
    /// valuesFrom:
    ///   - kind: Secret
    ///     name: romm-values
    /// ```
    ///
    /// ## Use instead
    /// Values in the release, or in a ConfigMap, which is read where a cluster is at hand; and the
    /// Secret named where the app reads it:
    /// ```yaml
    /// values:
    ///   controllers:
    ///     romm:
    ///       containers:
    ///         app:
    ///           envFrom:
    ///             - secretRef: {name: romm-secret}
    /// ```
    ///
    /// ## What is not judged
    /// A ConfigMap that is absent and `optional`: the release does without it. Where a chart takes a
    /// password only as a value, there is nothing to mend: set the rule to `audit`, or exempt the
    /// release.
    ///
    /// ## References
    /// * <https://fluxcd.io/flux/components/helm/helmreleases/#values-references>
    pub struct UnseenValues;
}

const HELP: &str = "keep what is no secret in `values` or in a ConfigMap that is there, and let the app read the Secret by `secretRef` or `secretKeyRef` where it can";

const HELP_CONFIG_MAPS: &str = "see to it that the ConfigMap is there and that Lockkeeper can read it, or keep the values in `values`";

/// A release names no more than this many of them in a message.
const MOST_NAMES: usize = 8;

impl Rule for UnseenValues {
    type Params = NoParams;
    const META: Meta = Meta {
        name: "unseen-values",
        family: Family::Secrets,
        subjects: &[Kind::HelmRelease],
        action: Action::Warn,
        summary: "values from Secrets and ConfigMaps that could not be judged",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, _: &Self::Params, _: &dyn Facts, out: &mut Findings) {
        let subject = &case.subject;
        let mut names: Vec<String> = Vec::new();
        let mut said = HashSet::new();
        let (mut is_on_facts, mut has_secrets) = (false, false);
        for reference in ValuesReference::all(subject) {
            let Some(why) = why(&subject.values_from, &reference) else {
                continue;
            };
            let name = named(&reference, why);
            match reference.kind {
                "Secret" => has_secrets = true,
                _ => is_on_facts = true,
            }
            if said.insert(name.clone()) {
                names.push(name);
            }
        }
        let more = names.len().saturating_sub(MOST_NAMES);
        if more > 0 {
            names.truncate(MOST_NAMES);
            names.push(format!("{more} more"));
        }
        let message = match names.split_last() {
            Some((last, [])) => format!("values from {last} could not be judged"),
            Some((last, others)) => {
                let others = others.join(", ");
                format!("values from {others} and {last} could not be judged")
            }
            None => return,
        };
        let tree = &subject.tree;
        let at = tree.descend(NodeId::ROOT, &["spec", "valuesFrom"]);
        let finding = out
            .at(tree, at.unwrap_or(NodeId::ROOT), message)
            .unverified()
            .help(if has_secrets { HELP } else { HELP_CONFIG_MAPS });
        if is_on_facts {
            finding.on_facts();
        }
    }
}

/// Why the entry's values could not be seen, empty for a Secret; `None` where they were.
fn why<'s>(values_from: &'s ValuesFrom, reference: &ValuesReference<'_>) -> Option<&'s str> {
    match values_from {
        ValuesFrom::Unread if reference.kind == "Secret" => Some(""),
        ValuesFrom::Unread => Some("it was not read"),
        // They are in the order of the list.
        ValuesFrom::Merged(unmerged) => unmerged
            .binary_search_by_key(&reference.index, |entry| entry.index)
            .ok()
            .and_then(|at| unmerged.get(at))
            .map(|entry| entry.why.as_str()),
    }
}

fn named(reference: &ValuesReference<'_>, why: &str) -> String {
    let kind = match reference.kind {
        "ConfigMap" | "Secret" => reference.kind,
        _ => "the object",
    };
    let name = reference.name;
    match why {
        "" => format!("{kind} `{name}`"),
        _ => format!("{kind} `{name}` ({why})"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use crate::facts::testing::Written;
    use crate::facts::{Answer, Facts, NoFacts, Unseen};
    use crate::judge::judge;
    use crate::model::{Basis, Case, Certainty, Subject};
    use crate::policy::Policy;

    fn found(values_from: &Value, facts: &dyn Facts) -> Option<(String, Basis)> {
        let root = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "romm", "namespace": "games"},
            "spec": {"valuesFrom": values_from}
        });
        let subject = Subject::new(&root).expect("a HelmRelease");
        let case = Case::of_file(subject, Timestamp::UNIX_EPOCH);
        let mut policy = Policy::builtin();
        policy.keep_rules(|name| name == "unseen-values");
        let mut findings = judge(&case, &policy, facts).findings;
        assert!(findings.len() < 2, "once for a release");
        let finding = findings.pop()?.finding;
        assert_eq!(finding.certainty, Certainty::Unverified);
        assert_eq!(finding.pointer.as_str(), "/spec/valuesFrom");
        Some((finding.message, finding.basis))
    }

    fn entry(kind: &str, name: &str) -> Value {
        json!({"kind": kind, "name": name})
    }

    #[test]
    fn secrets_are_never_seen() {
        let list = json!([
            entry("Secret", "a"),
            entry("Secret", "b"),
            entry("Secret", "a")
        ]);
        for facts in [Written::default(), Written::others(None)] {
            let message = "values from Secret `a` and Secret `b` could not be judged".to_owned();
            assert_eq!(found(&list, &facts), Some((message, Basis::Object)));
        }
        let many: Vec<_> = (0..20)
            .map(|at| entry("Secret", &format!("s{at}")))
            .collect();
        let (message, _) = found(&json!(many), &NoFacts).expect("a finding");
        assert!(
            message.ends_with("Secret `s7` and 12 more could not be judged"),
            "{message}"
        );
    }

    #[test]
    fn config_maps_are_named_with_the_reason() {
        let list = json!([entry("ConfigMap", "c"), entry("Secret", "a")]);
        for (answer, why) in [
            (Answer::Absent, "it does not exist"),
            (
                Answer::Unseen(Unseen::TooSlow),
                "the API server did not answer in time",
            ),
            (
                Answer::Unseen(Unseen::NoCluster),
                "no cluster is at hand to ask",
            ),
        ] {
            let facts = Written::default().config_map_as("games/c", answer);
            let message =
                format!("values from ConfigMap `c` ({why}) and Secret `a` could not be judged");
            assert_eq!(found(&list, &facts), Some((message, Basis::Facts)));
        }
        let facts = Written::default().config_map("games/c", "values.yaml", "a: 1");
        let message = "values from Secret `a` could not be judged".to_owned();
        assert_eq!(found(&list, &facts), Some((message, Basis::Object)));
    }

    #[test]
    fn nothing_is_said_where_all_is_seen() {
        let facts = Written::others(None).config_map("games/c", "values.yaml", "a: 1");
        let optional = json!({"kind": "ConfigMap", "name": "gone", "optional": true});
        for list in [
            json!([entry("ConfigMap", "c"), optional]),
            json!([]),
            Value::Null,
        ] {
            assert_eq!(found(&list, &facts), None);
        }
    }
}
