//! With the controller manager and kwok: a Deployment's pods come to be Ready, and a deleted namespace goes.

use std::time::Duration;

use lockkeeper_testkit::Options;
use lockkeeper_testkit::kubectl::{Way, target};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_deployment_becomes_available_without_a_kubelet() {
    let options = Options::default()
        .flux(false)
        .controller_manager(true)
        .kwok(true);
    let plane = options.start().expect("the control plane starts");
    let namespace = plane.namespace("work").expect("a namespace");
    let node = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": "kwok" },
        "status": { "allocatable": { "cpu": "4", "memory": "8Gi", "pods": "20" } },
    });
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "app", "namespace": namespace },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": "app" } },
            "template": {
                "metadata": { "labels": { "app": "app" } },
                // No scheduler runs: the pod names its node.
                "spec": { "nodeName": "kwok", "containers": [{ "name": "app", "image": "registry.invalid/app:1" }] },
            },
        },
    });
    for object in [node, deployment] {
        plane
            .admin()
            .send(Way::Create, &object.to_string())
            .expect("kubectl")
            .expect_accepted();
    }
    let place = target("deployment", &namespace, "app");
    let available = |object: &serde_json::Value| object["status"]["availableReplicas"] == 2;
    plane
        .admin()
        .wait(place, "to be available", PATIENCE, available)
        .expect("pods that are Ready");

    let place = target("namespace", "", &namespace);
    plane
        .admin()
        .delete(place)
        .expect("kubectl")
        .expect_accepted();
    plane
        .admin()
        .wait_gone(place, PATIENCE)
        .expect("the namespace goes with all in it");
}
