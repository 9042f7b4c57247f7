//! What excuses a literal: its origin, and the annotations that a policy opens. Every attack is a row.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::literal_secret::LiteralSecret;
use super::weak_default_secret::WeakDefaultSecret;
use super::{LiteralParams, allowance};
use crate::facts::{Answer, Claim, Facts, Key, Store, Substitution, Unseen, Variable};
use crate::model::{Action, Case, Finding, Findings, Form, Hidden, Operation, Request, Subject};
use crate::rules::Rule;

const FLUX: &str = "system:serviceaccount:flux-system:kustomize-controller";

/// What the cluster knows of the Kustomization `apps` in `flux-system`, and of nothing else.
struct Cluster(Answer<Substitution>);

impl Facts for Cluster {
    fn claim(&self, _: Key<'_>) -> Answer<Claim> {
        Answer::Absent
    }

    fn feeds_a_release(&self, _: Key<'_>) -> Answer<bool> {
        Answer::Absent
    }

    fn substitution(&self, kustomization: Key<'_>) -> Answer<Substitution> {
        if kustomization.name == "apps" {
            self.0.clone()
        } else {
            Answer::Absent
        }
    }
}

/// The password, made of parts so that no scanner takes this file for a leak.
fn password() -> String {
    ["Tr0ub4dor", "and", "3"].join("-")
}

fn known(store: Store, value: &str) -> Substitution {
    let variable = |name: &str, store, value: &str| Variable {
        name: name.to_owned(),
        store,
        value: Hidden::new(value.as_bytes().to_vec()),
    };
    Substitution {
        service_account: Some("tenant".to_owned()),
        variables: Arc::from([
            variable("OTHER", Store::Secret, "something-else"),
            variable("DB_PASSWORD", store, value),
        ]),
        ..Substitution::default()
    }
}

fn release(owner: (&str, &str), values: &Value) -> Value {
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "flux-system", "labels": {
            "kustomize.toolkit.fluxcd.io/name": owner.0,
            "kustomize.toolkit.fluxcd.io/namespace": owner.1}},
        "spec": {"chartRef": {"kind": "OCIRepository", "name": "romm"}, "values": values}})
}

fn judged(
    root: &Value,
    user: Option<&str>,
    params: &LiteralParams,
    facts: &dyn Facts,
) -> Vec<Finding> {
    let case = Case {
        subject: Subject::new(root).expect("a HelmRelease"),
        before: None,
        request: Request {
            operation: Operation::Create,
            user,
            dry_run: false,
            form: Form::Applied,
        },
        now: Timestamp::UNIX_EPOCH,
        comments: None,
    };
    let mut literal = Findings::of("literal-secret");
    Rule::check(&LiteralSecret, &case, params, facts, &mut literal);
    let mut weak = Findings::of("weak-default-secret");
    Rule::check(&WeakDefaultSecret, &case, params, facts, &mut weak);
    let mut all = literal.into_vec();
    all.extend(weak.into_vec());
    all
}

fn one(root: &Value, user: Option<&str>, facts: &dyn Facts) -> Finding {
    let mut found = judged(root, user, &LiteralParams::default(), facts);
    assert_eq!(found.len(), 1, "one finding a scalar");
    found.remove(0)
}

#[test]
fn what_flux_substituted_from_a_secret_is_an_audit() {
    let password = password();
    let cluster = Cluster(Answer::Known(known(Store::Secret, &password)));
    for values in [
        json!({"env": {"DB_PASSWORD": password}}),
        json!({"env": {"DATABASE_URL": format!("postgres://romm:{password}@db/romm")}}),
        json!({"env": {"DSN": format!("host=db user=romm password={password} dbname=romm")}}),
    ] {
        let finding = one(
            &release(("apps", "flux-system"), &values),
            Some(FLUX),
            &cluster,
        );
        assert_eq!(finding.at_most, Action::Audit);
        assert!(finding.message.contains("`DB_PASSWORD`"));
        assert!(finding.message.contains("Flux substituted it"));
        assert!(finding.conceals);
    }
}

#[test]
fn a_number_from_a_secret_is_an_audit() {
    let facts = Cluster(Answer::Known(known(Store::Secret, "8471123395")));
    for (password, expected) in [
        (json!(8_471_123_395_u64), Action::Audit),
        (json!(8_471_123_396_u64), Action::Deny),
    ] {
        let root = release(("apps", "flux-system"), &json!({"password": password}));
        assert_eq!(one(&root, Some(FLUX), &facts).at_most, expected);
    }
}

#[test]
fn a_line_break_in_the_secret_is_not_in_what_flux_wrote() {
    let password = password();
    let cluster = Cluster(Answer::Known(known(
        Store::Secret,
        &format!("{password}\n"),
    )));
    let root = release(("apps", "flux-system"), &json!({"password": password}));
    assert_eq!(one(&root, Some(FLUX), &cluster).at_most, Action::Audit);
}

#[test]
fn the_account_that_the_kustomization_names_counts_in_its_own_namespace() {
    let password = password();
    let cluster = Cluster(Answer::Known(known(Store::Secret, &password)));
    let root = release(("apps", "flux-system"), &json!({"password": password}));
    for (user, expected) in [
        ("system:serviceaccount:flux-system:tenant", Action::Audit),
        ("system:serviceaccount:elsewhere:tenant", Action::Deny),
        ("system:serviceaccount:flux-system:other", Action::Deny),
        (
            "system:serviceaccount:elsewhere:kustomize-controller",
            Action::Deny,
        ),
        ("tenant", Action::Deny),
        ("alice", Action::Deny),
    ] {
        assert_eq!(one(&root, Some(user), &cluster).at_most, expected, "{user}");
    }
    assert_eq!(one(&root, None, &cluster).at_most, Action::Deny);
}

/// Whoever tries must not see a difference between a wrong guess and a right one.
#[test]
fn who_is_not_believed_gets_the_answer_of_no_match() {
    let password = password();
    let root = release(("apps", "flux-system"), &json!({"password": password}));
    let no_match = Cluster(Answer::Known(known(Store::Secret, "quite-another-value")));
    let matching = Cluster(Answer::Known(known(Store::Secret, &password)));
    for user in [
        Some("alice"),
        Some("system:serviceaccount:games:romm"),
        None,
    ] {
        let (wrong, right) = (one(&root, user, &no_match), one(&root, user, &matching));
        assert_eq!(wrong.message, right.message);
        assert_eq!(wrong.help, right.help);
        assert_eq!(wrong.at_most, right.at_most);
    }
}

#[test]
fn what_does_not_clear_a_finding() {
    let password = password();
    let whole = json!({"password": password});
    let rows = [
        (
            "a ConfigMap is plain text in Git",
            known(Store::ConfigMap, &password),
            whole.clone(),
        ),
        (
            "so is the Kustomization",
            known(Store::Inline, &password),
            whole.clone(),
        ),
        (
            "a part of a scalar",
            known(Store::Secret, "Tr0ub4dor"),
            whole.clone(),
        ),
        (
            "a short value",
            known(Store::Secret, "Ab3-x9"),
            json!({"password": "Ab3-x9"}),
        ),
        (
            "a line of a file",
            known(Store::Secret, &password),
            json!({"config": format!("a: 1\npassword: {password}\nb: 2\n")}),
        ),
        (
            "one of two",
            known(Store::Secret, &password),
            json!({"url": format!("postgres://a:{password}@db/a http://b:{password}X@c/")}),
        ),
    ];
    for (why, substitution, values) in rows {
        let cluster = Cluster(Answer::Known(substitution));
        let found = one(
            &release(("apps", "flux-system"), &values),
            Some(FLUX),
            &cluster,
        );
        assert_eq!(found.at_most, Action::Deny, "{why}");
        assert!(!found.message.contains("substituted"), "{why}");
    }
}

#[test]
fn labels_that_name_nothing_clear_nothing() {
    let password = password();
    let cluster = Cluster(Answer::Known(known(Store::Secret, &password)));
    let root = release(("invented", "flux-system"), &json!({"password": password}));
    assert_eq!(one(&root, Some(FLUX), &cluster).at_most, Action::Deny);
}

#[test]
fn the_variable_of_another_namespace_is_not_named() {
    let password = password();
    let cluster = Cluster(Answer::Known(known(Store::Secret, &password)));
    let root = release(("apps", "platform"), &json!({"password": password}));
    let finding = one(&root, Some(FLUX), &cluster);
    assert_eq!(finding.at_most, Action::Audit);
    assert!(
        !finding.message.contains("DB_PASSWORD"),
        "{}",
        finding.message
    );
}

#[test]
fn what_could_not_be_seen_stays_and_says_how_to_see_it() {
    let root = release(("apps", "flux-system"), &json!({"password": password()}));
    let remote = Substitution {
        is_remote: true,
        ..known(Store::Secret, &password())
    };
    for answer in [Answer::Unseen(Unseen::NoCluster), Answer::Known(remote)] {
        let finding = one(&root, Some(FLUX), &Cluster(answer));
        assert_eq!(finding.at_most, Action::Deny);
        assert!(finding.help.contains("--read-secret"));
    }
}

#[test]
fn sops_is_named_and_its_annotation_counts_where_it_is_opened() {
    let substitution = Substitution {
        decrypts: true,
        ..known(Store::Secret, "quite-another-value")
    };
    let cluster = Cluster(Answer::Known(substitution));
    let mut root = release(("apps", "flux-system"), &json!({"password": password()}));
    let finding = one(&root, Some(FLUX), &cluster);
    assert_eq!(finding.at_most, Action::Deny);
    assert!(finding.help.contains("SOPS"));
    root["metadata"]["annotations"] = json!({allowance::ENCRYPTED: "/spec/values/password"});
    for (is_open, expected) in [(false, Action::Deny), (true, Action::Audit)] {
        let params = LiteralParams {
            encrypted_annotation: is_open,
            ..LiteralParams::default()
        };
        let found = judged(&root, Some(FLUX), &params, &cluster);
        assert_eq!(found[0].at_most, expected);
    }
}

#[test]
fn an_allowance_counts_where_it_is_opened_and_is_shown() {
    let mut root = release(
        ("apps", "flux-system"),
        &json!({"password": password(), "apiKey": "changeme"}),
    );
    root["metadata"]["annotations"] =
        json!({allowance::ALLOW: "/spec/values/password: a lab; /spec/values/apiKey: a lab too"});
    let facts = Cluster(Answer::Absent);
    for (is_open, expected) in [(false, Action::Deny), (true, Action::Audit)] {
        let params = LiteralParams {
            allow_annotation: is_open,
            ..LiteralParams::default()
        };
        let found = judged(&root, Some("alice"), &params, &facts);
        assert_eq!(found.len(), 2);
        for finding in found {
            assert_eq!(finding.at_most, expected);
            assert_eq!(finding.message.contains("a lab"), is_open);
        }
    }
}

#[test]
fn an_annotation_that_does_not_name_the_place_is_told_of() {
    for entry in [
        "/spec/values/passwort: a lab",
        "spec.values.password: a lab",
        "/spec/values/password:",
    ] {
        let mut root = release(("apps", "flux-system"), &json!({"password": password()}));
        root["metadata"]["annotations"] = json!({allowance::ALLOW: entry});
        let params = LiteralParams {
            allow_annotation: true,
            ..LiteralParams::default()
        };
        let found = judged(&root, Some("alice"), &params, &Cluster(Answer::Absent));
        assert_eq!(found[0].at_most, Action::Deny, "{entry}");
        assert!(
            found[0].message.ends_with("gives no reason for this place"),
            "{entry}"
        );
    }
}

#[test]
fn a_weak_default_of_a_placeholder_is_never_denied() {
    let root = release(("apps", "flux-system"), &json!({"apiKey": "${X:=fnord}"}));
    let finding = one(&root, Some("alice"), &Cluster(Answer::Absent));
    assert_eq!(finding.at_most, Action::Warn);
}

#[test]
fn no_scalar_is_reported_twice() {
    let password = password();
    // A weak word and a secret in one file: the secret decides.
    let text = format!("a:\n  password: admin\nb:\n  password: {password}\n  token: admin\n");
    let root = release(("apps", "flux-system"), &json!({"config": text}));
    let finding = one(&root, Some("alice"), &Cluster(Answer::Absent));
    assert_eq!(finding.rule, "literal-secret");
    assert!(
        finding.message.contains("line 4, key `password`"),
        "{}",
        finding.message
    );
}
