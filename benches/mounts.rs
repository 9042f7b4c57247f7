//! A review of a 20 KiB pod with 6 containers, bytes in to bytes out, against parsing the same bytes into a
//! `serde_json::Value`. `cargo bench --bench mounts`; what to reach is in docs/performance.md.

use divan::{Bencher, black_box};
use lockkeeper::admission::Review;
use lockkeeper::facts::NoFacts;
use lockkeeper::policy::Policy;
use serde_json::{Value, json};

fn main() {
    for (name, body) in [("mounted", mounted()), ("untouched", untouched())] {
        println!(
            "{name}: a review of {} bytes, answered with {}",
            body.len(),
            answered(&body, &policy()).len()
        );
    }
    divan::main();
}

fn policy() -> Policy {
    let tmpfs = |name: &str, spec: Value| {
        json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "TmpfsPolicy",
               "metadata": {"name": name}, "spec": spec})
    };
    let policy = Policy::from_documents(&[
        tmpfs(
            "scratch",
            json!({"mounts": [{"path": "/tmp", "sizeLimit": "64Mi"}]}),
        ),
        tmpfs(
            "shared",
            json!({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "romm"}}, "containers": ["c*"],
                   "mounts": [{"path": "/tmp", "sizeLimit": "32Mi"},
                              {"path": "/scratch", "sizeLimit": "8Mi", "shared": true}]}),
        ),
        tmpfs(
            "other",
            json!({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "plex"}},
                   "mounts": [{"path": "/transcode", "sizeLimit": "1Gi"}]}),
        ),
    ]);
    policy.unwrap_or_else(|error| panic!("{error}"))
}

/// A container as app-template and the API server's defaults make one.
fn container(name: &str) -> Value {
    let env: Vec<Value> = (0..26)
        .map(|number| json!({"name": format!("ROMM_SETTING_{number}"), "value": format!("a value of some length {number}")}))
        .collect();
    let probe = json!({"httpGet": {"path": "/api/heartbeat", "port": 8080, "scheme": "HTTP"},
        "initialDelaySeconds": 10, "timeoutSeconds": 1, "periodSeconds": 10,
        "successThreshold": 1, "failureThreshold": 3});
    json!({
        "name": name, "image": "docker.io/rommapp/romm:4.1.0", "imagePullPolicy": "IfNotPresent", "env": env,
        "envFrom": [{"secretRef": {"name": "romm-secret"}}],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "livenessProbe": probe, "readinessProbe": probe, "startupProbe": probe,
        "resources": {"requests": {"cpu": "10m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "volumeMounts": [
            {"name": "assets", "mountPath": "/romm/assets"},
            {"name": "library", "mountPath": "/romm/library", "readOnly": true},
            {"name": "config", "mountPath": "/romm/config/config.yml", "subPath": "config.yml"},
            {"name": "kube-api-access-abcde", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}],
    })
}

fn mounted() -> Vec<u8> {
    let text = include_str!("../tests/fixtures/recorded-reviews/pod-create.json");
    let mut review: Value = serde_json::from_str(text).expect("JSON");
    let pod = &mut review["request"]["object"];
    pod["metadata"]["labels"] =
        json!({"app.kubernetes.io/name": "romm", "app.kubernetes.io/instance": "romm"});
    pod["spec"]["initContainers"] = json!([container("c0"), container("c1")]);
    pod["spec"]["containers"] = json!(["c2", "c3", "c4", "c5"].map(container));
    for name in ["assets", "library", "config"] {
        let volume =
            json!({"name": name, "persistentVolumeClaim": {"claimName": format!("romm-{name}")}});
        let volumes = pod["spec"]["volumes"].as_array_mut();
        volumes.expect("volumes").push(volume);
    }
    review.to_string().into_bytes()
}

/// The same pod, that writes to its root.
fn untouched() -> Vec<u8> {
    let text = String::from_utf8(mounted()).expect("UTF-8");
    text.replace(
        r#""readOnlyRootFilesystem":true"#,
        r#""readOnlyRootFilesystem":false"#,
    )
    .into_bytes()
}

fn answered(body: &[u8], policy: &Policy) -> Vec<u8> {
    let review = Review::read(body).expect("a review");
    let answer = review.mutate(policy, &NoFacts).expect("an answer");
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
                let policy = policy();
                bencher.bench(|| answered(black_box(&body), &policy));
            }
        }
    };
}

against_parsing!(mounted);
against_parsing!(untouched);
