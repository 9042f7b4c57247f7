//! The life of a good release under helm-controller, with Lockkeeper in the path.

use crate::{exists, namespace, plane, stage};
use lockkeeper_control_plane::{PATIENCE, objects, release};
use lockkeeper_testkit::kubectl::{Way, target};
use serde_json::{Value, json};

#[test]
fn a_good_release_is_installed_upgraded_suspended_resumed_and_uninstalled() {
    let (flux, admin, person) = (plane().flux(), plane().admin(), plane().person());
    let namespace = namespace("helm");
    let source = |version: &str| {
        let mut source = objects::oci_source(&namespace, "tiny");
        source["spec"]["ref"]["tag"] = version.into();
        person
            .send(Way::Apply, &source.to_string())
            .expect("kubectl")
            .expect_accepted();
        flux.push_oci_chart(
            &namespace,
            "tiny",
            version,
            &objects::chart("tiny", version),
        )
        .expect("a push");
    };
    let place = release(&namespace, "app");
    let map = target("configmap", &namespace, "app-tiny");
    let shows = |field: &'static str, value: &'static str| {
        admin
            .wait(map, &format!("to show {field} {value}"), PATIENCE, |map| {
                // helm-controller adds the artifact's digest to the chart's version, behind a plus sign.
                let shown = map["data"][field].as_str().unwrap_or_default();
                shown.split('+').next() == Some(value)
            })
            .expect("the chart's map")
    };
    source("0.1.0");
    let mut object = objects::pinned(&namespace, "app");
    object["spec"]["chart"] = Value::Null;
    object["spec"]["chartRef"] = json!({ "kind": "OCIRepository", "name": "tiny" });
    let apply = |object: &Value| {
        person
            .send(Way::Apply, &object.to_string())
            .expect("kubectl")
            .expect_accepted();
    };
    apply(&object);
    flux.release_outcome(&namespace, "app", Some("0.1.0"))
        .expect("an outcome")
        .expect_ready();
    shows("greeting", "hello");

    // Another version of the chart, then other values.
    source("0.2.0");
    shows("version", "0.2.0");
    object["spec"]["values"]["greeting"] = "bye".into();
    apply(&object);
    shows("greeting", "bye");
    flux.release_outcome(&namespace, "app", Some("0.2.0"))
        .expect("an outcome")
        .expect_ready();

    let suspend = |suspended: Value| {
        person
            .patch(place, "", &json!({ "spec": { "suspend": suspended } }))
            .expect("kubectl")
            .expect_accepted();
    };
    suspend(json!(true));
    source("0.3.0");
    suspend(Value::Null);
    shows("version", "0.3.0");
    flux.reconcile(place, "now")
        .expect("kubectl")
        .expect_accepted();
    admin
        .wait(place, "to be looked at", PATIENCE, |release| {
            release["status"]["lastHandledReconcileAt"] == "now"
        })
        .expect("helm-controller looks");

    person.delete(place).expect("kubectl").expect_accepted();
    admin.wait_gone(place, PATIENCE).expect("it is uninstalled");
    assert!(!exists("configmap", &namespace, "app-tiny"));

    // Lockkeeper was asked for what it judges, and never for what helm-controller wrote.
    let reviews = stage().lockkeeper.reviews(&namespace, "app");
    assert!(reviews.len() >= 2);
    for review in &reviews {
        assert_eq!(review["user"], "jane");
        assert_eq!(review["verdict"], "allowed");
    }
}

#[test]
fn a_chart_from_a_helm_repository_is_fetched_and_installed() {
    let namespace = namespace("repository");
    let object = objects::pinned(&namespace, "app");
    plane()
        .person()
        .send(Way::Apply, &object.to_string())
        .expect("kubectl")
        .expect_accepted();
    plane()
        .flux()
        .push_helm_chart(
            &namespace,
            &format!("{namespace}-app"),
            "1.2.3",
            &objects::chart("tiny", "1.2.3"),
        )
        .expect("a push");
    plane()
        .flux()
        .release_outcome(&namespace, "app", Some("1.2.3"))
        .expect("an outcome")
        .expect_ready();
    // The HelmChart that helm-controller writes is judged as its release.
    let chart = format!("{namespace}-app");
    assert!(stage().lockkeeper.reviews(&namespace, &chart).is_empty());
}
