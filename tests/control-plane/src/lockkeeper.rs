//! `lockkeeper serve` beside the control plane, and its registration.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::Command;

use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::kubectl::{Output, Way};
use lockkeeper_testkit::pki::Files;
use lockkeeper_testkit::process::Process;
use lockkeeper_testkit::reviewer::Reviewer;
use lockkeeper_testkit::{ControlPlane, net, wait};
use serde_json::Value;

use crate::{PATIENCE, RELEASE_DENIED, binary, objects};

/// A running Lockkeeper; it ends with this value, or with the test program.
pub struct Lockkeeper {
    process: Process,
    reviews: SocketAddr,
    health: SocketAddr,
    url: String,
    files: Option<Files>,
}

impl Lockkeeper {
    /// Starts one with the built-in policy and waits until it is ready.
    pub fn start(plane: &ControlPlane) -> Self {
        Self::start_with(plane, "lockkeeper", &[])
    }

    /// Starts one under a name of its own with more flags, and waits until it is ready.
    pub fn start_with(plane: &ControlPlane, name: &str, flags: &[&str]) -> Self {
        let lockkeeper = Self::launch(plane, name, flags);
        lockkeeper.await_ready();
        lockkeeper
    }

    /// Starts one and waits for nothing.
    pub fn launch(plane: &ControlPlane, name: &str, flags: &[&str]) -> Self {
        let files = plane.webhook_certificate(name).expect("a certificate");
        let pair = [
            ("--tls-cert", &files.certificate),
            ("--tls-key", &files.key),
        ];
        let mut all: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        all.extend(pair.map(|(flag, path)| format!("{flag}={}", path.display())));
        Self {
            files: Some(files),
            ..Self::launch_without_certificate(plane, name, &all)
        }
    }

    /// Starts one that is given no certificate but by `flags`, and waits for nothing.
    pub fn launch_without_certificate(
        plane: &ControlPlane,
        name: &str,
        flags: &[impl AsRef<OsStr>],
    ) -> Self {
        let ports = net::free_ports().expect("free ports");
        Self::launch_on(plane, name, ports, flags)
    }

    /// The same on ports that were chosen before, of reviews and of health, so that it can be called before it is there.
    pub fn launch_on(
        plane: &ControlPlane,
        name: &str,
        [tls, plain]: [u16; 2],
        flags: &[impl AsRef<OsStr>],
    ) -> Self {
        let mut command = Command::new(binary::path());
        command
            .arg("serve")
            .arg(format!("--listen=127.0.0.1:{tls}"))
            .arg(format!("--metrics-listen=127.0.0.1:{plain}"))
            .arg("--log-format=json")
            .args(flags);
        let process = plane.run(name, command).expect("lockkeeper starts");
        Self {
            process,
            reviews: net::loopback(tls),
            health: net::loopback(plain),
            url: format!("https://127.0.0.1:{tls}"),
            files: None,
        }
    }

    /// Registers it for the whole cluster by what `lockkeeper webhooks` prints, and waits until the API server calls it.
    pub fn register<'a>(&self, plane: &'a ControlPlane) -> Registered<'a> {
        let authority = self.files().authority.to_string_lossy();
        let printed = binary::webhooks(&["--url", &self.url, "--ca-file", &authority]);
        let registered = plane.register(&printed).expect("a registration");
        let probe = objects::floating("default", "probe").to_string();
        await_refusal(plane, &probe, RELEASE_DENIED);
        registered
    }

    /// Waits until it says that it is ready.
    pub fn await_ready(&self) {
        self.process
            .ready("lockkeeper to be ready", PATIENCE, || {
                net::healthy(self.health, "/readyz")
            })
            .expect("lockkeeper is ready");
    }

    /// What it answers to a GET of its health or metrics; empty while it does not listen.
    pub fn get(&self, path: &str) -> String {
        net::get(self.health, path).unwrap_or_default()
    }

    /// Asks it by hand what it says of a review, as the API server would; see [`crate::reviews`].
    pub fn validate(&self, review: &Value) -> Value {
        Reviewer::new(self.reviews, self.files())
            .and_then(|reviewer| reviewer.validate(review))
            .expect("an answer")
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its certificate's files, where [`Lockkeeper::launch`] gave it some.
    pub fn files(&self) -> &Files {
        self.files.as_ref().expect("files of its certificate")
    }

    /// Where it takes reviews.
    pub fn address(&self) -> SocketAddr {
        self.reviews
    }

    /// What it logged of the reviews of one object, the oldest first.
    pub fn reviews(&self, namespace: &str, name: &str) -> Vec<Value> {
        self.log()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["message"] == "review")
            .filter(|line| line["namespace"] == namespace && line["name"] == name)
            // The Kustomization of these tests has the name of the release that it applies.
            .filter(|line| line["kind"] != "Kustomization")
            .collect()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.process.log_text()
    }

    /// Whether it still runs; the error shows the end of its log.
    pub fn check(&self) -> lockkeeper_testkit::Result<()> {
        self.process.check()
    }
}

/// The configurations of `printed`, under another name and only for the objects of one namespace, as tests of one
/// API server must not stop each other. All else stays as Lockkeeper printed it.
pub fn confined(plane: &ControlPlane, printed: &str, namespace: &str) -> Vec<Value> {
    // kubectl reads the YAML; nothing is sent.
    let read = plane
        .admin()
        .run_with(
            &["create", "--dry-run=client", "-o", "json", "-f", "-"],
            printed,
        )
        .expect("kubectl")
        .expect_accepted()
        .stdout;
    let mut configurations: Vec<Value> = serde_json::Deserializer::from_str(&read)
        .into_iter::<Value>()
        .map(|document| document.expect("JSON"))
        .flat_map(|document| match document["items"].as_array() {
            Some(items) => items.clone(),
            None => vec![document],
        })
        // What guards namespaces needs no webhook, and is no test's of releases.
        .filter(|document| {
            let kind = document["kind"].as_str().unwrap_or_default();
            kind.ends_with("WebhookConfiguration")
        })
        .collect();
    assert_eq!(configurations.len(), 2, "{read}");
    for configuration in &mut configurations {
        configuration["metadata"]["name"] = namespace.into();
        for webhook in configuration["webhooks"].as_array_mut().expect("webhooks") {
            webhook["namespaceSelector"] =
                serde_json::json!({ "matchLabels": { "kubernetes.io/metadata.name": namespace } });
        }
    }
    configurations
}

/// Registers configurations that [`confined`] made.
pub fn register<'a>(plane: &'a ControlPlane, configurations: &[Value]) -> Registered<'a> {
    let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": configurations });
    plane.register(&list.to_string()).expect("a registration")
}

/// Waits until a dry run of an object is refused with these words: the API server reads configurations from a cache
/// that is a moment behind.
pub fn await_refusal(plane: &ControlPlane, object: &str, words: &str) -> Output {
    let refused = || {
        let output = plane
            .admin()
            .send(Way::ServerSideDryRun, object)
            .expect("kubectl");
        if !output.success() && output.stderr.contains(words) {
            Ok(output)
        } else {
            Err(output.to_string())
        }
    };
    wait::until("the webhook to be called", PATIENCE, refused).expect("a call")
}
