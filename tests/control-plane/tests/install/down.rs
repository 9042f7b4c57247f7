//! Installed, and nobody answers yet: what passes, what waits, and that all goes on by itself once somebody does.

use lockkeeper_control_plane::lockkeeper::await_refusal;
use lockkeeper_control_plane::{PATIENCE, RELEASE_DENIED, objects, release, untouched};
use lockkeeper_testkit::ControlPlane;
use lockkeeper_testkit::archive::Archive;
use lockkeeper_testkit::kubectl::{Way, has_condition, target};
use serde_json::{Value, json};

use crate::{OURS, alone, await_ready, call_here, install, kubectl, start_on};

/// What a person reads.
const DOWN: &str = "failed calling webhook \"releases.lockkeeper.dev\"";

fn passes(plane: &ControlPlane, object: &Value) {
    let output = plane.admin().send(Way::ServerSide, &object.to_string());
    output.expect("kubectl").expect_accepted();
}

/// A commit of one object, and what Flux makes of it.
fn commit(plane: &ControlPlane, namespace: &str, name: &str, object: &Value) -> String {
    let flux = plane.flux();
    let files = Archive::of(&[("object.yaml", &object.to_string())]);
    let revision = flux.push(namespace, name, &files).expect("a push");
    let sent = flux.kustomization(namespace, name, &json!({}));
    sent.expect("kubectl").expect_accepted();
    revision
}

#[test]
fn what_waits_for_nobody_passes_and_flux_goes_on_once_somebody_answers() {
    let _alone = alone();
    let plane = ControlPlane::start().expect("the control plane starts");
    let apps = plane.namespace("apps").expect("a namespace");
    untouched::store(&plane, &apps, &[]);
    install(&plane);
    let ports = call_here(&plane);
    let probe = objects::pinned(&apps, "probe").to_string();
    await_refusal(&plane, &probe, DOWN);

    untouched::suspend_and_resume(&plane, &apps, "suspend");
    untouched::ask_for_reconciliation(&plane, &apps, "ask");
    untouched::apply_the_same(&plane, &apps, "same");
    // helm-controller takes its finalizer away meanwhile.
    let place = release(&apps, "finalizer");
    let deleted = plane.person().delete(place);
    deleted.expect("kubectl").expect_accepted();
    let gone = plane.admin().wait_gone(place, PATIENCE);
    gone.expect("it is uninstalled");
    untouched::delete_collection(&plane, &apps, "batch", &["batch-a", "batch-b"]);
    passes(&plane, &objects::pod(&apps, "pod"));
    // What installs Lockkeeper, and Flux.
    passes(&plane, &objects::pinned(OURS, OURS));
    passes(&plane, &objects::oci_source(OURS, OURS));
    passes(&plane, &objects::oci_source("flux-system", "flux-system"));

    // Kustomizations themselves pass, and what is in them where it is not judged.
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "map", "namespace": apps } });
    let revision = commit(&plane, &apps, "map", &map);
    let outcome = plane.flux().kustomization_outcome(&apps, "map", &revision);
    outcome.expect("an outcome").expect_ready();
    let revision = commit(&plane, &apps, "app", &objects::pinned(&apps, "app"));
    let outcome = plane.flux().kustomization_outcome(&apps, "app", &revision);
    let words = format!("HelmRelease/{apps}/app dry-run failed");
    let failed = outcome.expect("an outcome").expect_failed(&words);
    assert!(failed.message.contains(DOWN), "{}", failed.message);

    // What docs/operate.md says that the API server counts.
    let metrics = kubectl(&plane, &["get", "--raw", "/metrics"]).stdout;
    let counted = metrics.lines().any(|line| {
        line.starts_with("apiserver_admission_webhook_rejection_count{")
            && line.contains("error_type=\"calling_webhook_error\"")
            && line.contains("name=\"releases.lockkeeper.dev\"")
    });
    assert!(counted, "{metrics}");

    let lockkeeper = start_on(&plane, ports);
    await_ready(&lockkeeper);
    // Nobody asks Flux: it tries again by `retryInterval`.
    let place = target("kustomizations.kustomize.toolkit.fluxcd.io", &apps, "app");
    let admin = plane.admin();
    admin
        .wait(place, "to be applied", PATIENCE, |object| {
            has_condition(object, "Ready", "True")
        })
        .expect("Flux applies it");
    let verdicts: Vec<Value> = lockkeeper.reviews(&apps, "app");
    assert!(!verdicts.is_empty());
    for review in verdicts {
        assert_eq!(review["verdict"], "allowed", "{review}");
    }
    let bad = objects::floating(&apps, "bad").to_string();
    await_refusal(&plane, &bad, RELEASE_DENIED);
}
