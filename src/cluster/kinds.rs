//! What is kept of each watched kind: as little as the rules ask.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Secret};
use kube::core::{ApiResource, DynamicObject, NotUsed, Object, PartialObjectMeta};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::facts::{Claim, Labels, SourceName};

/// A kind that is no part of Kubernetes itself, with the versions under which it may be served, newest first.
pub(super) struct Served {
    pub(super) group: &'static str,
    pub(super) versions: &'static [&'static str],
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    /// Plural and group, as people name it.
    pub(super) resource: &'static str,
}

impl Served {
    pub(super) fn api(&self, attempt: usize) -> ApiResource {
        let version = self.versions[attempt % self.versions.len()];
        ApiResource {
            group: self.group.to_owned(),
            version: version.to_owned(),
            api_version: format!("{}/{version}", self.group),
            kind: self.kind.to_owned(),
            plural: self.plural.to_owned(),
        }
    }
}

/// Claims, which are a part of Kubernetes.
pub(super) const CLAIMS: &str = "persistentvolumeclaims";
/// Namespaces, of which only the labels are kept.
pub(super) const NAMESPACES: &str = "namespaces";
/// Secrets, of which only the names are kept, and those only where the administrator opted in.
pub(super) const SECRETS: &str = "secrets";

pub(super) const OCI_REPOSITORIES: Served = Served {
    group: "source.toolkit.fluxcd.io",
    versions: &["v1", "v1beta2"],
    kind: "OCIRepository",
    plural: "ocirepositories",
    resource: "ocirepositories.source.toolkit.fluxcd.io",
};

pub(super) const GIT_REPOSITORIES: Served = Served {
    group: "source.toolkit.fluxcd.io",
    versions: &["v1"],
    kind: "GitRepository",
    plural: "gitrepositories",
    resource: "gitrepositories.source.toolkit.fluxcd.io",
};

pub(super) const HELM_CHARTS: Served = Served {
    group: "source.toolkit.fluxcd.io",
    versions: &["v1"],
    kind: "HelmChart",
    plural: "helmcharts",
    resource: "helmcharts.source.toolkit.fluxcd.io",
};

pub(super) const RELEASES: Served = Served {
    group: "helm.toolkit.fluxcd.io",
    versions: &["v2"],
    kind: "HelmRelease",
    plural: "helmreleases",
    resource: "helmreleases.helm.toolkit.fluxcd.io",
};

pub(super) const KUSTOMIZATIONS: Served = Served {
    group: "kustomize.toolkit.fluxcd.io",
    versions: &["v1"],
    kind: "Kustomization",
    plural: "kustomizations",
    resource: "kustomizations.kustomize.toolkit.fluxcd.io",
};

pub(super) const EXTERNAL_SECRETS: Served = Served {
    group: "external-secrets.io",
    versions: &["v1", "v1beta1"],
    kind: "ExternalSecret",
    plural: "externalsecrets",
    resource: "externalsecrets.external-secrets.io",
};

pub(super) const SEALED_SECRETS: Served = Served {
    group: "bitnami.com",
    versions: &["v1alpha1"],
    kind: "SealedSecret",
    plural: "sealedsecrets",
    resource: "sealedsecrets.bitnami.com",
};

pub(super) fn claim(claim: &PartialObjectMeta<PersistentVolumeClaim>) -> Option<Claim> {
    Some(Claim {
        terminating: claim.metadata.deletion_timestamp.is_some(),
    })
}

pub(super) fn labels(namespace: &PartialObjectMeta<Namespace>) -> Option<Labels> {
    Some(Arc::new(
        namespace.metadata.labels.clone().unwrap_or_default(),
    ))
}

/// That it is there is all that is kept.
pub(super) fn name_of_secret(_: &PartialObjectMeta<Secret>) -> Option<()> {
    Some(())
}

/// That it is there is all that is kept: the Secret has its name.
pub(super) fn sealed_secret(_: &PartialObjectMeta<DynamicObject>) -> Option<()> {
    Some(())
}

/// An object whose `spec` may be missing: the definitions do not require one, and a list with one object
/// that cannot be read is no list at all.
pub(super) type Lenient<S, U> = Object<Option<S>, U>;

/// A source of charts: all of its spec, which is pruned here.
pub(super) type Source = Lenient<Value, NotUsed>;

pub(super) fn oci_repository(object: &Source) -> Option<Arc<Value>> {
    Some(source(&OCI_REPOSITORIES, object))
}

pub(super) fn git_repository(object: &Source) -> Option<Arc<Value>> {
    Some(source(&GIT_REPOSITORIES, object))
}

pub(super) fn helm_chart(object: &Source) -> Option<Arc<Value>> {
    Some(source(&HELM_CHARTS, object))
}

/// A source of charts as the rules read it: without status, interval, and the like.
fn source(served: &Served, object: &Source) -> Arc<Value> {
    let mut spec = serde_json::Map::new();
    for key in ["ref", "layerSelector", "chart", "version", "sourceRef"] {
        if let Some(value) = object.spec.as_ref().and_then(|spec| spec.get(key)) {
            spec.insert(key.to_owned(), value.clone());
        }
    }
    let metadata = &object.metadata;
    let mut kept = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": served.kind,
        "metadata": {"name": metadata.name, "namespace": metadata.namespace},
        "spec": spec,
    });
    // A HelmChart that helm-controller made is known by its labels.
    if served.kind == HELM_CHARTS.kind
        && let Some(labels) = &metadata.labels
    {
        kept["metadata"]["labels"] = json!(labels);
    }
    Arc::new(kept)
}

/// What is kept of a HelmRelease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) chart: Option<ChartReference>,
    /// By them policies select releases.
    pub(super) labels: Labels,
}

/// What a HelmRelease's `chartRef` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChartReference {
    pub(super) kind: Box<str>,
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReleaseSpec {
    chart_ref: Option<NamedObject>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct NamedObject {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    namespace: Option<String>,
}

pub(super) fn release(release: &Lenient<ReleaseSpec, NotUsed>) -> Option<Release> {
    Some(Release {
        chart: chart_reference(release),
        labels: Arc::new(release.metadata.labels.clone().unwrap_or_default()),
    })
}

fn chart_reference(release: &Lenient<ReleaseSpec, NotUsed>) -> Option<ChartReference> {
    let named = release.spec.as_ref()?.chart_ref.as_ref()?;
    let own = release.metadata.namespace.as_deref();
    Some(ChartReference {
        kind: named.kind.as_str().into(),
        namespace: named.namespace.as_deref().or(own)?.into(),
        name: named.name.as_str().into(),
    })
}

/// What is kept of a Flux Kustomization.
#[derive(Clone, Debug, Default)]
pub(super) struct Applier {
    pub(super) service_account: Option<String>,
    pub(super) is_remote: bool,
    pub(super) decrypts: bool,
    /// The Secrets of `substituteFrom`, in its order.
    pub(super) secrets: Vec<String>,
    pub(super) source: Option<Arc<SourceName>>,
    /// The Secrets that its inventory names, as namespace and name.
    pub(super) applied_secrets: Vec<(Box<str>, Box<str>)>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KustomizationSpec {
    service_account_name: Option<String>,
    kube_config: Option<serde::de::IgnoredAny>,
    decryption: Option<serde::de::IgnoredAny>,
    source_ref: Option<NamedObject>,
    post_build: Option<PostBuild>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostBuild {
    #[serde(default)]
    substitute_from: Vec<SubstituteFrom>,
}

#[derive(Clone, Debug, Deserialize)]
struct SubstituteFrom {
    kind: String,
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct KustomizationStatus {
    inventory: Option<Inventory>,
}

#[derive(Clone, Debug, Deserialize)]
struct Inventory {
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, Deserialize)]
struct Entry {
    id: String,
}

pub(super) fn applier(object: &Lenient<KustomizationSpec, KustomizationStatus>) -> Option<Applier> {
    let spec = object.spec.as_ref()?;
    let own = object.metadata.namespace.as_deref().unwrap_or_default();
    let inventory = object
        .status
        .as_ref()
        .and_then(|status| status.inventory.as_ref());
    let entries = inventory
        .into_iter()
        .flat_map(|inventory| &inventory.entries);
    let from = spec
        .post_build
        .iter()
        .flat_map(|build| &build.substitute_from);
    Some(Applier {
        service_account: spec
            .service_account_name
            .clone()
            .filter(|name| !name.is_empty()),
        is_remote: spec.kube_config.is_some(),
        decrypts: spec.decryption.is_some(),
        secrets: from
            .filter(|from| from.kind == "Secret")
            .map(|from| from.name.clone())
            .collect(),
        source: spec.source_ref.as_ref().map(|named| {
            Arc::new(SourceName {
                kind: named.kind.clone(),
                namespace: named.namespace.as_deref().unwrap_or(own).to_owned(),
                name: named.name.clone(),
            })
        }),
        applied_secrets: entries.filter_map(|entry| secret_in(&entry.id)).collect(),
    })
}

/// An inventory's entry is `<namespace>_<name>_<group>_<kind>`, and Secrets have no group.
fn secret_in(id: &str) -> Option<(Box<str>, Box<str>)> {
    let rest = id.strip_suffix("__Secret")?;
    let (namespace, name) = rest.split_once('_')?;
    Some((namespace.into(), name.into()))
}

/// What an ExternalSecret makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) secret: Box<str>,
    pub(super) not_ready: Option<Box<str>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ExternalSecretSpec {
    target: Option<TargetSpec>,
}

#[derive(Clone, Debug, Deserialize)]
struct TargetSpec {
    name: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ExternalSecretStatus {
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    name: String,
    status: String,
    #[serde(default)]
    reason: String,
}

pub(super) fn target(object: &Lenient<ExternalSecretSpec, ExternalSecretStatus>) -> Option<Target> {
    let named = object
        .spec
        .as_ref()
        .and_then(|spec| spec.target.as_ref())
        .and_then(|target| target.name.as_deref());
    let own = object.metadata.name.as_deref();
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    let ready = conditions
        .into_iter()
        .find(|condition| condition.name == "Ready");
    let not_ready = match ready {
        Some(ready) if ready.status == "True" => None,
        Some(ready) if !ready.reason.is_empty() => Some(ready.reason.as_str().into()),
        // The operator has not come to it yet.
        _ => Some("no status yet".into()),
    };
    Some(Target {
        secret: named.filter(|name| !name.is_empty()).or(own)?.into(),
        not_ready,
    })
}

#[cfg(test)]
mod tests;
