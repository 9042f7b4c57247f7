//! Expressions that take too long: nobody waits for them, and they take no threads from others.

use super::*;
use crate::facts::Labels;

/// How long the slow path takes.
const SLOW: Duration = Duration::from_millis(600);
/// How long it is waited for.
const LIMIT: Duration = Duration::from_millis(60);

/// Says the labels of a namespace late, as often as it is told to; it stands for what is slow on a judging thread.
struct SlowFacts(AtomicUsize);

impl Facts for SlowFacts {
    fn namespace_labels(&self, _: &str) -> Answer<Labels> {
        let take = |left: usize| left.checked_sub(1);
        if self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
        {
            std::thread::sleep(SLOW);
        }
        Answer::Known(Arc::new([("team".to_owned(), "games".to_owned())].into()))
    }
}

impl Knowledge for SlowFacts {}

fn milder(spec: &Value) -> Policy {
    let document = json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "ReleasePolicy",
        "metadata": {"name": "home"}, "spec": spec});
    Policy::from_document(&document).unwrap_or_else(|error| panic!("{error}"))
}

/// For the releases of a team, as far as an expression says so too.
fn by_labels_and_expression() -> Policy {
    milder(&json!({
        "match": {"namespaceSelector": {"matchLabels": {"team": "games"}},
            "matchConditions": [{"name": "romm", "expression": "object.metadata.name == 'romm'"}]},
        "replacesDefault": true, "rules": {"unpinned-chart": {"action": "warn"}},
    }))
}

fn served(policy: Policy, slow: usize, evaluations: usize) -> (Arc<App>, Router) {
    let limits = Limits {
        expressions: LIMIT,
        evaluations,
        ..limits()
    };
    let app = Arc::new(App::new(policy, Arc::new(SlowFacts(slow.into())), limits));
    (Arc::clone(&app), router(app))
}

async fn metrics(app: &Arc<App>) -> String {
    let get = Request::get("/metrics").body(Body::empty());
    send(&plain_router(Arc::clone(app)), get.expect("a request"))
        .await
        .1
}

fn overdue(metrics: &str, policy: &str) -> usize {
    let line = format!("lockkeeper_expressions_overdue_total{{policy=\"{policy}\"}} ");
    let count = metrics.lines().find_map(|text| text.strip_prefix(&line));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn expressions_in_time_are_heeded() {
    let (_, router) = served(by_labels_and_expression(), 0, 4);
    let answer = answered(&router, "/validate", &review(&release("4.x"))).await;
    assert_eq!(answer["allowed"], true, "{answer}");
}

#[tokio::test]
async fn what_is_not_known_in_time_relaxes_nothing_and_is_told() {
    let (app, router) = served(by_labels_and_expression(), 1, 4);
    let start = Instant::now();
    let answer = answered(&router, "/validate", &review(&release("4.x"))).await;
    assert!(start.elapsed() < SLOW, "{:?}", start.elapsed());
    assert_eq!(answer["allowed"], false, "{answer}");
    assert!(
        answer["warnings"]
            .to_string()
            .contains("ReleasePolicy `home`"),
        "{answer}"
    );
    // The judgement that nobody waited for is neither counted nor answered.
    tokio::time::sleep(SLOW).await;
    let metrics = metrics(&app).await;
    assert!(
        metrics.contains("lockkeeper_review_duration_seconds_count 1"),
        "{metrics}"
    );
    assert_eq!(overdue(&metrics, "unknown"), 1);
}

#[tokio::test]
async fn judgements_that_nobody_waits_for_take_no_more_than_their_threads() {
    let (app, router) = served(by_labels_and_expression(), 2, 2);
    let slow = review(&release("4.x"));
    // Twenty come at once; two take all threads for expressions, and the others give up waiting for one.
    let start = Instant::now();
    let all = (0..20).map(|_| answered(&router, "/validate", &slow));
    for answer in futures::future::join_all(all).await {
        assert_eq!(answer["allowed"], false, "{answer}");
    }
    assert!(start.elapsed() < SLOW, "{:?}", start.elapsed());
    let counted = overdue(&metrics(&app).await, "unknown");
    assert!(counted >= 18, "{counted}");
    // What needs no expression is answered meanwhile, large or small, and mutations are.
    let mutated = answered(&router, "/mutate", &slow).await;
    assert_eq!(mutated["allowed"], true);
    tokio::time::sleep(SLOW).await;
    let answer = answered(&router, "/validate", &slow).await;
    assert_eq!(answer["allowed"], true, "the threads are back: {answer}");
}

#[tokio::test]
async fn the_policy_whose_expression_takes_too_long_is_named() {
    let text = "object.spec.values.all(a, object.spec.values.exists(b, a == b))";
    let rules: Vec<Value> = (0..8)
        .map(|number| json!({"name": format!("slow-{number}"), "expression": text, "message": "m", "action": "warn"}))
        .collect();
    let (app, router) = served(milder(&json!({"customRules": rules})), 0, 4);
    let mut object = release("4.6.2");
    for number in 0..200 {
        object["spec"]["values"][format!("key-{number}")] = json!([number, {"name": "romm"}]);
    }
    let slow = review(&object);
    // A busy machine may be late before the first expression begins; then nobody is to blame.
    for _ in 0..50 {
        answered(&router, "/validate", &slow).await;
        if overdue(&metrics(&app).await, "home") > 0 {
            assert!(app.policy().is_overdue("home"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{}", metrics(&app).await);
}
