//! The router without a socket: every status, the limits, and what a panic becomes.

mod deadline;
mod large;
mod mutation;
mod policies;

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Frame;
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::facts::{Age, Answer, Claim, Facts, Key, Knowledge, NoFacts, Question, Replies, Reply};
use crate::policy::Policy;

fn limits() -> Limits {
    Limits {
        read: Duration::from_millis(200),
        wait: Duration::from_millis(200),
        ..Limits::default()
    }
}

fn app() -> App {
    App::new(Policy::builtin(), Arc::new(NoFacts), limits())
}

fn review(object: &Value) -> Value {
    let (group, version) = object["apiVersion"]
        .as_str()
        .and_then(|text| text.split_once('/'))
        .expect("a group");
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u-1", "operation": "CREATE", "name": "romm", "namespace": "games",
        "kind": {"group": group, "version": version, "kind": object["kind"]}, "object": object}})
}

fn release(version: &str) -> Value {
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "games"},
        "spec": {"chart": {"spec": {"chart": "romm", "version": version,
            "sourceRef": {"kind": "HelmRepository", "name": "r"}}}}})
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/json")
        .body(body.into())
        .expect("a request")
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, String) {
    let response = router.clone().oneshot(request).await.expect("infallible");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body");
    let text = String::from_utf8(body.to_bytes().to_vec()).expect("UTF-8");
    (status, text)
}

async fn answered(router: &Router, path: &str, body: &Value) -> Value {
    let (status, text) = send(router, post(path, body.to_string())).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let review: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(review["response"]["uid"], "u-1");
    review["response"].clone()
}

#[tokio::test]
async fn reviews_are_answered_with_and_without_a_query() {
    let router = router(Arc::new(app()));
    let bad = review(&release("4.x"));
    for path in ["/validate", "/validate?timeout=5s"] {
        assert_eq!(answered(&router, path, &bad).await["allowed"], false);
    }
    let good = review(&release("4.6.2"));
    assert_eq!(answered(&router, "/validate", &good).await["allowed"], true);
    let mutated = answered(&router, "/mutate?timeout=5s", &bad).await;
    assert_eq!(mutated, json!({"uid": "u-1", "allowed": true}));
}

#[tokio::test]
async fn what_is_no_review_gets_a_status_and_one_sentence() {
    let app = Arc::new(app());
    let router = router(Arc::clone(&app));
    let get = |path| Request::get(path).body(Body::empty()).expect("a request");
    let typed = |kind: &str| {
        Request::post("/validate")
            .header("content-type", kind)
            .body(Body::from(review(&release("4.6.2")).to_string()))
            .expect("a request")
    };
    let mut compressed = post("/validate", "x");
    compressed
        .headers_mut()
        .insert("content-encoding", "gzip".parse().expect("a value"));
    let untyped = Request::post("/validate")
        .body(Body::from("{}"))
        .expect("a request");
    for (request, status) in [
        (get("/validate"), 405),
        (get("/mutate"), 405),
        (get("/elsewhere"), 404),
        (typed("text/plain"), 415),
        (typed("application/json; charset=utf-8"), 200),
        (typed("application/yaml"), 415),
        (untyped, 415),
        (compressed, 415),
        (post("/validate", "nonsense"), 400),
        (post("/mutate", "nonsense"), 400),
        (post("/validate", vec![b' '; 9 * 1024 * 1024]), 413),
    ] {
        let what = format!("{} {}", request.method(), request.uri());
        let (got, text) = send(&router, request).await;
        assert_eq!(got.as_u16(), status, "{what}: {text}");
        if status != 200 {
            assert_eq!(text.trim_end().lines().count(), 1, "{what}: {text}");
        }
    }
    let (_, metrics) = send(&plain_router(app), get("/metrics")).await;
    assert!(metrics.contains("lockkeeper_refused_requests_total{status=\"415\"} 4"));
    assert!(metrics.contains("lockkeeper_refused_requests_total{status=\"413\"} 1"));
}

/// A body that arrives in chunks, and then ends or never does.
struct Arriving {
    chunks: VecDeque<Bytes>,
    ends: bool,
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.chunks.pop_front() {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

#[tokio::test]
async fn a_large_body_of_unknown_length_is_stopped_on_its_way() {
    let chunks = vec![Bytes::from(vec![b' '; 1024 * 1024]); 20].into();
    let body = Body::new(Arriving { chunks, ends: true });
    let (status, _) = send(&router(Arc::new(app())), post("/validate", body)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_and_holds_nobody() {
    let router = router(Arc::new(app()));
    let chunks: VecDeque<_> = [Bytes::from_static(b"{\"apiVersion\":")].into();
    let slow = Body::new(Arriving {
        chunks,
        ends: false,
    });
    let good = review(&release("4.6.2"));
    let (slow, quick) = tokio::join!(
        send(&router, post("/validate", slow)),
        answered(&router, "/validate", &good),
    );
    assert_eq!(slow.0, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(quick["allowed"], true);
}

/// Room for one body of unknown length, which never ends here.
async fn beside_a_body_that_takes_all_room(wait: Duration, read: Duration) -> (StatusCode, String) {
    let limits = Limits {
        bodies: 4 * 1024,
        body: 4 * 1024,
        wait,
        read,
        ..Limits::default()
    };
    let app = App::new(Policy::builtin(), Arc::new(NoFacts), limits);
    let router = router(Arc::new(app));
    let endless = Body::new(Arriving {
        chunks: VecDeque::new(),
        ends: false,
    });
    let good = post("/validate", review(&release("4.6.2")).to_string());
    let (taker, other) = tokio::join!(send(&router, post("/validate", endless)), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        send(&router, good).await
    });
    assert_eq!(taker.0, StatusCode::REQUEST_TIMEOUT);
    other
}

#[tokio::test]
async fn bodies_beyond_the_memory_for_them_wait_their_turn() {
    let (second, tenth) = (Duration::from_secs(1), Duration::from_millis(100));
    let (status, _) = beside_a_body_that_takes_all_room(second * 10, tenth * 2).await;
    assert_eq!(status, StatusCode::OK);
    let (status, text) = beside_a_body_that_takes_all_room(tenth, second).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{text}");
}

#[tokio::test]
async fn health_tells_when_it_stops() {
    let app = Arc::new(app());
    for router in [router(Arc::clone(&app)), plain_router(Arc::clone(&app))] {
        let get = |path| Request::get(path).body(Body::empty()).expect("a request");
        assert_eq!(send(&router, get("/healthz")).await.0, StatusCode::OK);
        assert_eq!(send(&router, get("/readyz")).await.0, StatusCode::OK);
    }
    app.not_ready();
    for router in [router(Arc::clone(&app)), plain_router(Arc::clone(&app))] {
        let get = |path| Request::get(path).body(Body::empty()).expect("a request");
        assert_eq!(send(&router, get("/healthz")).await.0, StatusCode::OK);
        assert_eq!(
            send(&router, get("/readyz")).await.0,
            StatusCode::SERVICE_UNAVAILABLE
        );
    }
    // Who comes all the same is answered.
    let good = review(&release("4.6.2"));
    let router = router(app);
    assert_eq!(answered(&router, "/validate", &good).await["allowed"], true);
}

#[tokio::test]
async fn it_is_not_ready_with_a_certificate_that_has_ended() {
    let at = |second| Timestamp::from_second(second).expect("a time");
    let app = app().with_clock(|| Timestamp::from_second(1_000).expect("a time"));
    for (end, is_ready) in [(at(1_001), true), (at(1_000), false)] {
        app.certificate().tell(Health {
            expiry: Some(end),
            ..Health::default()
        });
        assert_eq!(app.unready().is_none(), is_ready, "{:?}", app.unready());
    }
}

struct PanickingFacts;

impl Facts for PanickingFacts {
    fn claim(&self, _: Key<'_>) -> Answer<Claim> {
        panic!("on purpose");
    }

    fn feeds_a_release(&self, _: Key<'_>) -> Answer<bool> {
        panic!("on purpose");
    }

    fn namespace_labels(&self, _: &str) -> Answer<Arc<BTreeMap<String, String>>> {
        panic!("on purpose");
    }
}

impl Knowledge for PanickingFacts {}

#[tokio::test]
async fn a_panic_in_a_rule_is_a_denial_that_names_it_and_the_server_lives_on() {
    let app = App::new(Policy::builtin(), Arc::new(PanickingFacts), limits());
    let router = router(Arc::new(app));
    let source = review(
        &json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
        "metadata": {"name": "romm", "namespace": "games"}, "spec": {"ref": {"tag": "latest"}}}),
    );
    let response = answered(&router, "/validate", &source).await;
    assert_eq!(response["allowed"], false);
    assert_eq!(response["status"]["code"], 403);
    let message = response["status"]["message"].to_string();
    assert!(message.contains("`unpinned-chart` failed"), "{message}");
    assert!(!message.contains("on purpose"));
    let good = review(&release("4.6.2"));
    assert_eq!(answered(&router, "/validate", &good).await["allowed"], true);
}

fn no_time() -> Timestamp {
    panic!("on purpose");
}

#[tokio::test]
async fn a_panic_outside_the_rules_is_a_denial_too() {
    let router = router(Arc::new(app().with_clock(no_time)));
    let good = review(&release("4.6.2"));
    for _ in 0..2 {
        let response = answered(&router, "/validate", &good).await;
        assert_eq!(response["allowed"], false);
        assert_eq!(response["auditAnnotations"]["denied"], "internal-error");
    }
}

#[tokio::test]
async fn a_large_review_is_judged_on_a_thread_of_its_own() {
    let limits = Limits {
        inline: 0,
        ..limits()
    };
    let app = App::new(Policy::builtin(), Arc::new(NoFacts), limits);
    let bad = review(&release("4.x"));
    let response = answered(&router(Arc::new(app)), "/validate", &bad).await;
    assert_eq!(response["allowed"], false);
}

#[tokio::test]
async fn reviews_and_findings_are_counted_by_bounded_labels() {
    let app = Arc::new(app());
    let router = router(Arc::clone(&app));
    answered(&router, "/validate", &review(&release("4.x"))).await;
    let mut odd = review(&json!({"apiVersion": "example.com/v1", "kind": "Made-Up-Kind"}));
    odd["request"]["dryRun"] = json!(true);
    answered(&router, "/validate", &odd).await;
    let get = Request::get("/metrics").body(Body::empty());
    let (_, metrics) = send(&plain_router(app), get.expect("a request")).await;
    for line in [
        r#"lockkeeper_reviews_total{kind="HelmRelease",operation="CREATE",verdict="denied",dry_run="false"} 1"#,
        r#"lockkeeper_reviews_total{kind="other",operation="CREATE",verdict="not_judged",dry_run="true"} 1"#,
        r#"lockkeeper_findings_total{kind="HelmRelease",rule="unpinned-chart",action="deny",dry_run="false"} 1"#,
        "lockkeeper_review_duration_seconds_count 2",
        "lockkeeper_reviews_in_flight 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    assert!(!metrics.contains("Made-Up-Kind"));
}

/// A watch that lags: it has seen no claim, and a read finds what is given.
struct Lagging {
    read: Option<Answer<Claim>>,
    reads: AtomicUsize,
}

impl Lagging {
    fn new(read: Option<Answer<Claim>>) -> Arc<Self> {
        Arc::new(Self {
            read,
            reads: AtomicUsize::new(0),
        })
    }
}

impl Facts for Lagging {
    fn claim(&self, _: Key<'_>) -> Answer<Claim> {
        Answer::Absent
    }
}

impl Knowledge for Lagging {
    fn read<'a>(
        &'a self,
        questions: Vec<Question>,
        age: Age,
        _: Instant,
    ) -> Pin<Box<dyn Future<Output = Replies> + Send + 'a>> {
        assert_eq!(age, Age::Now);
        self.reads.fetch_add(1, Ordering::Relaxed);
        let mut replies = Replies::default();
        if let Some(answer) = &self.read {
            for question in questions {
                replies.insert(question, Reply::Claim(answer.clone()), age);
            }
        }
        Box::pin(ready(replies))
    }
}

fn release_with_a_claim() -> Value {
    let mut release = release("4.6.2");
    release["spec"]["values"] = json!({"persistence": {"data": {"existingClaim": "romm-data"}}});
    release
}

#[tokio::test]
async fn a_missing_claim_is_read_before_it_is_a_denial() {
    for (read, allowed, words) in [
        (Some(Answer::Known(Claim::default())), true, ""),
        (Some(Answer::Absent), false, "does not exist"),
        (None, true, "did not answer in time"),
    ] {
        let knowledge = Lagging::new(read);
        for inline in [0, 256 * 1024] {
            let limits = Limits { inline, ..limits() };
            let app = App::new(Policy::builtin(), knowledge.clone(), limits);
            let review = review(&release_with_a_claim());
            let response = answered(&router(Arc::new(app)), "/validate", &review).await;
            assert_eq!(response["allowed"], allowed, "{response}");
            assert!(response.to_string().contains(words), "{response}");
        }
        assert_eq!(knowledge.reads.load(Ordering::Relaxed), 2);
    }
}

#[tokio::test]
async fn in_a_dry_run_a_missing_claim_is_a_warning_and_nothing_is_read() {
    let knowledge = Lagging::new(Some(Answer::Absent));
    let app = App::new(Policy::builtin(), knowledge.clone(), limits());
    let mut review = review(&release_with_a_claim());
    review["request"]["dryRun"] = json!(true);
    let response = answered(&router(Arc::new(app)), "/validate", &review).await;
    assert_eq!(response["allowed"], true);
    assert!(response["warnings"].to_string().contains("romm-data"));
    assert_eq!(knowledge.reads.load(Ordering::Relaxed), 0);
}
