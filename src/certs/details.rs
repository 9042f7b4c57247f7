//! What a certificate says, for people and for programs. Keys are only asked whether they belong to it.

use std::net::IpAddr;

use jiff::Timestamp;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Serialize;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, GeneralSubtree};
use x509_parser::parse_x509_certificate;
use x509_parser::public_key::PublicKey;
use zeroize::Zeroizing;

use super::CertsError;
use super::profile::Validity;

/// What a certificate says.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// What it holds for.
    pub names: Vec<String>,
    /// From when it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// Its SHA-256, as `openssl x509 -fingerprint -sha256` writes it.
    pub sha256: String,
    /// The kind of its key.
    pub key: String,
    /// What a CA may sign; `None` where it is none.
    pub ca: Option<Constraints>,
    #[serde(skip)]
    public_key: Vec<u8>,
}

/// What the owner of a certificate (DER) is called: its common names and DNS names; `None` where it cannot be read.
#[must_use]
pub fn called(der: &[u8]) -> Option<Vec<String>> {
    let (_, read) = parse_x509_certificate(der).ok()?;
    let common = read.subject().iter_common_name();
    let common = common.filter_map(|name| name.as_str().ok());
    let names = read.subject_alternative_name().ok()?;
    let dns = names.iter().flat_map(|found| &found.value.general_names);
    let dns = dns.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    Some(common.chain(dns).map(str::to_owned).collect())
}

/// What a CA may sign.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Constraints {
    /// How many CAs may stand below it.
    pub path_length: Option<u32>,
    /// The only names of their kind that it may sign for; none: all.
    pub permitted: Vec<String>,
    /// Names that it may not sign for.
    pub excluded: Vec<String>,
}

/// Where a certificate is in its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It holds.
    Valid,
    /// Its time is over.
    Expired,
    /// Its time is to come.
    NotYetValid,
}

impl Details {
    /// Reads every certificate of a PEM text; what is no certificate is left out.
    ///
    /// # Errors
    /// When one is broken.
    pub fn from_pem(pem: &[u8]) -> Result<Vec<Self>, CertsError> {
        CertificateDer::pem_slice_iter(pem)
            .enumerate()
            .map(|(place, certificate)| {
                let certificate = certificate.map_err(|_| CertsError::Bundle(place + 1))?;
                Self::from_der(&certificate).ok_or(CertsError::Bundle(place + 1))
            })
            .collect()
    }

    /// Reads a certificate; `None` where it is none.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (rest, read) = parse_x509_certificate(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let Validity {
            not_before,
            not_after,
        } = Validity::read(&read)?;
        let names = read.subject_alternative_name().ok()?;
        let names = names.map(|found| found.value.general_names.iter().map(name).collect());
        let sha256: [u8; 32] = Sha256::digest(der).into();
        Some(Self {
            subject: printable(&read.subject().to_string()),
            issuer: printable(&read.issuer().to_string()),
            names: names.unwrap_or_default(),
            not_before,
            not_after,
            sha256: sha256.map(|byte| format!("{byte:02X}")).join(":"),
            key: key_kind(&read),
            ca: constraints(&read)?,
            public_key: read.public_key().raw.to_vec(),
        })
    }

    /// Where it is in its time.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        let validity = Validity {
            not_before: self.not_before,
            not_after: self.not_after,
        };
        if validity.is_over(now) {
            State::Expired
        } else if validity.holds(now) {
            State::Valid
        } else {
            State::NotYetValid
        }
    }

    /// Whether a client that asks for `name`, a DNS name or an address, takes it.
    #[must_use]
    pub fn holds_for(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let address = name.parse::<IpAddr>();
        self.names.iter().any(|held| match &address {
            Ok(address) => held.parse() == Ok(*address),
            Err(_) => {
                let held = held.to_ascii_lowercase();
                let below = name.split_once('.').map(|(_, below)| below);
                held == name
                    || held
                        .strip_prefix("*.")
                        .is_some_and(|base| below == Some(base))
            }
        })
    }

    /// The whole days until it holds no more; negative when it does not.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> i64 {
        now.duration_until(self.not_after)
            .as_secs()
            .div_euclid(24 * 60 * 60)
    }

    /// Whether the certificate is of this key.
    #[must_use]
    pub fn is_of(&self, key: &PublicKeyOf) -> bool {
        self.public_key == key.0
    }
}

/// The public half of a private key.
pub struct PublicKeyOf(Vec<u8>);

impl PublicKeyOf {
    /// The public halves of all private keys in a PEM text.
    ///
    /// # Errors
    /// When a key is broken, encrypted or of a kind that cannot be served.
    pub fn all(pem: &[u8]) -> Result<Vec<Self>, CertsError> {
        PrivateKeyDer::pem_slice_iter(pem)
            .map(|key| {
                let key = Zeroizing::new(key.map_err(|_| CertsError::Key)?);
                let key = any_supported_type(&key).map_err(|_| CertsError::Key)?;
                let public = key.public_key().ok_or(CertsError::Key)?;
                Ok(Self(public.to_vec()))
            })
            .collect()
    }
}

fn key_kind(certificate: &X509Certificate<'_>) -> String {
    let key = certificate.public_key();
    match key.parsed() {
        Ok(PublicKey::EC(point)) => format!("ECDSA, {} bits", point.key_size()),
        Ok(PublicKey::RSA(rsa)) => format!("RSA, {} bits", rsa.key_size()),
        _ if key.algorithm.algorithm.to_id_string() == "1.3.101.112" => "Ed25519".to_owned(),
        _ => key.algorithm.algorithm.to_id_string(),
    }
}

/// `None` where they cannot be read; `Some(None)` where it is no CA.
fn constraints(certificate: &X509Certificate<'_>) -> Option<Option<Constraints>> {
    let Some(basic) = certificate
        .basic_constraints()
        .ok()?
        .filter(|basic| basic.value.ca)
    else {
        return Some(None);
    };
    let names = certificate.name_constraints().ok()?;
    let names = names.map(|found| found.value);
    let list = |subtrees: Option<&Vec<GeneralSubtree<'_>>>| {
        subtrees
            .into_iter()
            .flatten()
            .map(|subtree| match &subtree.base {
                GeneralName::DNSName("") => "every DNS name".to_owned(),
                base => name(base),
            })
            .collect()
    };
    Some(Some(Constraints {
        path_length: basic.value.path_len_constraint,
        permitted: list(names.and_then(|names| names.permitted_subtrees.as_ref())),
        excluded: list(names.and_then(|names| names.excluded_subtrees.as_ref())),
    }))
}

fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) | GeneralName::RFC822Name(name) => {
            printable(name)
        }
        GeneralName::IPAddress(bytes) => address(bytes).unwrap_or_else(|| name.to_string()),
        other => printable(&other.to_string()),
    }
}

/// Somebody else wrote it, and it ends up on a terminal.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// An address, or a network by its address and mask.
fn address(bytes: &[u8]) -> Option<String> {
    let single = |bytes: &[u8]| match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    };
    if matches!(bytes.len(), 4 | 16) {
        return single(bytes).map(|address| address.to_string());
    }
    let (base, mask) = bytes.split_at_checked(bytes.len() / 2)?;
    let ones: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    Some(format!("{}/{ones}", single(base)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::super::testing::{later, names, now};
    use super::super::{Chain, pem};
    use super::*;

    fn read(pem: &str) -> Details {
        let mut all = Details::from_pem(pem.as_bytes()).expect("certificates");
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn a_certificate_tells_what_it_holds_for_and_who_may_sign() {
        let made = Chain::make(&names(&["a.svc", "10.0.0.1", "::1"]), now()).expect("made");
        let pair = read(made.pair.chain_pem());
        assert_eq!(pair.names, ["a.svc", "10.0.0.1", "::1"]);
        for name in ["A.svc", "10.0.0.1", "0:0::1"] {
            assert!(pair.holds_for(name), "{name}");
        }
        for name in ["b.svc", "b.a.svc", "svc", "10.0.0.2", ""] {
            assert!(!pair.holds_for(name), "{name}");
        }
        assert_eq!(
            (&*pair.subject, &*pair.issuer),
            ("CN=lockkeeper", "CN=Lockkeeper CA")
        );
        assert_eq!(pair.key, "ECDSA, 256 bits");
        assert!(pair.ca.is_none());
        assert_eq!(pair.not_after, made.pair.not_after());
        let ca = read(made.authority.cert_pem()).ca.expect("a CA");
        assert_eq!(ca.path_length, Some(0));
        assert_eq!(ca.permitted, ["a.svc", "10.0.0.1/32", "::1/128"]);
        assert!(ca.excluded.is_empty());
        let made = Chain::make(&names(&["10.0.0.1"]), now()).expect("made");
        let ca = read(made.authority.cert_pem()).ca.expect("a CA");
        assert_eq!(ca.excluded, ["every DNS name"]);
        let made = Chain::make(&names(&["a.svc"]), now()).expect("made");
        let ca = read(made.authority.cert_pem()).ca.expect("a CA");
        assert_eq!(ca.excluded, ["0.0.0.0/0", "::/0"]);
    }

    #[test]
    fn its_time_is_told() {
        let made = Chain::make(&names(&["a.svc"]), now()).expect("made");
        let pair = read(made.pair.chain_pem());
        assert_eq!(
            (pair.state(now()), pair.days_left(now())),
            (State::Valid, 89)
        );
        let over = later(pair.not_after, 1);
        assert_eq!(
            (pair.state(over), pair.days_left(over)),
            (State::Expired, -1)
        );
        assert_eq!(pair.state(later(now(), -2)), State::NotYetValid);
    }

    #[test]
    fn keys_are_held_against_certificates() {
        let made = Chain::make(&names(&["a.svc"]), now()).expect("made");
        let both = [made.authority.key_pem(), made.pair.key_pem()].concat();
        let keys = PublicKeyOf::all(both.as_bytes()).expect("keys");
        assert_eq!(keys.len(), 2);
        let (ca, pair) = (read(made.authority.cert_pem()), read(made.pair.chain_pem()));
        assert!(ca.is_of(&keys[0]) && pair.is_of(&keys[1]));
        assert!(!ca.is_of(&keys[1]) && !pair.is_of(&keys[0]));
        assert!(PublicKeyOf::all(pem::key(b"none").as_bytes()).is_err());
        assert!(
            PublicKeyOf::all(made.pair.chain_pem().as_bytes())
                .expect("no key")
                .is_empty()
        );
    }

    #[test]
    fn what_others_wrote_commands_no_terminal() {
        let mut params = CertificateParams::default();
        let name = "a\u{1b}[31m\r\n\u{9b}";
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names =
            vec![SanType::URI("http://\u{1b}[2J".try_into().expect("ASCII"))];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let details = read(&certificate.pem());
        let texts = [&details.subject, &details.issuer, &details.names[0]];
        for text in texts {
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.contains('['), "{text:?}");
        }
    }

    /// A certificate with all that is read of one.
    fn der() -> Vec<u8> {
        let made = Chain::make(&names(&["a.svc", "10.0.0.1"]), now()).expect("made");
        let pem = [made.authority.cert_pem(), made.pair.chain_pem()].concat();
        let all = CertificateDer::pem_slice_iter(pem.as_bytes()).map(|der| der.expect("PEM"));
        all.flat_map(|der| der.to_vec()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_certificate_makes_it_panic(
            mut der in Just(der()),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            ends in any::<prop::sample::Index>(),
            is_cut in any::<bool>(),
        ) {
            for (at, byte) in changes {
                let length = der.len();
                der[at.index(length)] = byte;
            }
            if is_cut {
                der.truncate(ends.index(der.len()));
            }
            // Both certificates, by where the first says that it ends.
            let first = parse_x509_certificate(&der).map_or(der.len(), |(rest, _)| der.len() - rest.len());
            let read = [&der[..first], &der[first..]].map(Details::from_der);
            for details in read.iter().flatten() {
                let _ = (details.state(now()), details.days_left(now()), details.holds_for("a.svc"));
            }
        }
    }
}
