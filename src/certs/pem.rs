//! PEM: keys in, certificates and keys out. rustls reads certificates; what it does not do is write.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::CertsError;

const COLUMNS: usize = 64;

/// Reads an unencrypted key in PKCS#8.
pub(super) fn key_pair(pem: &str) -> Result<Zeroizing<KeyPair>, CertsError> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| CertsError::Key)?;
    let key = Zeroizing::new(key);
    let pair = KeyPair::try_from(&*key).map_err(|_| CertsError::Key)?;
    Ok(Zeroizing::new(pair))
}

/// A certificate as PEM.
pub(super) fn certificate(der: &[u8]) -> String {
    let mut text = String::new();
    write(der, "CERTIFICATE", &mut text);
    text
}

/// A private key in PKCS#8 as PEM.
pub(super) fn key(der: &[u8]) -> Zeroizing<String> {
    // Never grown, as growing leaves a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * der.len() + 128));
    write(der, "PRIVATE KEY", &mut text);
    text
}

fn write(der: &[u8], label: &str, text: &mut String) {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    text.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(COLUMNS));
        text.extend([line, "\n"]);
        rest = after;
    }
    text.extend(["-----END ", label, "-----\n"]);
}
