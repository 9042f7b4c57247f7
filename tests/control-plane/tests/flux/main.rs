//! What the real kustomize-controller and helm-controller make of Lockkeeper.

mod commits;
mod force;
mod helm;
mod kustomizations;

use std::sync::OnceLock;

use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_testkit::ControlPlane;
use lockkeeper_testkit::archive::Archive;
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::flux::Outcome;
use lockkeeper_testkit::kubectl::{Target, target};
use serde_json::{Value, json};

pub(crate) struct Stage {
    pub(crate) lockkeeper: Lockkeeper,
    _registered: Registered<'static>,
}

pub(crate) fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| ControlPlane::start().expect("the control plane starts"))
}

/// Lockkeeper, registered for all namespaces but those whose webhooks a test answers itself.
pub(crate) fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let lockkeeper = Lockkeeper::start(plane());
        let registered = lockkeeper.register(plane());
        Stage {
            lockkeeper,
            _registered: registered,
        }
    })
}

pub(crate) fn namespace(prefix: &str) -> String {
    stage();
    plane().namespace(prefix).expect("a namespace")
}

pub(crate) fn settings(namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: settings, namespace: {namespace} }}\ndata: {{ a: b }}\n"
    )
}

/// Pushes a release with a map beside it, and waits for what becomes of it.
pub(crate) fn commit(namespace: &str, release: &str) -> Outcome {
    let flux = plane().flux();
    let files = Archive::of(&[
        ("release.yaml", release),
        ("settings.yaml", &settings(namespace)),
    ]);
    let revision = flux.push(namespace, "app", &files).expect("a push");
    // Without one yet, the first commit waits for it.
    if plane()
        .admin()
        .get(kustomization(namespace))
        .expect("a read")
        .is_none()
    {
        kustomize(namespace, &json!({}));
    }
    flux.kustomization_outcome(namespace, "app", &revision)
        .expect("an outcome")
}

pub(crate) fn kustomize(namespace: &str, spec: &Value) {
    plane()
        .flux()
        .kustomization(namespace, "app", spec)
        .expect("kubectl")
        .expect_accepted();
}

pub(crate) fn kustomization(namespace: &str) -> Target<'_> {
    target(
        "kustomizations.kustomize.toolkit.fluxcd.io",
        namespace,
        "app",
    )
}

pub(crate) fn exists(kind: &str, namespace: &str, name: &str) -> bool {
    plane()
        .admin()
        .get(target(kind, namespace, name))
        .expect("a read")
        .is_some()
}
