//! What Lockkeeper asks of the API server: the one list from which the ClusterRole and the docs are made.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// A right that Lockkeeper uses, with its reason.
#[derive(Clone, Copy, Debug)]
pub struct Right {
    /// The API group; empty for Kubernetes' own.
    pub group: &'static str,
    /// The plural name of the kind.
    pub resource: &'static str,
    /// The verbs.
    pub verbs: &'static [&'static str],
    /// What is judged by it, and what is not without it.
    pub reason: &'static str,
}

const WATCHED: &[&str] = &["list", "watch"];
const FLUX_SOURCES: &str = "source.toolkit.fluxcd.io";

/// Every right that is used without further configuration. Reading Secrets is never among them.
pub const RIGHTS: &[Right] = &[
    Right {
        group: "",
        resource: "persistentvolumeclaims",
        verbs: &["get", "list", "watch"],
        reason: "`missing-claim`: whether a claim is there; `get` reads it once more before a denial",
    },
    Right {
        group: "",
        resource: "configmaps",
        verbs: &["get"],
        reason: "the values that a HelmRelease's `valuesFrom` takes from a ConfigMap; they are read one by one and never listed",
    },
    Right {
        group: FLUX_SOURCES,
        resource: "ocirepositories",
        verbs: WATCHED,
        reason: "`unpinned-chart`: what a `chartRef` names",
    },
    Right {
        group: FLUX_SOURCES,
        resource: "gitrepositories",
        verbs: WATCHED,
        reason: "`unpinned-chart`: the repository that a chart is in",
    },
    Right {
        group: FLUX_SOURCES,
        resource: "helmcharts",
        verbs: WATCHED,
        reason: "`unpinned-chart`: what a `chartRef` names",
    },
    Right {
        group: "helm.toolkit.fluxcd.io",
        resource: "helmreleases",
        verbs: WATCHED,
        reason: "`unpinned-chart`: whether an OCIRepository feeds a release; only `chartRef` is kept",
    },
    Right {
        group: "kustomize.toolkit.fluxcd.io",
        resource: "kustomizations",
        verbs: WATCHED,
        reason: "`literal-secret`: what Flux substituted; `missing-secret-source`: which Secrets Flux applied",
    },
    Right {
        group: "external-secrets.io",
        resource: "externalsecrets",
        verbs: WATCHED,
        reason: "`missing-secret-source`: which Secrets are made, and whether they are ready",
    },
    Right {
        group: "bitnami.com",
        resource: "sealedsecrets",
        verbs: WATCHED,
        reason: "`missing-secret-source`: which Secrets are made; only names are kept",
    },
];

/// The ClusterRole that grants them.
#[must_use]
pub fn cluster_role(name: &str) -> ClusterRole {
    let mut rules: BTreeMap<(&str, &[&str]), Vec<String>> = BTreeMap::new();
    for right in RIGHTS {
        let resources = rules.entry((right.group, right.verbs)).or_default();
        resources.push(right.resource.to_owned());
    }
    let rules = rules
        .into_iter()
        .map(|((group, verbs), resources)| PolicyRule {
            api_groups: Some(vec![group.to_owned()]),
            resources: Some(resources),
            verbs: verbs.iter().map(|&verb| verb.to_owned()).collect(),
            ..PolicyRule::default()
        });
    ClusterRole {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some([("app.kubernetes.io/name".to_owned(), name.to_owned())].into()),
            ..ObjectMeta::default()
        },
        rules: Some(rules.collect()),
        ..ClusterRole::default()
    }
}
