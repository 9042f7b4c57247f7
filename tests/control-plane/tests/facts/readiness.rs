//! Ready only when the cluster's objects are listed; reviews are answered all the time.

use crate::{AT_ONCE, alone, ask, calm, make, namespace, plane, wanting};
use lockkeeper_control_plane::PATIENCE;
use lockkeeper_control_plane::account::Account;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_testkit::wait;
use serde_json::json;

#[test]
fn lockkeeper_is_ready_once_the_api_server_can_be_reached() {
    let _alone = alone();
    let account = Account::new(plane(), "early");
    plane().api_server().kill();
    let lockkeeper = Lockkeeper::launch(plane(), "early", &[&account.flag(), AT_ONCE]);
    wait::until("the reason", PATIENCE, || {
        let answer = lockkeeper.get("/readyz");
        let is_told = answer.contains("503") && answer.contains("have not been listed yet");
        if is_told { Ok(()) } else { Err(answer) }
    })
    .expect("it is not ready, and says why");
    let healthy = lockkeeper.get("/healthz");
    assert!(
        healthy.contains("200 OK"),
        "nobody should restart it: {healthy}"
    );
    // Asked all the same, it answers.
    let verdict = ask(&lockkeeper, &wanting("early", "app", "data"));
    assert!(
        verdict.is_warned("the API server could not be reached"),
        "{verdict:?}"
    );
    plane().api_server().restart().expect("it comes back");
    lockkeeper.await_ready();
    let verdict = ask(&lockkeeper, &wanting("early", "app", "data"));
    assert!(verdict.is_denied("does not exist"), "{verdict:?}");
}

/// Flux's definitions require no `spec`, so any tenant can make such an object.
#[test]
fn an_object_without_a_spec_keeps_nobody_from_being_ready() {
    let _calm = calm();
    let namespace = namespace("odd");
    for (version, kind) in [
        ("source.toolkit.fluxcd.io/v1", "OCIRepository"),
        ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ] {
        make(&json!({
            "apiVersion": version, "kind": kind, "metadata": { "name": "odd", "namespace": namespace },
        }))
        .expect_accepted();
    }
    let account = Account::new(plane(), "odd");
    Lockkeeper::start_with(plane(), "odd", &[&account.flag()]);
}
