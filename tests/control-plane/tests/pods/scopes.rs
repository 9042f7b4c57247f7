//! Which pods the API server sends, by the condition that was chosen.

use lockkeeper_control_plane::objects;
use serde_json::{Value, json};

use crate::{Ground, dry_run, lockkeeper};

/// Whether a pod comes back with a mount in memory.
fn is_sent(pod: &Value) -> bool {
    let seen = dry_run(pod);
    seen.to_string().contains(r#""medium":"Memory""#)
}

#[test]
fn each_scope_sends_what_it_says_and_no_more() {
    // Whatever reaches Lockkeeper gets a mount by the label `any`.
    let writable = |namespace: &str| {
        let mut pod = objects::pod(namespace, "app");
        pod["metadata"]["labels"] = json!({ "any": "true" });
        pod["spec"]["containers"][0]["securityContext"] = json!({ "runAsUser": 1000 });
        pod["spec"]["initContainers"] =
            json!([{ "name": "wait", "image": "registry.invalid/wait:1" }]);
        pod
    };
    for (scope, expected) in [
        ("annotated", [false, true, true, false, false]),
        ("readOnlyRoot", [false, true, true, true, true]),
        ("all", [true, true, true, true, true]),
    ] {
        let ground = Ground::with(&scope.to_lowercase(), lockkeeper(), scope);
        let plain = writable(&ground.namespace);
        let mut annotated = plain.clone();
        annotated["metadata"]["annotations"] = json!({ "lockkeeper.dev/tmpfs": "" });
        let mut labelled = plain.clone();
        labelled["metadata"]["labels"]["lockkeeper.dev/tmpfs"] = json!("on");
        let read_only = json!({ "readOnlyRootFilesystem": true });
        let mut container = plain.clone();
        container["spec"]["containers"][0]["securityContext"] = read_only.clone();
        let mut init = plain.clone();
        init["spec"]["initContainers"][0]["securityContext"] = read_only;
        let sent = [plain, annotated, labelled, container, init].map(|pod| is_sent(&pod));
        assert_eq!(sent, expected, "{scope}");
    }
}
