//! Policies that change while the server runs, and what it says of them.

use super::*;
use crate::policy::{BrokenPolicy, Document, PolicyHealth};

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

fn document(kind: &str, namespace: Option<&str>, spec: &Value) -> Arc<Document> {
    let document = json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": kind,
        "metadata": {"name": "home", "namespace": namespace}, "spec": spec});
    let read = Document::read(&document);
    Arc::new(read.unwrap_or_else(|error| panic!("{error}")))
}

fn exemption(end: &str) -> Arc<Document> {
    let spec = json!({"rules": ["unpinned-chart"], "releases": ["*"], "reason": "moving", "expiresAt": end});
    document("Exemption", Some("games"), &spec)
}

#[tokio::test]
async fn a_policy_is_in_force_from_the_next_review_on() {
    let app = Arc::new(app().with_clock(|| Timestamp::UNIX_EPOCH));
    let router = router(Arc::clone(&app));
    let floating = review(&release("4.x"));
    assert_eq!(
        answered(&router, "/validate", &floating).await["allowed"],
        false
    );
    let milder = json!({"replacesDefault": true, "rules": {"unpinned-chart": {"action": "warn"}}});
    let milder = Policy::of(vec![document("ReleasePolicy", None, &milder)]);
    app.policy().put(milder, Timestamp::UNIX_EPOCH);
    assert_eq!(
        answered(&router, "/validate", &floating).await["allowed"],
        true
    );
    app.policy().put(Policy::builtin(), Timestamp::UNIX_EPOCH);
    assert_eq!(
        answered(&router, "/validate", &floating).await["allowed"],
        false
    );
    let (_, metrics) = send(&plain_router(app), get("/metrics")).await;
    assert!(
        metrics.contains("lockkeeper_policy_swaps_total 2"),
        "{metrics}"
    );
}

#[tokio::test]
async fn it_is_not_ready_before_the_policies_are_known_and_with_broken_ones_it_is() {
    let app = Arc::new(app());
    let router = plain_router(Arc::clone(&app));
    let (status, text) = send(&router, get("/readyz?verbose")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        text,
        "[+]shutdown ok\n[+]certificate ok\n[+]cluster ok\n[+]policies ok\nreadyz check passed\n"
    );
    app.policy().tell(PolicyHealth {
        unready: Some("not read yet".into()),
        ..PolicyHealth::default()
    });
    let (status, text) = send(&router, get("/readyz")).await;
    assert_eq!(
        (status, &*text),
        (StatusCode::SERVICE_UNAVAILABLE, "not read yet\n")
    );
    let (status, text) = send(&router, get("/readyz?verbose")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        text.contains("[-]policies failed: not read yet\nreadyz check failed\n"),
        "{text}"
    );
    app.policy().tell(PolicyHealth {
        broken: vec![BrokenPolicy {
            kind: "ReleasePolicy",
            namespace: String::new(),
            name: "home".to_owned(),
            problem: "/spec/rules/x: unknown rule `x`".to_owned(),
            was_good: true,
        }],
        doubts: vec!["the watch was lost".to_owned()],
        ..PolicyHealth::default()
    });
    let (status, text) = send(&router, get("/readyz")).await;
    assert_eq!((status, &*text), (StatusCode::OK, "ok\n"));
    let (_, text) = send(&router, get("/readyz?verbose=1")).await;
    let broken = "[-]policies broken: ReleasePolicy home: /spec/rules/x: unknown rule `x`; the last good one stays in force\n";
    assert!(text.contains(broken), "{text}");
    assert!(
        text.contains("[-]policies doubtful: the watch was lost\nreadyz check passed\n"),
        "{text}"
    );
    let (_, metrics) = send(&router, get("/metrics")).await;
    for line in [
        "lockkeeper_policies_broken{kind=\"ReleasePolicy\"} 1",
        "lockkeeper_policies_broken{kind=\"Exemption\"} 0",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn exemptions_are_counted_by_whether_they_count_and_when_they_are_used() {
    let app = Arc::new(app().with_clock(|| Timestamp::from_second(1_800_000_000).expect("a time")));
    let opened = json!({"allowExemptions": [{"rules": ["*"]}]});
    let documents = vec![
        document("ReleasePolicy", None, &opened),
        exemption("2100-01-01T00:00:00Z"),
        exemption("2027-01-01T00:00:00Z"),
    ];
    app.policy().put(Policy::of(documents), (app.clock)());
    let answer = answered(
        &router(Arc::clone(&app)),
        "/validate",
        &review(&release("4.x")),
    )
    .await;
    assert_eq!(answer["allowed"], true, "{answer}");
    let (_, metrics) = send(&plain_router(Arc::clone(&app)), get("/metrics")).await;
    for line in [
        "lockkeeper_policies{kind=\"ReleasePolicy\"} 1",
        "lockkeeper_policies{kind=\"Exemption\"} 2",
        "lockkeeper_exemptions{state=\"active\"} 1",
        "lockkeeper_exemptions{state=\"expired\"} 1",
        "lockkeeper_exemptions{state=\"not_opened\"} 0",
        "lockkeeper_exemption_expiry_timestamp_seconds 4102444800",
        "lockkeeper_policy_swap_timestamp_seconds 1800000000",
        "lockkeeper_exempted_findings_total{rule=\"unpinned-chart\",by=\"exemption\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    app.policy().put(
        Policy::of(vec![exemption("2100-01-01T00:00:00Z")]),
        (app.clock)(),
    );
    let (_, metrics) = send(&plain_router(app), get("/metrics")).await;
    assert!(
        metrics.contains("lockkeeper_exemptions{state=\"not_opened\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn policies_are_reviewed_by_what_is_in_force() {
    let app = Arc::new(app().with_clock(|| Timestamp::UNIX_EPOCH));
    let router = router(Arc::clone(&app));
    let body = |kind: &str, spec: &Value| {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "u-1", "operation": "CREATE", "name": "home", "namespace": "games",
            "kind": {"group": "lockkeeper.dev", "version": "v1alpha1", "kind": kind},
            "object": {"apiVersion": "lockkeeper.dev/v1alpha1", "kind": kind,
                "metadata": {"name": "home", "namespace": "games"}, "spec": spec}}})
    };
    let bad = body("ReleasePolicy", &json!({"rules": {"unpined-chart": {}}}));
    let answer = answered(&router, "/policies?timeout=5s", &bad).await;
    let message = answer["status"]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("did you mean `unpinned-chart`?"),
        "{answer}"
    );
    let spec = json!({"rules": ["unpinned-chart"], "releases": ["*"], "reason": "moving", "expiresAt": "2100-01-01"});
    let exempting = body("Exemption", &spec);
    let answer = answered(&router, "/policies", &exempting).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    assert!(
        answer["warnings"][0]
            .as_str()
            .is_some_and(|text| text.contains("no ReleasePolicy opens"))
    );
    let opened = document(
        "ReleasePolicy",
        None,
        &json!({"allowExemptions": [{"rules": ["*"]}]}),
    );
    app.policy()
        .put(Policy::of(vec![opened]), Timestamp::UNIX_EPOCH);
    let answer = answered(&router, "/policies", &exempting).await;
    assert_eq!(answer, json!({"uid": "u-1", "allowed": true}));
    let (_, metrics) = send(&plain_router(app), get("/metrics")).await;
    let line = "lockkeeper_reviews_total{kind=\"ReleasePolicy\",operation=\"CREATE\",verdict=\"denied\",dry_run=\"false\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}
