//! Tests of what a status says.

use std::sync::Arc;

use super::super::compiled::{Workshop, assembled};
use super::super::testing::{object, release_policy};
use super::*;
use crate::cluster::PolicyObject;
use crate::facts::{Inhabitant, Labels};

const NOW: &str = "2027-01-01T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn population() -> Population {
    let labels = |team: &str| -> Labels { Arc::new([("team".to_owned(), team.to_owned())].into()) };
    let release = |namespace: &str, name: &str| Inhabitant {
        namespace: namespace.to_owned(),
        namespace_labels: Some(labels(namespace)),
        name: name.to_owned(),
        labels: labels(name),
    };
    Population {
        releases: vec![
            release("games", "romm"),
            release("games", "minecraft"),
            release("media", "plex"),
        ],
        namespaces: None,
    }
}

/// The status of the last of these, beside the others.
fn status(objects: &[Arc<PolicyObject>], scope: Option<PodScope>) -> Map<String, Value> {
    let compiled = Workshop::default().compile(objects.to_vec());
    let good = compiled.iter().filter_map(|one| one.in_force.clone());
    let policy = assembled(good.collect()).expect("assembled");
    let last = compiled.last().expect("one");
    let view = View {
        policy: &policy,
        population: Some(&population()),
        pod_scope: scope,
        is_overdue: &|name| name == "slow",
        now: now(),
    };
    wanted(last, &last.object.status, &view)
}

fn ready(status: &Map<String, Value>) -> (&str, &str, &str) {
    let condition = &status["conditions"][0];
    assert_eq!(condition["type"], "Ready");
    let text = |key: &str| condition[key].as_str().expect("text");
    (text("status"), text("reason"), text("message"))
}

fn exemption(end: &str) -> Arc<PolicyObject> {
    let spec = json!({"rules": ["literal-secret"], "releases": ["romm"], "reason": "moving", "expiresAt": end});
    object("Exemption", "games", "romm", 4, &spec)
}

#[test]
fn a_policy_in_force_says_what_it_sets_and_whom_it_is_for() {
    let spec = json!({
        "match": {"namespaces": ["games"]},
        "rules": {"unpinned-chart": {"action": "deny"}},
        "exemptions": [{"rules": ["literal-secret"], "reason": "moving", "expiresAt": "2028-01-01"}],
    });
    let status = status(&[release_policy("home", 3, &spec)], None);
    assert_eq!(ready(&status), ("True", "InForce", "it is in force"));
    assert_eq!(status["conditions"][0]["lastTransitionTime"], NOW);
    for (key, value) in [
        ("observedGeneration", json!(3)),
        ("inForce", json!("unpinned-chart=deny")),
        ("rules", json!(1)),
        ("customRules", json!(0)),
        ("exemptions", json!(1)),
        ("matchedReleases", json!(2)),
    ] {
        assert_eq!(status[key], value, "{key}");
    }
}

#[test]
fn what_has_no_effect_is_told_and_what_is_wrong_with_its_place() {
    let mild = json!({"rules": {"literal-secret": {"action": "warn"}}});
    let told = status(&[release_policy("home", 1, &mild)], None);
    let (state, reason, message) = ready(&told);
    assert_eq!((state, reason), ("True", "InForce"));
    assert!(message.contains("/spec/rules/literal-secret"), "{message}");

    let wrong = json!({"rules": {"literal-secrets": {}}});
    let told = status(&[release_policy("home", 1, &wrong)], None);
    let (state, reason, message) = ready(&told);
    assert_eq!((state, reason), ("False", "Invalid"));
    assert!(
        message.contains("/spec/rules/literal-secrets") && message.contains("never was good"),
        "{message}"
    );
    assert!(!told.contains_key("inForce"));
}

#[test]
fn a_policy_whose_expressions_take_too_long_says_so() {
    let told = status(&[release_policy("slow", 1, &json!({}))], None);
    assert_eq!((ready(&told).0, ready(&told).1), ("False", "TooSlow"));
}

#[test]
fn an_exemption_says_whether_it_counts() {
    let opened = || {
        let spec = json!({"allowExemptions": [{"rules": ["*"], "namespaces": ["games"]}]});
        release_policy("home", 1, &spec)
    };
    let far = "2028-01-01T00:00:00Z";
    let told = status(&[opened(), exemption(far)], None);
    assert_eq!(ready(&told).1, "InForce");
    assert_eq!(
        (&told["expired"], &told["matchedReleases"]),
        (&json!(false), &json!(1))
    );
    let told = status(&[exemption(far)], None);
    assert_eq!((ready(&told).0, ready(&told).1), ("False", "NotOpened"));
    let told = status(&[opened(), exemption("2026-12-31")], None);
    assert_eq!((ready(&told).0, ready(&told).1), ("True", "Expired"));
    assert_eq!(told["expired"], true);
}

#[test]
fn a_tmpfs_policy_says_which_of_its_pods_are_never_sent() {
    let spec = json!({"when": "always", "mounts": [{"path": "/tmp", "sizeLimit": "64Mi"}, {"path": "/run", "sizeLimit": "1Mi"}]});
    let policy = object("TmpfsPolicy", "", "scratch", 1, &spec);
    let told = |scope| status(&[Arc::clone(&policy)], scope);
    assert_eq!(told(None)["inForce"], "/tmp=64Mi, /run=1Mi");
    assert_eq!(ready(&told(Some(PodScope::All))).1, "InForce");
    let narrow = told(Some(PodScope::ReadOnlyRoot));
    let (state, reason, message) = ready(&narrow);
    assert_eq!((state, reason), ("True", "PodScope"));
    assert!(message.contains("writable"), "{message}");
}

#[test]
fn the_time_of_a_condition_moves_only_with_its_state() {
    let before = "2026-06-01T00:00:00Z";
    let with = |state: &str| {
        let mut object = (*release_policy("home", 2, &json!({}))).clone();
        object.status = json!({"matchedReleases": 9, "conditions": [
            {"type": "Other", "status": "True"},
            {"type": "Ready", "status": state, "reason": "InForce", "lastTransitionTime": before},
        ]});
        status(&[Arc::new(object)], None)
    };
    assert_eq!(with("True")["conditions"][0]["lastTransitionTime"], before);
    assert_eq!(with("False")["conditions"][0]["lastTransitionTime"], NOW);
}

#[test]
fn what_others_wrote_beside_it_is_no_difference() {
    let wanted = status(&[release_policy("home", 2, &json!({}))], None);
    let mut there = Value::Object(wanted.clone());
    assert!(says(&there, &wanted));
    let conditions = there["conditions"].as_array_mut().expect("conditions");
    conditions.insert(0, json!({"type": "Other"}));
    there["note"] = "theirs".into();
    assert!(says(&there, &wanted));
    there["expired"] = true.into();
    assert!(!says(&there, &wanted), "a field of ours that is not wanted");
    assert!(!says(&Value::Null, &wanted));
}
