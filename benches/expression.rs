//! Expressions of policies: compiled, and evaluated over a 6 KiB release, one and a hundred a review.
//! `cargo bench --bench expression`; what to reach is in docs/performance.md.

use divan::{Bencher, black_box};
use lockkeeper::expression::{Deadline, Expression, Variables};
use lockkeeper::model::{Case, Subject};
use serde_json::{Value, json};

const USUAL: &str = "object.metadata.namespace == 'media' && has(object.spec.chartRef)";
const LOOP: &str = "object.spec.values.containers.all(c, c.securityContext.readOnlyRootFilesystem)";
const IMAGES: &str = "images.all(i, i.pinned || i.registry == 'ghcr.io')";
const PATTERN: &str = "object.metadata.name.matches('^[a-z][a-z0-9-]{0,62}$')";
const TEXTS: [&str; 4] = [USUAL, LOOP, IMAGES, PATTERN];

fn main() {
    divan::main();
}

/// A clean release of about 6 KiB, as many values.
fn release() -> Value {
    let container = |number: usize| {
        json!({
            "name": format!("app-{number}"),
            "image": {"repository": "ghcr.io/example/romm", "tag": format!("4.{number}.1@sha256:{:064x}", number + 4096)},
            "env": {"TZ": "Europe/Paris", "ROMM_PORT": 8080, "LOG_LEVEL": "info",
                "DB_PASSWD": {"valueFrom": {"secretKeyRef": {"name": "romm", "key": "db-password"}}},
                "DATABASE_URL": "postgres://romm:${ROMM_DB_PASSWORD}@postgres:5432/romm"},
            "envFrom": [{"secretRef": {"name": "romm-secret"}}],
            "probes": {"liveness": {"enabled": true, "custom": true, "spec": {"httpGet": {"path": "/api/heartbeat", "port": 8080}, "periodSeconds": 10}}},
            "resources": {"requests": {"cpu": "10m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
            "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
            "persistence": {"library": {"type": "nfs", "server": "nas.internal", "path": "/volume1/games", "globalMounts": [{"path": "/romm/library"}]}}
        })
    };
    let containers: Vec<Value> = (0..6).map(container).collect();
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "media"},
        "spec": {"interval": "5m", "chartRef": {"kind": "OCIRepository", "name": "romm"}, "values": {"containers": containers}}})
}

fn case(root: &Value) -> Case<'_> {
    let subject = Subject::new(root).expect("a HelmRelease");
    Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH)
}

#[divan::bench(args = TEXTS)]
fn compile(bencher: Bencher<'_, '_>, text: &str) {
    bencher.bench_local(|| Expression::compile(black_box(text)));
}

/// One more expression in a review that has evaluated others.
#[divan::bench(args = TEXTS)]
fn evaluate(bencher: Bencher<'_, '_>, text: &str) {
    let root = release();
    let case = case(&root);
    let deadline = Deadline::default();
    let expression = Expression::compile(text).expect("an expression");
    // A review's budget ends; a new one begins then.
    let mut variables = Variables::new(&case, &deadline);
    bencher.bench_local(|| {
        let held = expression.holds(black_box(&variables));
        if held.is_err() {
            variables = Variables::new(&case, &deadline);
        }
        held
    });
}

/// The estimate alone: in a review whose budget is spent, nothing comes after it.
#[divan::bench(args = TEXTS)]
fn estimate(bencher: Bencher<'_, '_>, text: &str) {
    let root = release();
    let case = case(&root);
    let deadline = Deadline::default();
    let variables = Variables::new(&case, &deadline);
    let expression = Expression::compile(text).expect("an expression");
    while expression.holds(&variables).is_ok() {}
    bencher.bench_local(|| expression.holds(black_box(&variables)));
}

/// A review: the variables are made, measured, and asked so often.
fn review(bencher: Bencher<'_, '_>, text: &str, count: usize) {
    let root = release();
    let case = case(&root);
    let deadline = Deadline::default();
    let expression = Expression::compile(text).expect("an expression");
    bencher.bench_local(|| {
        let variables = Variables::new(black_box(&case), &deadline);
        let held = (0..count).filter(|_| expression.holds(&variables) == Ok(true));
        assert_eq!(held.count(), count, "{text}");
    });
}

#[divan::bench(args = TEXTS)]
fn review_of_one(bencher: Bencher<'_, '_>, text: &str) {
    review(bencher, text, 1);
}

#[divan::bench(args = TEXTS)]
fn review_of_a_hundred(bencher: Bencher<'_, '_>, text: &str) {
    review(bencher, text, 100);
}

/// What the whole of `object` costs to be walked, as a loop over everything would.
#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    let bytes = release().to_string().into_bytes();
    bencher.bench_local(|| serde_json::from_slice::<Value>(black_box(&bytes)));
}
