//! A CA that signs: its certificate and its key.

use jiff::{SignedDuration, Timestamp};
use rcgen::{Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use rustls::pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;
use zeroize::Zeroizing;

use super::bundle::Bundle;
use super::constraints::Constraints;
use super::names::Names;
use super::profile::{self, CA_VALIDITY, SERVING_VALIDITY, Validity};
use super::{CertsError, Pair, pem};

/// A CA that signs serving certificates. Its key is zeroed on drop (but for ring's own working form of it), and it has
/// no `Debug`: a key is never printed by mistake.
pub struct Authority {
    certificate: CertificateDer<'static>,
    cert_pem: String,
    key: Zeroizing<KeyPair>,
    key_pem: Zeroizing<String>,
    validity: Validity,
    constraints: Constraints,
    is_root: bool,
}

impl Authority {
    /// Makes a CA that may sign for the DNS names and addresses in `names` only.
    ///
    /// # Errors
    /// When a name is no DNS name, or no randomness is to be had.
    pub fn make(names: &[String], now: Timestamp) -> Result<Self, CertsError> {
        let names = Names::read(names)?;
        let params = profile::ca(&names, Validity::of(now, CA_VALIDITY)?);
        let key = Zeroizing::new(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?);
        let certificate = params.self_signed(&*key)?;
        Self::of(certificate.into(), key)
    }

    /// Reads a CA from its certificate and its key, an unencrypted PKCS#8 one.
    ///
    /// # Errors
    /// When either cannot be read, the certificate is not a CA's, or the key belongs to another.
    pub fn from_pem(cert: &str, key: &str) -> Result<Self, CertsError> {
        let bundle = Bundle::from_pem(cert.as_bytes())
            .map_err(|_| CertsError::Certificate("the certificate cannot be read"))?;
        let certificate = bundle
            .only()
            .ok_or(CertsError::Certificate("there is not one certificate"))?;
        Self::of(certificate.clone(), pem::key_pair(key)?)
    }

    fn of(
        certificate: CertificateDer<'static>,
        key: Zeroizing<KeyPair>,
    ) -> Result<Self, CertsError> {
        let broken = || CertsError::Certificate("the certificate cannot be read");
        let (_, read) = parse_x509_certificate(&certificate).map_err(|_| broken())?;
        let usage = read.key_usage().map_err(|_| broken())?;
        if !read.is_ca() || usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
            return Err(CertsError::NoCa);
        }
        if read.public_key().raw != key.subject_public_key_info() {
            return Err(CertsError::Mismatch);
        }
        Ok(Self {
            validity: Validity::read(&read).ok_or_else(broken)?,
            constraints: Constraints::read(&read).ok_or_else(broken)?,
            is_root: read.subject() == read.issuer(),
            cert_pem: pem::certificate(&certificate),
            key_pem: pem::key(key.serialized_der()),
            key,
            certificate,
        })
    }

    /// The certificate that clients trust, as PEM.
    #[must_use]
    pub fn cert_pem(&self) -> &str {
        &self.cert_pem
    }

    /// The private key, as PEM. Only who keeps the CA needs it.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The certificate as a bundle of one.
    #[must_use]
    pub fn bundle(&self) -> Bundle {
        Bundle::of(self.certificate.clone())
    }

    /// When it is to be replaced: at two thirds of its time.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        self.validity.due()
    }

    /// Until when it holds.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.validity.not_after
    }

    /// The DNS names and addresses that it is confined to.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.constraints.names()
    }

    /// Whether its time is not over and it may sign for all these names. One that holds only later passes: that is
    /// a clock to be set, and no reason for another CA.
    #[must_use]
    pub fn holds_for(&self, names: &[String], now: Timestamp) -> bool {
        !self.validity.is_over(now)
            && Names::read(names).is_ok_and(|names| self.constraints.refused(&names).is_none())
    }

    /// Whether this CA signed the pair's certificate.
    #[must_use]
    pub fn signed(&self, pair: &Pair) -> bool {
        let read = |der| parse_x509_certificate(der).map(|(_, read)| read);
        match (read(&self.certificate), read(&pair.certificate)) {
            (Ok(ca), Ok(signed)) => {
                signed.issuer() == ca.subject()
                    && signed.verify_signature(Some(ca.public_key())).is_ok()
            }
            _ => false,
        }
    }

    /// Signs a serving certificate with a new key, for 90 days.
    ///
    /// # Errors
    /// When a name is no DNS name or one that this CA may not sign for, or this CA does not hold now.
    pub fn issue(&self, names: &[String], now: Timestamp) -> Result<Pair, CertsError> {
        self.issue_for(names, now, SERVING_VALIDITY)
    }

    /// As [`Authority::issue`], for as `long`; never longer than the CA itself holds.
    ///
    /// # Errors
    /// As [`Authority::issue`].
    pub fn issue_for(
        &self,
        names: &[String],
        now: Timestamp,
        long: SignedDuration,
    ) -> Result<Pair, CertsError> {
        let names = Names::read(names)?;
        if let Some(name) = self.constraints.refused(&names) {
            return Err(CertsError::Constrained(name));
        }
        if !self.validity.holds(now) {
            let Validity {
                not_before,
                not_after,
            } = self.validity;
            return Err(CertsError::NotNow {
                not_before,
                not_after,
            });
        }
        let mut validity = Validity::of(now, long)?;
        validity.not_after = validity.not_after.min(self.validity.not_after);
        self.sign(names, validity)
    }

    /// Signs, whatever the constraints say.
    fn sign(&self, names: Names, validity: Validity) -> Result<Pair, CertsError> {
        let params = profile::serving(names, validity)?;
        let key = Zeroizing::new(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?);
        let issuer = Issuer::from_ca_cert_der(&self.certificate, &*self.key)?;
        let certificate: CertificateDer<'static> = params.signed_by(&*key, &issuer)?.into();
        let mut chain_pem = pem::certificate(&certificate);
        if !self.is_root {
            // Whoever trusts only what is above this CA needs it to get there.
            chain_pem.push_str(&self.cert_pem);
        }
        Ok(Pair {
            certificate,
            chain_pem,
            key_pem: pem::key(key.serialized_der()),
            validity,
        })
    }
}

#[cfg(test)]
mod tests;
