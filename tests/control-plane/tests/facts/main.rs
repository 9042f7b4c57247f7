//! What Lockkeeper knows of the cluster, with its own account and no right more than it lists: claims, sources, what
//! Flux substituted; and what it says while it cannot know.

mod claims;
mod grants;
mod later;
mod names;
mod outages;
mod provenance;
mod readiness;
mod sources;
mod tenants;
mod values;

use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use lockkeeper_control_plane::account::Account;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{PATIENCE, objects, reviews as by_hand};
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::kubectl::{Output, Way, target};
use lockkeeper_testkit::{ControlPlane, crds, wait};
use serde_json::{Value, json};

/// The namespace whose Kustomizations substitute from Secrets.
pub(crate) const FLEET: &str = "fleet";

/// The Secrets there that are opened to Lockkeeper.
const OPENED: [&str; 5] = [
    "cluster-secrets",
    "impersonated-secrets",
    "guessed-secrets",
    "claimed-secrets",
    "short-secrets",
];

/// Nobody sends reviews to one that is asked by hand while it stops.
pub(crate) const AT_ONCE: &str = "--drain=0s";

/// How long a review may take, whatever the API server does: two seconds of look-ups, and some for a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_millis(2500);

/// Kept while a test needs the API server, and alone by a test that takes it away.
static API_SERVER: RwLock<()> = RwLock::new(());

pub(crate) struct Stage {
    pub(crate) lockkeeper: Lockkeeper,
    _registered: Registered<'static>,
}

pub(crate) fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| ControlPlane::start().expect("the control plane starts"))
}

/// Nobody takes the API server away meanwhile.
pub(crate) fn calm() -> RwLockReadGuard<'static, ()> {
    API_SERVER.read().unwrap_or_else(PoisonError::into_inner)
}

/// Nobody else needs the API server meanwhile.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    API_SERVER.write().unwrap_or_else(PoisonError::into_inner)
}

/// Lockkeeper as most installations have it, registered for all namespaces. ExternalSecret is defined only after it has
/// started.
pub(crate) fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let admin = plane().admin();
        let external = target(
            "customresourcedefinition",
            "",
            "externalsecrets.external-secrets.io",
        );
        admin.delete(external).expect("kubectl").expect_accepted();
        admin.wait_gone(external, PATIENCE).expect("it goes");
        make(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": FLEET } }))
            .expect_accepted();
        let account = Account::new(plane(), "lockkeeper");
        account.open(plane(), FLEET, &OPENED);
        let mut flags = vec![account.flag()];
        flags.extend(OPENED.map(|name| format!("--read-secret={FLEET}/{name}")));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let lockkeeper = Lockkeeper::start_with(plane(), "lockkeeper", &flags);
        let registered = lockkeeper.register(plane());
        for definition in crds::paths().expect("the definitions") {
            if definition.ends_with("external-secrets.io_externalsecrets.yaml") {
                let definition = definition.to_string_lossy();
                let apply = ["apply", "--server-side", "-f", &definition];
                admin.run(&apply).expect("kubectl").expect_accepted();
            }
        }
        make(&sealed_secrets()).expect_accepted();
        Stage {
            lockkeeper,
            _registered: registered,
        }
    })
}

/// The least of a definition: Lockkeeper keeps only the names.
fn sealed_secrets() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "sealedsecrets.bitnami.com" },
        "spec": {
            "group": "bitnami.com", "scope": "Namespaced",
            "names": { "kind": "SealedSecret", "plural": "sealedsecrets" },
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
            }],
        },
    })
}

/// What looks like a good password; another one in every run, so that none is found in a log by chance.
pub(crate) fn password(name: &str) -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("Kq7{:016x}Vt", RandomState::new().hash_one(name))
}

pub(crate) fn namespace(prefix: &str) -> String {
    stage();
    plane().namespace(prefix).expect("a namespace")
}

/// What the registered one logged of the reviews of a release, the oldest first.
pub(crate) fn reviews(namespace: &str, name: &str) -> Vec<Value> {
    let mut reviews = stage().lockkeeper.reviews(namespace, name);
    // Its Kustomization may have the same name.
    reviews.retain(|review| review["kind"] == "HelmRelease");
    reviews
}

/// One more Lockkeeper, that nobody has registered: it is asked by hand.
pub(crate) fn another(name: &str, flags: &[&str]) -> (Lockkeeper, Account) {
    let account = Account::new(plane(), name);
    let own = account.flag();
    let flags = [&[own.as_str(), AT_ONCE], flags].concat();
    (Lockkeeper::start_with(plane(), name, &flags), account)
}

/// Writes a policy file and returns the flag that names it.
pub(crate) fn policy(name: &str, text: &str) -> String {
    let path = plane().folder().join(format!("{name}.yaml"));
    std::fs::write(&path, text).expect("a file");
    format!("--policy={}", path.display())
}

pub(crate) fn claim(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
    })
}

/// A release by app-template that wants this claim.
pub(crate) fn wanting(namespace: &str, name: &str, claim: &str) -> Value {
    let mut release = objects::pinned(namespace, name);
    release["spec"]["chart"]["spec"]["chart"] = "app-template".into();
    release["spec"]["chart"]["spec"]["version"] = "4.6.2".into();
    release["spec"]["values"] = json!({
        "controllers": { "main": { "containers": { "app": {
            "image": { "repository": "registry.invalid/app", "tag": "1.2.3" },
        } } } },
        "persistence": { "data": { "existingClaim": claim } },
    });
    release
}

/// What an answer came to, with all its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    Warned(String),
    Denied(String),
}

impl Verdict {
    pub(crate) fn of(response: &Value) -> Self {
        let warnings = response["warnings"].as_array();
        let warnings: Vec<&str> = warnings
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if response["allowed"] != true {
            let message = response["status"]["message"].as_str();
            Self::Denied(message.unwrap_or_default().to_owned())
        } else if warnings.is_empty() {
            Self::Allowed
        } else {
            Self::Warned(warnings.join("\n"))
        }
    }

    pub(crate) fn is_warned(&self, words: &str) -> bool {
        matches!(self, Self::Warned(text) if text.contains(words))
    }

    pub(crate) fn is_denied(&self, words: &str) -> bool {
        matches!(self, Self::Denied(text) if text.contains(words))
    }
}

/// Asks by hand, and fails where the answer is late.
#[track_caller]
pub(crate) fn ask(lockkeeper: &Lockkeeper, object: &Value) -> Verdict {
    let began = Instant::now();
    let response = lockkeeper.validate(&by_hand::of_creation(object));
    let took = began.elapsed();
    assert!(took < DEADLINE, "answered after {took:?}: {response}");
    Verdict::of(&response)
}

/// Asks by hand until the answer is as wanted.
#[track_caller]
pub(crate) fn await_verdict(
    lockkeeper: &Lockkeeper,
    object: &Value,
    patience: Duration,
    is_wanted: impl Fn(&Verdict) -> bool,
) {
    wait::until("another verdict", patience, || {
        let verdict = ask(lockkeeper, object);
        if is_wanted(&verdict) {
            Ok(())
        } else {
            Err(format!("{verdict:?}"))
        }
    })
    .expect("it comes");
}

pub(crate) fn make(object: &Value) -> Output {
    plane()
        .admin()
        .send(Way::ServerSide, &object.to_string())
        .expect("kubectl")
}
