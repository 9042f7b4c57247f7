//! What is kept of each watched kind: as little as the rules ask.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::core::{ApiResource, DynamicObject, NotUsed, Object, PartialObjectMeta};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::facts::{Claim, SourceName};

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

/// That it is there is all that is kept.
pub(super) fn name_of_secret(_: &PartialObjectMeta<Secret>) -> Option<()> {
    Some(())
}

/// That it is there is all that is kept: the Secret has its name.
pub(super) fn sealed_secret(_: &PartialObjectMeta<DynamicObject>) -> Option<()> {
    Some(())
}

/// A source of charts: all of its spec, which is pruned here.
pub(super) type Source = Object<Value, NotUsed>;

pub(super) fn oci_repository(object: &Source) -> Option<Arc<Value>> {
    Some(source("OCIRepository", object))
}

pub(super) fn git_repository(object: &Source) -> Option<Arc<Value>> {
    Some(source("GitRepository", object))
}

pub(super) fn helm_chart(object: &Source) -> Option<Arc<Value>> {
    Some(source("HelmChart", object))
}

/// A source of charts as the rules read it: without status, interval, and the like.
fn source(kind: &'static str, object: &Source) -> Arc<Value> {
    let mut spec = serde_json::Map::new();
    for key in ["ref", "layerSelector", "chart", "version", "sourceRef"] {
        if let Some(value) = object.spec.get(key) {
            spec.insert(key.to_owned(), value.clone());
        }
    }
    let metadata = &object.metadata;
    let mut kept = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": kind,
        "metadata": {"name": metadata.name, "namespace": metadata.namespace},
        "spec": spec,
    });
    // A HelmChart that helm-controller made is known by its labels.
    if kind == HELM_CHARTS.kind
        && let Some(labels) = &metadata.labels
    {
        kept["metadata"]["labels"] = json!(labels);
    }
    Arc::new(kept)
}

/// What a HelmRelease's `chartRef` names; nothing is kept of other releases.
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

pub(super) fn chart_reference(release: &Object<ReleaseSpec, NotUsed>) -> Option<ChartReference> {
    let named = release.spec.chart_ref.as_ref()?;
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
    /// The Secrets of `substituteFrom`, in its order, each with whether it is optional.
    pub(super) secrets: Vec<(String, bool)>,
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
    #[serde(default)]
    optional: bool,
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

pub(super) fn applier(object: &Object<KustomizationSpec, KustomizationStatus>) -> Option<Applier> {
    let spec = &object.spec;
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
            .map(|from| (from.name.clone(), from.optional))
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

pub(super) fn target(object: &Object<ExternalSecretSpec, ExternalSecretStatus>) -> Option<Target> {
    let named = object
        .spec
        .target
        .as_ref()
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
mod tests {
    use super::*;

    fn object<S, U>(value: Value) -> Object<S, U>
    where
        S: Clone + serde::de::DeserializeOwned,
        U: Clone + Default + serde::de::DeserializeOwned,
    {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn a_source_keeps_what_says_how_it_is_pinned() {
        let kept = oci_repository(&object(json!({
            "metadata": {"name": "app", "namespace": "games", "uid": "u"},
            "spec": {"interval": "5m", "url": "oci://example.com/app", "ref": {"tag": "1.2.3"}},
            "status": {"artifact": {}},
        })));
        assert_eq!(
            kept.as_deref(),
            Some(&json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
                "metadata": {"name": "app", "namespace": "games"}, "spec": {"ref": {"tag": "1.2.3"}},
            }))
        );
    }

    #[test]
    fn a_helm_chart_keeps_the_labels_of_who_made_it() {
        let labels = json!({"helm.toolkit.fluxcd.io/name": "app"});
        let kept = helm_chart(&object(json!({
            "metadata": {"name": "games-app", "namespace": "flux-system", "labels": labels},
            "spec": {"chart": "app", "version": "1.x"},
        })));
        assert_eq!(kept.expect("kept")["metadata"]["labels"], labels);
    }

    #[test]
    fn a_chart_reference_is_in_the_releases_namespace_unless_it_says_another() {
        let release = |chart_ref: Value| {
            chart_reference(&object(json!({
                "metadata": {"name": "app", "namespace": "games"},
                "spec": {"chartRef": chart_ref, "values": {"a": 1}},
            })))
        };
        let named = release(json!({"kind": "OCIRepository", "name": "app"})).expect("kept");
        assert_eq!((&*named.namespace, &*named.name), ("games", "app"));
        let named =
            release(json!({"kind": "OCIRepository", "name": "app", "namespace": "flux-system"}));
        assert_eq!(&*named.expect("kept").namespace, "flux-system");
        assert_eq!(release(Value::Null), None);
    }

    #[test]
    fn a_kustomization_keeps_what_it_substitutes_and_which_secrets_it_made() {
        let kept = applier(&object(json!({
            "metadata": {"name": "apps", "namespace": "flux-system"},
            "spec": {
                "serviceAccountName": "deployer",
                "decryption": {"provider": "sops"},
                "sourceRef": {"kind": "GitRepository", "name": "home"},
                "postBuild": {"substitute": {"A": "b"}, "substituteFrom": [
                    {"kind": "ConfigMap", "name": "plain"},
                    {"kind": "Secret", "name": "hidden", "optional": true}]},
            },
            "status": {"inventory": {"entries": [
                {"id": "games_romm-secret__Secret", "v": "v1"},
                {"id": "games_romm_helm.toolkit.fluxcd.io_HelmRelease", "v": "v2"}]}},
        })))
        .expect("kept");
        assert_eq!(kept.service_account.as_deref(), Some("deployer"));
        assert!(kept.decrypts && !kept.is_remote);
        assert_eq!(kept.secrets, [("hidden".to_owned(), true)]);
        assert_eq!(
            kept.applied_secrets,
            [("games".into(), "romm-secret".into())]
        );
        let source = kept.source.expect("a source");
        assert_eq!((&*source.namespace, &*source.name), ("flux-system", "home"));
    }

    #[test]
    fn an_external_secret_makes_its_target_and_tells_its_status() {
        let made = |spec: Value, status: Value| {
            target(&object(json!({
                "metadata": {"name": "romm", "namespace": "games"}, "spec": spec, "status": status,
            })))
            .expect("kept")
        };
        let ready =
            json!({"conditions": [{"type": "Ready", "status": "True", "reason": "SecretSynced"}]});
        assert_eq!(
            made(json!({}), ready.clone()),
            Target {
                secret: "romm".into(),
                not_ready: None
            }
        );
        let named = made(json!({"target": {"name": "romm-secret"}}), ready);
        assert_eq!(&*named.secret, "romm-secret");
        let failed = json!({"conditions": [{"type": "Ready", "status": "False", "reason": "SecretSyncedError"}]});
        assert_eq!(
            made(json!({}), failed).not_ready.as_deref(),
            Some("SecretSyncedError")
        );
        assert_eq!(
            made(json!({}), Value::Null).not_ready.as_deref(),
            Some("no status yet")
        );
    }
}
