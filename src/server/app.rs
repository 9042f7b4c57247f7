//! What all requests share.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::limits::Limits;
use super::metrics::Metrics;
use super::slot::Slot;
use crate::facts::Knowledge;
use crate::policy::{Current, Policy};

/// The unit in which room for bodies is given out.
pub(super) const ROOM_UNIT: usize = 1024;

/// The webhook: a policy, knowledge of the cluster and a clock, with what is counted and limited.
pub struct App {
    pub(super) policy: Arc<Current>,
    pub(super) knowledge: Arc<dyn Knowledge>,
    pub(super) clock: fn() -> Timestamp,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) room: Arc<Semaphore>,
    pub(super) evaluations: Arc<Semaphore>,
    certificate: Arc<Slot>,
    is_stopping: AtomicBool,
}

impl App {
    /// A webhook that is ready as soon as `knowledge` is.
    #[must_use]
    pub fn new(policy: Policy, knowledge: Arc<dyn Knowledge>, limits: Limits) -> Self {
        Self {
            policy: Arc::new(Current::new(policy)),
            knowledge,
            clock: Timestamp::now,
            room: Arc::new(Semaphore::new(limits.bodies / ROOM_UNIT)),
            evaluations: Arc::new(Semaphore::new(limits.evaluations)),
            limits,
            metrics: Metrics::new(),
            certificate: Arc::default(),
            is_stopping: AtomicBool::new(false),
        }
    }

    /// Takes another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> Timestamp) -> Self {
        self.clock = clock;
        self
    }

    /// The place of the certificate that is served over TLS.
    #[must_use]
    pub fn certificate(&self) -> Arc<Slot> {
        Arc::clone(&self.certificate)
    }

    /// The place of the policy that is in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Current> {
        Arc::clone(&self.policy)
    }

    /// What is known of the cluster.
    #[must_use]
    pub fn knowledge(&self) -> Arc<dyn Knowledge> {
        Arc::clone(&self.knowledge)
    }

    /// Why no new requests should come here; `None` when they should.
    #[must_use]
    pub fn unready(&self) -> Option<Cow<'static, str>> {
        self.conditions().into_iter().find_map(|(_, unmet)| unmet)
    }

    /// What must be met, and why it is not.
    fn conditions(&self) -> [(&'static str, Option<Cow<'static, str>>); 4] {
        let is_stopping = self.is_stopping.load(Ordering::Relaxed);
        let health = self.certificate.health();
        let has_ended = || {
            let end = health.expiry.filter(|&end| end <= (self.clock)())?;
            Some(format!("the served certificate ended at {end}").into())
        };
        let unlisted = "the objects of the cluster have not been listed yet";
        [
            ("shutdown", is_stopping.then_some("stopping".into())),
            ("certificate", health.unready.clone().or_else(has_ended)),
            (
                "cluster",
                (!self.knowledge.is_ready()).then_some(unlisted.into()),
            ),
            ("policies", self.policy.health().unready.clone()),
        ]
    }

    /// Every condition on a line, as Kubernetes' own `/readyz?verbose` has them, and what is broken without keeping
    /// anybody from being ready.
    #[must_use]
    pub fn checks(&self, is_ready: bool) -> String {
        let mut text = String::new();
        let health = self.policy.health();
        let is_worse = !(health.broken.is_empty() && health.doubts.is_empty());
        for (name, unmet) in self.conditions() {
            match unmet {
                Some(why) => text.push_str(&format!("[-]{name} failed: {why}\n")),
                None if name == "policies" && is_worse => {}
                None => text.push_str(&format!("[+]{name} ok\n")),
            }
        }
        for broken in &health.broken {
            text.push_str(&format!("[-]policies broken: {broken}\n"));
        }
        for doubt in &health.doubts {
            text.push_str(&format!("[-]policies doubtful: {doubt}\n"));
        }
        let verdict = if is_ready { "passed" } else { "failed" };
        text.push_str(&format!("readyz check {verdict}\n"));
        text
    }

    /// Says that no new requests should come, while those that come are still answered.
    pub fn not_ready(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }
}
