//! The same object has the same findings at admission and as a file.

use std::path::Path;

use jiff::Timestamp;
use lockkeeper::admission::Review;
use lockkeeper::facts::NoFacts;
use lockkeeper::judge::{Verdict, judge};
use lockkeeper::model::{Case, Subject};
use lockkeeper::policy::Policy;
use serde_json::{Value, json};

/// All that a reader of the verdict sees.
fn told(verdict: &Verdict) -> Vec<String> {
    verdict
        .findings
        .iter()
        .map(|ruled| {
            let finding = &ruled.finding;
            format!(
                "{} {} {:?} {} {} {:?}",
                ruled.action.as_str(),
                finding.rule,
                finding.certainty,
                finding.pointer,
                finding.message,
                ruled.note
            )
        })
        .collect()
}

fn as_file(object: &Value) -> Vec<String> {
    let subject = Subject::new(object).expect("a kind that is judged");
    let policy = Policy::builtin();
    let effective = policy.effective(&subject);
    let case = Case::of_file(subject, Timestamp::UNIX_EPOCH);
    told(&judge(&case, &effective, &NoFacts))
}

fn at_admission(object: &Value) -> Vec<String> {
    let api_version = object["apiVersion"].as_str().expect("text");
    let (group, version) = api_version.split_once('/').expect("a group");
    let body = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "object": object,
        "kind": {"group": group, "version": version, "kind": object["kind"]}}})
    .to_string();
    let review = Review::read(body.as_bytes()).expect("a review");
    let answer = review
        .validate(&Policy::builtin(), &NoFacts, Timestamp::UNIX_EPOCH)
        .expect("an answer");
    told(&answer.verdict)
}

/// The objects of the written and of the recorded reviews.
fn objects() -> Vec<Value> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut objects = Vec::new();
    let entries = ["reviews", "recorded-reviews"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(fixtures.join(folder)).expect("the folder"));
    for entry in entries {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("text");
        let mut review: Value = serde_json::from_str(&text).expect("JSON");
        let object = review["request"]["object"].take();
        if Subject::new(&object).is_some() {
            objects.push(object);
        }
    }
    for reference in [
        json!({"tag": "latest"}),
        json!({"semver": "1.x"}),
        json!({}),
    ] {
        objects.push(
            json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
            "metadata": {"name": "romm", "namespace": "games"}, "spec": {"ref": reference}}),
        );
    }
    objects
}

#[test]
fn a_file_and_a_review_of_the_same_object_have_the_same_findings() {
    let mut found = 0;
    for object in objects() {
        let findings = as_file(&object);
        found += findings.len();
        assert_eq!(findings, at_admission(&object));
    }
    assert!(found > 0, "the objects break some rule");
}
