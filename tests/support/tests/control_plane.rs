//! The kit itself on the real thing: kubectl's ways to send, Flux's Kustomization, Flux's HelmRelease.

use std::sync::OnceLock;
use std::time::Duration;

use lockkeeper_testkit::archive::Archive;
use lockkeeper_testkit::kubectl::{Way, target};
use lockkeeper_testkit::{ControlPlane, wait};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);

/// One control plane for all tests here: it ends with the test binary.
fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| ControlPlane::start().expect("the control plane starts"))
}

fn map(namespace: &str, name: &str, value: &str) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": name, "namespace": namespace },
        "data": { "value": value },
    })
    .to_string()
}

/// A chart that needs no kubelet.
fn chart(version: &str, value: &str) -> Archive {
    let template = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {{{{ .Release.Name }}}}-tiny }}\ndata: {{ value: {value} }}\n"
    );
    Archive::chart("tiny", version, &[("templates/map.yaml", &template)])
}

#[test]
fn each_way_to_send_arrives() {
    let namespace = plane().namespace("send").expect("a namespace");
    for (number, how) in Way::ALL.into_iter().enumerate() {
        let name = format!("map-{number}");
        let dry = matches!(how, Way::DryRun | Way::ServerSideDryRun);
        if how == Way::Replace {
            plane()
                .admin()
                .send(Way::Create, &map(&namespace, &name, "old"))
                .expect("kubectl")
                .expect_accepted();
        }
        plane()
            .person()
            .send(how, &map(&namespace, &name, "new"))
            .expect("kubectl")
            .expect_accepted();
        let found = plane()
            .admin()
            .get(target("configmap", &namespace, &name))
            .expect("a read");
        let value = found.as_ref().map(|map| map["data"]["value"].clone());
        assert_eq!(value, (!dry).then(|| json!("new")), "{how:?}");
    }
}

#[test]
fn users_are_who_they_say() {
    let plane = plane();
    let stranger = plane.user("mallory", Some("strangers")).expect("a user");
    for (user, name, group) in [
        (plane.admin(), "admin", "system:masters"),
        (plane.person(), "jane", "system:authenticated"),
        (&stranger, "mallory", "strangers"),
        (
            plane.kustomize_controller(),
            "system:serviceaccount:flux-system:kustomize-controller",
            "system:serviceaccounts:flux-system",
        ),
        (
            plane.helm_controller(),
            "system:serviceaccount:flux-system:helm-controller",
            "system:serviceaccounts:flux-system",
        ),
    ] {
        let output = user
            .run(&["auth", "whoami", "-o", "json"])
            .expect("kubectl")
            .expect_accepted();
        let review: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
        let info = &review["status"]["userInfo"];
        assert_eq!(info["username"], name);
        assert!(
            info["groups"]
                .as_array()
                .is_some_and(|groups| groups.contains(&json!(group))),
            "{info}"
        );
    }
    stranger
        .send(Way::Apply, &map("default", "theirs", "x"))
        .expect("kubectl")
        .expect_refused("Forbidden");
}

#[test]
fn a_pushed_commit_is_applied_and_a_broken_one_is_not() {
    let flux = plane().flux();
    let namespace = plane().namespace("commit").expect("a namespace");
    let good = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: from-git }\ndata: { value: \"${WORD}\" }\n";
    let revision = flux
        .push(&namespace, "app", &Archive::of(&[("map.yaml", good)]))
        .expect("a push");
    let spec = json!({ "targetNamespace": namespace, "postBuild": { "substitute": { "WORD": "substituted" } } });
    flux.kustomization(&namespace, "app", &spec)
        .expect("kubectl")
        .expect_accepted();
    flux.kustomization_outcome(&namespace, "app", &revision)
        .expect("an outcome")
        .expect_ready();

    let place = target("configmap", &namespace, "from-git");
    let map = plane()
        .admin()
        .get(place)
        .expect("a read")
        .expect("the map");
    assert_eq!(map["data"]["value"], "substituted");
    assert_eq!(
        map["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"],
        "app"
    );

    let broken = good.replace("data: {", "dat: {");
    let revision = flux
        .push(&namespace, "app", &Archive::of(&[("map.yaml", &broken)]))
        .expect("a push");
    let outcome = flux
        .kustomization_outcome(&namespace, "app", &revision)
        .expect("an outcome");
    outcome.expect_failed("dat");
    let still = plane()
        .admin()
        .get(place)
        .expect("a read")
        .expect("the map");
    assert_eq!(still["data"], map["data"]);
}

#[test]
fn a_chart_is_installed_and_upgraded() {
    let flux = plane().flux();
    let namespace = plane().namespace("chart").expect("a namespace");
    flux.push_oci_chart(&namespace, "tiny", "0.1.0", &chart("0.1.0", "one"))
        .expect("a push");
    let release = json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": { "name": "app", "namespace": namespace },
        "spec": { "interval": "1h", "chartRef": { "kind": "OCIRepository", "name": "tiny" } },
    });
    plane()
        .person()
        .send(Way::Apply, &release.to_string())
        .expect("kubectl")
        .expect_accepted();
    flux.release_outcome(&namespace, "app", Some("0.1.0"))
        .expect("an outcome")
        .expect_ready();

    flux.push_oci_chart(&namespace, "tiny", "0.2.0", &chart("0.2.0", "two"))
        .expect("a push");
    let place = target("configmap", &namespace, "app-tiny");
    plane()
        .admin()
        .wait(place, "to be upgraded", PATIENCE, |map| {
            map["data"]["value"] == "two"
        })
        .expect("an upgrade");

    let place = target("helmrelease", &namespace, "app");
    plane()
        .person()
        .delete(place)
        .expect("kubectl")
        .expect_accepted();
    plane()
        .admin()
        .wait_gone(place, PATIENCE)
        .expect("the release is uninstalled");
    assert!(
        plane()
            .admin()
            .get(target("configmap", &namespace, "app-tiny"))
            .expect("a read")
            .is_none()
    );
}

#[test]
fn a_chart_from_a_helm_repository_is_installed() {
    let flux = plane().flux();
    let namespace = plane().namespace("repository").expect("a namespace");
    let objects = json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": [{
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "HelmRepository",
            "metadata": { "name": "charts", "namespace": namespace },
            "spec": { "interval": "1h", "url": "https://charts.invalid" },
        }, {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": { "name": "app", "namespace": namespace },
            "spec": { "interval": "1h", "chart": { "spec": {
                "chart": "tiny", "version": "0.1.0", "sourceRef": { "kind": "HelmRepository", "name": "charts" },
            } } },
        }],
    });
    plane()
        .person()
        .send(Way::ServerSide, &objects.to_string())
        .expect("kubectl")
        .expect_accepted();
    let name = format!("{namespace}-app");
    flux.push_helm_chart(&namespace, &name, "0.1.0", &chart("0.1.0", "one"))
        .expect("a push");
    let place = target("configmap", &namespace, "app-tiny");
    plane()
        .admin()
        .wait(place, "to be installed", PATIENCE, |_| true)
        .expect("an installation");
    flux.release_outcome(&namespace, "app", Some("0.1.0"))
        .expect("an outcome")
        .expect_ready();
}

#[test]
fn a_registered_webhook_is_called_until_it_is_dropped() {
    let plane = plane();
    let namespace = plane.namespace("webhook").expect("a namespace");
    let [quiet] = lockkeeper_testkit::net::free_ports().expect("a port");
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": { "name": namespace },
        "webhooks": [{
            "name": "quiet.lockkeeper.test",
            "clientConfig": { "url": format!("https://127.0.0.1:{quiet}/validate") },
            "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"] }],
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    });
    let registered = plane
        .register(&webhook.to_string())
        .expect("a registration");
    // The API server reads configurations from a cache, which is a moment behind.
    let refused = || {
        let output = plane
            .person()
            .send(Way::DryRun, &map(&namespace, "map", "x"));
        let output = output.expect("kubectl");
        if output.success() {
            Err(output.stdout)
        } else {
            Ok(output)
        }
    };
    let output = wait::until("the webhook to be called", PATIENCE, refused).expect("a call");
    output.expect_refused("failed calling webhook \"quiet.lockkeeper.test\"");
    drop(registered);
    let accepted = || {
        let output = plane
            .person()
            .send(Way::DryRun, &map(&namespace, "map", "x"));
        output
            .expect("kubectl")
            .ok()
            .map_err(|error| error.to_string())
    };
    wait::until("the webhook to be gone", PATIENCE, accepted).expect("no call");
}
