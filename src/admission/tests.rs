//! Reviews by hand: what is judged, what is not, and what is refused.

mod mutation;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::facts::{Facts, NoFacts};
use crate::judge::testing::{Panics, meta, setting};
use crate::model::{Case, Findings, Pointer};
use crate::policy::Policy;
use crate::rules::{AnyRule, Meta, NoParams, Rule};

/// Finds `/spec/bad`, and quotes its value as no rule should.
struct FindsBad;

impl Rule for FindsBad {
    type Params = NoParams;
    const META: Meta = meta("finds-bad");
    const DOC: &'static str = "";

    fn check(&self, case: &Case<'_>, _: &NoParams, _: &dyn Facts, out: &mut Findings) {
        if let Some(text) = case.subject.root["spec"]["bad"].as_str() {
            out.at_pointer(
                Pointer::root().join("spec").join("bad"),
                format!("quotes {text}"),
            )
            .conceal();
        }
    }
}

fn judged_by(rule: &'static dyn AnyRule, request: &Value) -> Value {
    let policy = Policy::builtin().with_builtin(vec![setting(rule)]);
    let body = review(request).to_string();
    let review = Review::read(body.as_bytes()).expect("a review");
    let answer = review
        .validate(&policy, &NoFacts, Timestamp::UNIX_EPOCH)
        .expect("a request");
    serde_json::from_slice(&answer.to_bytes(review.uid())).expect("JSON")
}

fn review(request: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

fn release(spec: &Value) -> Value {
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
           "metadata": {"name": "romm", "namespace": "games"}, "spec": spec})
}

/// A release whose chart floats.
fn floating() -> Value {
    release(
        &json!({"chart": {"spec": {"chart": "romm", "version": "4.x",
        "sourceRef": {"kind": "HelmRepository", "name": "r"}}}}),
    )
}

fn request(operation: &str, object: &Value, old: &Value) -> Value {
    json!({"uid": "u-1", "operation": operation, "name": "romm", "namespace": "games",
           "kind": {"group": "helm.toolkit.fluxcd.io", "version": "v2", "kind": "HelmRelease"},
           "userInfo": {"username": "admin"}, "object": object, "oldObject": old})
}

fn answer(request: &Value) -> Result<Answer, Unreadable> {
    let body = review(request).to_string();
    let review = Review::read(body.as_bytes())?;
    review.validate(&Policy::builtin(), &NoFacts, Timestamp::UNIX_EPOCH)
}

fn allowed(request: &Value) -> Option<NotJudged> {
    let answer = answer(request).expect("readable");
    assert!(answer.is_allowed(), "{}", answer.message);
    answer.not_judged
}

fn denied(request: &Value) -> String {
    let answer = answer(request).expect("readable");
    assert!(!answer.is_allowed());
    answer.message
}

#[test]
fn a_floating_chart_is_denied_as_flux_needs_it() {
    let body = review(&request("CREATE", &floating(), &Value::Null)).to_string();
    let review = Review::read(body.as_bytes()).expect("a review");
    let answer = review
        .validate(&Policy::builtin(), &NoFacts, Timestamp::UNIX_EPOCH)
        .expect("an answer");
    let out: Value = serde_json::from_slice(&answer.to_bytes(review.uid())).expect("JSON");
    assert_eq!(out["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(out["kind"], "AdmissionReview");
    let response = &out["response"];
    assert_eq!(response["uid"], "u-1");
    assert_eq!(response["allowed"], false);
    assert_eq!(response["status"]["code"], 403);
    assert_eq!(response["status"]["reason"], "Forbidden");
    let message = response["status"]["message"].as_str().expect("text");
    assert!(
        message.starts_with("unpinned-chart at /spec/chart/spec/version: "),
        "{message}"
    );
    assert!(response.get("patch").is_none() && response.get("patchType").is_none());
    assert_eq!(response["auditAnnotations"]["denied"], "unpinned-chart");
}

#[test]
fn an_allowed_answer_says_nothing_more() {
    let body = review(&request("CREATE", &release(&json!({})), &Value::Null)).to_string();
    let review = Review::read(body.as_bytes()).expect("a review");
    let bytes = Answer::default().to_bytes(review.uid());
    assert_eq!(
        std::str::from_utf8(&bytes).expect("UTF-8"),
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u-1","allowed":true}}"#
    );
}

#[test]
fn what_stores_no_object_of_the_author_is_not_judged() {
    for operation in ["DELETE", "CONNECT"] {
        let request = request(operation, &Value::Null, &floating());
        assert_eq!(allowed(&request), Some(NotJudged::Operation));
    }
    let mut status = request("UPDATE", &floating(), &release(&json!({})));
    status["subResource"] = json!("status");
    assert_eq!(allowed(&status), Some(NotJudged::Subresource));
    let mut deleting = floating();
    deleting["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let update = request("UPDATE", &deleting, &release(&json!({})));
    assert_eq!(allowed(&update), Some(NotJudged::Deleting));
    // The API server strikes it from new objects; whoever writes it there gains nothing.
    denied(&request("CREATE", &deleting, &Value::Null));
}

#[test]
fn updates_that_change_nothing_judged_pass() {
    let old = floating();
    assert_eq!(
        allowed(&request("UPDATE", &old, &old)),
        Some(NotJudged::Unchanged)
    );
    let mut suspended = floating();
    suspended["spec"]["suspend"] = json!(true);
    suspended["metadata"]["finalizers"] = json!(["finalizers.fluxcd.io"]);
    suspended["metadata"]["annotations"] = json!({"reconcile.fluxcd.io/requestedAt": "now"});
    assert_eq!(
        allowed(&request("UPDATE", &suspended, &old)),
        Some(NotJudged::Unchanged)
    );
    // Another annotation is judged, and the ratchet lets the old violation pass with a warning.
    let mut annotated = floating();
    annotated["metadata"]["annotations"] = json!({"note": "x"});
    let answer = answer(&request("UPDATE", &annotated, &old)).expect("readable");
    assert!(answer.is_allowed() && answer.not_judged.is_none());
    assert_eq!(answer.warnings.len(), 1);
    assert!(answer.warnings[0].contains("it was there before"));
}

#[test]
fn an_update_that_makes_it_worse_is_denied() {
    let mut pinned = floating();
    pinned["spec"]["chart"]["spec"]["version"] = json!("4.6.2");
    denied(&request("UPDATE", &floating(), &pinned));
    assert_eq!(allowed(&request("UPDATE", &pinned, &floating())), None);
    denied(&request("UPDATE", &floating(), &Value::Null));
}

#[test]
fn a_kind_that_is_not_the_objects_own_is_refused() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}});
    let mut as_pod = request("CREATE", &floating(), &Value::Null);
    as_pod["kind"] = json!({"group": "", "version": "v1", "kind": "Pod"});
    let mut nameless = floating();
    nameless.as_object_mut().expect("a map").remove("kind");
    let mut other_group = floating();
    other_group["apiVersion"] = json!("example.com/v2");
    for request in [
        as_pod.clone(),
        request("CREATE", &pod, &Value::Null),
        request("CREATE", &nameless, &Value::Null),
        request("CREATE", &other_group, &Value::Null),
    ] {
        assert!(denied(&request).contains("not those of the request"));
    }
    as_pod["object"] = pod;
    assert_eq!(allowed(&as_pod), Some(NotJudged::Kind));
}

#[test]
fn a_request_that_contradicts_itself_is_an_error() {
    for (request, expected) in [
        (request("CREATE", &Value::Null, &Value::Null), "no `object`"),
        (request("UPDATE", &json!([1]), &Value::Null), "not a map"),
        (
            request("create", &floating(), &Value::Null),
            "must be CREATE",
        ),
        (request("", &floating(), &Value::Null), "must be CREATE"),
    ] {
        let wrong = answer(&request).expect_err(expected);
        assert_eq!(wrong.status, 400);
        assert!(wrong.sentence.contains(expected), "{wrong}");
    }
}

#[test]
fn an_object_that_cannot_be_read_is_a_denial() {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for (value, expected) in [
        (deep.as_str(), "nested deeper"),
        ("1e999", "cannot be read"),
        (r#""\ud800""#, "cannot be read"),
    ] {
        let object = floating().to_string().replace("\"4.x\"", value);
        for operation in ["CREATE", "UPDATE"] {
            let body = format!(
                r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u-2",
                "operation":"{operation}","kind":{{"group":"helm.toolkit.fluxcd.io","kind":"HelmRelease"}},
                "object":{object},"oldObject":{}}}}}"#,
                floating()
            );
            let review = Review::read(body.as_bytes()).expect("readable");
            let answer = review
                .validate(&Policy::builtin(), &NoFacts, Timestamp::UNIX_EPOCH)
                .expect("an answer");
            assert!(!answer.is_allowed());
            assert!(answer.message.contains(expected), "{}", answer.message);
        }
    }
    for field in ["metadata", "spec"] {
        for value in [json!("text"), json!([1]), json!(1), json!(true), json!(1.5)] {
            let mut odd = floating();
            odd[field] = value;
            assert!(denied(&request("CREATE", &odd, &Value::Null)).contains("is not a map"));
        }
    }
}

#[test]
fn namespace_and_name_come_from_the_request_when_the_object_has_none() {
    let policy = Policy::from_document(&json!({
        "match": {"namespaces": ["games"], "releases": ["romm"]},
        "replacesDefault": true,
        "rules": {"unpinned-chart": {"action": "off"}}
    }))
    .expect("a policy");
    let mut object = floating();
    object["metadata"] = json!({"generateName": "romm-"});
    let mut request = request("CREATE", &object, &Value::Null);
    let judge = |request: &Value| {
        let body = review(request).to_string();
        let review = Review::read(body.as_bytes()).expect("a review");
        review
            .validate(&policy, &NoFacts, Timestamp::UNIX_EPOCH)
            .expect("an answer")
            .is_allowed()
    };
    assert!(judge(&request));
    request["namespace"] = json!("other");
    assert!(!judge(&request));
}

#[test]
fn a_rule_that_panics_is_a_denial_with_the_uid() {
    let out = judged_by(&Panics, &request("CREATE", &floating(), &Value::Null));
    assert_eq!(out["response"]["uid"], "u-1");
    assert_eq!(out["response"]["allowed"], false);
    let message = out["response"]["status"]["message"].to_string();
    assert!(message.contains("`panics`") && !message.contains("on purpose"));
}

#[test]
fn names_from_the_object_cannot_make_flux_delete_the_release() {
    for text in [
        "is immutable",
        "immutable field",
        "Is\\nImmutable",
        "immutable",
    ] {
        let object = release(&json!({"chart": {"spec": {"version": text}}}));
        let message = denied(&request("CREATE", &object, &Value::Null));
        assert!(!message.to_lowercase().contains("immutable"), "{message}");
    }
}

#[test]
fn a_concealed_value_is_in_no_answer() {
    let object = release(&json!({"bad": "Lantern-Quarry"}));
    let out = judged_by(&FindsBad, &request("CREATE", &object, &Value::Null)).to_string();
    assert!(out.contains("finds-bad at /spec/bad"));
    assert!(!out.contains("Lantern"), "the value is in the answer");
    // A warning by the ratchet is masked alike, though a changed value is new.
    let mut noted = object.clone();
    noted["metadata"]["annotations"] = json!({"note": "x"});
    let out = judged_by(&FindsBad, &request("UPDATE", &noted, &object));
    assert_eq!(out["response"]["allowed"], true);
    assert_eq!(out["response"]["auditAnnotations"]["warned"], "finds-bad");
    assert!(
        !out.to_string().contains("Lantern"),
        "the value is in a warning"
    );
}
