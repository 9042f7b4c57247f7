//! `lockkeeper certs` against a real API server, and what the API server's own language makes of our certificates.

mod go;

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use lockkeeper::certs::{Bundle, Kept, MOST_PREVIOUS};
use lockkeeper_control_plane::{PATIENCE, binary};
use lockkeeper_testkit::kubectl::{Target, Way};
use lockkeeper_testkit::process::Process;
use lockkeeper_testkit::{ControlPlane, Options, net, wait};
use serde_json::{Value, json};

fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| {
        Options::default()
            .flux(false)
            .start()
            .expect("the control plane starts")
    })
}

/// A namespace with a Secret for the CA and a Lease, as the chart makes them.
struct Home {
    namespace: String,
}

impl Home {
    fn new() -> Self {
        let namespace = plane().namespace("certs").expect("a namespace");
        let home = Self { namespace };
        home.put(&BTreeMap::new());
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": { "name": "lockkeeper", "namespace": home.namespace },
        });
        send(&lease);
        home
    }

    fn secret(&self) -> String {
        format!("{}/ca", self.namespace)
    }

    /// Puts this into the Secret.
    fn put(&self, data: &BTreeMap<String, Vec<u8>>) {
        let data: BTreeMap<_, _> = data
            .iter()
            .map(|(key, value)| (key, STANDARD.encode(value)))
            .collect();
        send(&json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": { "name": "ca", "namespace": self.namespace },
            "data": data,
        }));
    }

    /// What is in the Secret.
    fn kept(&self) -> Kept {
        let target = Target {
            kind: "secret",
            namespace: &self.namespace,
            name: "ca",
        };
        let secret = plane()
            .admin()
            .get(target)
            .expect("kubectl")
            .expect("a Secret");
        let data = secret["data"].as_object().expect("data");
        let data = data.iter().map(|(key, value)| {
            let value = STANDARD.decode(value.as_str().expect("text"));
            (key.clone(), value.expect("base64"))
        });
        Kept::read(&data.collect())
            .expect("readable")
            .expect("a CA")
    }
}

fn send(object: &Value) {
    let sent = plane().admin().send(Way::ServerSide, &object.to_string());
    sent.expect("kubectl runs").expect_accepted();
}

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

/// Registers our webhooks under a name of their own, for a server that is nowhere.
fn register(name: &str, url: &str) -> lockkeeper_testkit::control_plane::Registered<'static> {
    let printed = binary::webhooks(&["--url", url]);
    let own = printed.replace("\n  name: lockkeeper\n", &format!("\n  name: {name}\n"));
    assert_eq!(
        own.matches(&format!("\n  name: {name}\n")).count(),
        2,
        "{printed}"
    );
    plane().register(&own).expect("a registration")
}

/// The `caBundle` of each of our webhooks.
fn bundles(name: &str) -> Vec<Bundle> {
    [
        "validatingwebhookconfiguration",
        "mutatingwebhookconfiguration",
    ]
    .into_iter()
    .flat_map(|kind| {
        let target = Target {
            kind,
            namespace: "",
            name,
        };
        let object = plane().admin().get(target).expect("kubectl").expect(kind);
        object["webhooks"].as_array().expect("webhooks").clone()
    })
    .map(|webhook| {
        let bundle = webhook["clientConfig"]["caBundle"]
            .as_str()
            .unwrap_or_default();
        Bundle::from_pem(&STANDARD.decode(bundle).expect("base64")).expect("PEM")
    })
    .collect()
}

fn serve(home: &Home, webhooks: &str, tls: u16, plain: u16) -> Process {
    let mut command = Command::new(binary::path());
    command
        .args(["serve", "--tls-name", "127.0.0.1", "--ca-interval", "1s"])
        .arg(format!("--listen=127.0.0.1:{tls}"))
        .arg(format!("--metrics-listen=127.0.0.1:{plain}"))
        .args(["--ca-secret", &home.secret(), "--webhooks", webhooks])
        .arg("--kubeconfig")
        .arg(plane().admin().config());
    plane().run(webhooks, command).expect("lockkeeper starts")
}

#[test]
fn a_rotation_ends_when_every_webhook_trusts_the_new_ca() {
    let home = Home::new();
    let [tls, plain] = net::free_ports().expect("free ports");
    let _registered = register("rotated", &format!("https://127.0.0.1:{tls}"));
    let server = serve(&home, "rotated", tls, plain);
    let ready = || net::healthy(net::loopback(plain), "/readyz");
    server
        .ready("lockkeeper to be ready", PATIENCE, ready)
        .expect("ready");
    let (code, shown) = certs(&["inspect", "--secret", &home.secret()]);
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("ca.crt") && shown.contains("127.0.0.1/32"),
        "{shown}"
    );
    assert!(shown.contains("belongs to the certificate in"), "{shown}");
    assert!(!shown.contains("previous"), "{shown}");

    let (old, before) = (home.kept().current, served(tls));
    let (code, told) = certs(&[
        "rotate",
        "--secret",
        &home.secret(),
        "--webhooks",
        "rotated",
    ]);
    assert_eq!(code, 0, "{told}");
    let all = bundles("rotated").len();
    assert!(
        told.contains(&format!("{all} of {all} webhooks trust the new CA")),
        "{told}"
    );
    let kept = home.kept();
    assert_ne!(kept.current.id(), old.id());
    assert_eq!(kept.current.names(), ["127.0.0.1"]);
    for bundle in bundles("rotated") {
        assert_eq!(bundle, kept.trusted());
        assert!(bundle.contains(&old.bundle()));
    }
    let (code, shown) = certs(&["inspect", "--secret", &home.secret()]);
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("previous.crt") && shown.contains("Until"),
        "{shown}"
    );
    wait::until("another certificate to be served", PATIENCE, || {
        let now = served(tls);
        (now != before).then_some(()).ok_or(now)
    })
    .expect("swapped");
}

/// The SHA-256 of what is served.
fn served(tls: u16) -> String {
    let address = format!("127.0.0.1:{tls}");
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
    let home = Home::new();
    home.put(&made().write());
    let _registered = register("forgotten", "https://127.0.0.1:1");
    let secret = home.secret();
    let rotate = ["rotate", "--secret", &secret, "--webhooks", "forgotten"];
    let old = home.kept().current;
    let (code, told) = certs(&[&rotate[..], &["--timeout", "3s"]].concat());
    assert_eq!(code, 2, "{told}");
    let all = bundles("forgotten").len();
    assert!(
        told.contains(&format!("0 of {all} webhooks trust the new CA")),
        "{told}"
    );
    assert!(told.contains("see that it runs"), "{told}");
    let kept = home.kept();
    assert!(kept.current.id() != old.id() && kept.previous == old.bundle());
}

#[test]
fn what_cannot_be_rotated_is_left_as_it_is() {
    let home = Home::new();
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

    home.put(&made().write());
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
    let home = Home::new();
    let then = Timestamp::now() - SignedDuration::from_hours(11 * 365 * 24);
    let kept = Kept::make(&["localhost".to_owned()], then).expect("a CA");
    home.put(&kept.write());
    let (code, told) = certs(&["inspect", "--secret", &home.secret()]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("held until"), "{told}");
}
