//! Measures what knowing a large cluster costs: memory, the time to be ready, the time of a review.
//!
//! `LOCKKEEPER_BIN=target/release/lockkeeper cargo run -p lockkeeper-control-plane --example facts_load`, after
//! `cargo build --release`. It fails where a bar is missed; docs/performance.md has the figures.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use lockkeeper_control_plane::account::Account;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{PATIENCE, objects, reviews};
use lockkeeper_testkit::tools::Tool;
use lockkeeper_testkit::{ControlPlane, Options, net};
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
    // All is listed anew while what was known is kept.
    plane.api_server().kill();
    plane.api_server().restart().expect("it comes back");
    std::thread::sleep(Duration::from_secs(20));
    known(&seeing);
    let listed_anew = seeing.process().memory().expect("its memory");
    println!(
        "listed anew: {:.1} MiB, {:.1} MiB at most",
        mib(listed_anew.resident),
        mib(listed_anew.peak)
    );
    is_met &= listed_anew.peak <= MOST_MEMORY;
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

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
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

/// Makes all objects, by `kubectl proxy`: kubectl itself sends five a second.
fn fill(plane: &ControlPlane) {
    let began = Instant::now();
    let [port] = net::free_ports().expect("a port");
    let mut command = Command::new(Tool::Kubectl.path().expect("kubectl"));
    command
        .env("KUBECONFIG", plane.admin().config())
        .args(["proxy", &format!("--port={port}")]);
    let proxy = plane.run("proxy", command).expect("kubectl proxy");
    let address = net::loopback(port);
    let listens = || {
        if net::listens(address) {
            Ok(())
        } else {
            Err("not yet".to_owned())
        }
    };
    proxy
        .ready("kubectl proxy to listen", PATIENCE, listens)
        .expect("it listens");
    for number in 0..NAMESPACES {
        let name = namespace(number);
        let object =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        create(address, "/api/v1/namespaces", &object);
    }
    std::thread::scope(|scope| {
        let flux = "/apis/source.toolkit.fluxcd.io/v1";
        let fill =
            |count: usize, group: &'static str, plural: &'static str, make: fn(usize) -> Value| {
                for half in 0..2 {
                    scope.spawn(move || {
                        for number in (half..count).step_by(2) {
                            let path = format!("{group}/namespaces/{}/{plural}", namespace(number));
                            create(address, &path, &make(number));
                        }
                    });
                }
            };
        fill(CLAIMS, "/api/v1", "persistentvolumeclaims", claim);
        fill(OCI_REPOSITORIES, flux, "ocirepositories", oci_repository);
        fill(OTHER_SOURCES / 2, flux, "gitrepositories", git_repository);
        fill(OTHER_SOURCES / 2, flux, "helmcharts", helm_chart);
        fill(
            RELEASES,
            "/apis/helm.toolkit.fluxcd.io/v2",
            "helmreleases",
            release,
        );
    });
    eprintln!("filled in {} s", began.elapsed().as_secs());
}

fn create(address: SocketAddr, path: &str, object: &Value) {
    let body = object.to_string();
    let mut stream = TcpStream::connect(address).expect("the proxy");
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
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
