//! The certificates that a server shows. Nothing is sent but the handshake.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the server at `address`, under `name` or the host of the address, for its certificates.
///
/// # Errors
/// When nobody answers, or not in TLS.
pub(super) fn certificates(
    address: &str,
    name: Option<&str>,
) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let Some((host, _)) = address.rsplit_once(':') else {
        bail!("`{address}` names no port; give it as `localhost:8443`");
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = name.unwrap_or(host);
    let name = ServerName::try_from(name.to_owned()).map_err(|_| {
        anyhow!("`{name}` is neither a DNS name nor an address; give one with --server-name")
    })?;
    let failed = || format!("cannot connect to {address}; see whether something listens there");
    let mut stream = None;
    for address in address.to_socket_addrs().with_context(failed)? {
        stream = Some(TcpStream::connect_timeout(&address, PATIENCE));
        if matches!(stream, Some(Ok(_))) {
            break;
        }
    }
    let mut stream = stream.with_context(failed)?.with_context(failed)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Shown(provider)))
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).with_context(|| {
            format!("{address} shows no certificate; it may not speak TLS, or not have one yet")
        })?;
    }
    let shown = connection.peer_certificates().unwrap_or_default();
    Ok(shown
        .iter()
        .map(|shown| shown.clone().into_owned())
        .collect())
}

/// Takes every certificate, as it is only shown; that the server has its key is verified.
#[derive(Debug)]
struct Shown(Arc<CryptoProvider>);

impl ServerCertVerifier for Shown {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
