//! `lockkeeper certs`, the real binary: what it makes is taken by OpenSSL too, what it shows holds, no key is printed.

#[path = "serve_support/mod.rs"]
mod serve_support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use jiff::{SignedDuration, Timestamp};
use lockkeeper::certs::{Authority, Details, SelfMade};
use rcgen::{CertificateParams, Issuer, KeyPair};
use serve_support::Served;
use tempfile::TempDir;

const SERVICE: &str = "lockkeeper.lockkeeper.svc";

struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect(name);
    }

    /// `lockkeeper certs issue` into this folder.
    fn issue(&self, flags: &[&str]) -> Output {
        let dir = self.0.path().display().to_string();
        certs(&[&["issue", "--dir", &dir], flags].concat())
    }

    /// `lockkeeper certs inspect` of files in this folder.
    fn inspect(&self, names: &[&str]) -> Output {
        let paths = names
            .iter()
            .map(|name| self.path(name).display().to_string());
        let paths: Vec<String> = paths.collect();
        let mut arguments = vec!["inspect"];
        arguments.extend(paths.iter().map(String::as_str));
        certs(&arguments)
    }

    /// What `openssl verify` says of a certificate in this folder for a server of the name.
    fn openssl(&self, certificate: &str, name: &str) -> Result<(), String> {
        let flag = match name.parse::<std::net::IpAddr>() {
            Ok(_) => "-verify_ip",
            Err(_) => "-verify_hostname",
        };
        let output = Command::new("openssl")
            .args(["verify", "-x509_strict", "-purpose", "sslserver"])
            .args(["-no-CAfile", "-no-CApath", flag, name])
            .arg("-CAfile")
            .args([self.path("ca.crt"), self.path(certificate)])
            .output()
            .expect("openssl runs; these tests need it");
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn certs(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .arg("certs")
        .args(arguments)
        .env_remove("KUBERNETES_SERVICE_HOST")
        .output()
        .expect("the binary runs");
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(text);
        assert!(!text.contains("PRIVATE KEY"), "a key was printed");
        assert!(!text.contains("panicked"), "{text}");
    }
    output
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The lines of a key's PEM; none may be printed.
fn assert_hides(output: &Output, key: &str) {
    let printed = out(output) + &err(output);
    let body = key.lines().filter(|line| !line.starts_with("-----"));
    assert!(body.clone().count() > 1);
    for line in body {
        assert!(!printed.contains(line), "a line of a key was printed");
    }
}

#[test]
fn what_is_issued_is_taken_by_openssl_and_within_its_constraints_only() {
    let folder = Scratch::new();
    let issued = folder.issue(&["--name", SERVICE, "--name", "localhost"]);
    assert_eq!(code(&issued), 0, "{}", err(&issued));
    for (name, mode) in [
        ("ca.crt", 0o644),
        ("tls.crt", 0o644),
        ("ca.key", 0o600),
        ("tls.key", 0o600),
    ] {
        let found = fs::metadata(folder.path(name)).expect(name).permissions();
        assert_eq!(found.mode() & 0o777, mode, "{name}");
        assert!(out(&issued).contains(name), "{}", out(&issued));
    }
    assert_hides(&issued, &folder.text("ca.key"));
    assert_hides(&issued, &folder.text("tls.key"));
    assert_eq!(folder.openssl("tls.crt", SERVICE), Ok(()));
    assert_eq!(folder.openssl("tls.crt", "localhost"), Ok(()));
    assert!(folder.openssl("tls.crt", "kubernetes.default.svc").is_err());

    // Who steals the CA's key signs whatever he likes, and convinces nobody of it.
    let key = KeyPair::from_pem(&folder.text("ca.key")).expect("a key");
    let stolen = Issuer::from_ca_cert_pem(&folder.text("ca.crt"), key).expect("an issuer");
    for (name, is_taken) in [
        ("localhost", true),
        ("kubernetes.default.svc", false),
        ("10.0.0.1", false),
    ] {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("names");
        params.use_authority_key_identifier_extension = true;
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        let own = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&own, &stolen).expect("signed");
        folder.write("stolen.crt", &signed.pem());
        let told = folder.openssl("stolen.crt", name);
        assert_eq!(told.is_ok(), is_taken, "{name}: {told:?}");
        let told = told.err().unwrap_or_default();
        assert!(
            is_taken || told.contains("subtree violation"),
            "{name}: {told}"
        );
    }
}

#[test]
fn a_ca_that_is_there_signs_again_until_another_is_asked_for() {
    let folder = Scratch::new();
    let issue = |flags: &[&str]| {
        let output = folder.issue(flags);
        assert_eq!(code(&output), 0, "{}", err(&output));
        (folder.text("ca.crt"), folder.text("tls.crt"))
    };
    let first = issue(&["--name", SERVICE]);
    let second = issue(&["--name", SERVICE, "--days", "7"]);
    assert!(second.0 == first.0 && second.1 != first.1);
    let shown = out(&folder.inspect(&["tls.crt"]));
    assert!(shown.contains("6 days left"), "{shown}");

    let other = folder.issue(&["--name", "other.svc"]);
    assert_eq!(code(&other), 2);
    assert!(err(&other).contains("may not sign for all of these names"));
    assert!(err(&other).contains("--new-ca"));
    assert!(folder.text("ca.crt") == first.0 && folder.text("tls.crt") == second.1);
    let third = issue(&["--name", "other.svc", "--new-ca"]);
    assert!(third.0 != first.0);
    assert_eq!(folder.openssl("tls.crt", "other.svc"), Ok(()));
    assert_eq!(
        code(&folder.inspect(&["ca.crt", "ca.key", "tls.crt", "tls.key"])),
        0
    );
}

#[test]
fn what_cannot_be_issued_is_told_and_nothing_is_written() {
    let folder = Scratch::new();
    for (flags, told) in [
        (
            &["--name", "*.svc"][..],
            "neither a DNS name nor an address",
        ),
        (
            &["--name", "https://localhost"],
            "neither a DNS name nor an address",
        ),
        (&["--name", SERVICE, "--days", "0"], "--days"),
        (&["--name", SERVICE, "--days", "4000"], "--days"),
        (&[], "--name"),
    ] {
        let output = folder.issue(flags);
        assert_eq!(code(&output), 2, "{flags:?}");
        assert!(err(&output).contains(told), "{}", err(&output));
    }
    assert_eq!(fs::read_dir(folder.0.path()).expect("a folder").count(), 0);
    folder.write("ca.crt", "hello");
    let output = folder.issue(&["--name", SERVICE]);
    assert_eq!(code(&output), 2);
    assert!(
        err(&output).contains("ca.key is not beside it"),
        "{}",
        err(&output)
    );
    assert_eq!(folder.text("ca.crt"), "hello");
}

#[test]
fn a_chain_is_shown_with_what_matters_and_without_its_keys() {
    let folder = Scratch::new();
    folder.issue(&["--name", SERVICE, "--name", "10.0.0.1"]);
    let output = folder.inspect(&["tls.crt", "tls.key", "ca.crt", "ca.key"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let text = out(&output);
    for part in [
        "CN=lockkeeper",
        "CN=Lockkeeper CA",
        "Names     lockkeeper.lockkeeper.svc, 10.0.0.1",
        "(89 days left)",
        "ECDSA, 256 bits",
        "yes, with no CA below it",
        "Only for  lockkeeper.lockkeeper.svc, 10.0.0.1/32",
        "belongs to the certificate in",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_hides(&output, &folder.text("tls.key"));
    let fingerprint = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(folder.path("tls.crt"))
        .output()
        .expect("openssl runs");
    let fingerprint = out(&fingerprint);
    let (_, sha256) = fingerprint.trim().split_once('=').expect("a fingerprint");
    assert!(text.contains(sha256), "{sha256}: {text}");

    let path = folder.path("ca.crt").display().to_string();
    let output = certs(&["inspect", &path, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let ca = &json["certificates"][0];
    assert_eq!(ca["state"], "valid");
    assert_eq!(ca["ca"]["pathLength"], 0);
    assert_eq!(ca["ca"]["permitted"][0], SERVICE);
    assert_eq!(json["problems"], serde_json::json!([]));
}

#[test]
fn what_does_not_hold_now_or_belong_together_ends_with_one() {
    let folder = Scratch::new();
    let now = Timestamp::now();
    let names = [SERVICE.to_owned()];
    let at = |days: i64| {
        let then = now + SignedDuration::from_hours(24 * days);
        let ca = Authority::make(&names, then).expect("a CA");
        ca.issue(&names, then).expect("a pair")
    };
    let (old, new, good) = (at(-100), at(10), at(0));
    folder.write("old.crt", old.chain_pem());
    folder.write("old.key", old.key_pem());
    folder.write("new.crt", new.chain_pem());
    folder.write("good.crt", good.chain_pem());
    folder.write("good.key", old.key_pem());
    folder.write("other.key", good.key_pem());
    for (files, told) in [
        (&["old.crt"][..], "held until"),
        (&["new.crt"], "holds from"),
        (&["good.crt", "old.crt"], "held until"),
        // The key beside it counts, although another certificate that is shown has it.
        (
            &["good.crt", "good.key", "old.crt"],
            "belongs to no certificate",
        ),
        (&["new.crt", "other.key"], "belongs to no certificate"),
        (&["other.key"], "belongs to no certificate"),
    ] {
        let output = folder.inspect(files);
        assert_eq!(code(&output), 1, "{files:?}");
        assert!(err(&output).contains(told), "{files:?}: {}", err(&output));
        assert!(!out(&output).is_empty());
    }
    // A key under another name is that of any.
    assert_eq!(code(&folder.inspect(&["good.crt", "other.key"])), 0);
}

#[test]
fn what_cannot_be_read_ends_with_two() {
    let folder = Scratch::new();
    folder.write("text", "hello");
    folder.write(
        "cut.crt",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    for (file, told) in [
        ("text", "holds no certificate"),
        ("cut.crt", "cannot be read"),
        ("none", "cannot read"),
    ] {
        let output = folder.inspect(&[file]);
        assert_eq!(code(&output), 2, "{file}");
        assert!(err(&output).contains(told), "{}", err(&output));
        assert!(err(&output).contains(file), "{}", err(&output));
    }
    for arguments in [
        &["inspect"][..],
        &["inspect", "a", "--connect", "b:1"],
        &["inspect", "--secret", "a"],
    ] {
        assert_eq!(code(&certs(arguments)), 2, "{arguments:?}");
    }
    for arguments in [
        &["inspect", "--secret", "a/b"][..],
        &["rotate", "--secret", "a/b"],
    ] {
        let output = certs(arguments);
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains("--kubeconfig"), "{}", err(&output));
    }
    let rotate = ["rotate", "--secret", "a/b", "--overlap", "-1h"];
    assert_eq!(code(&certs(&rotate)), 2);
}

#[test]
fn a_server_shows_what_it_serves() {
    let scratch = Scratch::new();
    let names = vec![SERVICE.to_owned()];
    let made = SelfMade::passing(scratch.0.path(), names, Timestamp::now()).expect("made");
    let path = |name: &str| scratch.path(name).display().to_string();
    let server = Served::start(&[
        "--tls-cert",
        &path("tls.crt"),
        "--tls-key",
        &path("tls.key"),
    ]);
    let address = server.tls.to_string();
    let output = certs(&["inspect", "--connect", &address]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let details = Details::from_pem(made.pair().chain_pem().as_bytes()).expect("a certificate");
    assert!(
        out(&output).contains(&details[0].sha256),
        "{}",
        out(&output)
    );
    let output = certs(&["inspect", "--connect", &address, "--server-name", SERVICE]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let output = certs(&[
        "inspect",
        "--connect",
        &address,
        "--server-name",
        "localhost",
    ]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("does not hold for localhost"));
    let plain = server.plain.to_string();
    for (address, told) in [
        (&*plain, "shows no certificate"),
        ("127.0.0.1:1", "cannot connect"),
        ("localhost", "no port"),
    ] {
        let output = certs(&["inspect", "--connect", address]);
        assert_eq!(code(&output), 2, "{address}");
        assert!(err(&output).contains(told), "{}", err(&output));
    }
}

#[test]
fn the_examples_of_the_help_are_understood() {
    for subcommand in ["inspect", "issue", "rotate"] {
        let text = out(&certs(&[subcommand, "--help"]));
        let (_, examples) = text.split_once("Examples:").expect("examples");
        let own = format!("lockkeeper certs {subcommand} ");
        let mut tried = 0;
        for line in examples
            .lines()
            .filter_map(|line| line.trim().strip_prefix(&own))
        {
            let scratch = Scratch::new();
            let output = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
                .args(["certs", subcommand])
                .args(line.split(' '))
                .current_dir(scratch.0.path())
                .output()
                .expect("the binary runs");
            assert!(!err(&output).contains("Usage:"), "{line}: {}", err(&output));
            tried += 1;
        }
        assert!(tried >= 2, "{subcommand}");
    }
}

#[test]
fn the_script_for_development_keeps_its_ca_while_it_may_sign() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("certs")).expect("a folder");
    fs::copy("certs/develop.sh", scratch.path("certs/develop.sh")).expect("copied");
    let develop = |flags: &[&str]| {
        let output = Command::new(scratch.path("certs/develop.sh"))
            .args(flags)
            .env("LOCKKEEPER", env!("CARGO_BIN_EXE_lockkeeper"))
            .output()
            .expect("bash runs");
        (output.status.success(), scratch.text("certs/local/ca.crt"))
    };
    let (first, second) = (develop(&[]), develop(&[]));
    assert!(first.0 && first == second);
    let third = develop(&["--name", "10.0.0.9"]);
    assert!(third.0 && third.1 != first.1);
    let shown = out(&scratch.inspect(&["certs/local/tls.crt", "certs/local/tls.key"]));
    assert!(
        shown.contains("localhost, 127.0.0.1, ::1, 10.0.0.9"),
        "{shown}"
    );
    let fourth = develop(&["--name", "*"]);
    assert!(!fourth.0 && fourth.1 == third.1);
}
