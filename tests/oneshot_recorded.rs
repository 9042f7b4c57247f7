//! The reviews that a real API server sent, replayed without one. `cargo xtask record` makes them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use lockkeeper::facts::NoFacts;
use lockkeeper::policy::Policy;
use lockkeeper::server::{App, Limits, router};
use serde_json::Value;
use tower::ServiceExt as _;

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Passes,
    PassesWithWarning,
    Denied,
}
use Answer::{Denied, Passes, PassesWithWarning};

/// Every file, and what is answered to it; the order is that in which they were recorded.
const REVIEWS: &[(&str, Answer)] = &[
    ("helmrelease-create-apply", Passes),
    ("helmrelease-create-generated-name", Passes),
    ("helmrelease-create-floating-dry-run", Denied),
    ("helmrelease-create-floating", Denied),
    ("helmrelease-update-nothing", Passes),
    ("helmrelease-update-apply", Passes),
    ("helmrelease-update-replace", Passes),
    ("helmrelease-update-to-floating", Denied),
    // The release was floating before.
    ("helmrelease-update-floating-dry-run", PassesWithWarning),
    ("helmrelease-update-floating", PassesWithWarning),
    ("helmrelease-update-suspend", Passes),
    ("helmrelease-update-reconcile-request", Passes),
    ("helmrelease-update-finalizer-added", Passes),
    ("helmrelease-update-status", Passes),
    ("helmrelease-delete", Passes),
    ("helmrelease-update-finalizer-removed", Passes),
    ("helmrelease-delete-collection", Passes),
    ("ocirepository-create", Passes),
    ("ocirepository-update-to-floating", Denied),
    ("helmchart-create-floating", Denied),
    ("helmchart-create-by-helm-controller", Passes),
    ("pod-create", Passes),
    ("pod-create-generated-name", Passes),
    ("pod-update-label", Passes),
    ("pod-update-ephemeral-containers", Passes),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recorded-reviews")
}

async fn answer(path: &str, body: String) -> Value {
    let app = App::new(Policy::builtin(), Arc::new(NoFacts), Limits::default());
    let request = Request::post(path)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .expect("a request");
    let response = router(Arc::new(app))
        .oneshot(request)
        .await
        .expect("an answer");
    assert_eq!(response.status(), 200);
    let bytes = response.into_body().collect().await.expect("a body");
    serde_json::from_slice(&bytes.to_bytes()).expect("JSON")
}

#[tokio::test]
async fn each_recorded_review_is_answered_as_it_should_be() {
    for (name, expected) in REVIEWS {
        let text =
            std::fs::read_to_string(folder().join(format!("{name}.json"))).expect("the file");
        let review: Value = serde_json::from_str(&text).expect("JSON");
        let path = if name.starts_with("pod-") {
            "/mutate?timeout=5s"
        } else {
            "/validate?timeout=5s"
        };
        let answer = answer(path, text).await;
        let response = &answer["response"];
        assert_eq!(response["uid"], review["request"]["uid"], "{name}");
        assert!(response.get("patch").is_none(), "{name}");
        let got = match (&response["allowed"], response.get("warnings")) {
            (Value::Bool(true), None) => Passes,
            (Value::Bool(true), Some(_)) => PassesWithWarning,
            _ => Denied,
        };
        assert_eq!(got, *expected, "{name}: {response}");
        if got == Denied {
            assert_eq!(response["status"]["code"], 403, "{name}");
            assert_eq!(response["status"]["reason"], "Forbidden", "{name}");
        }
    }
}

#[test]
fn each_recorded_review_is_replayed() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| {
            let name = entry.expect("an entry").file_name();
            name.to_string_lossy().trim_end_matches(".json").to_owned()
        })
        .collect();
    let replayed: BTreeSet<String> = REVIEWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, replayed);
}
