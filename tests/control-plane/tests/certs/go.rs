//! What Go, in which the API server is written, makes of our certificates.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use jiff::Timestamp;
use lockkeeper::certs::{Authority, Chain};
use lockkeeper_testkit::tools::Go;
use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

const SERVICE: &str = "lockkeeper.lockkeeper.svc";

/// The verifier, built once.
fn verifier() -> &'static Path {
    static BUILT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, program) = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let source = include_str!("verify.go");
        fs::write(folder.path().join("verify.go"), source).expect("written");
        let program = folder.path().join("verify");
        let built = Go::command(folder.path())
            .args(["build", "-o"])
            .args([&program, Path::new("verify.go")])
            .output()
            .expect("go runs");
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        (folder, program)
    });
    program
}

/// What Go says of a certificate for a name.
fn verify(trusted: &str, certificate: &str, name: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let [bundle, shown] = ["ca.crt", "tls.crt"].map(|name| folder.path().join(name));
    fs::write(&bundle, trusted).expect("written");
    fs::write(&shown, certificate).expect("written");
    let output = Command::new(verifier())
        .args([&bundle, &shown])
        .arg(name)
        .output()
        .expect("the verifier runs");
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stdout).into_owned()),
    }
}

fn made(names: &[&str]) -> Chain {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    Chain::make(&names, Timestamp::now()).expect("a CA")
}

/// What somebody signs who stole the CA's key.
fn stolen(ca: &Authority, name: &str) -> String {
    let key = KeyPair::from_pem(ca.key_pem()).expect("a key");
    let issuer = Issuer::from_ca_cert_pem(ca.cert_pem(), key).expect("an issuer");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("names");
    params.is_ca = IsCa::ExplicitNoCa;
    let own = KeyPair::generate().expect("a key");
    params.signed_by(&own, &issuer).expect("signed").pem()
}

#[test]
fn what_is_made_is_taken_for_its_names() {
    let names = [SERVICE, "localhost", "127.0.0.1", "::1"];
    let made = made(&names);
    for name in names {
        let said = verify(made.authority.cert_pem(), made.pair.chain_pem(), name);
        assert_eq!(said, Ok(()), "{name}");
    }
    assert!(
        verify(
            made.authority.cert_pem(),
            made.pair.chain_pem(),
            "other.svc"
        )
        .is_err()
    );
}

#[test]
fn of_two_cas_of_the_same_name_the_right_one_counts() {
    let [old, new] = [made(&[SERVICE]), made(&[SERVICE])];
    let both = [old.authority.cert_pem(), new.authority.cert_pem()].concat();
    for pair in [&old.pair, &new.pair] {
        assert_eq!(verify(&both, pair.chain_pem(), SERVICE), Ok(()));
    }
    assert!(verify(old.authority.cert_pem(), new.pair.chain_pem(), SERVICE).is_err());
}

#[test]
fn what_is_signed_beyond_the_constraints_is_refused() {
    for (of, beyond, told) in [
        (SERVICE, "kubernetes.default.svc", "not permitted"),
        (SERVICE, "10.0.0.1", "excluded"),
        (SERVICE, "::1", "excluded"),
        ("10.0.0.1", "10.0.0.2", "not permitted"),
        ("10.0.0.1", "::1", "not permitted"),
        ("10.0.0.1", SERVICE, "excluded"),
    ] {
        let made = made(&[of]);
        let ca = made.authority.cert_pem();
        // What is refused is the name, not the way in which it is signed here.
        assert_eq!(verify(ca, &stolen(&made.authority, of), of), Ok(()), "{of}");
        let said = verify(ca, &stolen(&made.authority, beyond), beyond);
        let said = said.expect_err("a CA signed for others");
        assert!(said.contains(told), "{of}, {beyond}: {said}");
    }
}
