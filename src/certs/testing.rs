//! What the tests of certificates share: a clock, names, and a client that verifies as rustls does.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};

use super::{Bundle, Pair};

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).expect("a time")
}

pub(super) fn later(time: Timestamp, hours: i64) -> Timestamp {
    time + SignedDuration::from_hours(hours)
}

pub(super) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// What a client that trusts the bundle says of the pair.
pub(super) fn verify(
    trusted: &Bundle,
    pair: &Pair,
    name: &str,
    now: Timestamp,
) -> Result<(), CertificateError> {
    let mut roots = RootCertStore::empty();
    for root in certificates(&trusted.to_pem()) {
        roots.add(root).expect("a root");
    }
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .expect("a verifier");
    let chain = certificates(pair.chain_pem());
    let now = u64::try_from(now.as_second()).expect("after 1970");
    let verified = verifier.verify_server_cert(
        &chain[0],
        &chain[1..],
        &ServerName::try_from(name).expect("a name"),
        &[],
        UnixTime::since_unix_epoch(Duration::from_secs(now)),
    );
    match verified {
        Ok(_) => Ok(()),
        Err(Error::InvalidCertificate(why)) => Err(why),
        Err(other) => panic!("{other}"),
    }
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .expect("PEM")
}
