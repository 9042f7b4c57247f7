//! The objects that the proofs send.

use lockkeeper_testkit::archive::Archive;
use serde_json::{Value, json};

/// A HelmRelease that nobody objects to.
pub fn pinned(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "interval": "1h",
            "chart": { "spec": {
                "chart": "tiny",
                "version": "1.2.3",
                "sourceRef": { "kind": "HelmRepository", "name": "charts" },
            } },
            "values": { "greeting": "hello" },
        },
    })
}

/// The same with a version that can change without a commit.
pub fn floating(namespace: &str, name: &str) -> Value {
    let mut release = pinned(namespace, name);
    release["spec"]["chart"]["spec"]["version"] = "1.x".into();
    release
}

/// An `OCIRepository` that feeds a chart, by an exact tag.
pub fn oci_source(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "OCIRepository",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "interval": "1h",
            "url": format!("oci://registry.invalid/charts/{name}"),
            "layerSelector": {
                "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                "operation": "copy",
            },
            "ref": { "tag": "1.2.3" },
        },
    })
}

/// A `HelmChart` as a person may write it.
pub fn helm_chart(namespace: &str, name: &str, version: &str) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmChart",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "interval": "1h",
            "chart": "tiny",
            "version": version,
            "sourceRef": { "kind": "HelmRepository", "name": "charts" },
        },
    })
}

/// The `HelmChart` that helm-controller writes for a release of this name, named and labelled as it does.
pub fn helm_chart_of(namespace: &str, release: &str, version: &str) -> Value {
    let mut chart = helm_chart(namespace, &format!("{namespace}-{release}"), version);
    chart["metadata"]["labels"] = json!({
        "helm.toolkit.fluxcd.io/name": release,
        "helm.toolkit.fluxcd.io/namespace": namespace,
    });
    chart
}

/// A pod that needs no kubelet to be stored.
pub fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "containers": [{
            "name": "app",
            "image": "registry.invalid/app:1.2.3",
            "securityContext": { "readOnlyRootFilesystem": true },
        }] },
    })
}

/// A chart whose one template is a map with the greeting from the values.
pub fn chart(name: &str, version: &str) -> Archive {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: \"{{ .Release.Name }}-tiny\" }\n\
        data: { version: \"{{ .Chart.Version }}\", greeting: \"{{ .Values.greeting }}\" }\n";
    Archive::chart(
        name,
        version,
        &[
            ("templates/map.yaml", template),
            ("values.yaml", "greeting: none\n"),
        ],
    )
}

/// The README's release, good.
pub const ROMM: &str = include_str!("../../../examples/good/helmrelease.yaml");

/// The same with a password in its values.
pub const ROMM_LITERAL_SECRET: &str = include_str!("../../../examples/bad/literal-secret.yaml");

/// The password that stands in it; no log, condition, event or answer may show it.
pub fn romm_secret() -> &'static str {
    ROMM_LITERAL_SECRET
        .lines()
        .find_map(|line| line.trim().strip_prefix("DB_PASSWD: "))
        .expect("the example has a literal password")
}

/// A base64 value of an object as text; empty where it is not there.
pub fn decoded(value: &Value) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(value.as_str().unwrap_or_default())
        .expect("base64");
    String::from_utf8(bytes).expect("text")
}
