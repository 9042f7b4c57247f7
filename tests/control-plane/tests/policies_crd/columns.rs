//! What `kubectl get` shows.

use lockkeeper_testkit::kubectl::{Way, target};
use serde_json::{Value, json};

use super::{defined, object};

/// The lines of `kubectl get`, in words that two spaces divide.
fn shown(arguments: &[&str]) -> Vec<Vec<String>> {
    let output = defined().admin().run(&[&["get"], arguments].concat());
    let output = output.expect("kubectl").expect_accepted();
    output
        .stdout
        .lines()
        .map(|line| {
            let cells = line.split("  ").map(str::trim);
            cells
                .filter(|cell| !cell.is_empty())
                .map(str::to_owned)
                .collect()
        })
        .collect()
}

fn store(kind: &str, resource: &str, spec: &Value, status: &Value) {
    let sent = defined()
        .admin()
        .send(Way::ServerSide, &object(kind, "shown", spec).to_string());
    sent.expect("kubectl").expect_accepted();
    let namespace = if kind == "Exemption" { "default" } else { "" };
    let place = target(resource, namespace, "shown");
    let patched = defined()
        .admin()
        .patch(place, "status", &json!({ "status": status }));
    patched.expect("kubectl").expect_accepted();
}

fn condition(status: &str, reason: &str, message: &str) -> Value {
    json!([{
        "type": "Ready", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": "2026-11-01T12:00:00Z", "observedGeneration": 1,
    }])
}

#[test]
fn what_is_in_force_is_shown() {
    store(
        "ReleasePolicy",
        "releasepolicies",
        &json!({ "rules": { "unpinned-image": { "action": "warn" } } }),
        &json!({
            "observedGeneration": 1,
            "conditions": condition("True", "InForce", "it is in force"),
            "inForce": "unpinned-image=warn, custom/no-beta=deny",
            "rules": 1, "customRules": 1, "exemptions": 2, "matchedReleases": 40,
        }),
    );
    let lines = shown(&["rpol", "shown"]);
    assert_eq!(
        lines[0],
        ["NAME", "READY", "IN-FORCE", "RELEASES", "EXEMPTIONS", "AGE"]
    );
    let cells = &lines[1];
    assert_eq!(
        cells[..5],
        [
            "shown",
            "True",
            "unpinned-image=warn, custom/no-beta=deny",
            "40",
            "2"
        ]
    );
    let lines = shown(&["releasepol", "shown", "-o", "wide"]);
    assert_eq!(lines[0][6..], ["REASON", "MESSAGE"]);
    assert_eq!(lines[1][6..], ["InForce", "it is in force"]);
}

#[test]
fn an_exemption_that_has_ended_shows_it() {
    store(
        "Exemption",
        "exemptions.lockkeeper.dev",
        &json!({ "rules": ["missing-claim", "unpinned-image"], "releases": ["romm"], "reason": "why", "expiresAt": "2026-01-31" }),
        &json!({
            "conditions": condition("True", "Expired", "it ended with 2026-01-31"),
            "expired": true, "matchedReleases": 1,
        }),
    );
    let lines = shown(&["exempt", "shown"]);
    assert_eq!(
        lines[0],
        ["NAME", "RULES", "UNTIL", "READY", "REASON", "AGE"]
    );
    assert_eq!(
        lines[1][..5],
        [
            "shown",
            r#"["missing-claim","unpinned-image"]"#,
            "2026-01-31",
            "True",
            "Expired"
        ]
    );
    let lines = shown(&["exempt", "shown", "-o", "wide"]);
    assert_eq!(lines[0][6..], ["RELEASES", "MESSAGE"]);
    assert_eq!(lines[1][6..], ["1", "it ended with 2026-01-31"]);
}

#[test]
fn mounts_are_shown() {
    store(
        "TmpfsPolicy",
        "tmpfspolicies",
        &json!({ "mounts": [{ "path": "/tmp", "sizeLimit": "64Mi" }] }),
        &json!({ "conditions": condition("True", "InForce", "it is in force"), "inForce": "/tmp=64Mi" }),
    );
    let lines = shown(&["tpol", "shown"]);
    assert_eq!(lines[0], ["NAME", "READY", "MOUNTS", "AGE"]);
    assert_eq!(lines[1][..3], ["shown", "True", "/tmp=64Mi"]);
}

#[test]
fn all_kinds_are_one_category() {
    // kubectl keeps what kinds there are for some minutes; this has it look again.
    let output = defined().admin().run(&["api-resources"]);
    output.expect("kubectl").expect_accepted();
    let kinds = ["lockkeeper", "--all-namespaces", "-o", "name"];
    let output = defined().admin().run(&[&["get"], &kinds[..]].concat());
    output.expect("kubectl").expect_accepted();
}

/// A status that no condition of Kubernetes has is refused, as it would confuse who waits for it.
#[test]
fn a_condition_is_of_kubernetes_own_shape() {
    let sent = object("ReleasePolicy", "conditions", &json!({})).to_string();
    let sent = defined().admin().send(Way::ServerSide, &sent);
    sent.expect("kubectl").expect_accepted();
    let place = target("releasepolicies", "", "conditions");
    let patch = |conditions: Value| {
        let status = json!({ "status": { "conditions": conditions } });
        defined()
            .admin()
            .patch(place, "status", &status)
            .expect("kubectl")
    };
    patch(condition("Yes", "InForce", "")).expect_refused("supported values: \"True\"");
    patch(condition("True", "in force", "")).expect_refused("status.conditions[0].reason");
    patch(condition("True", "InForce", "")).expect_accepted();
    let wait = [
        "wait",
        "--for=condition=Ready",
        "rpol/conditions",
        "--timeout=10s",
    ];
    let output = defined().admin().run(&wait).expect("kubectl");
    output.expect_accepted();
}
