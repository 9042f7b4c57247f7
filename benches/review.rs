//! A review of a 6 KiB HelmRelease, bytes in to bytes out, against parsing the same bytes into a
//! `serde_json::Value`. `cargo bench --bench review`; what to reach is in docs/performance.md.

use divan::{Bencher, black_box};
use jiff::Timestamp;
use lockkeeper::admission::Review;
use lockkeeper::facts::{Answer, Facts, Key, SecretSource};
use lockkeeper::policy::Policy;
use serde_json::{Map, Value, json};

fn main() {
    for (name, body) in [
        ("create", create()),
        ("changed", changed()),
        ("equal", equal()),
    ] {
        let object = serde_json::from_slice::<Value>(&body)
            .map(|review| review["request"]["object"].to_string());
        let object = object.expect("JSON").len();
        println!(
            "{name}: a review of {} bytes, the object {object}",
            body.len()
        );
    }
    divan::main();
}

/// The API server's notes on who owns which field, which grow with the object.
fn owned(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut owned: Map<String, Value> = map
                .iter()
                .map(|(key, value)| (format!("f:{key}"), self::owned(value)))
                .collect();
            owned.insert(".".to_owned(), json!({}));
            Value::Object(owned)
        }
        _ => json!({}),
    }
}

/// A clean release of about 6 KiB.
fn release() -> Value {
    let text = include_str!("../tests/fixtures/reviews/create-clean.json");
    let review: Value = serde_json::from_str(text).expect("JSON");
    let mut object = review["request"]["object"].clone();
    let app = object["spec"]["values"]["controllers"]["romm"].clone();
    for name in ["worker", "scheduler", "sync"] {
        object["spec"]["values"]["controllers"][name] = app.clone();
    }
    object["metadata"]["managedFields"] = json!([{
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "fieldsType": "FieldsV1",
        "manager": "kustomize-controller", "operation": "Apply", "time": "2026-11-01T10:00:00Z",
        "fieldsV1": {"f:spec": owned(&object["spec"])}}]);
    object["status"] = json!({"observedGeneration": 3, "lastAttemptedRevision": "4.6.2",
        "conditions": [{"type": "Ready", "status": "True", "reason": "UpgradeSucceeded",
            "lastTransitionTime": "2026-11-01T10:00:00Z",
            "message": "Helm upgrade succeeded for release games/romm.v3 with chart app-template@4.6.2"}]});
    object
}

fn review(operation: &str, object: &Value, old: &Value) -> Vec<u8> {
    let text = include_str!("../tests/fixtures/reviews/create-clean.json");
    let mut review: Value = serde_json::from_str(text).expect("JSON");
    review["request"]["operation"] = json!(operation);
    review["request"]["object"] = object.clone();
    review["request"]["oldObject"] = old.clone();
    review.to_string().into_bytes()
}

fn create() -> Vec<u8> {
    let mut object = release();
    object.as_object_mut().expect("a map").remove("status");
    review("CREATE", &object, &Value::Null)
}

fn changed() -> Vec<u8> {
    let old = release();
    let mut object = old.clone();
    object["spec"]["values"]["service"]["app"]["ports"]["http"]["port"] = json!(8081);
    object["metadata"]["generation"] = json!(2);
    review("UPDATE", &object, &old)
}

fn equal() -> Vec<u8> {
    let old = release();
    let mut object = old.clone();
    object["metadata"]["labels"]["touched"] = json!("true");
    review("UPDATE", &object, &old)
}

/// A cluster in which the Secrets that the release reads are made: there is nothing to say of it.
struct Cluster;

impl Facts for Cluster {
    fn secret(&self, _: Key<'_>) -> Answer<SecretSource> {
        Answer::Known(SecretSource::Exists)
    }
}

fn answered(body: &[u8], policy: &Policy) -> Vec<u8> {
    let review = Review::read(body).expect("a review");
    let answer = review
        .validate(policy, &Cluster, Timestamp::UNIX_EPOCH)
        .expect("an answer");
    assert!(answer.is_allowed());
    answer.to_bytes(review.uid())
}

macro_rules! against_parsing {
    ($name:ident) => {
        mod $name {
            use super::*;

            #[divan::bench]
            fn to_value(bencher: Bencher<'_, '_>) {
                let body = super::$name();
                bencher.bench(|| serde_json::from_slice::<Value>(black_box(&body)));
            }

            #[divan::bench]
            fn to_answer(bencher: Bencher<'_, '_>) {
                let body = super::$name();
                let policy = Policy::builtin();
                bencher.bench(|| answered(black_box(&body), &policy));
            }
        }
    };
}

against_parsing!(create);
against_parsing!(changed);
against_parsing!(equal);
