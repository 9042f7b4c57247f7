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
        let health = self.certificate.health();
        if self.is_stopping.load(Ordering::Relaxed) {
            Some("stopping".into())
        } else if let Some(reason) = health.unready {
            Some(reason)
        } else if let Some(end) = health.expiry.filter(|&end| end <= (self.clock)()) {
            Some(format!("the served certificate ended at {end}").into())
        } else if !self.knowledge.is_ready() {
            Some("the objects of the cluster have not been listed yet".into())
        } else {
            self.policy.health().unready.clone()
        }
    }

    /// Says that no new requests should come, while those that come are still answered.
    pub fn not_ready(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }
}
