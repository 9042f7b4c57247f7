//! Another webhook changes the pod behind us, and the API server asks us again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockkeeper_control_plane::{PATIENCE, objects};
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::recorder::Recorder;
use lockkeeper_testkit::wait;
use serde_json::{Value, json};

use crate::{Ground, create, dry_run, lockkeeper, plane, put, spec, stored, twin};

/// The container that comes late.
fn late() -> Value {
    json!({ "name": "late", "image": "registry.invalid/late:1", "securityContext": { "readOnlyRootFilesystem": true } })
}

/// A webhook that adds a container to every pod of a namespace, registered under a name behind ours.
fn injector(namespace: &str) -> Registered<'static> {
    let files = plane()
        .webhook_certificate("injector")
        .expect("a certificate");
    let patch = json!([{ "op": "add", "path": "/spec/containers/-", "value": late() }]).to_string();
    let response =
        json!({ "allowed": true, "patchType": "JSONPatch", "patch": STANDARD.encode(patch) });
    let recorder = Recorder::answering(&files, response).expect("a recorder");
    let authority = std::fs::read(&files.authority).expect("an authority");
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": { "name": format!("zz-{namespace}") },
        "webhooks": [{
            "name": "injector.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "clientConfig": { "url": format!("{}/", recorder.url()), "caBundle": STANDARD.encode(authority) },
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }],
        }],
    });
    let registered = plane()
        .register(&configuration.to_string())
        .expect("a registration");
    wait::until("the injector to be called", PATIENCE, || {
        let seen = dry_run(&objects::pod(namespace, "probe"));
        match seen["spec"]["containers"].as_array().map(Vec::len) {
            Some(2) => Ok(()),
            _ => Err(seen.to_string()),
        }
    })
    .expect("a call");
    registered
}

#[test]
fn a_container_that_comes_late_gets_its_own_and_joins_what_is_shared() {
    let ground = Ground::new("again");
    let namespace = &ground.namespace;
    let _injector = injector(namespace);
    let mut pod = objects::pod(namespace, "app");
    pod["metadata"]["labels"] = json!({ "shared": "" });
    create(&pod);

    let mut expected = pod.clone();
    expected["spec"]["containers"]
        .as_array_mut()
        .expect("a list")
        .push(late());
    let mut twin = twin(&expected);
    let both = [("containers", 0, "/shared"), ("containers", 1, "/shared")];
    put(&mut twin, "tmpfs-shared", "1Mi", &both);
    put(
        &mut twin,
        "tmpfs-app-tmp",
        "64Mi",
        &[("containers", 0, "/tmp")],
    );
    put(
        &mut twin,
        "tmpfs-late-tmp",
        "64Mi",
        &[("containers", 1, "/tmp")],
    );
    assert_eq!(spec(&stored(namespace, "app")), spec(&twin));

    let asked: Vec<Value> = lockkeeper()
        .reviews(namespace, "app")
        .into_iter()
        .filter(|line| line["task"] == "mutate" && line["dry_run"] == false)
        .collect();
    assert_eq!(asked.len(), 2, "once, and once more: {asked:?}");
}
