//! Policies by hand: what is refused, and what is told.

use serde_json::json;

use super::*;
use crate::facts::{Inhabitant, Labels};

fn request(kind: &str, spec: &Value) -> Value {
    let namespace = if kind == "Exemption" { "games" } else { "" };
    json!({"uid": "u", "operation": "CREATE", "name": "home", "namespace": namespace,
        "kind": {"group": "lockkeeper.dev", "version": "v1alpha1", "kind": kind},
        "object": {"apiVersion": "lockkeeper.dev/v1alpha1", "kind": kind,
            "metadata": {"name": "home"}, "spec": spec}})
}

fn answered(request: &Value, policy: &Policy, population: Option<&Population>) -> Value {
    let body =
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    let body = body.to_string();
    let review = Review::read(body.as_bytes()).expect("a review");
    let now = Timestamp::from_second(1_800_000_000).expect("a time");
    let answer = review
        .judge_policy(policy, population, now)
        .expect("a request");
    let answer: Value = serde_json::from_slice(&answer.to_bytes(review.uid())).expect("JSON");
    answer["response"].clone()
}

fn refused(kind: &str, spec: &Value) -> String {
    let answer = answered(&request(kind, spec), &Policy::builtin(), None);
    assert_eq!(answer["allowed"], false, "{answer}");
    assert_eq!(answer["status"]["code"], 403);
    assert_eq!(answer["status"]["reason"], "Forbidden");
    answer["status"]["message"]
        .as_str()
        .expect("text")
        .to_owned()
}

fn warned(kind: &str, spec: &Value, policy: &Policy, population: Option<&Population>) -> String {
    let answer = answered(&request(kind, spec), policy, population);
    assert_eq!(answer["allowed"], true, "{answer}");
    let warnings = answer["warnings"].as_array().into_iter().flatten();
    let warnings: Vec<&str> = warnings.filter_map(Value::as_str).collect();
    warnings.join("\n")
}

fn population(releases: &[(&str, &str)]) -> Population {
    let labels: Labels = std::sync::Arc::new([("team".to_owned(), "games".to_owned())].into());
    let releases = releases.iter().map(|(namespace, name)| Inhabitant {
        namespace: (*namespace).to_owned(),
        namespace_labels: Some(labels.clone()),
        name: (*name).to_owned(),
        labels: Labels::default(),
    });
    Population {
        releases: releases.collect(),
        namespaces: Some([("games".to_owned(), labels.clone())].into()),
    }
}

fn opening() -> Policy {
    let document =
        json!({"allowExemptions": [{"rules": ["literal-secret"], "namespaces": ["games"]}]});
    Policy::from_document(&document).unwrap_or_else(|error| panic!("{error}"))
}

fn exemption(end: &str) -> Value {
    json!({"rules": ["literal-secret"], "releases": ["romm"], "reason": "moving", "expiresAt": end})
}

#[test]
fn what_cannot_be_compiled_is_refused_with_its_place_and_the_nearest_name() {
    for (kind, spec, expected) in [
        (
            "ReleasePolicy",
            json!({"rules": {"unpined-image": {"action": "deny"}}}),
            [
                "/spec/rules/unpined-image",
                "did you mean `unpinned-image`?",
            ],
        ),
        (
            "ReleasePolicy",
            json!({"rules": {"unpinned-image": {"action": "dney"}}}),
            ["/spec/rules/unpinned-image/action", "did you mean `deny`?"],
        ),
        (
            "TmpfsPolicy",
            json!({"mounts": [{"path": "tmp", "sizeLimit": "1Mi"}]}),
            ["/spec/mounts/0/path", "begins with"],
        ),
        (
            "Exemption",
            json!({"rules": ["literal-secret"], "releases": ["romm"], "reason": " ", "expiresAt": "2027-01-01"}),
            ["/spec/reason", "needs a reason"],
        ),
    ] {
        let message = refused(kind, &spec);
        for words in expected {
            assert!(message.contains(words), "{words}: {message}");
        }
    }
}

#[test]
fn what_was_pasted_into_a_policy_is_not_repeated() {
    for spec in [
        json!({"rules": "hunter2-in-a-policy"}),
        json!({"match": {"namespaces": "hunter2-in-a-policy"}}),
        json!({"replacesDefault": "hunter2-in-a-policy, expected"}),
    ] {
        let message = refused("ReleasePolicy", &spec);
        assert!(!message.contains("hunter2"), "{message}");
        assert!(
            message.contains("invalid type: string, expected"),
            "{message}"
        );
    }
}

/// Flux deletes and makes anew what it is told is immutable.
#[test]
fn no_policy_can_make_the_answer_say_what_flux_acts_on() {
    let message = refused("ReleasePolicy", &json!({"rules": {"is immutable": {}}}));
    assert!(!message.contains("is immutable"), "{message}");
}

#[test]
fn a_spec_that_did_not_change_and_what_is_going_are_not_judged() {
    let bad = json!({"rules": {"unpined-image": {}}});
    let mut update = request("ReleasePolicy", &bad);
    update["operation"] = "UPDATE".into();
    update["oldObject"] = update["object"].clone();
    update["object"]["metadata"]["annotations"] = json!({"a": "b"});
    let answer = answered(&update, &Policy::builtin(), None);
    assert_eq!(answer, json!({"uid": "u", "allowed": true}));
    update["oldObject"]["spec"] = json!({});
    assert_eq!(
        answered(&update, &Policy::builtin(), None)["allowed"],
        false
    );
    update["object"]["metadata"]["deletionTimestamp"] = "2027-01-01T00:00:00Z".into();
    assert_eq!(answered(&update, &Policy::builtin(), None)["allowed"], true);
}

#[test]
fn other_kinds_and_what_contradicts_itself_get_no_verdict_or_a_denial() {
    let mut other = request("ReleasePolicy", &json!({"rules": 7}));
    other["kind"]["group"] = "example.com".into();
    assert_eq!(answered(&other, &Policy::builtin(), None)["allowed"], true);
    let mut status = request("ReleasePolicy", &json!({"rules": 7}));
    status["subResource"] = "status".into();
    assert_eq!(answered(&status, &Policy::builtin(), None)["allowed"], true);
    let mut disguised = request("ReleasePolicy", &json!({}));
    disguised["object"]["kind"] = "TmpfsPolicy".into();
    assert_eq!(
        answered(&disguised, &Policy::builtin(), None)["allowed"],
        false
    );
}

#[test]
fn a_selector_that_selects_nobody_is_told_where_that_is_known() {
    let builtin = Policy::builtin();
    let elsewhere = json!({"match": {"namespaces": ["media"]}});
    let here = population(&[("games", "romm")]);
    let told = warned("ReleasePolicy", &elsewhere, &builtin, Some(&here));
    assert!(told.contains("none of the 1 HelmReleases"), "{told}");
    for unknown in [None, Some(&population(&[]))] {
        assert_eq!(warned("ReleasePolicy", &elsewhere, &builtin, unknown), "");
    }
    let matching = json!({"match": {"namespaces": ["games"], "namespaceSelector": {"matchLabels": {"team": "games"}}}});
    assert_eq!(
        warned("ReleasePolicy", &matching, &builtin, Some(&here)),
        ""
    );
    let tmpfs = |team: &str| json!({"namespaceSelector": {"matchLabels": {"team": team}}, "mounts": [{"path": "/tmp", "sizeLimit": "1Mi"}]});
    assert_eq!(
        warned("TmpfsPolicy", &tmpfs("games"), &builtin, Some(&here)),
        ""
    );
    let told = warned("TmpfsPolicy", &tmpfs("media"), &builtin, Some(&here));
    assert!(told.contains("selects no namespace"), "{told}");
}

#[test]
fn an_exemption_is_told_when_it_would_not_count() {
    let end = "2100-01-01";
    let told = warned("Exemption", &exemption(end), &Policy::builtin(), None);
    assert!(told.contains("no ReleasePolicy opens"), "{told}");
    assert_eq!(warned("Exemption", &exemption(end), &opening(), None), "");
    let told = warned("Exemption", &exemption("2020-01-01"), &opening(), None);
    assert!(told.contains("the exemption ended at"), "{told}");
    let others = population(&[("games", "plex")]);
    let told = warned("Exemption", &exemption(end), &opening(), Some(&others));
    assert!(told.contains("/spec/releases"), "{told}");
    // It comes before the release in Flux's order, so an empty namespace is no news.
    let elsewhere = population(&[("media", "romm")]);
    assert_eq!(
        warned("Exemption", &exemption(end), &opening(), Some(&elsewhere)),
        ""
    );
}

#[test]
fn what_has_no_effect_is_a_warning() {
    let mild = json!({"rules": {"literal-secret": {"action": "warn"}}});
    let told = warned("ReleasePolicy", &mild, &Policy::builtin(), None);
    assert!(told.contains("/spec/rules/literal-secret"), "{told}");
}
