//! A place for Lockkeepers with certificates of their own: an empty Secret, a Lease, an account, and what registers them.

use std::collections::BTreeMap;
use std::time::Duration;

use lockkeeper::certs::Kept;
use lockkeeper_testkit::kubectl::{Following, Output, Target, Way};
use lockkeeper_testkit::{ControlPlane, wait};
use serde_json::{Value, json};

use crate::account::{Account, Owned};
use crate::lockkeeper::{Lockkeeper, await_refusal, confined};
use crate::{CONFIGURATIONS, PATIENCE, RELEASE_DENIED, binary, objects};

/// Quicker than anybody would have it. A new CA settles for a second: what reads the bundles by kubectl must keep up.
const PACE: [&str; 3] = ["--ca-interval=2s", "--ca-overlap=5s", "--drain=0s"];

/// The Secret of the CA.
pub const SECRET: &str = "lockkeeper-ca";
/// The Lease.
pub const LEASE: &str = "lockkeeper";

/// A namespace with an empty Secret, a Lease and an account of its own; the configurations have its name.
#[derive(Clone)]
pub struct Home {
    /// Its namespace.
    pub namespace: String,
    account: Account,
    plane: &'static ControlPlane,
}

impl Home {
    /// One with all that the chart makes before the first start.
    pub fn new(plane: &'static ControlPlane, prefix: &str) -> Self {
        let home = Self::bare(plane, prefix);
        home.apply(&json!({ "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": home.place(SECRET) }));
        home
    }

    /// Without the Secret.
    pub fn bare(plane: &'static ControlPlane, prefix: &str) -> Self {
        let namespace = plane.namespace(prefix).expect("a namespace");
        let account = Account::new(plane, &namespace);
        let own = Owned {
            webhooks: &namespace,
            namespace: &namespace,
            secret: SECRET,
            lease: LEASE,
        };
        account.open_certificates(plane, &own);
        let home = Self {
            namespace,
            account,
            plane,
        };
        home.apply(&json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": home.place(LEASE) }));
        home
    }

    /// The metadata of an object here.
    pub fn place(&self, name: &str) -> Value {
        json!({ "name": name, "namespace": self.namespace })
    }

    /// Applies an object as Flux would, which must be accepted.
    pub fn apply(&self, object: &Value) {
        let sent = self
            .plane
            .admin()
            .send(Way::ServerSide, &object.to_string());
        sent.expect("kubectl").expect_accepted();
    }

    /// A replica with the CA in the Secret; it need not be ready yet.
    pub fn launch(&self, name: &str, more: &[&str]) -> Lockkeeper {
        let mut flags = vec![
            "--tls-name=127.0.0.1".to_owned(),
            format!("--ca-secret={}", self.secret()),
        ];
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        self.launch_with(name, &flags)
    }

    /// Two replicas, the first of which is registered; both are ready and releases are judged.
    pub fn pair(&self) -> [Lockkeeper; 2] {
        let pair = ["one", "two"].map(|name| self.launch(name, &[]));
        self.register(&pair[0]);
        pair.iter().for_each(Lockkeeper::await_ready);
        self.await_judged();
        pair
    }

    /// A replica whose certificate comes from where `flags` say; it need not be ready yet.
    pub fn launch_with(&self, name: &str, flags: &[String]) -> Lockkeeper {
        let is_other = |pace: &&str| {
            let name = pace.split('=').next();
            flags.iter().all(|flag| flag.split('=').next() != name)
        };
        let mut all: Vec<String> = PACE
            .iter()
            .copied()
            .filter(is_other)
            .map(str::to_owned)
            .collect();
        all.extend([
            self.account.flag(),
            format!("--webhooks={}", self.namespace),
        ]);
        all.extend_from_slice(flags);
        let name = format!("{}-{name}", self.namespace);
        Lockkeeper::launch_without_certificate(self.plane, &name, &all)
    }

    /// What registers an address for the releases of this namespace, without a CA.
    pub fn configurations(&self, url: &str) -> Vec<Value> {
        let printed = binary::webhooks(&["--url", url]);
        confined(self.plane, &printed, &self.namespace)
    }

    /// Registers it as Flux would: by server-side apply, without a CA.
    pub fn register(&self, replica: &Lockkeeper) {
        self.register_at(replica.url());
    }

    /// Registers an address, whoever listens there.
    pub fn register_at(&self, url: &str) {
        for configuration in self.configurations(url) {
            self.apply(&configuration);
        }
    }

    /// The bundles of all its webhooks as PEM, those that judge first; empty where there is none.
    pub fn bundles(&self) -> Vec<String> {
        CONFIGURATIONS
            .into_iter()
            .filter_map(|kind| self.get(kind, &self.namespace))
            .flat_map(|configuration| {
                configuration["webhooks"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default()
            })
            .map(|webhook| objects::decoded(&webhook["clientConfig"]["caBundle"]))
            .collect()
    }

    /// Hands on the bundle of the first webhook whenever its configuration changes.
    pub fn follow_bundle(&self, mut each: impl FnMut(String) + Send + 'static) -> Following {
        let path = "jsonpath={.webhooks[0].clientConfig.caBundle}{\"\\n\"}";
        let configuration = ["validatingwebhookconfiguration", &self.namespace];
        let arguments = [&["get", "--watch", "-o", path], &configuration[..]].concat();
        let decoded = move |line: &str| each(objects::decoded(&json!(line)));
        self.plane
            .admin()
            .follow(&arguments, decoded)
            .expect("kubectl")
    }

    /// An object here, or of the cluster.
    pub fn get(&self, kind: &str, name: &str) -> Option<Value> {
        let place = Target {
            kind,
            namespace: &self.namespace,
            name,
        };
        self.plane.admin().get(place).expect("kubectl")
    }

    /// The Secret as flags name it.
    pub fn secret(&self) -> String {
        format!("{}/{SECRET}", self.namespace)
    }

    /// What the Secret holds; there must be a CA in it.
    pub fn kept(&self) -> Kept {
        let secret = self.get("secrets", SECRET).expect("the Secret");
        let data = secret["data"].as_object().expect("data").iter();
        let data = data.map(|(key, value)| (key.clone(), objects::decoded(value).into_bytes()));
        let kept = Kept::read(&data.collect()).expect("readable");
        kept.expect("a CA")
    }

    /// Puts a CA into the Secret.
    pub fn put(&self, kept: &Kept) {
        let texts: BTreeMap<_, _> = kept
            .write()
            .into_iter()
            .map(|(key, value)| (key, String::from_utf8(value).expect("text")))
            .collect();
        self.apply(&json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": self.place(SECRET),
            "stringData": texts,
        }));
    }

    /// What the Secret holds under a key, as text.
    pub fn held(&self, key: &str) -> String {
        let secret = self.get("secrets", SECRET).expect("the Secret");
        objects::decoded(&secret["data"][key])
    }

    /// Takes all out of the Secret.
    pub fn empty_the_secret(&self) {
        let patch = r#"[{"op":"remove","path":"/data"}]"#;
        let secret = ["secret", SECRET, "--namespace", &self.namespace];
        self.patch(&secret, patch);
    }

    /// Takes the Lease from who holds it: whoever looks next has it.
    pub fn give_the_lease_away(&self) {
        let patch = r#"[{"op":"add","path":"/spec/holderIdentity","value":""}]"#;
        self.patch(&["lease", LEASE, "--namespace", &self.namespace], patch);
    }

    /// Changes the configuration of the webhooks that judge.
    pub fn patch_webhooks(&self, operation: &Value) {
        let configuration = ["validatingwebhookconfiguration", &self.namespace];
        self.patch(&configuration, &json!([operation]).to_string());
    }

    fn patch(&self, object: &[&str], patch: &str) {
        let arguments = [&["patch", "--type=json", "-p", patch], object].concat();
        let sent = self.plane.admin().run(&arguments);
        sent.expect("kubectl").expect_accepted();
    }

    /// What the API server says to an object that is not to be stored.
    pub fn dry_run(&self, object: &str) -> Output {
        let sent = self.plane.admin().send(Way::ServerSideDryRun, object);
        sent.expect("kubectl")
    }

    /// Rotates the CA on the command line, which waits until all webhooks trust the new one.
    pub fn rotate(&self) {
        let kubeconfig = self.plane.admin().config().display().to_string();
        let flags = ["--secret", &self.secret(), "--webhooks", &self.namespace];
        let more = ["--overlap", "5s", "--kubeconfig", &kubeconfig];
        binary::run(&[&["certs", "rotate"], &flags[..], &more].concat());
    }

    /// Waits until the CA in force is the only one that the webhooks trust, and returns it.
    pub fn await_retired(&self) -> String {
        let current = self.held("ca.crt");
        self.until("the CA before to be retired", PATIENCE, |home| {
            home.bundles().iter().all(|bundle| *bundle == current)
        });
        current
    }

    /// Waits until the API server has a floating release refused by a replica that it trusts.
    pub fn await_judged(&self) {
        await_refusal(self.plane, &self.probe(), RELEASE_DENIED);
    }

    /// A release that is refused.
    pub fn probe(&self) -> String {
        objects::floating(&self.namespace, "probe").to_string()
    }

    /// Waits for something that can be asked.
    pub fn until(&self, what: &str, long: Duration, asked: impl Fn(&Self) -> bool) {
        wait::until(what, long, || {
            asked(self).then_some(()).ok_or("not yet".to_owned())
        })
        .expect("it comes");
    }
}

/// Why a replica is not ready; empty where it is.
pub fn unready(replica: &Lockkeeper) -> String {
    let answer = replica.get("/readyz");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    if answer.contains("200 OK") {
        String::new()
    } else {
        body.to_owned()
    }
}
