//! `unpinned-chart` through `chartRef`, and the OCIRepository itself when it is written.

use crate::{calm, make, namespace, plane};
use lockkeeper_control_plane::{PATIENCE, objects};
use lockkeeper_testkit::kubectl::{Output, Way};
use lockkeeper_testkit::wait;
use serde_json::{Value, json};

/// A release that takes its chart from an OCIRepository.
pub(crate) fn referring(namespace: &str, name: &str, kind: &str, source: &str) -> Value {
    let mut object = objects::pinned(namespace, name);
    object["spec"]["chartRef"] = json!({ "kind": kind, "name": source });
    object["spec"]
        .as_object_mut()
        .expect("a map")
        .remove("chart");
    object
}

/// An OCIRepository with a range and without a layerSelector: it may feed anything.
pub(crate) fn ranged(namespace: &str, name: &str) -> Value {
    let mut object = objects::oci_source(namespace, name);
    object["spec"]["ref"] = json!({ "semver": "1.x" });
    object["spec"]
        .as_object_mut()
        .expect("a map")
        .remove("layerSelector");
    object
}

fn person(way: Way, object: &Value) -> Output {
    plane()
        .person()
        .send(way, &object.to_string())
        .expect("kubectl")
}

#[test]
fn a_release_is_warned_of_what_its_source_says_and_never_refused() {
    let _calm = calm();
    let namespace = namespace("referring");
    person(Way::ServerSide, &ranged(&namespace, "range")).expect_accepted();
    let object = referring(&namespace, "app", "OCIRepository", "range");
    for way in [Way::ServerSideDryRun, Way::ServerSide] {
        wait::until("the warning", PATIENCE, || {
            let sent = person(way, &object).expect_accepted();
            let words = format!(
                "unpinned-chart at /spec/chartRef: OCIRepository `{namespace}/range` is not pinned"
            );
            if sent.stderr.contains(&words) {
                Ok(())
            } else {
                Err(sent.to_string())
            }
        })
        .expect("a warning");
    }
    let object = referring(&namespace, "early", "OCIRepository", "nothing");
    let sent = person(Way::ServerSide, &object).expect_accepted();
    let words = format!("OCIRepository `{namespace}/nothing` does not exist yet");
    assert!(sent.stderr.contains(&words), "{sent}");
}

#[test]
fn a_source_without_a_layer_selector_is_judged_where_a_release_names_it() {
    let _calm = calm();
    let namespace = namespace("named");
    make(&referring(&namespace, "app", "OCIRepository", "named")).expect_accepted();
    let source = ranged(&namespace, "named");
    // In a dry run it depends on another object, so it is a warning; the watch is a moment behind.
    wait::until("the warning", PATIENCE, || {
        let sent = person(Way::ServerSideDryRun, &source).expect_accepted();
        if sent.stderr.contains("unpinned-chart at /spec/ref/semver") {
            Ok(())
        } else {
            Err(sent.to_string())
        }
    })
    .expect("a warning");
    person(Way::ServerSide, &source).expect_refused("unpinned-chart at /spec/ref/semver");
    let sent = person(Way::ServerSide, &ranged(&namespace, "unnamed")).expect_accepted();
    assert!(!sent.stderr.contains("unpinned-chart"), "{sent}");
}
