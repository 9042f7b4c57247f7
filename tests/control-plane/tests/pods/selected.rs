//! Policies for namespaces: their labels are watched, and what cannot be seen is told.

use lockkeeper_control_plane::account::Account;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{PATIENCE, objects};
use lockkeeper_testkit::wait;
use serde_json::{Value, json};

use crate::{Ground, create, dry_run, plane, policy_flag};

fn of_lab(namespace: &str, name: &str) -> Value {
    let mut pod = objects::pod(namespace, name);
    pod["metadata"]["labels"] = json!({ "lab": "true" });
    pod
}

fn has_lab(namespace: &str) -> Result<(), String> {
    let seen = dry_run(&of_lab(namespace, "probe")).to_string();
    if seen.contains("/lab") {
        Ok(())
    } else {
        Err(seen)
    }
}

fn label(namespace: &str, label: &str) {
    let arguments = ["label", "namespace", namespace, label];
    plane()
        .admin()
        .run(&arguments)
        .expect("kubectl")
        .expect_accepted();
}

#[test]
fn a_namespace_is_selected_by_its_labels_as_they_are_now() {
    let ground = Ground::new("labels");
    assert!(has_lab(&ground.namespace).is_err());
    label(&ground.namespace, "tier=lab");
    let seen = || has_lab(&ground.namespace);
    wait::until("the label to be seen", PATIENCE, seen).expect("a mount");
    label(&ground.namespace, "tier-");
    let unseen = || match has_lab(&ground.namespace) {
        Ok(()) => Err("still selected".to_owned()),
        Err(_) => Ok(()),
    };
    wait::until("the label to be gone", PATIENCE, unseen).expect("no mount");
}

#[test]
fn without_the_right_to_see_namespaces_the_pod_passes_with_a_warning() {
    let account = Account::with(plane(), "blind", |right, _| right.resource != "namespaces");
    let flags = [policy_flag(), account.flag()];
    let lockkeeper =
        Lockkeeper::start_with(plane(), "blind", &flags.each_ref().map(String::as_str));
    let ground = Ground::with("blind", &lockkeeper, "readOnlyRoot");
    label(&ground.namespace, "tier=lab");
    let output = create(&of_lab(&ground.namespace, "app"));
    let words = "TmpfsPolicy `lab` is not heeded, as its namespaceSelector needs the labels of the namespace: \
        Lockkeeper's service account may not list namespaces";
    assert!(output.stderr.contains(words), "{output}");
    // The policies that need no namespace are heeded all the same.
    let stored = crate::stored(&ground.namespace, "app").to_string();
    assert!(stored.contains("tmpfs-app-tmp") && !stored.contains("/lab"));
}
