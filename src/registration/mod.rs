//! What the API server is told of us: the webhook configurations that `lockkeeper webhooks` prints
//! and that every way of installing uses.

pub mod break_glass;
mod chart;
mod conditions;
mod endpoint;
mod own;

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations,
    ValidatingWebhook, ValidatingWebhookConfiguration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta,
};

use crate::model::Kind;

pub use chart::chart_files;
pub use endpoint::{Endpoint, EndpointError};
pub use own::{OwnRelease, OwnReleaseError};

/// The name of both configurations.
pub const NAME: &str = "lockkeeper";

/// The API server gives up on us after this many seconds; it waits for all mutating webhooks one
/// after the other, so the bound is short.
const TIMEOUT_SECONDS: i32 = 5;

/// What happens to requests while no replica answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// They are refused. Only what is judged is registered, so nothing else waits for us.
    #[default]
    Fail,
    /// They pass unjudged.
    Ignore,
}

impl FailurePolicy {
    /// Kubernetes' word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FailurePolicy::Fail => "Fail",
            FailurePolicy::Ignore => "Ignore",
        }
    }
}

/// Which pods are sent to us at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PodScope {
    /// Pods with the annotation or label `lockkeeper.dev/tmpfs`.
    Annotated,
    /// Those, and pods with a container whose root file system is read-only.
    #[default]
    ReadOnlyRoot,
    /// All pods.
    All,
}

impl PodScope {
    /// Which pods that a TmpfsPolicy asks for are never sent to us; `None` when all are. `writable` says that
    /// it asks for containers with a writable root file system too.
    #[must_use]
    pub fn withholds(self, writable: bool) -> Option<&'static str> {
        match self {
            PodScope::All => None,
            PodScope::ReadOnlyRoot if !writable => None,
            PodScope::ReadOnlyRoot => Some(
                "pods in which every root file system is writable, unless they have the annotation or label `lockkeeper.dev/tmpfs`",
            ),
            PodScope::Annotated => {
                Some("pods without the annotation or label `lockkeeper.dev/tmpfs`")
            }
        }
    }
}

/// What a registration depends on.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Where we are.
    pub endpoint: Endpoint,
    /// The CA that signed our certificate, PEM. Left out where it is injected later.
    pub ca_bundle: Option<Vec<u8>>,
    /// For the judgement of releases and sources.
    pub failure_policy: FailurePolicy,
    /// For the mutation of pods.
    pub pod_scope: PodScope,
    /// What installs us, and is never judged: it is what mends us while we are down.
    pub own_release: OwnRelease,
}

impl Registration {
    /// The webhooks that judge. Only CREATE and UPDATE of what is judged is registered: a deletion,
    /// a status or a finalizer never waits for us, even when nobody answers.
    ///
    /// Kustomizations pass whenever we do not answer, whatever was asked for: Flux applies everything
    /// by them, this very registration and what would start us again included. Our own release and its
    /// source, and the source of Flux itself, are never sent: see [`OwnRelease`]. Nor is anything in a namespace with the
    /// label of [`break_glass`].
    #[must_use]
    pub fn validating(&self) -> ValidatingWebhookConfiguration {
        let own = &self.own_release;
        let home = self.endpoint.namespace().unwrap_or(own.namespace());
        let (own_release, own_source) = (
            conditions::not_our_own_release(own, home),
            conditions::not_our_own_source(own),
        );
        let releases = [borrowed(&own_release)];
        let sources = [conditions::SOURCES, &[borrowed(&own_source)]].concat();
        ValidatingWebhookConfiguration {
            metadata: metadata(),
            webhooks: Some(vec![
                self.judging("releases.lockkeeper.dev", Kind::HelmRelease, &releases),
                self.judging("sources.lockkeeper.dev", Kind::OciRepository, &sources),
                self.judging("charts.lockkeeper.dev", Kind::HelmChart, conditions::CHARTS),
                ValidatingWebhook {
                    failure_policy: Some(FailurePolicy::Ignore.as_str().to_owned()),
                    ..self.judging("kustomizations.lockkeeper.dev", Kind::Kustomization, &[])
                },
                self.policies(),
            ]),
        }
    }

    fn judging(&self, name: &str, kind: Kind, more: &[(&str, &str)]) -> ValidatingWebhook {
        let conditions = [conditions::JUDGED, more].concat();
        ValidatingWebhook {
            admission_review_versions: vec!["v1".to_owned()],
            client_config: self
                .endpoint
                .client_config("/validate", self.ca_bundle.as_deref()),
            failure_policy: Some(self.failure_policy.as_str().to_owned()),
            match_conditions: Some(conditions_of(&conditions)),
            match_policy: Some("Equivalent".to_owned()),
            name: name.to_owned(),
            namespace_selector: Some(break_glass::closed_namespaces()),
            rules: Some(vec![rule(kind)]),
            side_effects: "None".to_owned(),
            timeout_seconds: Some(TIMEOUT_SECONDS),
            ..ValidatingWebhook::default()
        }
    }

    /// The webhook that reads policies before they are stored. It stops none while nobody answers: a policy may be what
    /// mends us, and the definitions' own schemas hold all the same.
    fn policies(&self) -> ValidatingWebhook {
        ValidatingWebhook {
            admission_review_versions: vec!["v1".to_owned()],
            client_config: self
                .endpoint
                .client_config("/policies", self.ca_bundle.as_deref()),
            failure_policy: Some(FailurePolicy::Ignore.as_str().to_owned()),
            match_conditions: Some(conditions_of(&[conditions::NOT_DELETING])),
            match_policy: Some("Equivalent".to_owned()),
            name: "policies.lockkeeper.dev".to_owned(),
            rules: Some(vec![RuleWithOperations {
                api_groups: Some(vec!["lockkeeper.dev".to_owned()]),
                api_versions: Some(vec!["v1alpha1".to_owned()]),
                operations: Some(vec!["CREATE".to_owned(), "UPDATE".to_owned()]),
                resources: Some(
                    ["releasepolicies", "tmpfspolicies", "exemptions"]
                        .map(str::to_owned)
                        .into(),
                ),
                scope: Some("*".to_owned()),
            }]),
            side_effects: "None".to_owned(),
            timeout_seconds: Some(TIMEOUT_SECONDS),
            ..ValidatingWebhook::default()
        }
    }

    /// The webhook that gives pods their mounts. It never stops a pod: without us a pod lacks a
    /// tmpfs, while a cluster that cannot start pods cannot start us.
    #[must_use]
    pub fn mutating(&self) -> MutatingWebhookConfiguration {
        MutatingWebhookConfiguration {
            metadata: metadata(),
            webhooks: Some(vec![MutatingWebhook {
                admission_review_versions: vec!["v1".to_owned()],
                client_config: self
                    .endpoint
                    .client_config("/mutate", self.ca_bundle.as_deref()),
                failure_policy: Some(FailurePolicy::Ignore.as_str().to_owned()),
                match_conditions: Some(conditions_of(match self.pod_scope {
                    PodScope::Annotated => conditions::ANNOTATED_PODS,
                    PodScope::ReadOnlyRoot => conditions::READ_ONLY_ROOT_PODS,
                    PodScope::All => conditions::ALL_PODS,
                })),
                match_policy: Some("Equivalent".to_owned()),
                name: "pods.lockkeeper.dev".to_owned(),
                namespace_selector: Some(self.pod_namespaces()),
                reinvocation_policy: Some("IfNeeded".to_owned()),
                rules: Some(vec![RuleWithOperations {
                    api_groups: Some(vec![String::new()]),
                    api_versions: Some(vec!["v1".to_owned()]),
                    operations: Some(vec!["CREATE".to_owned()]),
                    resources: Some(vec!["pods".to_owned()]),
                    scope: Some("Namespaced".to_owned()),
                }]),
                side_effects: "None".to_owned(),
                timeout_seconds: Some(TIMEOUT_SECONDS),
                ..MutatingWebhook::default()
            }]),
        }
    }

    /// Every namespace but those that the cluster, Flux and we ourselves start from.
    fn pod_namespaces(&self) -> LabelSelector {
        let mut left_out = vec!["kube-system".to_owned(), "flux-system".to_owned()];
        left_out.extend(self.endpoint.namespace().map(str::to_owned));
        LabelSelector {
            match_expressions: Some(vec![LabelSelectorRequirement {
                key: "kubernetes.io/metadata.name".to_owned(),
                operator: "NotIn".to_owned(),
                values: Some(left_out),
            }]),
            match_labels: None,
        }
    }
}

fn metadata() -> ObjectMeta {
    ObjectMeta {
        name: Some(NAME.to_owned()),
        labels: Some([("app.kubernetes.io/name".to_owned(), NAME.to_owned())].into()),
        ..ObjectMeta::default()
    }
}

fn rule(kind: Kind) -> RuleWithOperations {
    let (version, plural) = match kind {
        Kind::HelmRelease => ("v2", "helmreleases"),
        Kind::OciRepository => ("v1", "ocirepositories"),
        Kind::HelmChart => ("v1", "helmcharts"),
        Kind::Kustomization => ("v1", "kustomizations"),
    };
    RuleWithOperations {
        api_groups: Some(vec![kind.group().to_owned()]),
        api_versions: Some(vec![version.to_owned()]),
        operations: Some(vec!["CREATE".to_owned(), "UPDATE".to_owned()]),
        resources: Some(vec![plural.to_owned()]),
        scope: Some("Namespaced".to_owned()),
    }
}

fn borrowed<'a>(condition: &'a (&'static str, String)) -> (&'static str, &'a str) {
    (condition.0, &condition.1)
}

fn conditions_of(conditions: &[(&str, &str)]) -> Vec<MatchCondition> {
    conditions
        .iter()
        .map(|&(name, expression)| MatchCondition {
            name: name.to_owned(),
            expression: expression.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(endpoint: Endpoint) -> Registration {
        Registration {
            endpoint,
            ca_bundle: None,
            failure_policy: FailurePolicy::Fail,
            pod_scope: PodScope::ReadOnlyRoot,
            own_release: OwnRelease::default(),
        }
    }

    #[test]
    fn only_what_is_judged_is_registered() {
        let endpoint = Endpoint::url("https://127.0.0.1:8443").expect("an address");
        let configuration = registration(endpoint).validating();
        for webhook in configuration.webhooks.expect("webhooks") {
            for rule in webhook.rules.expect("rules") {
                assert_eq!(rule.operations.expect("operations"), ["CREATE", "UPDATE"]);
                for resource in rule.resources.expect("resources") {
                    assert!(!resource.contains(['/', '*']), "{resource}");
                }
            }
            assert_eq!(webhook.side_effects, "None");
            assert!(webhook.timeout_seconds.expect("a timeout") <= 5);
            let expected = match &*webhook.name {
                "kustomizations.lockkeeper.dev" | "policies.lockkeeper.dev" => "Ignore",
                _ => "Fail",
            };
            assert_eq!(webhook.failure_policy.as_deref(), Some(expected));
        }
    }

    #[test]
    fn our_own_release_is_left_out_by_its_name_and_by_where_we_run() {
        let condition = |endpoint: Endpoint, own: &str| {
            let mut registration = registration(endpoint);
            registration.own_release = own.parse().expect("a release");
            let webhooks = registration.validating().webhooks.expect("webhooks");
            let conditions = webhooks.into_iter().flat_map(|webhook| {
                let conditions = webhook.match_conditions.expect("conditions");
                conditions
                    .into_iter()
                    .map(move |condition| (webhook.name.clone(), condition))
            });
            conditions
                .filter(|(_, condition)| condition.name.contains("own"))
                .map(|(webhook, condition)| (webhook, condition.expression))
                .collect::<Vec<_>>()
        };
        let service = Endpoint::service("lock/keeper").expect("a Service");
        let [(releases, release), (sources, source)] = condition(service, "flux-system/ours")
            .try_into()
            .expect("two conditions");
        assert_eq!(releases, "releases.lockkeeper.dev");
        assert!(
            release.contains("object.metadata.namespace == 'flux-system'"),
            "{release}"
        );
        assert!(
            release.contains("object.metadata.name == 'ours'"),
            "{release}"
        );
        assert!(
            release.contains(": object.metadata.namespace) == 'lock'"),
            "{release}"
        );
        assert_eq!(sources, "sources.lockkeeper.dev");
        assert_eq!(
            source,
            "object.metadata.namespace != 'flux-system' || object.metadata.name != 'ours'"
        );
        // Outside the cluster nobody knows where we run but the release itself.
        let url = Endpoint::url("https://127.0.0.1:8443").expect("an address");
        let release = condition(url, "apps/ours").remove(0).1;
        assert!(
            release.contains(": object.metadata.namespace) == 'apps'"),
            "{release}"
        );
    }

    #[test]
    fn pods_of_our_own_namespace_are_left_out() {
        let endpoint = Endpoint::service("lock/keeper").expect("a Service");
        let configuration = registration(endpoint).mutating();
        let webhook = configuration.webhooks.expect("webhooks").remove(0);
        assert_eq!(webhook.failure_policy.as_deref(), Some("Ignore"));
        let expressions = webhook
            .namespace_selector
            .and_then(|selector| selector.match_expressions)
            .expect("expressions");
        assert_eq!(
            expressions[0].values.as_deref().expect("values"),
            ["kube-system", "flux-system", "lock"]
        );
    }
}
