//! The place of the serving certificate, which changes between two handshakes and drops no connection.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::tls::Certificate;

/// How the serving certificate fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Why no requests should come; `None` when they should.
    pub unready: Option<Cow<'static, str>>,
    /// When the certificate that is served ends.
    pub expiry: Option<Timestamp>,
    /// Whether it cannot be renewed now: what would be served next cannot be read, made or used.
    pub broken: bool,
    /// How many webhooks of the configurations do not trust what is served; `None` where nobody looks.
    pub bundles_missing: Option<usize>,
}

/// Holds the certificate that is served, or none yet: then handshakes fail.
#[derive(Default)]
pub struct Slot {
    key: ArcSwapOption<CertifiedKey>,
    health: Mutex<Health>,
    swaps: AtomicU64,
}

impl fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Slot")
            .field("swaps", &self.swaps())
            .finish_non_exhaustive()
    }
}

impl Slot {
    /// Serves this one from the next handshake on.
    pub fn put(&self, certificate: Certificate) {
        self.key.store(Some(certificate.into_key()));
        self.swaps.fetch_add(1, Ordering::Relaxed);
    }

    /// Says how the certificate fares.
    pub fn tell(&self, health: Health) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    /// What was said last.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many certificates were put here.
    pub(super) fn swaps(&self) -> u64 {
        self.swaps.load(Ordering::Relaxed)
    }
}

impl ResolvesServerCert for Slot {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.key.load_full()
    }
}
