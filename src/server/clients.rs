//! Who may send reviews, where that is not everybody: clients with a certificate of a CA, and of some names only.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

use super::tls::TlsError;
use crate::certs;

/// The clients that may send reviews; all others end in the handshake.
#[derive(Clone, Debug)]
pub struct Clients {
    by_authority: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

impl Clients {
    /// Those with a certificate of one of the authorities (PEM) that is for one of the names, as its common name or a DNS
    /// name; of any, where there are none. `file` is what the authorities are called where they cannot be used.
    ///
    /// # Errors
    /// When there is no certificate that can be used.
    pub fn new(authorities: &[u8], names: Vec<String>, file: &str) -> Result<Self, TlsError> {
        let no_ca = || TlsError::NoClientCa(file.to_owned());
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities) {
            roots
                .add(certificate.map_err(|_| no_ca())?)
                .map_err(|_| no_ca())?;
        }
        let provider = Arc::new(ring::default_provider());
        let by_authority = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|_| no_ca())?;
        Ok(Self {
            by_authority,
            names,
        })
    }
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.by_authority.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .by_authority
            .verify_client_cert(certificate, between, now)?;
        let called = || certs::called(certificate).unwrap_or_default();
        if self.names.is_empty() || called().iter().any(|name| self.names.contains(name)) {
            Ok(verified)
        } else {
            let refused = CertificateError::ApplicationVerificationFailure;
            Err(Error::InvalidCertificate(refused))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_authority.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_ca_is_told_as_what_it_is() {
        for pem in [
            &b""[..],
            b"hello",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let told = Clients::new(pem, Vec::new(), "clients.crt").expect_err("no CA");
            let told = told.to_string();
            assert!(
                told.starts_with("clients.crt holds no CA by which clients can be known"),
                "{told}"
            );
        }
    }
}
