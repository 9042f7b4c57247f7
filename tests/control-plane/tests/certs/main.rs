//! `lockkeeper certs` against a real API server, and what the API server's own language makes of our certificates.

mod go;

use std::process::{Command, Output};

use jiff::{SignedDuration, Timestamp};
use lockkeeper::certs::{Kept, MOST_PREVIOUS};
use lockkeeper_control_plane::home::Home;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{PATIENCE, binary, plane};
use lockkeeper_testkit::wait;
use serde_json::Value;

/// `lockkeeper certs` as the administrator; no key is printed by it.
fn certs(arguments: &[&str]) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(binary::path())
        .arg("certs")
        .args(arguments)
        .arg("--kubeconfig")
        .arg(plane().admin().config())
        .output()
        .expect("lockkeeper runs");
    let text = [stdout, stderr]
        .map(|text| String::from_utf8(text).expect("UTF-8"))
        .concat();
    assert!(!text.contains("PRIVATE KEY"), "a key was printed");
    (status.code().expect("a code"), text)
}

fn made() -> Kept {
    Kept::make(&["localhost".to_owned()], Timestamp::now()).expect("a CA")
}

#[test]
fn a_rotation_ends_when_every_webhook_trusts_the_new_ca() {
    let home = Home::new(plane(), "certs");
    let replica = home.launch("one", &[]);
    home.register(&replica);
    replica.await_ready();
    let (code, shown) = certs(&["inspect", "--secret", &home.secret()]);
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("ca.crt") && shown.contains("127.0.0.1/32"),
        "{shown}"
    );
    assert!(shown.contains("belongs to the certificate in"), "{shown}");
    assert!(!shown.contains("previous"), "{shown}");

    let (old, before) = (home.kept().current, served(&replica));
    let (secret, webhooks) = (home.secret(), &home.namespace);
    let (code, told) = certs(&["rotate", "--secret", &secret, "--webhooks", webhooks]);
    assert_eq!(code, 0, "{told}");
    let all = home.bundles().len();
    assert!(
        told.contains(&format!("{all} of {all} webhooks trust the new CA")),
        "{told}"
    );
    let kept = home.kept();
    assert_ne!(kept.current.bundle(), old.bundle());
    assert_eq!(kept.current.names(), ["127.0.0.1"]);
    assert_eq!(kept.previous, old.bundle());
    assert_eq!(home.bundles(), vec![kept.trusted().to_pem(); all]);
    let (code, shown) = certs(&["inspect", "--secret", &home.secret()]);
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("previous.crt") && shown.contains("Until"),
        "{shown}"
    );
    wait::until("another certificate to be served", PATIENCE, || {
        let now = served(&replica);
        (now != before).then_some(()).ok_or(now)
    })
    .expect("swapped");
}

/// The SHA-256 of what is served.
fn served(replica: &Lockkeeper) -> String {
    let address = replica.address().to_string();
    let output = Command::new(binary::path())
        .args([
            "certs",
            "inspect",
            "--format",
            "json",
            "--connect",
            &address,
        ])
        .output()
        .expect("lockkeeper runs");
    let shown: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    shown["certificates"][0]["sha256"]
        .as_str()
        .expect("a hash")
        .to_owned()
}

#[test]
fn a_rotation_that_nobody_spreads_is_told_with_what_to_do() {
    let home = Home::new(plane(), "certs");
    home.put(&made());
    home.register_at("https://127.0.0.1:1");
    let (secret, webhooks) = (home.secret(), &home.namespace);
    let rotate = ["rotate", "--secret", &secret, "--webhooks", webhooks];
    let old = home.kept().current;
    let (code, told) = certs(&[&rotate[..], &["--timeout", "3s"]].concat());
    assert_eq!(code, 2, "{told}");
    let all = home.bundles().len();
    assert!(
        told.contains(&format!("0 of {all} webhooks trust the new CA")),
        "{told}"
    );
    assert!(told.contains("see that it runs"), "{told}");
    let kept = home.kept();
    assert!(kept.current.bundle() != old.bundle() && kept.previous == old.bundle());
}

#[test]
fn what_cannot_be_rotated_is_left_as_it_is() {
    let home = Home::new(plane(), "certs");
    let secret = home.secret();
    let rotate = ["rotate", "--secret", &secret, "--webhooks", "nowhere"];
    let (code, told) = certs(&rotate);
    assert_eq!(code, 2);
    assert!(told.contains("holds no CA yet"), "{told}");
    let (code, told) = certs(&["inspect", "--secret", &secret]);
    assert_eq!(code, 2);
    assert!(told.contains("holds no certificate"), "{told}");
    let (code, told) = certs(&["rotate", "--secret", "default/nothing"]);
    assert_eq!(code, 2);
    assert!(told.contains("is not there"), "{told}");

    home.put(&made());
    for _ in 0..MOST_PREVIOUS {
        let (code, told) = certs(&rotate);
        assert_eq!(code, 0, "{told}");
        assert!(told.contains("no webhook is registered"), "{told}");
    }
    let before = home.kept();
    assert_eq!(before.previous.len(), MOST_PREVIOUS);
    let (code, told) = certs(&rotate);
    assert_eq!(code, 2);
    assert!(told.contains("wait until"), "{told}");
    assert_eq!(home.kept().trusted(), before.trusted());
}

#[test]
fn an_old_ca_in_the_secret_ends_the_inspection_with_one() {
    let home = Home::new(plane(), "certs");
    let then = Timestamp::now() - SignedDuration::from_hours(11 * 365 * 24);
    let kept = Kept::make(&["localhost".to_owned()], then).expect("a CA");
    home.put(&kept);
    let (code, told) = certs(&["inspect", "--secret", &home.secret()]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("held until"), "{told}");
}
