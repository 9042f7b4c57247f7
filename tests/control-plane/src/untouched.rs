//! What must always pass, whatever is wrong with the object and whether Lockkeeper lives or not.
//!
//! Each function acts on a release that would be refused if it came now, stored before the webhooks were registered.

use lockkeeper_testkit::ControlPlane;
use lockkeeper_testkit::kubectl::{Output, Way};
use serde_json::{Value, json};

use crate::{PATIENCE, objects, release};

/// Flux's own finalizer.
const FINALIZER: &str = "finalizers.fluxcd.io";

/// The field manager of the stored releases.
const FLUX: Way = Way::ServerSideAs("kustomize-controller");

/// The releases that the proofs of this file act on, each one's own.
const NAMES: [&str; 7] = [
    "suspend",
    "ask",
    "same",
    "status",
    "finalizer",
    "batch-a",
    "batch-b",
];

/// Stores the releases of these proofs and `others` as Flux does; to be called before webhooks are
/// registered.
pub fn store(plane: &ControlPlane, namespace: &str, others: &[&str]) {
    for name in NAMES.iter().chain(others) {
        let object = stored(namespace, name);
        plane
            .kustomize_controller()
            .send(FLUX, &object.to_string())
            .expect("kubectl")
            .expect_accepted();
    }
}

/// A release as [`store`] sends it; its label names what one deletion of a collection takes.
pub fn stored(namespace: &str, name: &str) -> Value {
    let mut object = objects::floating(namespace, name);
    object["metadata"]["labels"] = json!({ "batch": name.split('-').next() });
    object
}

/// Passed, and Lockkeeper said nothing of it; the API server has warnings of its own.
#[track_caller]
fn quietly(output: lockkeeper_testkit::Result<Output>) {
    let output = output.expect("kubectl").expect_accepted();
    assert!(!output.stderr.contains("unpinned-chart"), "{output}");
}

/// `flux suspend` and `flux resume`.
pub fn suspend_and_resume(plane: &ControlPlane, namespace: &str, name: &str) {
    let place = release(namespace, name);
    for suspended in [json!(true), json!(false), json!(true), Value::Null] {
        let patch = json!({ "spec": { "suspend": suspended } });
        quietly(plane.person().patch(place, "", &patch));
    }
}

/// `flux reconcile`, with all the annotations by which it asks.
pub fn ask_for_reconciliation(plane: &ControlPlane, namespace: &str, name: &str) {
    for key in ["requestedAt", "forceAt", "resetAt"] {
        let patch = json!({ "metadata": { "annotations": { format!("reconcile.fluxcd.io/{key}"): "2026-01-01" } } });
        quietly(plane.person().patch(release(namespace, name), "", &patch));
    }
    let patch =
        json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": null } } });
    quietly(plane.person().patch(release(namespace, name), "", &patch));
}

/// Flux's apply at every interval, with nothing new in it, and the dry run before it.
pub fn apply_the_same(plane: &ControlPlane, namespace: &str, name: &str) {
    let object = stored(namespace, name).to_string();
    let flux = plane.kustomize_controller();
    quietly(flux.send(FLUX, &object));
    quietly(flux.run_with(
        &[
            "apply",
            "--server-side",
            "--force-conflicts",
            "--field-manager=kustomize-controller",
            "--dry-run=server",
            "-f",
            "-",
        ],
        &object,
    ));
}

/// helm-controller reports what it did.
pub fn write_status(plane: &ControlPlane, namespace: &str, name: &str) {
    let place = release(namespace, name);
    let patch = json!({ "status": { "observedGeneration": 1, "conditions": [{
        "type": "Ready", "status": "True", "reason": "Tested", "message": "all is well",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }] } });
    quietly(plane.helm_controller().patch(place, "status", &patch));
    let found = plane
        .admin()
        .get(place)
        .expect("a read")
        .expect("it is there");
    assert_eq!(found["status"]["conditions"][0]["reason"], "Tested");
}

/// helm-controller adds its finalizer, somebody deletes the release, helm-controller lets it go.
pub fn finalizer_and_deletion(plane: &ControlPlane, namespace: &str, name: &str) {
    let place = release(namespace, name);
    let helm_controller = plane.helm_controller();
    let add = json!({ "metadata": { "finalizers": [FINALIZER] } });
    quietly(helm_controller.patch(place, "", &add));
    quietly(plane.person().delete(place));
    let found = plane
        .admin()
        .get(place)
        .expect("a read")
        .expect("it is held");
    assert!(
        found["metadata"]["deletionTimestamp"].is_string(),
        "{found}"
    );
    let remove = json!({ "metadata": { "finalizers": null } });
    quietly(helm_controller.patch(place, "", &remove));
    plane.admin().wait_gone(place, PATIENCE).expect("it goes");
}

/// One request deletes all releases whose names begin with `batch`.
pub fn delete_collection(plane: &ControlPlane, namespace: &str, batch: &str, names: &[&str]) {
    let path = format!(
        "/apis/helm.toolkit.fluxcd.io/v2/namespaces/{namespace}/helmreleases?labelSelector=batch%3D{batch}"
    );
    // `kubectl delete --all` would list them and delete each.
    quietly(plane.admin().run(&["delete", "--raw", &path]));
    for name in names {
        plane
            .admin()
            .wait_gone(release(namespace, name), PATIENCE)
            .expect("it goes");
    }
}
