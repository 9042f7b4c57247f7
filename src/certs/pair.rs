//! A serving certificate with its key.

use jiff::Timestamp;
use rcgen::PublicKeyData;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;
use zeroize::Zeroizing;

use super::names::{Names, octets};
use super::profile::Validity;
use super::{CertsError, pem};

/// A serving certificate with its chain and its key, which is zeroed on drop. It has no `Debug`: a key
/// is never printed by mistake.
pub struct Pair {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) chain_pem: String,
    pub(super) key_pem: Zeroizing<String>,
    pub(super) validity: Validity,
}

impl Pair {
    /// Reads a pair of ours from its PEM: the certificate, with what stands above it, and an unencrypted PKCS#8 key.
    ///
    /// # Errors
    /// When either cannot be read, or the key belongs to another certificate.
    pub fn from_pem(chain: &str, key: &str) -> Result<Self, CertsError> {
        let broken = || CertsError::Certificate("the certificate cannot be read");
        let certificate = CertificateDer::from_pem_slice(chain.as_bytes()).map_err(|_| broken())?;
        let (_, read) = parse_x509_certificate(&certificate).map_err(|_| broken())?;
        let key = pem::key_pair(key)?;
        if read.public_key().raw != key.subject_public_key_info() {
            return Err(CertsError::Mismatch);
        }
        Ok(Self {
            validity: Validity::read(&read).ok_or_else(broken)?,
            chain_pem: chain.to_owned(),
            key_pem: pem::key(key.serialized_der()),
            certificate,
        })
    }

    /// Whether it holds for all these names.
    #[must_use]
    pub fn is_for(&self, names: &[String]) -> bool {
        let Ok(names) = Names::read(names) else {
            return false;
        };
        let Ok((_, read)) = parse_x509_certificate(&self.certificate) else {
            return false;
        };
        let subjects = read.subject_alternative_name().ok().flatten();
        let subjects: &[GeneralName<'_>] = subjects
            .as_ref()
            .map_or(&[], |found| &found.value.general_names);
        let has = |wanted: &GeneralName<'_>| subjects.contains(wanted);
        names
            .dns
            .iter()
            .all(|name| has(&GeneralName::DNSName(name)))
            && names
                .addresses
                .iter()
                .all(|address| has(&GeneralName::IPAddress(&octets(*address))))
    }

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
}
