//! A serving certificate with its key.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::Fingerprint;
use super::bundle::fingerprint;
use super::profile::Validity;

/// A serving certificate with its chain and its key, which is zeroed on drop. It has no `Debug`: a key
/// is never printed by mistake.
pub struct Pair {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) chain_pem: String,
    pub(super) key_pem: Zeroizing<String>,
    pub(super) validity: Validity,
}

impl Pair {
    /// The certificate and what stands between it and the CA, as PEM.
    #[must_use]
    pub fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// The private key, as PEM. Only who serves needs it.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// When another is to be made: at two thirds of the time.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        self.validity.due()
    }

    /// Until when it holds.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.validity.not_after
    }

    /// The SHA-256 of the serving certificate.
    #[must_use]
    pub fn id(&self) -> Fingerprint {
        fingerprint(&self.certificate)
    }
}
