//! Measures what knowing a large cluster costs: memory, the time to be ready, the time of a review.
//!
//! `LOCKKEEPER_BIN=target/release/lockkeeper cargo run -p lockkeeper-control-plane --example facts_load`; the figures
//! are in docs/performance.md, which says what they must reach. It fails where they do not.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use lockkeeper_control_plane::account::Account;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{objects, reviews};
use lockkeeper_testkit::kubectl::Way;
use lockkeeper_testkit::{ControlPlane, Options};
use serde_json::{Value, json};

const NAMESPACES: usize = 50;
const CLAIMS: usize = 5_000;
const OCI_REPOSITORIES: usize = 1_500;
const OTHER_SOURCES: usize = 500;
const RELEASES: usize = 1_000;

const MOST_MEMORY: u64 = 60 * 1024 * 1024;
const MOST_TIME: Duration = Duration::from_secs(5);
/// A review that asks, against the same review of a Lockkeeper that knows nothing.
const MOST_RATIO: f64 = 1.5;
const REVIEWS: usize = 400;

fn main() {
    let plane = Options::default()
        .flux(false)
        .start()
        .expect("a control plane");
    fill(&plane);
    let account = Account::new(&plane, "lockkeeper");
    let mut is_met = true;
    let mut report = "| start | ready after | resident when ready | resident 20 s later | most ever |\n|---|---|---|---|---|\n".to_owned();
    let mut seeing = None;
    for number in 1..=3 {
        // The one before ends first.
        drop(seeing.take());
        let began = Instant::now();
        let lockkeeper = Lockkeeper::launch(&plane, &format!("load-{number}"), &[&account.flag()]);
        while !lockkeeper.get("/readyz").contains("200 OK") {
            std::thread::sleep(Duration::from_millis(10));
        }
        let took = began.elapsed();
        let ready = lockkeeper.process().memory().expect("its memory");
        std::thread::sleep(Duration::from_secs(20));
        let later = lockkeeper.process().memory().expect("its memory");
        known(&lockkeeper);
        let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
        let _ = writeln!(
            report,
            "| {number} | {:.2} s | {:.1} MiB | {:.1} MiB | {:.1} MiB |",
            took.as_secs_f64(),
            mib(ready.resident),
            mib(later.resident),
            mib(later.peak)
        );
        is_met &= took <= MOST_TIME && later.peak <= MOST_MEMORY;
        seeing = Some(lockkeeper);
    }
    println!("{report}");
    let seeing = seeing.expect("the last one");
    let blind = Lockkeeper::start_with(&plane, "blind", &["--no-cluster"]);
    // In turn, so that what else the machine does meets both.
    let object = release(1);
    let review = reviews::of_creation(&object);
    for _ in 0..REVIEWS {
        seeing.validate(&review);
        blind.validate(&review);
    }
    let [with, without] = [&seeing, &blind].map(|lockkeeper| median(lockkeeper, &object));
    let ratio = with / without;
    println!("a review: {with} µs with what is known, {without} µs without, {ratio:.2} times");
    is_met &= ratio <= MOST_RATIO;
    assert!(is_met, "a bar is missed");
}

/// The middle of what the reviews of an object took, in microseconds; the first ones warm the caches.
fn median(lockkeeper: &Lockkeeper, object: &Value) -> f64 {
    let text = |key: &str| {
        object["metadata"][key]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let logged = lockkeeper.reviews(&text("namespace"), &text("name"));
    let mut micros: Vec<u64> = logged
        .iter()
        .skip(REVIEWS / 10)
        .filter_map(|review| review["micros"].as_u64())
        .collect();
    micros.sort_unstable();
    micros[micros.len() / 2] as f64
}

/// Fails unless all that was made is known.
fn known(lockkeeper: &Lockkeeper) {
    let metrics = lockkeeper.get("/metrics");
    let sum: usize = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("lockkeeper_watched_objects{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
        .sum();
    assert_eq!(
        sum,
        CLAIMS + OCI_REPOSITORIES + OTHER_SOURCES + RELEASES,
        "{metrics}"
    );
}

fn namespace(number: usize) -> String {
    format!("apps-{}", number % NAMESPACES)
}

/// Makes all objects, by as many kubectl as the machine has a use for.
fn fill(plane: &ControlPlane) {
    let began = Instant::now();
    let namespaces = (0..NAMESPACES).map(|number| {
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace(number) } })
    });
    create(plane, namespaces);
    let kinds: [(usize, fn(usize) -> Value); 5] = [
        (CLAIMS, claim),
        (OCI_REPOSITORIES, oci_repository),
        (OTHER_SOURCES / 2, git_repository),
        (OTHER_SOURCES / 2, helm_chart),
        (RELEASES, release),
    ];
    std::thread::scope(|scope| {
        for (count, make) in kinds {
            for half in 0..2 {
                scope.spawn(move || {
                    create(
                        plane,
                        (0..count).filter(|number| number % 2 == half).map(make),
                    );
                });
            }
        }
    });
    eprintln!("filled in {} s", began.elapsed().as_secs());
}

fn create(plane: &ControlPlane, objects: impl Iterator<Item = Value>) {
    let text: Vec<String> = objects.map(|object| object.to_string()).collect();
    plane
        .admin()
        .send(Way::Create, &text.join("\n---\n"))
        .expect("kubectl")
        .expect_accepted();
}

/// What Flux puts on all that it applies.
fn labelled(mut object: Value, number: usize) -> Value {
    object["metadata"]["labels"] = json!({
        "app.kubernetes.io/name": format!("app-{number}"),
        "kustomize.toolkit.fluxcd.io/name": format!("app-{number}"),
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    });
    object["metadata"]["annotations"] = json!({
        "config.kubernetes.io/origin": format!("path: kubernetes/apps/{}/app-{number}/app/helmrelease.yaml\n", namespace(number)),
    });
    object
}

fn claim(number: usize) -> Value {
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": { "name": format!("app-{number}-data"), "namespace": namespace(number) },
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "ceph-block",
            "resources": { "requests": { "storage": "5Gi" } },
        },
    });
    labelled(claim, number)
}

fn oci_repository(number: usize) -> Value {
    let source = objects::oci_source(&namespace(number), &format!("app-{number}"));
    labelled(source, number)
}

fn git_repository(number: usize) -> Value {
    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": { "name": format!("repo-{number}"), "namespace": namespace(number) },
        "spec": { "interval": "1h", "url": "https://git.invalid/repo.git", "ref": { "tag": "v1.2.3" } },
    });
    labelled(source, number)
}

fn helm_chart(number: usize) -> Value {
    labelled(
        objects::helm_chart(&namespace(number), &format!("chart-{number}"), "1.2.3"),
        number,
    )
}

/// A release of 4 KiB, as app-template's are, which names a claim that is there.
fn release(number: usize) -> Value {
    let mut release = objects::pinned(&namespace(number), &format!("app-{number}"));
    release["spec"]
        .as_object_mut()
        .expect("a map")
        .remove("chart");
    release["spec"]["chartRef"] =
        json!({ "kind": "OCIRepository", "name": format!("app-{number}") });
    let env: serde_json::Map<String, Value> = (0..40)
        .map(|at| {
            (
                format!("SETTING_OF_THE_APP_{at}"),
                format!("a value of {at} as it is").into(),
            )
        })
        .collect();
    let container = |name: &str| {
        json!({
            "image": { "repository": format!("ghcr.io/example/{name}"), "tag": "1.2.3" },
            "env": env,
            "resources": { "requests": { "cpu": "10m", "memory": "256Mi" }, "limits": { "memory": "1Gi" } },
            "securityContext": { "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } },
        })
    };
    release["spec"]["values"] = json!({
        "controllers": { "main": { "containers": { "app": container("app"), "exporter": container("exporter") } } },
        "service": { "app": { "controller": "main", "ports": { "http": { "port": 8080 } } } },
        "persistence": { "data": { "existingClaim": format!("app-{number}-data"), "globalMounts": [{ "path": "/data" }] } },
    });
    labelled(release, number)
}
