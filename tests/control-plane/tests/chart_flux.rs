//! The chart as helm-controller applies it, with the rights that it grants: what Lockkeeper writes stays through upgrades,
//! drift detection and a changed list of webhooks, and goes with the release.

use lockkeeper_control_plane::helm::packed;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{CONFIGURATIONS, PATIENCE};
use lockkeeper_testkit::kubectl::{Way, target};
use lockkeeper_testkit::{ControlPlane, wait};
use serde_json::{Value, json};

const NAME: &str = "lockkeeper";

/// What Lockkeeper writes into the chart's objects: the bundles, the CA, and who leads.
fn written(plane: &ControlPlane) -> Vec<Value> {
    let get = |kind: &str, namespace: &str, name: &str| {
        let found = plane.admin().get(target(kind, namespace, name));
        found
            .expect("kubectl")
            .unwrap_or_else(|| panic!("{kind} {name} is not there"))
    };
    let mut written = vec![
        get("secret", NAME, "lockkeeper-ca")["data"].clone(),
        get("lease", NAME, NAME)["spec"]["holderIdentity"].clone(),
    ];
    for kind in CONFIGURATIONS {
        let found = get(kind, "", NAME);
        let webhooks = found["webhooks"].as_array().expect("webhooks").clone();
        written.extend(
            webhooks
                .iter()
                .map(|webhook| webhook["clientConfig"]["caBundle"].clone()),
        );
    }
    written
}

#[test]
fn what_lockkeeper_writes_stays_through_upgrades_and_drift_detection() {
    let plane = ControlPlane::start().expect("the control plane starts");
    let (admin, flux) = (plane.admin(), plane.flux());
    let send = |object: &Value| {
        let sent = admin.send(Way::ServerSide, &object.to_string());
        sent.expect("kubectl").expect_accepted();
    };
    send(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAME } }));
    let release = |interval: &str, failure_policy: &str| {
        send(&json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": { "name": NAME, "namespace": NAME },
            "spec": {
                "interval": interval,
                "chartRef": { "kind": "OCIRepository", "name": NAME },
                // No pod runs here; a Lockkeeper beside the cluster stands for them.
                "install": { "disableWait": true }, "upgrade": { "disableWait": true },
                "driftDetection": { "mode": "enabled" },
                "values": { "webhooks": { "failurePolicy": { "releases": failure_policy } } },
            },
        }));
    };
    let push = |version: &str, change: &dyn Fn(&str, String) -> String| {
        flux.push_oci_chart(NAME, NAME, version, &packed(version, change))
            .expect("a push");
    };
    push("0.1.1", &|_, text| text);
    release("1h", "Ignore");
    let outcome = |version| {
        flux.release_outcome(NAME, NAME, Some(version))
            .expect("an outcome")
            .expect_ready();
    };
    outcome("0.1.1");

    // The account of the chart, with the rights of the chart and no other.
    let account = plane.service_account(NAME, NAME).expect("an account");
    let flags = [
        format!("--kubeconfig={}", account.config().display()),
        format!("--ca-secret={NAME}/lockkeeper-ca"),
        format!("--webhooks={NAME}"),
        format!("--lease={NAME}/{NAME}"),
        "--tls-name=lockkeeper.lockkeeper.svc".to_owned(),
        "--drain=0s".to_owned(),
    ];
    let lockkeeper = Lockkeeper::launch_without_certificate(&plane, NAME, &flags);
    lockkeeper.await_ready();
    let all = || {
        let written = written(&plane);
        let is_whole = written.len() == 8 && written.iter().all(|value| !value.is_null());
        is_whole
            .then_some(written)
            .ok_or("not all is written".to_owned())
    };
    let first = wait::until("all to be written", PATIENCE, all).expect("written");

    // An upgrade with another chart and other values.
    push("0.1.2", &|_, text| text);
    release("30m", "Fail");
    outcome("0.1.2");
    let configuration = target(CONFIGURATIONS[0], "", NAME);
    admin
        .wait(configuration, "to be upgraded", PATIENCE, |found| {
            found["webhooks"][0]["failurePolicy"] == "Fail"
        })
        .expect("an upgrade");
    assert_eq!(written(&plane), first);

    // Drift detection finds none, and corrects nothing of it.
    flux.reconcile(
        target("helmreleases.helm.toolkit.fluxcd.io", NAME, NAME),
        "again",
    )
    .expect("kubectl")
    .expect_accepted();
    flux.release_outcome(NAME, NAME, Some("0.1.2"))
        .expect("an outcome")
        .expect_ready();
    assert_eq!(written(&plane), first);

    // A version that has a webhook less: nothing of ours keeps a stump of it.
    push("0.1.3", &|name, text| match name {
        "files/validating.yaml" => without_webhook(&text, "charts.lockkeeper.dev"),
        _ => text,
    });
    outcome("0.1.3");
    assert_eq!(written(&plane).len(), 7);
    assert!(written(&plane).iter().all(|value| !value.is_null()));
    push("0.1.4", &|_, text| text);
    outcome("0.1.4");
    let last = wait::until("the new webhook to be trusted", PATIENCE, all).expect("written");
    assert_eq!(last, first);
    lockkeeper.await_ready();

    admin
        .run(&["delete", "helmrelease", NAME, "--namespace", NAME])
        .expect("kubectl")
        .expect_accepted();
    for kind in CONFIGURATIONS {
        admin
            .wait_gone(target(kind, "", NAME), PATIENCE)
            .expect("it goes with the release");
    }
    // With nothing registered nobody waits for it.
    lockkeeper.await_ready();
}

/// The file of webhooks without one of them.
fn without_webhook(text: &str, name: &str) -> String {
    let mut entries: Vec<String> = Vec::new();
    for line in text.lines() {
        match entries.last_mut() {
            Some(entry) if !line.starts_with("- ") => {
                entry.push_str(line);
                entry.push('\n');
            }
            _ => entries.push(format!("{line}\n")),
        }
    }
    let before = entries.len();
    entries.retain(|entry| !entry.contains(&format!("name: {name}\n")));
    assert_eq!(entries.len() + 1, before, "{name} is in the file once");
    entries.concat()
}
