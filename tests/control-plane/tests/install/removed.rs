//! Taken out again, by Helm, by Flux, and by the deletion of its namespace: nothing is blocked, and what stays is known.

use lockkeeper_control_plane::account::audit;
use lockkeeper_control_plane::helm::{Helm, chart, packed};
use lockkeeper_control_plane::lockkeeper::await_refusal;
use lockkeeper_control_plane::{PATIENCE, RELEASE_DENIED, objects};
use lockkeeper_testkit::archive::Archive;
use lockkeeper_testkit::kubectl::{Way, target};
use lockkeeper_testkit::{ControlPlane, Options};
use serde_json::{Value, json};

use crate::{
    CONFIGURATIONS, OURS, alone, await_accepted, await_ready, documented, install, kubectl, ours,
    start,
};

/// What stands in the folder that `kubectl apply -k` and a Kustomization take.
const BASE: [(&str, &str); 3] = [
    (
        "kustomization.yaml",
        include_str!("../../../../deploy/kustomize/kustomization.yaml"),
    ),
    (
        "namespace.yaml",
        include_str!("../../../../deploy/kustomize/namespace.yaml"),
    ),
    (
        "lockkeeper.yaml",
        include_str!("../../../../deploy/kustomize/lockkeeper.yaml"),
    ),
];

/// With a controller manager: it empties namespaces.
fn plane() -> ControlPlane {
    let options = Options::default().controller_manager(true);
    options.start().expect("the control plane starts")
}

/// A namespace for releases; a floating one is refused there.
fn judged(plane: &ControlPlane) -> String {
    let apps = plane.namespace("apps").expect("a namespace");
    let probe = objects::floating(&apps, "probe").to_string();
    await_refusal(plane, &probe, RELEASE_DENIED);
    apps
}

#[test]
fn helm_leaves_the_namespace_and_the_definitions() {
    let _alone = alone();
    let plane = plane();
    install(&plane);
    let lockkeeper = start(&plane);
    await_ready(&lockkeeper);
    let apps = judged(&plane);
    assert!(ours(&plane).len() > 10, "{:?}", ours(&plane));
    let before = policy(&plane, "home", "audit");
    documented(&plane, "helm uninstall lockkeeper --namespace lockkeeper");
    await_accepted(&plane, &objects::floating(&apps, "free"));
    // Who still runs makes nothing anew: it has no right to.
    wait_for_pods(&plane);
    assert_eq!(
        ours(&plane),
        with_definitions(&["Namespace <none> lockkeeper"])
    );
    assert!(lockkeeper.get("/healthz").contains("200 OK"));
    // The policies stay, and can be changed; labels of break-glass are nobody's any more.
    let stored = policy(&plane, "home", "warn");
    assert_eq!(stored["metadata"]["uid"], before["metadata"]["uid"]);
    for label in [
        "lockkeeper.dev/break-glass=left",
        "lockkeeper.dev/break-glass-",
    ] {
        kubectl(&plane, &["label", "namespace", &apps, label]);
    }
    // Installed once more, it finds its own definitions.
    documented(
        &plane,
        "helm install lockkeeper charts/lockkeeper --namespace lockkeeper",
    );
    documented(&plane, "helm uninstall lockkeeper --namespace lockkeeper");
    // A release of another name must say that it takes them over.
    let (helm, chart) = (Helm::on(&plane), chart());
    let other = ["install", "other", &chart, "--namespace", OURS];
    helm.run(&other)
        .expect_refused("invalid ownership metadata");
    helm.run(&[&other[..], &["--take-ownership"]].concat())
        .expect_accepted();
    helm.run(&["uninstall", "other", "--namespace", OURS])
        .expect_accepted();
    documented(&plane, "kubectl delete namespace lockkeeper");
    assert_eq!(ours(&plane), with_definitions(&[]));
    documented(&plane, DELETE_DEFINITIONS);
    assert_eq!(ours(&plane), Vec::<String>::new());
}

/// What docs/install.md says to remove what stays.
const DELETE_DEFINITIONS: &str = "kubectl delete customresourcedefinition releasepolicies.lockkeeper.dev tmpfspolicies.lockkeeper.dev exemptions.lockkeeper.dev --ignore-not-found";

/// What is known to stay, with the definitions of the policies.
fn with_definitions(others: &[&str]) -> Vec<String> {
    let definitions = ["exemptions", "releasepolicies", "tmpfspolicies"]
        .map(|plural| format!("CustomResourceDefinition <none> {plural}.lockkeeper.dev"));
    let others = others.iter().map(|&other| other.to_owned());
    let mut all: Vec<String> = definitions.into_iter().chain(others).collect();
    all.sort();
    all
}

/// Stores a policy, as who administers the cluster does.
fn policy(plane: &ControlPlane, name: &str, action: &str) -> Value {
    let object = json!({
        "apiVersion": "lockkeeper.dev/v1alpha1", "kind": "ReleasePolicy", "metadata": { "name": name },
        "spec": { "rules": { "missing-tmpfs": { "action": action } } },
    });
    let sent = plane.admin().send(Way::Apply, &object.to_string());
    sent.expect("kubectl").expect_accepted();
    let stored = plane.admin().get(target("releasepolicy", "", name));
    stored.expect("kubectl").expect("it is stored")
}

/// The pods that nobody runs go with their Deployment, behind it.
fn wait_for_pods(plane: &ControlPlane) {
    let wait = ["wait", "--for=delete", "pods", "--all", "--timeout=60s"];
    kubectl(plane, &[&wait[..], &["--namespace", OURS]].concat());
    let wait = ["wait", "--for=delete", "endpointslices", "--all"];
    let place = ["--timeout=60s", "--namespace", OURS];
    kubectl(plane, &[&wait[..], &place].concat());
}

#[test]
fn flux_prunes_the_webhooks_first_and_leaves_the_definitions() {
    let _alone = alone();
    let plane = plane();
    let flux = plane.flux();
    let home = "flux-system";
    let pushed = flux.push(home, OURS, &Archive::of(&BASE));
    let revision = pushed.expect("a push");
    let sent = flux.kustomization(home, OURS, &json!({}));
    sent.expect("kubectl").expect_accepted();
    let outcome = flux.kustomization_outcome(home, OURS, &revision);
    outcome.expect("an outcome").expect_ready();
    let lockkeeper = start(&plane);
    await_ready(&lockkeeper);
    let apps = judged(&plane);

    let from = audit(&plane).len();
    let place = target("kustomizations.kustomize.toolkit.fluxcd.io", home, OURS);
    let admin = plane.admin();
    admin.delete(place).expect("kubectl").expect_accepted();
    admin.wait_gone(place, PATIENCE).expect("it is pruned");
    await_accepted(&plane, &objects::floating(&apps, "free"));
    let namespace = target("namespace", "", OURS);
    admin.wait_gone(namespace, PATIENCE).expect("it is emptied");
    the_webhooks_went_first(&deleted_by(&plane, ":kustomize-controller", from));
    // The source is the cluster's: it stands where the Kustomization stood.
    assert_eq!(
        ours(&plane),
        with_definitions(&["GitRepository flux-system lockkeeper"])
    );
}

/// As the folder `deploy/flux` does it: Flux deletes the HelmRelease, and helm-controller uninstalls it.
#[test]
fn helm_controller_takes_the_webhooks_first_too() {
    let _alone = alone();
    let plane = plane();
    let (admin, flux) = (plane.admin(), plane.flux());
    kubectl(&plane, &["create", "namespace", OURS]);
    let chart = packed("0.1.0", |_, text| text);
    let pushed = flux.push_oci_chart(OURS, OURS, "0.1.0", &chart);
    pushed.expect("a push");
    // No pod runs here.
    let object = json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": { "name": OURS, "namespace": OURS },
        "spec": {
            "interval": "1h", "install": { "disableWait": true },
            "chartRef": { "kind": "OCIRepository", "name": OURS },
        },
    });
    let sent = admin.send(Way::ServerSide, &object.to_string());
    sent.expect("kubectl").expect_accepted();
    let outcome = flux.release_outcome(OURS, OURS, Some("0.1.0"));
    outcome.expect("an outcome").expect_ready();
    let lockkeeper = start(&plane);
    await_ready(&lockkeeper);
    let apps = judged(&plane);

    let from = audit(&plane).len();
    let place = lockkeeper_control_plane::release(OURS, OURS);
    admin.delete(place).expect("kubectl").expect_accepted();
    admin.wait_gone(place, PATIENCE).expect("it is uninstalled");
    await_accepted(&plane, &objects::floating(&apps, "free"));
    the_webhooks_went_first(&deleted_by(&plane, ":helm-controller", from));
    wait_for_pods(&plane);
    let left = [
        "Namespace <none> lockkeeper",
        "OCIRepository lockkeeper lockkeeper",
    ];
    assert_eq!(ours(&plane), with_definitions(&left));
}

#[track_caller]
fn the_webhooks_went_first(order: &[String]) {
    let place = |resource: &str| {
        let found = order.iter().position(|other| other == resource);
        found.unwrap_or_else(|| panic!("no {resource} in {order:?}"))
    };
    let last_call = CONFIGURATIONS.map(place).into_iter().max();
    for other in ["services", "deployments", "clusterroles"] {
        assert!(last_call < Some(place(other)), "{order:?}");
    }
}

/// The resources that a controller deleted, in its order.
fn deleted_by(plane: &ControlPlane, controller: &str, from: usize) -> Vec<String> {
    audit(plane)[from..]
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| {
            let user = line["user"]["username"].as_str().unwrap_or_default();
            line["verb"] == "delete" && user.ends_with(controller)
        })
        .filter_map(|line| Some(line["objectRef"]["resource"].as_str()?.to_owned()))
        .collect()
}

#[test]
fn without_its_namespace_releases_wait_until_one_command_frees_them() {
    let _alone = alone();
    let plane = plane();
    let apps = plane.namespace("apps").expect("a namespace");
    await_accepted(&plane, &objects::pinned(&apps, "stored"));
    // Its webhooks call the Service.
    install(&plane);
    kubectl(&plane, &["delete", "namespace", OURS, "--timeout=60s"]);
    let probe = objects::pinned(&apps, "probe").to_string();
    let words = "failed calling webhook \"releases.lockkeeper.dev\": failed to call webhook: Post \
                 \"https://lockkeeper.lockkeeper.svc:443/validate?timeout=5s\": service \"lockkeeper\" not found";
    await_refusal(&plane, &probe, words);
    let release = lockkeeper_control_plane::release(&apps, "stored");
    let suspend = json!({ "spec": { "suspend": true } });
    let output = plane.person().patch(release, "", &suspend);
    output.expect("kubectl").expect_accepted();
    let output = plane.person().delete(release);
    output.expect("kubectl").expect_accepted();
    let cluster_wide = [
        "ClusterRole <none> lockkeeper",
        "ClusterRoleBinding <none> lockkeeper",
        "MutatingWebhookConfiguration <none> lockkeeper",
        "ValidatingAdmissionPolicy <none> lockkeeper-break-glass",
        "ValidatingAdmissionPolicyBinding <none> lockkeeper-break-glass",
        "ValidatingWebhookConfiguration <none> lockkeeper",
    ];
    assert_eq!(ours(&plane), with_definitions(&cluster_wide));
    // Policies wait for nobody.
    policy(&plane, "home", "warn");

    documented(
        &plane,
        "kubectl delete validatingwebhookconfiguration,mutatingwebhookconfiguration,validatingadmissionpolicy,validatingadmissionpolicybinding,clusterrole,clusterrolebinding lockkeeper lockkeeper-break-glass --ignore-not-found",
    );
    await_accepted(&plane, &objects::pinned(&apps, "free"));
    assert_eq!(ours(&plane), with_definitions(&[]));
}
