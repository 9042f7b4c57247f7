//! Sends reviews by hand over TLS, as the API server does: to ask a webhook while there is no API server to call it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::pki::Files;
use crate::{Error, Result};

/// Longer than any webhook may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of one webhook; each review takes a connection of its own.
#[derive(Clone, Debug)]
pub struct Reviewer {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

impl Reviewer {
    /// For the webhook that listens there with a certificate as [`crate::ControlPlane::webhook_certificate`] makes it.
    pub fn new(address: SocketAddr, files: &Files) -> Result<Self> {
        let pem = std::fs::read(&files.authority)
            .map_err(Error::io(format!("reading {}", files.authority.display())))?;
        Self::trusting(address, &pem)
    }

    /// For one that it trusts by these authorities, PEM.
    pub fn trusting(address: SocketAddr, authorities: &[u8]) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities) {
            let pem = |error| Error::Pem("the authorities".into(), error);
            roots.add(certificate.map_err(pem)?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            address,
            config: Arc::new(config),
        })
    }

    /// Posts a review to `/validate` and returns the `response` of the answer.
    pub fn validate(&self, review: &Value) -> Result<Value> {
        let text = self
            .post("/validate", &review.to_string())
            .map_err(Error::io("sending a review by hand"))?;
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let answer: Value = serde_json::from_str(body).map_err(|source| Error::Json {
            what: format!("the answer {text:?}"),
            source,
        })?;
        Ok(answer["response"].clone())
    }

    fn post(&self, path: &str, body: &str) -> std::io::Result<String> {
        let socket = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::from(self.address.ip());
        let connection =
            ClientConnection::new(Arc::clone(&self.config), name).map_err(std::io::Error::other)?;
        let mut stream = StreamOwned::new(connection, socket);
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}
