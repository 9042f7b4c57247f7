//! Pods and their mounts in memory: the real API server takes every patch, and what it stores is what was meant.
//!
//! What was meant is written out in each test and compared with a twin: the same pod in a namespace that sends
//! nothing to Lockkeeper, with the mounts put in by hand.

mod again;
mod created;
mod kinds;
mod scopes;
mod selected;

use std::sync::OnceLock;

use lockkeeper_control_plane::account::Account;
use lockkeeper_control_plane::lockkeeper::{Lockkeeper, confined, register};
use lockkeeper_control_plane::{PATIENCE, binary, objects, reviews};
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::kubectl::{Output, Way, target};
use lockkeeper_testkit::{ControlPlane, Options, wait};
use serde_json::{Value, json};

const POLICIES: &str = "
apiVersion: lockkeeper.dev/v1alpha1
kind: TmpfsPolicy
metadata: { name: scratch }
spec:
  mounts: [{ path: /tmp, sizeLimit: 64Mi }]
---
apiVersion: lockkeeper.dev/v1alpha1
kind: TmpfsPolicy
metadata: { name: any }
spec:
  podSelector: { matchLabels: { any: 'true' } }
  when: always
  mounts: [{ path: /tmp, sizeLimit: 64Mi }]
---
apiVersion: lockkeeper.dev/v1alpha1
kind: TmpfsPolicy
metadata: { name: shared }
spec:
  podSelector: { matchExpressions: [{ key: shared, operator: Exists }] }
  when: always
  mounts: [{ path: /shared, sizeLimit: 1Mi, shared: true }]
---
apiVersion: lockkeeper.dev/v1alpha1
kind: TmpfsPolicy
metadata: { name: lab }
spec:
  podSelector: { matchLabels: { lab: 'true' } }
  namespaceSelector: { matchLabels: { tier: lab } }
  mounts: [{ path: /lab, sizeLimit: 2Mi }]
---
apiVersion: lockkeeper.dev/v1alpha1
kind: TmpfsPolicy
metadata: { name: convert }
spec:
  podSelector: { matchLabels: { convert: 'true' } }
  mounts: [{ path: /work, sizeLimit: 8Mi }]
  convertEmptyDir: true
";

pub(crate) fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| {
        let options = Options::default().flux(false).controller_manager(true);
        options.start().expect("the control plane starts")
    })
}

/// The policies as a flag.
pub(crate) fn policy_flag() -> String {
    let file = plane().folder().join("policies.yaml");
    std::fs::write(&file, POLICIES).expect("a file");
    format!("--policy={}", file.display())
}

/// Lockkeeper with the policies and its own account.
pub(crate) fn lockkeeper() -> &'static Lockkeeper {
    static LOCKKEEPER: OnceLock<Lockkeeper> = OnceLock::new();
    LOCKKEEPER.get_or_init(|| {
        let account = Account::new(plane(), "lockkeeper");
        let flags = [policy_flag(), account.flag()];
        Lockkeeper::start_with(plane(), "lockkeeper", &flags.each_ref().map(String::as_str))
    })
}

/// A namespace whose pods may start: its account is there.
pub(crate) fn namespace(prefix: &str) -> String {
    let namespace = plane().namespace(prefix).expect("a namespace");
    let account = target("serviceaccount", &namespace, "default");
    plane()
        .admin()
        .wait(account, "to be there", PATIENCE, |_| true)
        .expect("an account");
    namespace
}

/// A namespace whose pods are sent to a Lockkeeper.
pub(crate) struct Ground {
    pub(crate) namespace: String,
    _registered: Registered<'static>,
}

impl Ground {
    /// Pods with a read-only root, as by default.
    pub(crate) fn new(prefix: &str) -> Self {
        Self::with(prefix, lockkeeper(), "readOnlyRoot")
    }

    /// Registers `lockkeeper` with a scope, and waits until the API server calls it.
    pub(crate) fn with(prefix: &str, lockkeeper: &Lockkeeper, scope: &str) -> Self {
        let namespace = namespace(prefix);
        let authority = lockkeeper.files().authority.to_string_lossy();
        let flags = ["--url", lockkeeper.url(), "--ca-file", &*authority];
        let printed = binary::webhooks(&[&flags[..], &["--pod-scope", scope]].concat());
        let registered = register(plane(), &confined(plane(), &printed, &namespace));
        let mut probe = objects::pod(&namespace, "probe");
        probe["metadata"]["annotations"] = json!({ "lockkeeper.dev/tmpfs": "/probe=1Mi" });
        wait::until("the webhook to be called", PATIENCE, || {
            let seen = dry_run(&probe);
            if seen.to_string().contains("/probe") {
                Ok(())
            } else {
                Err(seen.to_string())
            }
        })
        .expect("a call");
        Self {
            namespace,
            _registered: registered,
        }
    }
}

/// Creates an object and hands back what the API server answered.
pub(crate) fn create(object: &Value) -> Output {
    let output = plane().admin().send(Way::Create, &object.to_string());
    output.expect("kubectl").expect_accepted()
}

/// What the API server would store.
pub(crate) fn dry_run(object: &Value) -> Value {
    let arguments = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
    let output = plane().admin().run_with(&arguments, &object.to_string());
    let output = output.expect("kubectl").expect_accepted();
    serde_json::from_str(&output.stdout).expect("JSON")
}

/// The stored pod.
pub(crate) fn stored(namespace: &str, name: &str) -> Value {
    let pod = plane().admin().get(target("pod", namespace, name));
    pod.expect("kubectl").expect("a pod")
}

/// A spec as text, with what the API server makes up made equal.
pub(crate) fn spec(pod: &Value) -> String {
    let spec = reviews::stable(&pod["spec"], &[]);
    serde_json::to_string_pretty(&spec).expect("JSON")
}

/// The same pod as it is stored where nobody changes it.
pub(crate) fn twin(pod: &Value) -> Value {
    static TWINS: OnceLock<String> = OnceLock::new();
    let namespace = TWINS.get_or_init(|| namespace("twins"));
    let mut pod = pod.clone();
    pod["metadata"]["namespace"] = namespace.as_str().into();
    dry_run(&pod)
}

/// A volume and the mounts of it that a test means: for each a list of containers, a place in it, and a path.
pub(crate) fn put(pod: &mut Value, volume: &str, size: &str, mounts: &[(&str, usize, &str)]) {
    let push = |list: &mut Value, item: Value| match list {
        Value::Array(items) => items.push(item),
        other => *other = json!([item]),
    };
    let volume_of =
        json!({ "emptyDir": { "medium": "Memory", "sizeLimit": size }, "name": volume });
    push(&mut pod["spec"]["volumes"], volume_of);
    for (list, index, path) in mounts {
        let container = &mut pod["spec"][list][index];
        let mount = json!({ "mountPath": path, "name": volume });
        push(&mut container["volumeMounts"], mount);
    }
}
