//! Certificates of Lockkeeper's own: one CA in a Secret, injected where it is trusted, rotated under load; with no right
//! more than it lists.

mod loads;
mod overwritten;
mod rotation;
mod states;

use std::sync::OnceLock;
use std::time::Duration;

use lockkeeper_control_plane::account::{Account, Owned};
use lockkeeper_control_plane::lockkeeper::{Lockkeeper, await_refusal, confined};
use lockkeeper_control_plane::{RELEASE_DENIED, binary, objects};
use lockkeeper_testkit::kubectl::{Following, Target, Way};
use lockkeeper_testkit::{ControlPlane, wait};
use serde_json::{Value, json};

/// Quicker than anybody would have it. A new CA settles for a second: what reads the bundles by kubectl must keep up.
const FLAGS: [&str; 4] = [
    "--tls-name=127.0.0.1",
    "--ca-interval=2s",
    "--ca-overlap=5s",
    "--drain=0s",
];

const SECRET: &str = "lockkeeper-ca";
const LEASE: &str = "lockkeeper";

pub(crate) fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| ControlPlane::start().expect("the control plane starts"))
}

/// A namespace with an empty Secret, a Lease and an account of its own; the configurations have its name.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) namespace: String,
    account: Account,
}

impl Home {
    pub(crate) fn new(prefix: &str) -> Self {
        let home = Self::bare(prefix);
        home.apply(&json!({ "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": home.place(SECRET) }));
        home
    }

    /// Without the Secret.
    pub(crate) fn bare(prefix: &str) -> Self {
        let namespace = plane().namespace(prefix).expect("a namespace");
        let account = Account::new(plane(), &namespace);
        let own = Owned {
            webhooks: &namespace,
            namespace: &namespace,
            secret: SECRET,
            lease: LEASE,
        };
        account.open_certificates(plane(), &own);
        let home = Self { namespace, account };
        home.apply(&json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": home.place(LEASE) }));
        home
    }

    pub(crate) fn place(&self, name: &str) -> Value {
        json!({ "name": name, "namespace": self.namespace })
    }

    #[expect(clippy::unused_self, reason = "it reads as what is done at home")]
    pub(crate) fn apply(&self, object: &Value) {
        let sent = plane().admin().send(Way::ServerSide, &object.to_string());
        sent.expect("kubectl").expect_accepted();
    }

    /// A replica with the CA in the Secret; it need not be ready yet.
    pub(crate) fn launch(&self, name: &str, more: &[&str]) -> Lockkeeper {
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).into();
        flags.extend([
            self.account.flag(),
            format!("--ca-secret={}/{SECRET}", self.namespace),
            format!("--webhooks={}", self.namespace),
        ]);
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        Lockkeeper::launch_without_certificate(
            plane(),
            &format!("{}-{name}", self.namespace),
            &flags,
        )
    }

    /// What registers a replica for the releases of this namespace, without a CA.
    pub(crate) fn configurations(&self, replica: &Lockkeeper) -> Vec<Value> {
        let printed = binary::webhooks(&["--url", replica.url()]);
        confined(plane(), &printed, &self.namespace)
    }

    /// Registers it as Flux would: by server-side apply, without a CA.
    pub(crate) fn register(&self, replica: &Lockkeeper) {
        for configuration in self.configurations(replica) {
            self.apply(&configuration);
        }
    }

    /// The bundles of all its webhooks as PEM, those that judge first; empty where there is none.
    pub(crate) fn bundles(&self) -> Vec<String> {
        ["validating", "mutating"]
            .into_iter()
            .filter_map(|kind| self.get(&format!("{kind}webhookconfigurations"), &self.namespace))
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
    pub(crate) fn follow_bundle(&self, mut each: impl FnMut(String) + Send + 'static) -> Following {
        let path = "jsonpath={.webhooks[0].clientConfig.caBundle}{\"\\n\"}";
        let configuration = ["validatingwebhookconfiguration", &self.namespace];
        let arguments = [&["get", "--watch", "-o", path], &configuration[..]].concat();
        let decoded = move |line: &str| each(objects::decoded(&json!(line)));
        plane()
            .admin()
            .follow(&arguments, decoded)
            .expect("kubectl")
    }

    pub(crate) fn get(&self, kind: &str, name: &str) -> Option<Value> {
        let place = Target {
            kind,
            namespace: &self.namespace,
            name,
        };
        plane().admin().get(place).expect("kubectl")
    }

    /// What the Secret holds under a key, as text.
    pub(crate) fn held(&self, key: &str) -> String {
        let secret = self.get("secrets", SECRET).expect("the Secret");
        objects::decoded(&secret["data"][key])
    }

    pub(crate) fn empty_the_secret(&self) {
        let patch = r#"[{"op":"remove","path":"/data"}]"#;
        let secret = ["secret", SECRET, "--namespace", &self.namespace];
        self.patch(&secret, patch);
    }

    /// Changes the configuration of the webhooks that judge.
    pub(crate) fn patch_webhooks(&self, operation: &Value) {
        let configuration = ["validatingwebhookconfiguration", &self.namespace];
        self.patch(&configuration, &json!([operation]).to_string());
    }

    #[expect(clippy::unused_self, reason = "it reads as what is done at home")]
    fn patch(&self, object: &[&str], patch: &str) {
        let arguments = [&["patch", "--type=json", "-p", patch], object].concat();
        let sent = plane().admin().run(&arguments);
        sent.expect("kubectl").expect_accepted();
    }

    /// Waits until the API server has a floating release refused by a replica that it trusts.
    pub(crate) fn await_judged(&self) {
        await_refusal(plane(), &self.probe(), RELEASE_DENIED);
    }

    pub(crate) fn probe(&self) -> String {
        objects::floating(&self.namespace, "probe").to_string()
    }

    /// Waits for something that can be asked.
    pub(crate) fn until(&self, what: &str, long: Duration, asked: impl Fn(&Self) -> bool) {
        wait::until(what, long, || {
            asked(self).then_some(()).ok_or("not yet".to_owned())
        })
        .expect("it comes");
    }
}

/// Why a replica is not ready; empty where it is.
pub(crate) fn unready(replica: &Lockkeeper) -> String {
    let answer = replica.get("/readyz");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    if answer.contains("200 OK") {
        String::new()
    } else {
        body.to_owned()
    }
}

#[test]
fn two_replicas_make_one_ca_and_serve_by_it() {
    let home = Home::new("pair");
    let (one, two) = (home.launch("one", &[]), home.launch("two", &[]));
    home.register(&one);
    one.await_ready();
    two.await_ready();
    home.await_judged();
    let authority = home.held("ca.crt");
    assert!(authority.contains("BEGIN CERTIFICATE"));
    assert!(home.bundles().iter().all(|bundle| *bundle == authority));
    assert_eq!(home.bundles().len(), 5);
    let made = |replica: &Lockkeeper| replica.log().matches("made a CA").count();
    assert_eq!(made(&one) + made(&two), 1);
    // Each has a certificate of its own, which nobody stored.
    let data = home.get("secrets", SECRET).expect("the Secret")["data"].clone();
    let keys: Vec<_> = data.as_object().expect("data").keys().cloned().collect();
    assert_eq!(keys, ["ca.crt", "ca.key"]);
    // The other is as good: it is asked instead, and nobody is told of a CA.
    home.register(&two);
    home.await_judged();
    let metrics = one.get("/metrics");
    assert!(
        metrics.contains("lockkeeper_ca_bundles_missing 0"),
        "{metrics}"
    );
}
