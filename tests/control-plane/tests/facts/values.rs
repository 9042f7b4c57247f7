//! Values that a release takes from a ConfigMap.

use crate::{calm, make, namespace, password, plane};
use lockkeeper_control_plane::objects;
use lockkeeper_testkit::kubectl::{Output, Way};
use serde_json::{Value, json};

fn values(namespace: &str, text: &str) {
    make(&json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "app-values", "namespace": namespace },
        "data": { "values.yaml": text },
    }))
    .expect_accepted();
}

fn release(namespace: &str) -> Value {
    let mut object = objects::pinned(namespace, "app");
    object["spec"]["valuesFrom"] = json!([{ "kind": "ConfigMap", "name": "app-values" }]);
    object
}

fn send(way: Way, object: &Value) -> Output {
    plane()
        .person()
        .send(way, &object.to_string())
        .expect("kubectl")
}

#[test]
fn a_secret_in_a_config_map_is_refused_where_the_release_takes_it_and_the_mended_one_passes_at_once()
 {
    let _calm = calm();
    let namespace = namespace("values");
    let secret = password("values");
    let object = release(&namespace);
    values(&namespace, &format!("database:\n  password: {secret}\n"));
    let words =
        "it comes from key `values.yaml` of ConfigMap `app-values`, at `/database/password`";
    let output = send(Way::Create, &object)
        .expect_refused("literal-secret at /spec/valuesFrom/0")
        .expect_refused(words);
    assert!(!output.stderr.contains(&secret));
    // The ConfigMap of a commit is not there yet when Flux tries the commit.
    let output = send(Way::ServerSideDryRun, &object).expect_accepted();
    assert!(output.stderr.contains(words), "{output}");

    values(&namespace, "database:\n  existingSecret: app-database\n");
    send(Way::Create, &object).expect_accepted();
}

#[test]
fn what_a_dry_run_read_does_not_let_the_write_pass() {
    let _calm = calm();
    let namespace = namespace("written");
    let object = release(&namespace);
    // As kustomize-controller does: the release is tried, the ConfigMap applied, the release written.
    values(&namespace, "greeting: hello\n");
    send(Way::ServerSideDryRun, &object).expect_accepted();
    values(&namespace, &format!("password: {}\n", password("written")));
    send(Way::Create, &object).expect_refused("literal-secret at /spec/valuesFrom/0");
}

#[test]
fn a_claim_that_only_a_config_map_names_is_looked_for() {
    let _calm = calm();
    let namespace = namespace("claimed");
    values(
        &namespace,
        "persistence:\n  data:\n    existingClaim: app-data\n",
    );
    send(Way::Create, &release(&namespace))
        .expect_refused("missing-claim at /spec/valuesFrom/0")
        .expect_refused("claim `app-data` does not exist");
    make(&crate::claim(&namespace, "app-data")).expect_accepted();
    send(Way::Create, &release(&namespace)).expect_accepted();
}
