//! Tests of the CA: what it signs is trusted, and nothing beyond its constraints is.

use proptest::prelude::*;
use rcgen::{BasicConstraints, CertificateParams, CidrSubnet, GeneralSubtree, IsCa};
use rcgen::{KeyUsagePurpose, NameConstraints};

use super::super::testing::{later, names, now, verify};
use super::*;

const SERVICE: &str = "lockkeeper.flux-system.svc";

fn made(of: &[&str]) -> Authority {
    Authority::make(&names(of), now()).expect("a CA")
}

/// A CA of somebody else's making.
fn foreign(change: impl FnOnce(&mut CertificateParams)) -> Result<Authority, CertsError> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    Authority::from_pem(&certificate.pem(), &key.serialize_pem())
}

#[test]
fn what_it_signs_is_trusted_for_its_names_and_time() {
    let of = ["localhost", SERVICE, "127.0.0.1", "::1"];
    let ca = made(&of);
    let pair = ca.issue(&names(&of), now()).expect("a pair");
    for name in of {
        assert_eq!(verify(&ca.bundle(), &pair, name, now()), Ok(()), "{name}");
    }
    assert!(verify(&ca.bundle(), &pair, "other.svc", now()).is_err());
    assert!(verify(&made(&of).bundle(), &pair, SERVICE, now()).is_err());
    // A client whose clock is behind, and one at the end.
    let behind = now() - SignedDuration::from_mins(59);
    assert_eq!(verify(&ca.bundle(), &pair, SERVICE, behind), Ok(()));
    let last = pair.not_after();
    assert_eq!(verify(&ca.bundle(), &pair, SERVICE, last), Ok(()));
    assert!(verify(&ca.bundle(), &pair, SERVICE, later(last, 1)).is_err());
}

#[test]
fn times_are_those_of_the_profiles() {
    let ca = made(&[SERVICE]);
    let pair = ca.issue(&names(&[SERVICE]), now()).expect("a pair");
    let days = |from: Timestamp, until: Timestamp| from.duration_until(until).as_hours() / 24;
    assert_eq!(days(now(), pair.due()), 59);
    assert_eq!(days(pair.due(), pair.not_after()), 30);
    assert_eq!(days(now(), ca.due()), 3652 * 2 / 3);
    assert_eq!(days(now(), ca.not_after()), 3651);
    assert!(pair.due() < ca.due());
}

#[test]
fn clients_hold_it_to_its_constraints() {
    // Signed against the constraints, as whoever steals the key could.
    for (of, beyond) in [
        (&[SERVICE][..], "kubernetes.default.svc"),
        (&[SERVICE], "flux-system.svc"),
        (&[SERVICE], "alockkeeper.flux-system.svc"),
        (&[SERVICE], "10.0.0.1"),
        (&[SERVICE], "::1"),
        (&["10.0.0.1"], "10.0.0.2"),
        (&["10.0.0.1"], "::1"),
        (&["10.0.0.1"], SERVICE),
        (&["::1"], "::2"),
        (&["::1"], "127.0.0.1"),
    ] {
        let ca = made(of);
        let refused = ca.issue(&names(&[beyond]), now());
        assert!(matches!(refused, Err(CertsError::Constrained(name)) if name == beyond));
        assert!(!ca.holds_for(&names(&[of[0], beyond]), now()));
        let stolen = Names::read(&names(&[beyond])).expect("names");
        let pair = ca
            .sign(
                stolen,
                Validity::of(now(), SERVING_VALIDITY).expect("a time"),
            )
            .expect("a pair");
        assert!(
            verify(&ca.bundle(), &pair, beyond, now()).is_err(),
            "a CA for {of:?} signed for {beyond}"
        );
    }
}

#[test]
fn it_reads_back_what_it_wrote_and_signs_the_same() {
    let ca = made(&[SERVICE, "10.0.0.1"]);
    let read = Authority::from_pem(ca.cert_pem(), ca.key_pem()).expect("a CA");
    assert_eq!(read.bundle(), ca.bundle());
    assert!(read.key_pem() == ca.key_pem() && read.cert_pem() == ca.cert_pem());
    assert_eq!((read.due(), read.not_after()), (ca.due(), ca.not_after()));
    let pair = read.issue(&names(&[SERVICE]), now()).expect("a pair");
    assert_eq!(verify(&ca.bundle(), &pair, SERVICE, now()), Ok(()));
}

#[test]
fn it_tells_the_names_that_it_is_confined_to() {
    let of = [SERVICE, "127.0.0.1", "::1"];
    assert_eq!(made(&of).names(), of);
}

#[test]
fn what_is_no_ca_of_one_pair_is_refused() {
    let (ca, other) = (made(&[SERVICE]), made(&[SERVICE]));
    let read = |cert: &str, key: &str| Authority::from_pem(cert, key).err();
    let cert = ca.cert_pem();
    assert!(matches!(
        read(cert, other.key_pem()),
        Some(CertsError::Mismatch)
    ));
    for key in ["", "hello", cert, &pem::key(b"no key")] {
        assert!(matches!(read(cert, key), Some(CertsError::Key)));
    }
    for wrong in ["", "hello", ca.key_pem(), &pem::certificate(b"none")] {
        assert!(matches!(
            read(wrong, ca.key_pem()),
            Some(CertsError::Certificate(_))
        ));
    }
    let two = [cert, other.cert_pem()].concat();
    assert!(matches!(
        read(&two, ca.key_pem()),
        Some(CertsError::Certificate(_))
    ));
    let pair = ca.issue(&names(&[SERVICE]), now()).expect("a pair");
    assert!(matches!(
        read(pair.chain_pem(), pair.key_pem()),
        Some(CertsError::NoCa)
    ));
    let cannot_sign = foreign(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    assert!(matches!(cannot_sign, Err(CertsError::NoCa)));
}

#[test]
fn it_signs_within_its_own_time_only() {
    let ca = made(&[SERVICE]);
    let of = names(&[SERVICE]);
    let near = ca.not_after() - SignedDuration::from_hours(48);
    let pair = ca.issue(&of, near).expect("a pair");
    assert_eq!(pair.not_after(), ca.not_after());
    let over = later(ca.not_after(), 1);
    assert!(matches!(
        ca.issue(&of, over),
        Err(CertsError::NotNow { .. })
    ));
    assert!(!ca.holds_for(&of, over));
    let before = now() - SignedDuration::from_hours(2);
    assert!(matches!(
        ca.issue(&of, before),
        Err(CertsError::NotNow { .. })
    ));
    assert!(ca.holds_for(&of, before));
    assert!(matches!(
        Authority::make(&of, Timestamp::MIN),
        Err(CertsError::Clock(_))
    ));
    assert!(matches!(
        Authority::make(&of, Timestamp::MAX),
        Err(CertsError::Clock(_))
    ));
}

#[test]
fn a_ca_of_ones_own_may_be_without_constraints() {
    let ca = foreign(|_| {}).expect("a CA");
    assert!(ca.holds_for(&names(&[SERVICE, "::1"]), now()));
    let pair = ca.issue(&names(&[SERVICE]), now()).expect("a pair");
    assert_eq!(verify(&ca.bundle(), &pair, SERVICE, now()), Ok(()));
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "([ab]\\.){0,2}[ab]",
        (0_u8..4, 0_u8..4).prop_map(|(a, b)| format!("10.0.{a}.{b}")),
        (0_u8..4).prop_map(|a| format!("fd00::{a}")),
    ]
}

fn subtree() -> impl Strategy<Value = GeneralSubtree> {
    prop_oneof![
        "(\\.?[ab](\\.[ab]){0,1})?".prop_map(GeneralSubtree::DnsName),
        ((0_u8..4), 20_u8..=32).prop_map(|(a, prefix)| GeneralSubtree::IpAddress(
            CidrSubnet::from_v4_prefix([10, 0, a, 0], prefix)
        )),
        (100_u8..=128).prop_map(
            |prefix| GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                std::net::Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0).octets(),
                prefix
            ))
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn its_reading_of_constraints_is_that_of_clients(
        permitted in prop::collection::vec(subtree(), 0..3),
        excluded in prop::collection::vec(subtree(), 0..2),
        name in name(),
    ) {
        let ca = foreign(|params| params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted,
            excluded_subtrees: excluded,
        })).expect("a CA");
        let of = vec![name.clone()];
        let read = Names::read(&of).expect("names");
        let pair = ca.sign(read, Validity::of(now(), SERVING_VALIDITY).expect("a time")).expect("a pair");
        let trusted = verify(&ca.bundle(), &pair, &name, now());
        prop_assert_eq!(ca.holds_for(&of, now()), trusted.is_ok());
    }
}
