//! Certificates that are trusted, as a `caBundle` holds them.

use std::time::Duration;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use x509_parser::parse_x509_certificate;

use super::profile::Validity;
use super::{CertsError, pem};

/// Certificates that are trusted: no two the same, in the order in which they came. Whether one is a CA's is not
/// asked, as Go's clients trust a server's own certificate too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    certificates: Vec<CertificateDer<'static>>,
}

impl Bundle {
    /// Reads PEM. What is no certificate, as text between them, is left out; nothing at all is an empty bundle.
    ///
    /// # Errors
    /// When a certificate is broken, or there is text and no certificate.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertsError> {
        let mut bundle = Self::default();
        for (place, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let broken = || CertsError::Bundle(place + 1);
            let certificate = certificate.map_err(|_| broken())?;
            validity(&certificate).ok_or_else(broken)?;
            bundle.add(certificate);
        }
        if bundle.is_empty() && !pem.trim_ascii().is_empty() {
            return Err(CertsError::Bundle(1));
        }
        Ok(bundle)
    }

    pub(super) fn of(certificate: CertificateDer<'static>) -> Self {
        Self {
            certificates: vec![certificate],
        }
    }

    /// Writes PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.certificates
            .iter()
            .map(|certificate| pem::certificate(certificate))
            .collect()
    }

    /// Whether every certificate of the other is in this one.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other
            .certificates
            .iter()
            .all(|certificate| self.certificates.contains(certificate))
    }

    /// Both, this one first.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        for certificate in other.certificates {
            self.add(certificate);
        }
        self
    }

    /// Without those whose time is over.
    #[must_use]
    pub fn without_expired(mut self, now: Timestamp) -> Self {
        self.certificates.retain(|certificate| {
            validity(certificate).is_some_and(|validity| !validity.is_over(now))
        });
        self
    }

    /// Whether there is no certificate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// Whether clients that trust this bundle take a chain (PEM, the server's own first) now: its names apart, which
    /// they hold against what they called.
    #[must_use]
    pub fn vouches_for(&self, chain: &[u8], now: Timestamp) -> bool {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let Ok([own, between @ ..]) = chain.as_deref() else {
            return false;
        };
        // The API server trusts a certificate that is in the bundle itself, whoever signed it.
        let is_in = self.certificates.contains(own)
            && validity(own).is_some_and(|validity| validity.holds(now));
        let Ok(parsed) = ParsedCertificate::try_from(own) else {
            return false;
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.certificates.iter().cloned());
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let algorithms = ring::default_provider()
            .signature_verification_algorithms
            .all;
        is_in
            || verify_server_cert_signed_by_trust_anchor(&parsed, &roots, between, now, algorithms)
                .is_ok()
    }

    /// How many certificates there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Each as a bundle of one.
    pub fn each(&self) -> impl Iterator<Item = Self> {
        self.certificates.iter().cloned().map(Self::of)
    }

    pub(super) fn only(&self) -> Option<&CertificateDer<'static>> {
        match self.certificates.as_slice() {
            [certificate] => Some(certificate),
            _ => None,
        }
    }

    fn add(&mut self, certificate: CertificateDer<'static>) {
        if !self.certificates.contains(&certificate) {
            self.certificates.push(certificate);
        }
    }
}

/// When a certificate holds; `None` where it cannot be read.
fn validity(certificate: &CertificateDer<'_>) -> Option<Validity> {
    let (rest, read) = parse_x509_certificate(certificate).ok()?;
    rest.is_empty().then(|| Validity::read(&read)).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{later, names, now};
    use super::super::{Authority, testing};
    use super::*;

    fn authority(now: Timestamp) -> Authority {
        Authority::make(&testing::names(&["a.svc"]), now).expect("a CA")
    }

    #[test]
    fn certificates_are_kept_once_and_in_order() {
        let now = testing::now();
        let (one, two) = (authority(now), authority(now));
        let text = [
            two.cert_pem(),
            "text between\n",
            one.cert_pem(),
            two.cert_pem(),
        ]
        .concat();
        let bundle = Bundle::from_pem(text.as_bytes()).expect("a bundle");
        assert_eq!(bundle.to_pem(), [two.cert_pem(), one.cert_pem()].concat());
        assert_eq!(
            one.bundle().union(two.bundle()).union(one.bundle()).len(),
            2
        );
        assert!(bundle.contains(&one.bundle()) && bundle.contains(&Bundle::default()));
        assert!(!one.bundle().contains(&bundle));
    }

    #[test]
    fn keys_between_certificates_are_not_taken_along() {
        let one = authority(testing::now());
        let text = [one.key_pem(), one.cert_pem(), one.key_pem()].concat();
        let bundle = Bundle::from_pem(text.as_bytes()).expect("a bundle");
        assert!(bundle.to_pem() == one.cert_pem());
    }

    #[test]
    fn what_is_no_bundle_is_told_with_its_place() {
        let one = authority(testing::now());
        assert!(Bundle::from_pem(b" \n").expect("empty").is_empty());
        assert!(matches!(
            Bundle::from_pem(b"hello"),
            Err(CertsError::Bundle(1))
        ));
        assert!(matches!(
            Bundle::from_pem(one.key_pem().as_bytes()),
            Err(CertsError::Bundle(1))
        ));
        let broken = [one.cert_pem(), &pem::certificate(b"no certificate")].concat();
        assert!(matches!(
            Bundle::from_pem(broken.as_bytes()),
            Err(CertsError::Bundle(2))
        ));
        let cut = one.cert_pem().replace("-----END", "");
        assert!(Bundle::from_pem(cut.as_bytes()).is_err());
        let longer = pem::certificate(&[one.bundle().certificates[0].as_ref(), b"more"].concat());
        assert!(Bundle::from_pem(longer.as_bytes()).is_err());
    }

    #[test]
    fn it_vouches_for_what_its_cas_signed_while_that_holds() {
        let (ca, other) = (authority(now()), authority(now()));
        let pair = ca.issue(&names(&["a.svc"]), now()).expect("a pair");
        let chain = pair.chain_pem().as_bytes();
        let both = other.bundle().union(ca.bundle());
        assert!(both.vouches_for(chain, now()));
        assert!(!other.bundle().vouches_for(chain, now()));
        assert!(!both.vouches_for(chain, later(pair.not_after(), 1)));
        assert!(!both.vouches_for(b"nonsense", now()));
        // As Go has it, a certificate that is trusted itself needs no CA.
        let itself = Bundle::from_pem(chain).expect("a bundle");
        assert!(itself.vouches_for(chain, now()));
        assert!(!itself.vouches_for(chain, later(pair.not_after(), 1)));
    }

    #[test]
    fn those_whose_time_is_over_go() {
        let now = testing::now();
        let (old, new) = (authority(now), authority(testing::later(now, 24)));
        let both = old.bundle().union(new.bundle());
        assert_eq!(both.clone().without_expired(old.not_after()).len(), 2);
        let after = testing::later(old.not_after(), 1);
        assert_eq!(both.without_expired(after), new.bundle());
    }
}
