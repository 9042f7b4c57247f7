//! PEM out. rustls reads it; what it does not do is write.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const COLUMNS: usize = 64;

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
