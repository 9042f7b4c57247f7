//! What Lockkeeper asks of the API server: the one list from which the ClusterRole and the docs are made.

use std::collections::BTreeMap;
use std::fmt::Write as _;

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

impl Right {
    /// The resource with its group, as `kubectl` names it.
    fn name(&self) -> String {
        match (self.group, self.resource.split_once('/')) {
            ("", _) => self.resource.to_owned(),
            (group, None) => format!("{}.{group}", self.resource),
            (group, Some((resource, part))) => format!("{resource}.{group}/{part}"),
        }
    }
}

const WATCHED: &[&str] = &["list", "watch"];
const WRITTEN: &[&str] = &["patch"];
const POLICIES: &str = "lockkeeper.dev";
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
        reason: "what a HelmRelease's `valuesFrom` or a Kustomization's `substituteFrom` takes from a ConfigMap; they are read one by one and never listed",
    },
    Right {
        group: "",
        resource: "namespaces",
        verbs: WATCHED,
        reason: "the `namespaceSelector` of a policy; only labels are kept",
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
        reason: "`unpinned-chart`: whether an OCIRepository feeds a release; how many releases a policy selects; only `chartRef` and labels are kept",
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
    Right {
        group: POLICIES,
        resource: "releasepolicies",
        verbs: WATCHED,
        reason: "what is judged, and how hard",
    },
    Right {
        group: POLICIES,
        resource: "tmpfspolicies",
        verbs: WATCHED,
        reason: "which pods get mounts in memory",
    },
    Right {
        group: POLICIES,
        resource: "exemptions",
        verbs: WATCHED,
        reason: "which findings are allowed for a while",
    },
    Right {
        group: POLICIES,
        resource: "releasepolicies/status",
        verbs: WRITTEN,
        reason: "whether the policy is in force, and what it says; the policy itself is never written",
    },
    Right {
        group: POLICIES,
        resource: "tmpfspolicies/status",
        verbs: WRITTEN,
        reason: "the same",
    },
    Right {
        group: POLICIES,
        resource: "exemptions/status",
        verbs: WRITTEN,
        reason: "the same, and whether it has ended",
    },
];

/// An object of Lockkeeper's own, whose name the installation chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// The ValidatingWebhookConfiguration and the MutatingWebhookConfiguration, which share a name.
    WebhookConfigurations,
    /// The Secret of its CA, in its own namespace.
    CaSecret,
    /// The Lease by which one replica leads, in its own namespace.
    Lease,
}

impl Own {
    /// Whether it is an object of the whole cluster.
    #[must_use]
    pub fn is_cluster_wide(self) -> bool {
        self == Self::WebhookConfigurations
    }
}

/// A right to an object of Lockkeeper's own, granted by `resourceNames`.
#[derive(Clone, Copy, Debug)]
pub struct OwnRight {
    /// Which object.
    pub own: Own,
    /// What is done with it, and why.
    pub right: Right,
}

/// What is used besides where Lockkeeper makes its certificates itself, or injects the CA of yours.
/// A list and a watch by `metadata.name` are granted by that name; creating is not, so the objects
/// must be there.
pub const OWN_RIGHTS: &[OwnRight] = &[
    OwnRight {
        own: Own::WebhookConfigurations,
        right: Right {
            group: "admissionregistration.k8s.io",
            resource: "validatingwebhookconfigurations",
            verbs: &["list", "watch", "patch"],
            reason: "puts the CA into `caBundle`, and again when something overwrites it",
        },
    },
    OwnRight {
        own: Own::WebhookConfigurations,
        right: Right {
            group: "admissionregistration.k8s.io",
            resource: "mutatingwebhookconfigurations",
            verbs: &["list", "watch", "patch"],
            reason: "the same",
        },
    },
    OwnRight {
        own: Own::CaSecret,
        right: Right {
            group: "",
            resource: "secrets",
            verbs: &["get", "update"],
            reason: "its own CA, from which each replica signs its certificate; only with certificates of its own",
        },
    },
    OwnRight {
        own: Own::Lease,
        right: Right {
            group: "coordination.k8s.io",
            resource: "leases",
            verbs: &["get", "update"],
            reason: "one replica makes and rotates the CA, injects it, and writes the statuses of policies",
        },
    },
];

/// Lockkeeper's own name.
const NAME: &str = "lockkeeper";

/// The first table of docs/security.md: [`RIGHTS`].
#[must_use]
pub fn table() -> String {
    let mut text = "| resource | verbs | what for |\n|---|---|---|\n".to_owned();
    for right in RIGHTS {
        let (resource, verbs) = (right.name(), right.verbs.join(", "));
        let _ = writeln!(text, "| `{resource}` | {verbs} | {} |", right.reason);
    }
    text
}

/// The second table of docs/security.md: [`OWN_RIGHTS`].
#[must_use]
pub fn own_table() -> String {
    let mut text = "| resource | only | verbs | what for |\n|---|---|---|---|\n".to_owned();
    for OwnRight { own, right } in OWN_RIGHTS {
        let (resource, verbs) = (right.name(), right.verbs.join(", "));
        let only = match own {
            Own::WebhookConfigurations => "Lockkeeper's own",
            Own::CaSecret => "that of its CA",
            Own::Lease => "its own",
        };
        let _ = writeln!(
            text,
            "| `{resource}` | {only} | {verbs} | {} |",
            right.reason
        );
    }
    text
}

/// The ClusterRole that grants them.
#[must_use]
pub fn cluster_role() -> ClusterRole {
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
        metadata: metadata(),
        rules: Some(rules.collect()),
        ..ClusterRole::default()
    }
}

fn metadata() -> ObjectMeta {
    ObjectMeta {
        name: Some(NAME.to_owned()),
        labels: Some([("app.kubernetes.io/name".to_owned(), NAME.to_owned())].into()),
        ..ObjectMeta::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_holds_what_the_list_says_and_no_secret() {
        let rules = cluster_role().rules.expect("rules");
        for right in RIGHTS {
            let granted = rules.iter().any(|rule| {
                rule.api_groups.as_deref() == Some(&[right.group.to_owned()])
                    && rule.verbs == right.verbs
                    && rule.resources.as_deref().is_some_and(|resources| {
                        resources.iter().any(|resource| resource == right.resource)
                    })
            });
            assert!(granted, "{right:?}");
        }
        let count: usize = rules
            .iter()
            .flat_map(|rule| &rule.resources)
            .map(Vec::len)
            .sum();
        assert_eq!(count, RIGHTS.len());
        assert!(RIGHTS.iter().all(|right| right.resource != "secrets"));
    }

    #[test]
    fn the_docs_are_made_from_the_list() {
        let docs = std::fs::read_to_string("docs/security.md").unwrap_or_default();
        for table in [table(), own_table()] {
            assert!(
                docs.contains(&table),
                "a table of docs/security.md is out of date: run `cargo xtask docs`"
            );
        }
    }
}
