//! The chart, installed into a real cluster and taken out again, with a Lockkeeper of this machine in place of its pods:
//! on a cluster without Flux, with nobody there to answer, and what is left behind.
//!
//! No pod can run here, and no Service leads to one. So a Lockkeeper beside the API server takes the account and the flags
//! of the chart's Deployment, and the chart's webhooks call it by a URL of this machine; until it listens there, they
//! are those of a Lockkeeper that is down. What is sent to a Service would leave this machine, so nothing is.

mod down;
mod empty;
mod removed;

use std::sync::{Mutex, MutexGuard, PoisonError};

use lockkeeper_control_plane::helm::{Helm, chart};
use lockkeeper_control_plane::home::unready;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{CONFIGURATIONS, PATIENCE};
use lockkeeper_testkit::kubectl::{Output, Way, target};
use lockkeeper_testkit::{ControlPlane, net, wait};
use serde_json::{Value, json};

/// The namespace and the name of all that the chart makes.
const OURS: &str = "lockkeeper";

/// Each test has a cluster of its own, as the chart is installed once in each; one at a time, for the machine's sake.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pages whose commands are run here.
const PAGES: [&str; 2] = [
    include_str!("../../../../docs/install.md"),
    include_str!("../../../../docs/operate.md"),
];

/// Runs a line of kubectl or helm that stands in a page, in the checkout.
fn documented(plane: &ControlPlane, line: &str) {
    let stands = |page: &str| page.lines().any(|other| other.trim() == line);
    assert!(PAGES.into_iter().any(stands), "no page says: {line}");
    let chart = chart();
    let words: Vec<&str> = line
        .split_whitespace()
        .map(|word| {
            if word == "charts/lockkeeper" {
                &chart
            } else {
                word
            }
        })
        .collect();
    match words[0] {
        "helm" => Helm::on(plane).run(&words[1..]).expect_accepted(),
        "kubectl" => kubectl(plane, &words[1..]),
        other => panic!("{other} is not run here"),
    };
}

/// What docs/install.md says to do with Helm.
fn install(plane: &ControlPlane) {
    documented(plane, "kubectl create namespace lockkeeper");
    documented(
        plane,
        "kubectl label namespace lockkeeper pod-security.kubernetes.io/enforce=restricted",
    );
    documented(
        plane,
        "helm install lockkeeper charts/lockkeeper --namespace lockkeeper",
    );
}

fn kubectl(plane: &ControlPlane, arguments: &[&str]) -> Output {
    let output = plane.admin().run(arguments).expect("kubectl");
    output.expect_accepted()
}

/// Has the chart's webhooks call this machine. Nobody is there before [`start_on`].
fn call_here(plane: &ControlPlane) -> [u16; 2] {
    let ports = net::free_ports().expect("ports");
    for kind in CONFIGURATIONS {
        call(plane, kind, &format!("https://127.0.0.1:{}", ports[0]));
    }
    ports
}

/// A Lockkeeper that is called from the first on.
fn start(plane: &ControlPlane) -> Lockkeeper {
    let ports = call_here(plane);
    start_on(plane, ports)
}

/// A Lockkeeper as the chart's Deployment starts it, with its account and its flags.
fn start_on(plane: &ControlPlane, ports: [u16; 2]) -> Lockkeeper {
    let found = plane.admin().get(target("deployment", OURS, OURS));
    let deployment = found.expect("kubectl").expect("the chart's Deployment");
    let pod = &deployment["spec"]["template"]["spec"];
    let account = pod["serviceAccountName"].as_str().expect("an account");
    let account = plane.service_account(OURS, account).expect("its token");
    // What belongs to a pod's network, or only takes time.
    let of_pods = ["--listen", "--metrics-listen", "--log-format", "--drain"];
    let mut flags: Vec<String> = pod["containers"][0]["args"]
        .as_array()
        .expect("arguments")
        .iter()
        .skip(1)
        .map(|flag| flag.as_str().expect("text").to_owned())
        .filter(|flag| !of_pods.contains(&flag.split('=').next().unwrap_or_default()))
        .collect();
    flags.extend([
        "--drain=0s".to_owned(),
        "--tls-name=127.0.0.1".to_owned(),
        format!("--kubeconfig={}", account.config().display()),
    ]);
    Lockkeeper::launch_on(plane, OURS, ports, &flags)
}

/// Has the webhooks of the chart call a URL in place of the Service; all else stays.
fn call(plane: &ControlPlane, kind: &str, url: &str) {
    let found = plane.admin().get(target(kind, "", OURS)).expect("kubectl");
    let webhooks = found.expect("the chart's webhooks")["webhooks"].clone();
    let mut operations = Vec::new();
    for (at, webhook) in webhooks.as_array().expect("webhooks").iter().enumerate() {
        let path = webhook["clientConfig"]["service"]["path"].as_str();
        let url = format!("{url}{}", path.expect("a path"));
        let place = format!("/webhooks/{at}/clientConfig");
        operations.push(
            json!({ "op": "replace", "path": place, "value": Value::from_iter([("url", url)]) }),
        );
    }
    let patch = Value::from(operations).to_string();
    kubectl(plane, &["patch", kind, OURS, "--type=json", "-p", &patch]);
}

/// Waits until it is ready, and says why it is not.
fn await_ready(lockkeeper: &Lockkeeper) {
    wait::until("it to be ready", PATIENCE, || {
        let reason = unready(lockkeeper);
        let is_up = lockkeeper.get("/readyz").contains("200 OK");
        is_up.then_some(()).ok_or(reason)
    })
    .expect("it is ready");
}

/// Waits until a person can make an object.
fn await_accepted(plane: &ControlPlane, object: &Value) {
    wait::until("it to be accepted", PATIENCE, || {
        let output = plane.person().send(Way::Apply, &object.to_string());
        let output = output.expect("kubectl");
        output
            .success()
            .then_some(())
            .ok_or_else(|| output.to_string())
    })
    .expect("it is accepted");
}

/// Kind, namespace and name of all in the cluster that is in our namespace or has our name.
fn ours(plane: &ControlPlane) -> Vec<String> {
    let kinds = kubectl(
        plane,
        &["api-resources", "--verbs=list,delete", "-o", "name"],
    )
    .stdout;
    let kinds: Vec<&str> = kinds
        .lines()
        .filter(|kind| !kind.starts_with("events"))
        .collect();
    let columns = "custom-columns=:.kind,:.metadata.namespace,:.metadata.name";
    let get = ["get", &kinds.join(","), "--all-namespaces", "--no-headers"];
    let found = kubectl(plane, &[&get[..], &["-o", columns]].concat()).stdout;
    let mut ours: Vec<String> = found
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.len() == 3 && (words[1] == OURS || words[2].contains(OURS)))
        // Kubernetes' own: in every namespace, and for each group with definitions.
        .filter(|words| !["default", "kube-root-ca.crt"].contains(&words[2]))
        .filter(|words| words[0] != "APIService")
        .map(|words| words.join(" "))
        .collect();
    ours.sort();
    ours
}
