//! What a written policy compiles to, and what is said when it does not.

mod joined;
mod tmpfs;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::expression::{Deadline, Variables};
use crate::facts::NoFacts;
use crate::model::{Action, Case, Subject};

fn error(document: &Value) -> PolicyError {
    match Policy::from_document(document) {
        Ok(_) => panic!("accepted: {document}"),
        Err(error) => error,
    }
}

fn action_of(policy: &Policy, rule: &str, namespace: &str, name: &str) -> Action {
    let root = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
                      "metadata": {"name": name, "namespace": namespace}});
    let subject = Subject::new(&root).expect("a HelmRelease");
    let case = Case::of_file(subject, Timestamp::UNIX_EPOCH);
    let deadline = Deadline::default();
    policy
        .effective(&case, &NoFacts, &Variables::new(&case, &deadline))
        .settings()
        .iter()
        .find(|setting| setting.rule.meta().name == rule)
        .map(|setting| setting.action)
        .expect("a rule of the registry")
}

#[test]
fn an_unknown_rule_is_an_error_that_names_the_nearest() {
    let error = error(&json!({"rules": {"unpined-chart": {"action": "warn"}}}));
    assert_eq!(error.pointer.as_str(), "/rules/unpined-chart");
    assert_eq!(
        error.to_string(),
        "unknown rule `unpined-chart`; did you mean `unpinned-chart`?"
    );
}

#[test]
fn another_version_and_an_absent_spec_are_errors_that_say_so() {
    let mut document = json!({"apiVersion": "lockkeeper.dev/v1", "kind": "ReleasePolicy", "metadata": {"name": "home"}});
    let wrong = error(&document);
    assert_eq!(wrong.pointer.as_str(), "/apiVersion");
    assert!(
        wrong.message.contains("`lockkeeper.dev/v1alpha1`"),
        "{wrong}"
    );
    document["apiVersion"] = "lockkeeper.dev/v1alpha1".into();
    assert_eq!(error(&document).message, "the ReleasePolicy has no `spec`");
}

#[test]
fn an_unknown_parameter_is_an_error_that_names_the_nearest() {
    let error = error(&json!({"rules": {"unpinned-chart": {"requires": "tag"}}}));
    assert_eq!(error.pointer.as_str(), "/rules/unpinned-chart/requires");
    assert_eq!(
        error.to_string(),
        "rule `unpinned-chart` has no parameter `requires`; did you mean `require`?"
    );
}

#[test]
fn an_unquoted_off_arrives_as_false_and_means_off() {
    let policy = Policy::from_document(
        &json!({"replacesDefault": true, "rules": {"unpinned-chart": {"action": false}}}),
    )
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        action_of(&policy, "unpinned-chart", "games", "romm"),
        Action::Off
    );
    let found = error(&json!({"rules": {"unpinned-chart": {"action": true}}}));
    assert!(found.to_string().contains("`deny`"), "{found}");
}

#[test]
fn a_wrong_value_is_an_error_with_its_place() {
    let found = error(&json!({"rules": {"unpinned-chart": {"require": "tags"}}}));
    assert_eq!(found.pointer.as_str(), "/rules/unpinned-chart/require");
    assert!(
        found.to_string().ends_with("did you mean `tag`?"),
        "{found}"
    );
    let found = error(&json!({"rules": {"unpinned-chart": {"action": "dney"}}}));
    assert!(
        found.to_string().ends_with("did you mean `deny`?"),
        "{found}"
    );
    let found = error(&json!({"ratchett": true}));
    assert!(
        found.to_string().contains("did you mean `ratchet`?"),
        "{found}"
    );
}

#[test]
fn an_exemption_needs_a_reason_and_a_date() {
    let with = |reason: &str, expires: &str| json!({"exemptions": [{"rules": ["unpinned-chart"], "reason": reason, "expiresAt": expires}]});
    assert_eq!(
        error(&with(" ", "2027-01-01")).pointer.as_str(),
        "/exemptions/0/reason"
    );
    let found = error(&with("why", "soon"));
    assert!(found.to_string().contains("2027-01-31"), "{found}");
    assert!(Policy::from_document(&with("why", "2027-01-01T10:00:00Z")).is_ok());
}

#[test]
fn what_the_policy_does_not_match_keeps_the_built_in_one() {
    let policy = Policy::from_document(&json!({
        "match": {"namespaces": ["media-*"], "releases": ["plex"]},
        "replacesDefault": true,
        "rules": {"unpinned-chart": {"action": "off"}}
    }))
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        action_of(&policy, "unpinned-chart", "media-1", "plex"),
        Action::Off
    );
    assert_eq!(
        action_of(&policy, "unpinned-chart", "games", "plex"),
        Action::Deny
    );
    assert_eq!(
        action_of(&policy, "unpinned-chart", "media-1", "romm"),
        Action::Deny
    );
}

#[test]
fn a_whole_document_is_read_as_its_spec() {
    let document = |kind: &str| {
        json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": kind, "metadata": {"name": "x"},
               "spec": {"replacesDefault": true, "rules": {"unpinned-chart": {"action": "warn"}}}})
    };
    let policy =
        Policy::from_document(&document("ReleasePolicy")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        action_of(&policy, "unpinned-chart", "games", "romm"),
        Action::Warn
    );
    assert_eq!(error(&document("ConfigMap")).pointer.as_str(), "/kind");
    let mut wrong = document("ReleasePolicy");
    wrong["spec"]["rules"]["unpinned-chart"]["action"] = json!("stop");
    assert_eq!(
        error(&wrong).pointer.as_str(),
        "/spec/rules/unpinned-chart/action"
    );
}

#[test]
fn unseen_cannot_be_hidden() {
    assert_eq!(
        error(&json!({"onUnseen": "off"})).pointer.as_str(),
        "/onUnseen"
    );
}

#[test]
fn a_policy_that_is_no_map_is_an_error() {
    for document in [json!([]), json!(null), json!("deny")] {
        assert_eq!(error(&document).pointer.as_str(), "", "{document}");
    }
}
