//! Policies as objects of a real API server: in force within a second, kept when they break, gone when they are deleted;
//! their statuses, and the webhook that reviews them.

mod broken;
mod effect;
mod expiry;
mod load;
mod replicas;
mod webhook;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use lockkeeper_control_plane::account::Account;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{PATIENCE, binary, objects, plane, reviews};
use lockkeeper_testkit::kubectl::{Output, Target, Way, condition};
use lockkeeper_testkit::wait;
use serde_json::{Value, json};

/// How soon a status follows what it is about, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// What the whole program shares: a Lockkeeper that was there before the definitions were.
struct Stage {
    lockkeeper: Lockkeeper,
    /// How long the first policy took to be in force, the definitions included.
    noticed: Duration,
}

/// The stage, for one test at a time: policies are for the whole cluster.
struct Alone {
    stage: &'static Stage,
    _lock: MutexGuard<'static, ()>,
}

impl Drop for Alone {
    fn drop(&mut self) {
        for kind in ["releasepolicies", "tmpfspolicies", "exemptions"] {
            let all = [
                "delete",
                kind,
                "--all",
                "--all-namespaces",
                "--ignore-not-found",
            ];
            let _ = plane().admin().run(&all);
        }
    }
}

fn alone() -> Alone {
    static LOCK: Mutex<()> = Mutex::new(());
    let lock = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    Alone {
        stage: stage(),
        _lock: lock,
    }
}

fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let account = Account::new(plane(), "policies");
        let flags = [&*account.flag(), "--drain=0s", "--log-level=debug"];
        let lockkeeper = Lockkeeper::start_with(plane(), "policies", &flags);
        let namespace = namespace("first");
        let printed = binary::run(&["crds"]);
        let start = Instant::now();
        let sent = plane().admin().send(Way::ServerSide, &printed);
        sent.expect("kubectl").expect_accepted();
        let spec = milder(&namespace);
        wait::until("the definitions", PATIENCE, || {
            let sent = apply("ReleasePolicy", "", "first", &spec);
            sent.success().then_some(()).ok_or(sent.stderr)
        })
        .expect("they are served");
        await_allowed(&lockkeeper, &namespace, true);
        let noticed = start.elapsed();
        delete("releasepolicy", "", "first");
        await_allowed(&lockkeeper, &namespace, false);
        Stage {
            lockkeeper,
            noticed,
        }
    })
}

fn namespace(prefix: &str) -> String {
    plane().namespace(prefix).expect("a namespace")
}

/// A policy by which floating charts pass in a namespace.
fn milder(namespace: &str) -> Value {
    json!({
        "match": { "namespaces": [namespace] },
        "replacesDefault": true,
        "rules": { "unpinned-chart": { "action": "warn" } },
    })
}

fn object(kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "lockkeeper.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec,
    });
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    object
}

fn apply(kind: &str, namespace: &str, name: &str, spec: &Value) -> Output {
    let object = object(kind, namespace, name, spec).to_string();
    let sent = plane().admin().send(Way::ServerSide, &object);
    sent.expect("kubectl")
}

fn place<'a>(kind: &'a str, namespace: &'a str, name: &'a str) -> Target<'a> {
    Target {
        kind,
        namespace,
        name,
    }
}

fn delete(kind: &str, namespace: &str, name: &str) {
    let deleted = plane().admin().delete(place(kind, namespace, name));
    deleted.expect("kubectl").expect_accepted();
}

/// Whether a floating release of a namespace passes, asked by hand.
fn is_allowed(lockkeeper: &Lockkeeper, namespace: &str) -> bool {
    let release = objects::floating(namespace, "app");
    lockkeeper.validate(&reviews::of_creation(&release))["allowed"] == true
}

#[track_caller]
fn await_allowed(lockkeeper: &Lockkeeper, namespace: &str, allowed: bool) {
    wait::until("another verdict", PATIENCE, || {
        let is_so = is_allowed(lockkeeper, namespace) == allowed;
        is_so.then_some(()).ok_or_else(|| lockkeeper.log())
    })
    .expect("it comes");
}

/// Waits until a policy's condition has this reason, and returns the object.
#[track_caller]
fn await_reason(kind: &str, namespace: &str, name: &str, reason: &str) -> Value {
    let there = plane()
        .admin()
        .wait(place(kind, namespace, name), reason, SOON, |object| {
            let ready = condition(object, "Ready");
            let generation = &object["metadata"]["generation"];
            ready.is_some_and(|ready| ready["reason"] == reason)
                && object["status"]["observedGeneration"] == *generation
        });
    there.expect("its status")
}

fn message(object: &Value) -> String {
    let ready = condition(object, "Ready").expect("the condition");
    ready["message"].as_str().unwrap_or_default().to_owned()
}

/// The value of a metric, as it stands behind its name and labels.
fn metric(lockkeeper: &Lockkeeper, name: &str) -> Option<f64> {
    let text = lockkeeper.get("/metrics");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}
