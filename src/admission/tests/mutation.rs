//! Pods by hand: what is patched, and that nothing is ever refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::*;

fn policy() -> Policy {
    Policy::from_document(&json!({
        "apiVersion": "lockkeeper.dev/v1alpha1", "kind": "TmpfsPolicy", "metadata": {"name": "scratch"},
        "spec": {"mounts": [{"path": "/tmp", "sizeLimit": "64Mi"}]}}))
    .unwrap_or_else(|error| panic!("{error}"))
}

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "app-", "namespace": "games"},
        "spec": {"containers": [{"name": "app", "securityContext": {"readOnlyRootFilesystem": true}}]}})
}

fn creation(pod: &Value) -> Value {
    let mut request = request("CREATE", pod, &Value::Null);
    if pod["kind"] == "Pod" {
        request["kind"] = json!({"group": "", "version": "v1", "kind": "Pod"});
    }
    request
}

/// What is answered, as JSON.
fn mutated(request: &Value) -> Value {
    let body = review(request).to_string();
    let review = Review::read(body.as_bytes()).expect("a review");
    let answer = review.mutate(&policy(), &NoFacts).expect("an answer");
    assert!(answer.is_allowed());
    let bytes = answer.to_bytes(review.uid());
    let answered: Value = serde_json::from_slice(&bytes).expect("JSON");
    answered["response"].clone()
}

fn untouched(request: &Value) {
    assert_eq!(mutated(request), json!({"uid": "u-1", "allowed": true}));
}

#[test]
fn a_new_pod_gets_its_patch_in_base64() {
    for dry_run in [false, true] {
        let mut request = creation(&pod());
        request["dryRun"] = json!(dry_run);
        let response = mutated(&request);
        assert_eq!(response["patchType"], "JSONPatch");
        let patch = BASE64
            .decode(response["patch"].as_str().expect("a patch"))
            .expect("base64");
        let patch: Value = serde_json::from_slice(&patch).expect("JSON");
        assert_eq!(
            patch,
            json!([
                {"op": "add", "path": "/spec/volumes", "value":
                    [{"name": "tmpfs-app-tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}]},
                {"op": "add", "path": "/spec/containers/0/volumeMounts", "value":
                    [{"name": "tmpfs-app-tmp", "mountPath": "/tmp"}]},
            ])
        );
        assert_eq!(response.as_object().map(serde_json::Map::len), Some(4));
    }
}

#[test]
fn nothing_else_is_patched() {
    untouched(&creation(&floating()));
    untouched(&request("DELETE", &Value::Null, &pod()));
    let mut update = creation(&pod());
    update["operation"] = json!("UPDATE");
    untouched(&update);
    for sub in ["ephemeralcontainers", "status", "binding"] {
        let mut request = creation(&pod());
        request["subResource"] = json!(sub);
        untouched(&request);
    }
    // One kind that is sent as another, and a Pod of another group.
    let mut disguised = creation(&pod());
    disguised["kind"] = json!({"group": "helm.toolkit.fluxcd.io", "kind": "HelmRelease"});
    untouched(&disguised);
    let mut foreign = pod();
    foreign["apiVersion"] = json!("example.com/v1");
    untouched(&creation(&foreign));
    for namespace in ["kube-system", "flux-system"] {
        let mut request = creation(&pod());
        request["namespace"] = json!(namespace);
        untouched(&request);
    }
    let mut writable = pod();
    writable["spec"]["containers"][0]["securityContext"] = json!({});
    untouched(&creation(&writable));
    let mut windows = pod();
    windows["spec"]["securityContext"] = json!({"windowsOptions": {"hostProcess": true}});
    untouched(&creation(&windows));
    for odd in [json!(null), json!([]), json!({"containers": 7})] {
        let mut pod = pod();
        pod["spec"] = odd;
        untouched(&creation(&pod));
    }
}

#[test]
fn a_pod_that_cannot_be_read_passes_with_a_warning() {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let pod = pod().to_string().replace("\"app\"", &deep);
    let body = format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u-2",
        "operation":"CREATE","kind":{{"group":"","kind":"Pod"}},"object":{pod}}}}}"#
    );
    let review = Review::read(body.as_bytes()).expect("readable");
    let answer = review.mutate(&policy(), &NoFacts).expect("an answer");
    assert!(answer.is_allowed() && answer.patch.is_empty());
    assert!(answer.warnings[0].ends_with("so nothing was mounted"));
}

#[test]
fn warnings_keep_the_limits_and_say_nothing_that_flux_acts_on() {
    let mut pod = pod();
    let entries: Vec<String> = (0..60)
        .map(|number| format!("entry {number} is immutable {}", "long ".repeat(60)))
        .collect();
    pod["metadata"]["annotations"] = json!({"lockkeeper.dev/tmpfs": entries.join(",")});
    let response = mutated(&creation(&pod));
    let warnings = response["warnings"].as_array().expect("warnings");
    let lengths = warnings
        .iter()
        .map(|text| text.as_str().expect("text").chars().count());
    assert!(lengths.clone().all(|length| length <= 256) && lengths.sum::<usize>() <= 4096);
    assert!(!response.to_string().contains("is immutable"));
    assert!(response["patch"].is_string(), "the rest is mounted");
}

#[test]
fn a_review_without_an_object_is_no_review_here_too() {
    let body = review(&request("CREATE", &Value::Null, &Value::Null)).to_string();
    let review = Review::read(body.as_bytes()).expect("a review");
    review.mutate(&policy(), &NoFacts).expect_err("no object");
}
