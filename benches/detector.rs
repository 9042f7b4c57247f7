//! The secret detector alone against parsing the same bytes into a `serde_json::Value`.
//! `cargo bench --bench detector`; what to reach is in docs/performance.md.

use std::time::Instant;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use lockkeeper::model::Subject;
use lockkeeper::secrets::scan_subject;
use serde_json::{Value, json};

const SIZES: [usize; 5] = [1, 6, 10, 100, 1000];

fn main() {
    let root = object(&[container(0)]);
    let subject = Subject::new(&root).expect("a HelmRelease");
    let start = Instant::now();
    scan_subject(&subject, |_| {});
    println!("the first scan, patterns included: {:?}", start.elapsed());
    divan::main();
}

/// What real releases are made of: an app's container with images, probes, resources and mounts.
fn container(number: usize) -> Value {
    let name = format!("app-{number}");
    json!({
        "name": name,
        "image": {"repository": "ghcr.io/example/romm", "tag": format!("4.{number}.1@sha256:{:064x}", number + 4096)},
        "env": {
            "TZ": "Europe/Paris", "ROMM_HOST": format!("{name}.games.svc.cluster.local"), "ROMM_PORT": 8080,
            "DB_PASSWD": {"valueFrom": {"secretKeyRef": {"name": "romm", "key": "db-password"}}},
            "DATABASE_URL": "postgres://romm:${ROMM_DB_PASSWORD}@postgres:5432/romm",
            "ROMM_AUTH_SECRET_KEY": "${ROMM_AUTH_SECRET_KEY}", "LOG_LEVEL": "info"
        },
        "envFrom": [{"secretRef": {"name": "romm-secret"}}],
        "probes": {"liveness": {"enabled": true, "custom": true, "spec": {"httpGet": {"path": "/api/heartbeat", "port": 8080}, "initialDelaySeconds": 10, "periodSeconds": 10}}},
        "resources": {"requests": {"cpu": "10m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
        "persistence": {"library": {"type": "nfs", "server": "nas.internal", "path": "/volume1/games", "globalMounts": [{"path": "/romm/library"}]}},
        "route": {"hostnames": ["{{ .Release.Name }}.${SECRET_DOMAIN}"], "parentRefs": [{"name": "internal", "namespace": "network", "sectionName": "https"}]},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}]
    })
}

fn object(containers: &[Value]) -> Value {
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "games"},
        "spec": {"interval": "5m", "chartRef": {"kind": "OCIRepository", "name": "romm"}, "values": {"containers": containers}}})
}

/// A clean release of about `kib` KiB, as many values.
fn tree(kib: usize) -> Value {
    let each = container(0).to_string().len();
    let containers: Vec<_> = (0..(kib * 1024).div_ceil(each)).map(container).collect();
    object(&containers)
}

/// A clean release of about `kib` KiB, nearly all of it one text.
fn text(kib: usize) -> Value {
    let line = "  - name: romm\n    url: https://romm.example.org/api/v1\n    token: ${ROMM_TOKEN}\n    description: a place for the keys of games\n";
    let mut root = object(&[]);
    root["spec"]["values"]["config"] =
        Value::String(line.repeat((kib * 1024).div_ceil(line.len())));
    root
}

/// What somebody may send to keep a judge busy: beginnings without an end.
fn hostile(kib: usize) -> Value {
    let pieces = [
        "password=${",
        "password={{",
        "token: \"",
        "-----BEGIN PRIVATE KEY-----",
        "kind: Secret\ndata:\n",
        "curl -u ",
        "://a:",
        "otpauth://",
        "ghp_sk-",
        "eyJ.",
        "$6$",
        "community ",
        ":5432:",
        "LS0tLS1CRUdJTi",
    ];
    let mut root = object(&[]);
    let texts = pieces.map(|piece| piece.repeat(kib * 1024 / pieces.len() / piece.len()));
    root["spec"]["values"]["config"] = json!(texts);
    root
}

fn scan(bencher: Bencher<'_, '_>, root: &Value) {
    let subject = Subject::new(root).expect("a HelmRelease");
    let bytes = root.to_string().len();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        let mut found = 0_usize;
        scan_subject(black_box(&subject), |_| found += 1);
        found
    });
}

fn parse(bencher: Bencher<'_, '_>, root: &Value) {
    let bytes = root.to_string().into_bytes();
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| serde_json::from_slice::<Value>(black_box(&bytes)));
}

#[divan::bench(args = SIZES)]
fn tree_detector(bencher: Bencher<'_, '_>, kib: usize) {
    scan(bencher, &tree(kib));
}

#[divan::bench(args = SIZES)]
fn tree_parse(bencher: Bencher<'_, '_>, kib: usize) {
    parse(bencher, &tree(kib));
}

#[divan::bench(args = SIZES)]
fn text_detector(bencher: Bencher<'_, '_>, kib: usize) {
    scan(bencher, &text(kib));
}

#[divan::bench(args = SIZES)]
fn text_parse(bencher: Bencher<'_, '_>, kib: usize) {
    parse(bencher, &text(kib));
}

#[divan::bench(args = SIZES)]
fn hostile_detector(bencher: Bencher<'_, '_>, kib: usize) {
    scan(bencher, &hostile(kib));
}
