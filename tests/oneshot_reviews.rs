//! Recorded and hand-written reviews through the router: each has the verdict that its name promises.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use lockkeeper::facts::{Answer, Facts, Key, Knowledge, SecretSource, Unseen};
use lockkeeper::policy::Policy;
use lockkeeper::server::{App, Limits, router};
use serde_json::Value;
use tower::ServiceExt;

/// What a review comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Denied,
    /// Allowed with at least one warning.
    Warned,
    /// Allowed without a word.
    Silent,
    /// Allowed, whether or not there are warnings.
    Allowed,
}
use Verdict::{Allowed, Denied, Silent, Warned};

/// Recorded from an API server: the chart's version is a range and the image's tag `latest`.
const RECORDED: [(&str, Verdict); 16] = [
    ("hr-create-client-side-apply", Denied),
    ("hr-create-generatename", Denied),
    ("hr-create-ssa", Denied),
    ("hr-create-ssa-dryrun", Denied),
    ("hr-delete", Silent),
    ("hr-delete-collection", Silent),
    ("hr-update-add-finalizer", Silent),
    // Another number of replicas: the old violations are told, and stop nothing.
    ("hr-update-client-side-apply", Warned),
    ("hr-update-remove-finalizer-deleting", Silent),
    ("hr-update-ssa", Warned),
    ("hr-update-ssa-dryrun", Warned),
    ("hr-update-ssa-noop", Silent),
    ("hr-update-suspend-by-admin", Silent),
    ("pod-create-generatename", Silent),
    ("pod-ephemeralcontainers-update", Silent),
    ("pod-update-label", Silent),
];

/// Written for these tests.
const WRITTEN: [(&str, Verdict); 15] = [
    ("create-bad", Denied),
    ("create-bad-dryrun", Denied),
    ("create-clean", Silent),
    ("create-generatename", Allowed),
    ("create-good", Allowed),
    ("delete", Silent),
    ("delete-collection", Silent),
    ("pod-create", Silent),
    ("update-add-finalizer", Silent),
    ("update-noop", Silent),
    ("update-remove-finalizer-deleting", Silent),
    ("update-status", Silent),
    ("update-suspend", Silent),
    ("update-to-bad", Denied),
    ("update-values", Allowed),
];

/// Knows of one Secret, which the clean release reads, and of nothing else.
struct OneSecret;

impl Facts for OneSecret {
    fn secret(&self, key: Key<'_>) -> Answer<SecretSource> {
        match (key.namespace, key.name) {
            ("games", "romm-secret") => Answer::Known(SecretSource::Exists),
            _ => Answer::Unseen(Unseen::NoCluster),
        }
    }
}

impl Knowledge for OneSecret {}

fn webhook() -> Router {
    let app = App::new(Policy::builtin(), Arc::new(OneSecret), Limits::default());
    router(Arc::new(app))
}

async fn post(router: &Router, path: &str, body: Vec<u8>) -> Value {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body))
        .expect("a request");
    let response = router.clone().oneshot(request).await.expect("infallible");
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.expect("a body");
    serde_json::from_slice(&body.to_bytes()).expect("JSON")
}

async fn replay(folder: &Path, expected: &[(&str, Verdict)]) {
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .filter_map(|entry| {
            let name = entry.expect("an entry").file_name();
            Some(name.to_str()?.strip_suffix(".json")?.to_owned())
        })
        .collect();
    let known: BTreeSet<String> = expected
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(there, known, "every review has an expectation");
    let router = webhook();
    for (name, verdict) in expected {
        let body = std::fs::read(folder.join(format!("{name}.json"))).expect("readable");
        let sent: Value = serde_json::from_slice(&body).expect("JSON");
        let mutated = post(&router, "/mutate?timeout=5s", body.clone()).await;
        let answer = post(&router, "/validate?timeout=5s", body).await;
        for review in [&mutated, &answer] {
            assert_eq!(review["apiVersion"], "admission.k8s.io/v1");
            assert_eq!(review["kind"], "AdmissionReview");
            assert_eq!(review["response"]["uid"], sent["request"]["uid"], "{name}");
            assert!(review["response"].get("patch").is_none(), "{name}");
        }
        assert_eq!(mutated["response"]["allowed"], true, "{name}");
        let response = &answer["response"];
        let fits = match verdict {
            Denied => {
                let code = &response["status"]["code"];
                response["allowed"] == false
                    && code == 403
                    && response["status"]["reason"] == "Forbidden"
            }
            Warned => response["allowed"] == true && response["warnings"].is_array(),
            Silent => {
                response.as_object().is_some_and(|map| map.len() == 2)
                    && response["allowed"] == true
            }
            Allowed => response["allowed"] == true,
        };
        assert!(fits, "{name} should be {verdict:?}: {response}");
    }
}

#[tokio::test]
async fn written_reviews_have_their_verdicts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reviews");
    replay(&folder, &WRITTEN).await;
}

#[tokio::test]
async fn recorded_reviews_have_their_verdicts() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reviews");
    // They are not part of a clone; the written ones above have the same shapes.
    if folder.is_dir() {
        replay(&folder, &RECORDED).await;
    }
}

#[tokio::test]
async fn the_example_of_serve_is_denied() {
    let body = include_bytes!("../examples/reviews/romm-unpinned.json");
    let answer = post(&webhook(), "/validate", body.to_vec()).await;
    assert_eq!(answer["response"]["allowed"], false);
}
