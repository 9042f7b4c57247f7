//! What is counted. Every label has a bounded set of values, whatever clients send.

mod policies;

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use self::policies::PolicyMetrics;
use super::slot::Slot;
use crate::admission::{Answer, Review};
use crate::facts::Watch;
use crate::model::{Kind, RuleName};
use crate::policy::Current;
use crate::telemetry::PANICS;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReviewLabels {
    kind: &'static str,
    operation: &'static str,
    verdict: &'static str,
    dry_run: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    kind: &'static str,
    rule: RuleName,
    action: &'static str,
    dry_run: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WatchLabels {
    resource: &'static str,
}

/// All metrics of the server.
pub(super) struct Metrics {
    registry: Registry,
    reviews: Family<ReviewLabels, Counter>,
    findings: Family<FindingLabels, Counter>,
    refusals: Family<RefusalLabels, Counter>,
    duration: Histogram,
    in_flight: Gauge,
    turned_away: Counter,
    watch_age: Family<WatchLabels, Gauge<f64, AtomicU64>>,
    watched_objects: Family<WatchLabels, Gauge>,
    certificate_expiry: Gauge,
    certificate_broken: Gauge,
    certificate_swaps: Counter,
    bundles_missing: Gauge,
    policies: PolicyMetrics,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("lockkeeper");
        let reviews = Family::default();
        registry.register(
            "reviews",
            "Reviews answered, by kind, operation, verdict and dry_run",
            Family::clone(&reviews),
        );
        let findings = Family::default();
        registry.register(
            "findings",
            "Findings, by the rule and what became of them",
            Family::clone(&findings),
        );
        let refusals = Family::default();
        registry.register(
            "refused_requests",
            "Requests answered with an HTTP error, by status",
            Family::clone(&refusals),
        );
        // From 25 µs, as a judgement takes some tens, to 1.6 s.
        let duration = Histogram::new([
            0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025,
            0.05, 0.1, 0.4, 1.6,
        ]);
        registry.register_with_unit(
            "review_duration",
            "From the whole body to the whole answer",
            Unit::Seconds,
            duration.clone(),
        );
        let in_flight = Gauge::default();
        registry.register(
            "reviews_in_flight",
            "Reviews that are read or judged now",
            in_flight.clone(),
        );
        let turned_away = Counter::default();
        registry.register(
            "connections_turned_away",
            "Connections closed at once, as there were too many",
            turned_away.clone(),
        );
        let watch_age = Family::default();
        registry.register_with_unit(
            "watch_age",
            "Since what is known of a kind was last known to be whole; -1 before it ever was",
            Unit::Seconds,
            Family::clone(&watch_age),
        );
        let watched_objects = Family::default();
        registry.register(
            "watched_objects",
            "Objects of a kind that are known",
            Family::clone(&watched_objects),
        );
        let certificate_expiry = Gauge::default();
        registry.register_with_unit(
            "certificate_expiry_timestamp",
            "When the served certificate ends, since 1970; 0 where none is served",
            Unit::Seconds,
            certificate_expiry.clone(),
        );
        let certificate_broken = Gauge::default();
        registry.register(
            "certificate_broken",
            "1 where the served certificate cannot be renewed: the next one, or its CA, cannot be read, made or used",
            certificate_broken.clone(),
        );
        let certificate_swaps = Counter::default();
        registry.register(
            "certificate_swaps",
            "Certificates served since the start",
            certificate_swaps.clone(),
        );
        let bundles_missing = Gauge::default();
        registry.register(
            "ca_bundles_missing",
            "Webhooks of the configurations that do not trust the served certificate; -1 where nobody looks",
            bundles_missing.clone(),
        );
        let policies = PolicyMetrics::new(&mut registry);
        registry.register("panics", "Panics caught since the start", PANICS.clone());
        Self {
            registry,
            reviews,
            findings,
            refusals,
            duration,
            in_flight,
            turned_away,
            watch_age,
            watched_objects,
            certificate_expiry,
            certificate_broken,
            certificate_swaps,
            bundles_missing,
            policies,
        }
    }

    /// Takes over how the serving certificate fares now.
    pub(super) fn certificate(&self, slot: &Slot) {
        let health = slot.health();
        let missing = health
            .bundles_missing
            .map_or(Some(-1), |count| i64::try_from(count).ok());
        self.certificate_expiry
            .set(health.expiry.map_or(0, Timestamp::as_second));
        self.certificate_broken.set(i64::from(health.broken));
        self.certificate_swaps
            .inner()
            .store(slot.swaps(), Ordering::Relaxed);
        self.bundles_missing.set(missing.unwrap_or(i64::MAX));
    }

    /// Takes over how the policies fare now.
    pub(super) fn policies(&self, current: &Current, now: Timestamp) {
        self.policies.read(current, now);
    }

    /// Counts a review whose expressions took too long, by the policy that they stand in.
    pub(super) fn overdue(&self, policy: &str) {
        self.policies.overdue(policy);
    }

    /// Takes over how the watches fare now.
    pub(super) fn watch(&self, watches: &[Watch]) {
        for watch in watches {
            let labels = WatchLabels {
                resource: watch.resource,
            };
            let objects = i64::try_from(watch.objects).unwrap_or(i64::MAX);
            self.watched_objects.get_or_create(&labels).set(objects);
            self.watch_age
                .get_or_create(&labels)
                .set(watch.age.unwrap_or(-1.0));
        }
    }

    /// Counts an answered review.
    pub(super) fn answered(&self, review: &Review<'_>, answer: &Answer) {
        let kind = kind(review);
        let dry_run = if review.is_dry_run() { "true" } else { "false" };
        self.reviews
            .get_or_create(&ReviewLabels {
                kind,
                operation: operation(review),
                verdict: verdict(answer),
                dry_run,
            })
            .inc();
        self.policies.answered(answer);
        for ruled in &answer.verdict.findings {
            self.findings
                .get_or_create(&FindingLabels {
                    kind,
                    rule: ruled.finding.rule.clone(),
                    action: ruled.action.as_str(),
                    dry_run,
                })
                .inc();
        }
    }

    pub(super) fn took(&self, seconds: f64) {
        self.duration.observe(seconds);
    }

    /// Counts a request that was answered with an HTTP error.
    pub(super) fn refused(&self, status: u16) {
        self.refusals.get_or_create(&RefusalLabels { status }).inc();
    }

    /// Counts a connection that there was no room for.
    pub(super) fn turned_away(&self) {
        self.turned_away.inc();
    }

    /// Counts as in flight until it is dropped.
    pub(super) fn enter(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// OpenMetrics text.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

/// One review in flight.
pub(super) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn kind(review: &Review<'_>) -> &'static str {
    let judged = Kind::in_group(review.group(), review.kind()).map(Kind::name);
    judged.or_else(|| review.policy_kind()).unwrap_or("other")
}

fn operation(review: &Review<'_>) -> &'static str {
    ["CREATE", "UPDATE", "DELETE", "CONNECT"]
        .into_iter()
        .find(|known| *known == review.operation_name())
        .unwrap_or("other")
}

/// The word for an answer in metrics and logs.
pub(super) fn verdict(answer: &Answer) -> &'static str {
    if answer.not_judged.is_some() {
        "not_judged"
    } else if !answer.is_allowed() {
        "denied"
    } else if answer.warnings.is_empty() {
        "allowed"
    } else {
        "warned"
    }
}
