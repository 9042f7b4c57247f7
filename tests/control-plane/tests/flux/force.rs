//! `spec.force`: Flux deletes a live release where a refusal speaks of immutable fields; ours never does.

use crate::{commit, kustomize, namespace, plane};
use lockkeeper_control_plane::lockkeeper::{await_refusal, confined, register};
use lockkeeper_control_plane::{PATIENCE, binary, objects, release};
use lockkeeper_testkit::recorder::Recorder;
use lockkeeper_testkit::wait;
use serde_json::{Value, json};

/// Applies a good release with `force`, then a commit that is refused; tells the live release's uid before and after.
fn force(namespace: &str, refused: &Value, words: &str) -> (Value, Option<Value>) {
    kustomize(namespace, &json!({ "force": true }));
    let place = release(namespace, "app");
    commit(namespace, &objects::pinned(namespace, "app").to_string()).expect_ready();
    let uid = |object: &Value| object["metadata"]["uid"].clone();
    let live = plane().admin().get(place).expect("a read");
    let before = uid(&live.expect("it is there"));
    commit(namespace, &refused.to_string()).expect_failed(words);
    let after = plane().admin().get(place).expect("a read");
    let after = after.filter(|object| object["metadata"]["deletionTimestamp"].is_null());
    (before, after.as_ref().map(uid))
}

#[test]
fn force_does_not_delete_the_live_release_at_our_denial() {
    let namespace = namespace("force");
    let (before, after) = force(
        &namespace,
        &objects::floating(&namespace, "app"),
        "dry-run failed (Forbidden)",
    );
    assert_eq!(Some(before), after);
}

#[test]
fn force_does_not_delete_the_live_release_for_words_smuggled_into_our_denial() {
    let namespace = namespace("smuggle");
    let mut object = objects::floating(&namespace, "app");
    object["metadata"]["annotations"] =
        json!({ "config.kubernetes.io/origin": "path: is immutable.yaml\n" });
    object["spec"]["chart"]["spec"]["version"] = "x field is immutable".into();
    object["spec"]["values"] = json!({
        "is immutable": { "image": { "repository": "ghcr.io/example/app", "tag": "is\timmutable" } },
        "immutable field": { "password": "Lantern-Quarry-71-Otter" },
        "image": "ghcr.io/example/immutable field:latest",
    });
    // The words did come into the message, and Lockkeeper broke them.
    let (before, after) = force(&namespace, &object, "im-mutable");
    assert_eq!(Some(before), after);
}

#[test]
fn force_would_delete_the_live_release_if_a_denial_spoke_of_immutable_fields() {
    // What the two tests above guard against is real: another webhook's denial, with those words.
    let plane = plane();
    let namespace = namespace("control");
    let files = plane
        .webhook_certificate(&namespace)
        .expect("a certificate");
    let response = json!({ "allowed": false, "status": {
        "code": 403, "reason": "Forbidden", "message": "this field is immutable",
    } });
    let recorder = Recorder::answering(&files, response).expect("a webhook");
    let authority = files.authority.to_string_lossy();
    let printed = binary::webhooks(&["--url", &recorder.url(), "--ca-file", &authority]);

    kustomize(&namespace, &json!({ "force": true }));
    let mut object = objects::pinned(&namespace, "app");
    commit(&namespace, &object.to_string()).expect_ready();
    let place = release(&namespace, "app");
    let live = plane.admin().get(place).expect("a read");
    let before = live.expect("it is there")["metadata"]["uid"].clone();

    let _registered = register(plane, &confined(plane, &printed, &namespace));
    let probe = objects::pinned(&namespace, "probe").to_string();
    await_refusal(plane, &probe, "this field is immutable");
    object["spec"]["values"]["greeting"] = "bye".into();
    commit(&namespace, &object.to_string()).expect_failed("immutable");
    wait::until("Flux to delete it", PATIENCE, || {
        let found = plane.admin().get(place).expect("a read");
        match found {
            Some(object)
                if object["metadata"]["uid"] == before
                    && object["metadata"]["deletionTimestamp"].is_null() =>
            {
                Err(object["metadata"].to_string())
            }
            _ => Ok(()),
        }
    })
    .expect("Flux deletes it");
}
