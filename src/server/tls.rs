//! TLS 1.2 and 1.3, and the reading of a certificate that can be served.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::clients::Clients;
use super::slot::Slot;
use crate::certs::Pair;

/// Why a certificate cannot be served; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate file holds no certificate.
    #[error(
        "{0} holds no certificate; it must be PEM with `BEGIN CERTIFICATE`, the server's own first"
    )]
    NoCertificate(String),
    /// The file of the clients' CA holds none.
    #[error(
        "{0} holds no CA by which clients can be known; it must be PEM with `BEGIN CERTIFICATE`"
    )]
    NoClientCa(String),
    /// The key file holds no usable key.
    #[error(
        "{0} holds no private key that can be used; it must be an unencrypted PEM key (PKCS#8, PKCS#1 or SEC1) of RSA, ECDSA P-256/P-384 or Ed25519"
    )]
    NoKey(String),
    /// Key and certificate belong to different pairs.
    #[error(
        "the key does not belong to the certificate; give the two files of one pair with --tls-cert and --tls-key"
    )]
    Mismatch,
    /// The provider refused the configuration.
    #[error("cannot set TLS up: {0}")]
    Setup(#[from] rustls::Error),
}

/// A certificate that can be served, with its chain and key.
#[derive(Debug)]
pub struct Certificate(Arc<CertifiedKey>);

impl Certificate {
    /// Reads a chain and its key from PEM; `names` is what the two are called where they cannot be used.
    ///
    /// # Errors
    /// When one cannot be used, or the two do not belong together.
    pub fn from_pem(cert: &[u8], key: &[u8], names: [&str; 2]) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(pair(cert, key, names)?)))
    }

    /// What Lockkeeper signed itself.
    ///
    /// # Errors
    /// As [`Certificate::from_pem`].
    pub fn of(pair: &Pair) -> Result<Self, TlsError> {
        let (chain, key) = (pair.chain_pem().as_bytes(), pair.key_pem().as_bytes());
        Self::from_pem(chain, key, ["the made certificate", "its key"])
    }

    pub(super) fn into_key(self) -> Arc<CertifiedKey> {
        self.0
    }
}

/// TLS with whatever certificate the slot holds at each handshake, for these clients or for all.
pub(super) fn config(slot: Arc<Slot>, clients: Option<Clients>) -> Result<ServerConfig, TlsError> {
    let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let clients = match clients {
        Some(clients) => versions.with_client_cert_verifier(Arc::new(clients)),
        None => versions.with_no_client_auth(),
    };
    let mut config = clients.with_cert_resolver(slot);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn pair(
    cert: &[u8],
    key: &[u8],
    [cert_name, key_name]: [&str; 2],
) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_slice_iter(cert)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| TlsError::NoCertificate(cert_name.to_owned()))?;
    let no_key = || TlsError::NoKey(key_name.to_owned());
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| no_key())?;
    let key = ring::sign::any_supported_type(&key).map_err(|_| no_key())?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
            Err(TlsError::Mismatch)
        }
        // The key's kind cannot tell its public half; the handshake will show.
        Err(rustls::Error::InconsistentKeys(_)) => Ok(pair),
        Err(_) => Err(TlsError::NoCertificate(cert_name.to_owned())),
    }
}
