//! What is counted of policies and exemptions.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::admission::Answer;
use crate::judge::Note;
use crate::model::RuleName;
use crate::policy::{Current, Document, Exemption, KINDS, Policy};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ExemptedLabels {
    rule: RuleName,
    by: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OverdueLabels {
    policy: String,
}

/// The metrics of policies.
pub(super) struct PolicyMetrics {
    policies: Family<KindLabels, Gauge>,
    broken: Family<KindLabels, Gauge>,
    swaps: Counter,
    swapped: Gauge,
    exemptions: Family<StateLabels, Gauge>,
    expiry: Gauge,
    exempted: Family<ExemptedLabels, Counter>,
    overdue: Family<OverdueLabels, Counter>,
}

impl PolicyMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let policies = Family::default();
        registry.register(
            "policies",
            "Policies in force, by kind, those of the policy file among them",
            Family::clone(&policies),
        );
        let broken = Family::default();
        registry.register(
            "policies_broken",
            "Policies that cannot be compiled as they are now, by kind",
            Family::clone(&broken),
        );
        let swaps = Counter::default();
        registry.register(
            "policy_swaps",
            "How often other policies were put in force since the start",
            swaps.clone(),
        );
        let swapped = Gauge::default();
        registry.register_with_unit(
            "policy_swap_timestamp",
            "When other policies were put in force last, since 1970; 0 where that never happened",
            Unit::Seconds,
            swapped.clone(),
        );
        let exemptions = Family::default();
        registry.register(
            "exemptions",
            "Exemptions, by whether they count: active, expired, or not_opened by any ReleasePolicy",
            Family::clone(&exemptions),
        );
        let expiry = Gauge::default();
        registry.register_with_unit(
            "exemption_expiry_timestamp",
            "When the next exemption ends that counts now, since 1970; 0 where none does",
            Unit::Seconds,
            expiry.clone(),
        );
        let exempted = Family::default();
        registry.register(
            "exempted_findings",
            "Findings that an exemption allowed, by the rule and what exempted: policy, exemption or annotation",
            Family::clone(&exempted),
        );
        let overdue = Family::default();
        registry.register(
            "expressions_overdue",
            "Reviews whose expressions took too long, by the ReleasePolicy, or unknown",
            Family::clone(&overdue),
        );
        Self {
            policies,
            broken,
            swaps,
            swapped,
            exemptions,
            expiry,
            exempted,
            overdue,
        }
    }

    /// Takes over how the policies fare now.
    pub(super) fn read(&self, current: &Current, now: Timestamp) {
        let policy = current.policy();
        let health = current.health();
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        for kind in KINDS {
            let labels = KindLabels { kind };
            let documents = policy.documents().iter();
            let count = documents.filter(|document| document.kind() == kind).count();
            self.policies.get_or_create(&labels).set(number(count));
            let broken = health.broken.iter();
            let count = broken.filter(|broken| broken.kind == kind).count();
            self.broken.get_or_create(&labels).set(number(count));
        }
        self.swaps.inner().store(current.swaps(), Ordering::Relaxed);
        self.swapped.set(current.swapped());
        let (mut counts, mut next) = ([0; 3], None::<Timestamp>);
        for (exemption, is_opened) in exemptions(&policy) {
            let state = match (exemption.is_expired(now), is_opened) {
                (true, _) => 1,
                (false, false) => 2,
                (false, true) => {
                    let end = exemption.expires_at();
                    next = Some(next.map_or(end, |next| next.min(end)));
                    0
                }
            };
            counts[state] += 1;
        }
        for (state, count) in ["active", "expired", "not_opened"].into_iter().zip(counts) {
            self.exemptions
                .get_or_create(&StateLabels { state })
                .set(count);
        }
        self.expiry.set(next.map_or(0, Timestamp::as_second));
    }

    /// Counts a review that was given up.
    pub(super) fn overdue(&self, policy: &str) {
        let labels = OverdueLabels {
            policy: policy.to_owned(),
        };
        self.overdue.get_or_create(&labels).inc();
    }

    /// Counts what was exempted.
    pub(super) fn answered(&self, answer: &Answer) {
        for ruled in &answer.verdict.findings {
            if let Some(Note::Exempt { by, .. }) = &ruled.note {
                let labels = ExemptedLabels {
                    rule: ruled.finding.rule.clone(),
                    by: by.as_str(),
                };
                self.exempted.get_or_create(&labels).inc();
            }
        }
    }
}

/// All exemptions of objects and policies, each with whether it may count. What a policy allows itself may.
fn exemptions(policy: &Policy) -> impl Iterator<Item = (&Exemption, bool)> {
    let objects = policy
        .documents()
        .iter()
        .filter_map(|document| match &**document {
            Document::Exemption {
                namespace,
                exemption,
                ..
            } => Some((&**exemption, policy.opens(namespace, exemption))),
            Document::Release(_) | Document::Tmpfs(_) => None,
        });
    let own = policy.releases().iter().flat_map(|release| {
        let exemptions = release.exemptions().iter();
        exemptions.map(|exemption| (exemption, true))
    });
    objects.chain(own)
}
