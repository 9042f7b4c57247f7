//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::limits::Limits;
use super::metrics::Metrics;
use crate::facts::Facts;
use crate::policy::Policy;

/// The unit in which room for bodies is given out.
pub(super) const ROOM_UNIT: usize = 1024;

/// The webhook: a policy, facts and a clock, with what is counted and limited.
pub struct App {
    pub(super) policy: Policy,
    pub(super) facts: Box<dyn Facts + Send + Sync>,
    pub(super) clock: fn() -> Timestamp,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) room: Arc<Semaphore>,
    ready: AtomicBool,
}

impl App {
    /// A webhook that is ready at once.
    #[must_use]
    pub fn new(policy: Policy, facts: Box<dyn Facts + Send + Sync>, limits: Limits) -> Self {
        Self {
            policy,
            facts,
            clock: Timestamp::now,
            room: Arc::new(Semaphore::new(limits.bodies / ROOM_UNIT)),
            limits,
            metrics: Metrics::new(),
            ready: AtomicBool::new(true),
        }
    }

    /// Takes another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> Timestamp) -> Self {
        self.clock = clock;
        self
    }

    /// Whether new requests should come here.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Says that no new requests should come, while those that come are still answered.
    pub fn not_ready(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }
}
