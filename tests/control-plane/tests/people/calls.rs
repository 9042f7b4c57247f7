//! When the API server calls us at all: with the conditions that Lockkeeper prints, and without.

use crate::{namespace, plane, send};
use lockkeeper_control_plane::lockkeeper::{confined, register};
use lockkeeper_control_plane::{PATIENCE, binary, objects, untouched};
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::kubectl::Way;
use lockkeeper_testkit::recorder::Recorder;
use lockkeeper_testkit::wait;
use serde_json::{Value, json};

/// The webhooks as printed for a recorder, which allows all; without their conditions where that is asked for.
fn recorded(namespace: &str, conditions: bool) -> (Recorder, Registered<'static>) {
    let plane = plane();
    let files = plane.webhook_certificate(namespace).expect("a certificate");
    let recorder = Recorder::start(&files).expect("a recorder");
    let authority = files.authority.to_string_lossy();
    let printed = binary::webhooks(&["--url", &recorder.url(), "--ca-file", &authority]);
    let mut configurations = confined(plane, &printed, namespace);
    if !conditions {
        for webhook in configurations
            .iter_mut()
            .filter_map(|configuration| configuration["webhooks"].as_array_mut())
            .flatten()
        {
            webhook["matchConditions"] = json!([]);
        }
    }
    let registered = register(plane, &configurations);
    // The API server calls it from some moment on.
    wait::until("the recorder to be called", PATIENCE, || {
        send(Way::ServerSideDryRun, &objects::pinned(namespace, "probe")).expect_accepted();
        if recorder.reviews(|_| true).is_empty() {
            Err("no call".to_owned())
        } else {
            Ok(())
        }
    })
    .expect("a call");
    (recorder, registered)
}

/// Suspends, asks and applies again; returns the reviews of it.
fn updates_without_a_judged_change(namespace: &str, recorder: &Recorder) -> Vec<Value> {
    // Pinned and unlabelled: Lockkeeper, registered for all, has nothing against it.
    let flux = plane().kustomize_controller();
    let object = objects::pinned(namespace, "app").to_string();
    let apply = || {
        flux.send(Way::ServerSideAs("kustomize-controller"), &object)
            .expect("kubectl")
            .expect_accepted()
    };
    apply();
    apply();
    untouched::suspend_and_resume(plane(), namespace, "app");
    untouched::ask_for_reconciliation(plane(), namespace, "app");
    recorder.reviews(|request| request["name"] == "app" && request["operation"] == "UPDATE")
}

#[test]
fn the_conditions_keep_updates_without_a_judged_change_from_us() {
    let namespace = namespace("conditions");
    let (recorder, _registered) = recorded(&namespace, true);
    let reviews = updates_without_a_judged_change(&namespace, &recorder);
    assert_eq!(reviews.len(), 0);
    assert_eq!(
        recorder
            .reviews(|request| request["name"] == "app" && request["operation"] == "CREATE")
            .len(),
        1
    );
}

#[test]
fn without_the_conditions_even_an_apply_that_changes_nothing_calls_us() {
    let namespace = namespace("bare");
    let (recorder, _registered) = recorded(&namespace, false);
    let reviews = updates_without_a_judged_change(&namespace, &recorder);
    // The API server may call twice for one apply that changes nothing: it looks once more past its cache.
    let differs = |review: &Value, pointer: &str| {
        let at = |object: &str| review["request"][object].pointer(pointer).cloned();
        at("object") != at("oldObject")
    };
    let count = |pointer: &str| {
        reviews
            .iter()
            .filter(|review| differs(review, pointer))
            .count()
    };
    assert_eq!(count("/spec/suspend"), 4);
    assert_eq!(count("/metadata/annotations"), 4);
    let same = reviews.iter().filter(|review| !differs(review, "/spec"));
    let same = same.filter(|review| !differs(review, "/metadata"));
    assert!(same.count() >= 1);
}
