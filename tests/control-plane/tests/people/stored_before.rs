//! Releases that were bad before the webhooks came: what may become of them.

use crate::{FLOATING, plane, stage, stored};
use lockkeeper_control_plane::{RELEASE_DENIED, release, untouched};
use serde_json::json;

#[test]
fn what_was_wrong_before_the_webhook_may_be_changed_with_a_warning() {
    let namespace = &stage().before;
    let patch = json!({ "spec": { "values": { "greeting": "bye" } } });
    let output = plane()
        .person()
        .patch(release(namespace, "ratchet"), "", &patch)
        .expect("kubectl")
        .expect_accepted();
    assert!(
        output
            .stderr
            .contains("Warning: unpinned-chart at /spec/chart/spec/version"),
        "{output}"
    );
    assert!(
        output.stderr.contains("it was there before this change"),
        "{output}"
    );
    let now = stored(namespace, "ratchet").expect("it is there");
    assert_eq!(now["spec"]["values"]["greeting"], "bye");
}

#[test]
fn what_was_wrong_before_the_webhook_cannot_be_made_worse() {
    let patch = json!({ "spec": { "values": { "image": { "repository": "ghcr.io/example/app", "tag": "latest" } } } });
    let output = plane()
        .person()
        .patch(release(&stage().before, "worse"), "", &patch)
        .expect("kubectl")
        .expect_refused(RELEASE_DENIED)
        .expect_refused("unpinned-image at /spec/values/image");
    // The old fault stops nothing: it is no reason of the refusal, only a warning.
    assert!(
        !output
            .stderr
            .contains(&format!("denied the request: {FLOATING}")),
        "{output}"
    );
}

#[test]
fn a_bad_release_is_suspended_and_resumed() {
    untouched::suspend_and_resume(plane(), &stage().before, "suspend");
}

#[test]
fn a_reconciliation_of_a_bad_release_is_asked_for() {
    untouched::ask_for_reconciliation(plane(), &stage().before, "ask");
}

#[test]
fn a_bad_release_is_applied_again_without_a_change() {
    untouched::apply_the_same(plane(), &stage().before, "same");
}

#[test]
fn a_bad_release_gets_its_status_from_helm_controller() {
    untouched::write_status(plane(), &stage().before, "status");
}

#[test]
fn a_bad_release_gets_a_finalizer_and_is_deleted() {
    untouched::finalizer_and_deletion(plane(), &stage().before, "finalizer");
}

#[test]
fn a_collection_of_bad_releases_is_deleted() {
    untouched::delete_collection(plane(), &stage().before, "batch", &["batch-a", "batch-b"]);
}
