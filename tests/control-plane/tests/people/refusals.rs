//! Bad releases and sources are refused however they are sent, good ones are not.

use crate::{namespace, plane, refused, send, stage, stored};
use lockkeeper_control_plane::{objects, release};
use lockkeeper_testkit::kubectl::Way;
use serde_json::json;

#[test]
fn a_bad_release_is_refused_however_it_is_created() {
    let namespace = namespace("create");
    let object = objects::floating(&namespace, "app");
    for way in Way::ALL.into_iter().filter(|way| *way != Way::Replace) {
        refused(send(way, &object));
        assert!(stored(&namespace, "app").is_none(), "{way:?}");
    }
}

#[test]
fn a_good_release_is_accepted_however_it_is_created() {
    let namespace = namespace("good");
    for (number, way) in Way::ALL.into_iter().enumerate() {
        let name = format!("app-{number}");
        let object = objects::pinned(&namespace, &name);
        if way == Way::Replace {
            send(Way::Create, &object).expect_accepted();
        }
        let output = send(way, &object).expect_accepted();
        assert!(!output.stderr.contains("Warning"), "{output}");
        let reviews = stage().lockkeeper.reviews(&namespace, &name);
        assert!(!reviews.is_empty(), "{way:?}: Lockkeeper was not asked");
        assert!(
            reviews.iter().all(|review| review["verdict"] == "allowed"),
            "{reviews:?}"
        );
    }
}

#[test]
fn a_bad_release_with_a_generated_name_is_refused() {
    let namespace = namespace("generated");
    let mut object = objects::floating(&namespace, "");
    object["metadata"] = json!({ "generateName": "app-", "namespace": namespace });
    refused(send(Way::Create, &object));
    let mut good = objects::pinned(&namespace, "");
    good["metadata"] = object["metadata"].clone();
    send(Way::Create, &good).expect_accepted();
}

#[test]
fn a_good_release_cannot_be_made_bad_by_any_way_to_send_or_patch() {
    let namespace = namespace("update");
    let place = release(&namespace, "app");
    send(Way::Apply, &objects::pinned(&namespace, "app")).expect_accepted();
    let was = stored(&namespace, "app").expect("it is there");
    let bad = objects::floating(&namespace, "app");
    for way in Way::ALL.into_iter().filter(|way| *way != Way::Create) {
        refused(send(way, &bad));
    }
    let person = plane().person();
    let merge = json!({ "spec": { "chart": { "spec": { "version": "1.x" } } } });
    refused(person.patch(place, "", &merge).expect("kubectl"));
    let json = json!([{ "op": "replace", "path": "/spec/chart/spec/version", "value": ">=1.0.0" }]);
    refused(
        person
            .run(&[
                "patch",
                "helmrelease",
                "app",
                "--namespace",
                &namespace,
                "--type=json",
                "-p",
                &json.to_string(),
            ])
            .expect("kubectl"),
    );
    let now = stored(&namespace, "app").expect("it is there");
    assert_eq!(
        now["metadata"]["resourceVersion"],
        was["metadata"]["resourceVersion"]
    );
}

#[test]
fn a_good_release_may_be_changed_to_another_good_one() {
    let namespace = namespace("change");
    let mut object = objects::pinned(&namespace, "app");
    for (version, way) in [
        ("1.2.3", Way::Apply),
        ("1.2.4", Way::Apply),
        ("1.2.5", Way::Replace),
    ] {
        object["spec"]["chart"]["spec"]["version"] = version.into();
        send(way, &object).expect_accepted();
    }
    let patch = json!({ "spec": { "chart": { "spec": { "version": "1.2.6" } } } });
    plane()
        .person()
        .patch(release(&namespace, "app"), "", &patch)
        .expect("kubectl")
        .expect_accepted();
}

#[test]
fn all_that_is_wrong_stands_in_one_message() {
    let namespace = namespace("all");
    let mut object = objects::floating(&namespace, "app");
    object["spec"]["values"] = json!({
        "image": { "repository": "ghcr.io/example/app", "tag": "latest" },
        "database": { "password": "Lantern-Quarry-71-Otter" },
    });
    let output = refused(send(Way::Create, &object));
    for words in [
        "unpinned-image at /spec/values/image",
        "literal-secret at /spec/values/database/password",
    ] {
        assert!(output.stderr.contains(words), "{output}");
    }
    assert!(!output.stderr.contains("Lantern-Quarry"), "{output}");
}

#[test]
fn a_source_with_a_range_is_refused_and_a_pinned_one_is_not() {
    let namespace = namespace("source");
    let mut source = objects::oci_source(&namespace, "app");
    source["spec"]["ref"] = json!({ "semver": "1.x" });
    for way in [Way::Create, Way::Apply, Way::ServerSide, Way::DryRun] {
        send(way, &source)
            .expect_refused(
                "Error from server (Forbidden)",
            )
            .expect_refused("admission webhook \"sources.lockkeeper.dev\" denied the request: unpinned-chart at /spec/ref");
    }
    send(Way::Apply, &objects::oci_source(&namespace, "app")).expect_accepted();
    send(Way::Apply, &source).expect_refused("sources.lockkeeper.dev");
}

#[test]
fn a_chart_of_a_person_is_judged_and_one_of_helm_controller_is_not() {
    let namespace = namespace("chart");
    send(Way::Create, &objects::helm_chart(&namespace, "own", "1.x"))
        .expect_refused("admission webhook \"charts.lockkeeper.dev\" denied the request: unpinned-chart at /spec/version");
    send(
        Way::Create,
        &objects::helm_chart(&namespace, "own", "1.2.3"),
    )
    .expect_accepted();
    // A label that anybody can write does not make it helm-controller's.
    let mut labelled = objects::helm_chart_of(&namespace, "app", "1.x");
    labelled["metadata"]["name"] = "labelled".into();
    send(Way::Create, &labelled).expect_refused("charts.lockkeeper.dev");
    let made = objects::helm_chart_of(&namespace, "app", "1.x");
    plane()
        .helm_controller()
        .send(Way::ServerSideAs("helm-controller"), &made.to_string())
        .expect("kubectl")
        .expect_accepted();
    let name = format!("{namespace}-app");
    assert!(stage().lockkeeper.reviews(&namespace, &name).is_empty());
}
