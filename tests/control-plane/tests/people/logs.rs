//! What is logged: no secret, and which API server is seen.

use crate::{namespace, plane, send, stage};
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{PATIENCE, objects, reviews};
use lockkeeper_testkit::kubectl::Way;
use lockkeeper_testkit::wait;
use serde_json::json;

#[test]
fn a_secret_stands_in_no_log_and_in_no_audit() {
    let namespace = namespace("secret");
    // Made here, so that no other test's refusal is found in its place.
    let secret = ["Otter", "Lantern", "83", "Quarry"].join("-");
    let mut object = objects::pinned(&namespace, "app");
    object["spec"]["values"] = json!({ "database": { "password": secret } });
    for way in [
        Way::Create,
        Way::ServerSideDryRun,
        Way::ServerSideAs("kustomize-controller"),
    ] {
        let output =
            send(way, &object).expect_refused("literal-secret at /spec/values/database/password");
        assert!(!output.stderr.contains(&secret) && !output.stdout.contains(&secret));
    }
    let reviews = stage().lockkeeper.reviews(&namespace, "app");
    assert!(
        reviews.iter().any(|review| review["verdict"] == "denied"),
        "{reviews:?}"
    );
    let mut files = 0;
    for entry in std::fs::read_dir(plane().folder()).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let text = std::fs::read_to_string(&path).expect("a log");
            assert!(
                !text.contains(&secret),
                "{} holds the secret",
                path.display()
            );
            files += 1;
        }
    }
    assert!(files >= 3, "etcd, the API server and its audit, Lockkeeper");
    let audit = std::fs::read_to_string(plane().folder().join("audit.log")).expect("the audit");
    let told = audit
        .lines()
        .filter(|line| line.contains(&namespace))
        .any(|line| line.contains("\"releases.lockkeeper.dev/denied\":\"literal-secret\""));
    assert!(told, "the audit names the rule");
}

#[test]
fn lockkeeper_says_which_api_server_it_sees() {
    let plane = plane();
    let config = plane.admin().config().to_string_lossy().into_owned();
    let lockkeeper = Lockkeeper::start_with(plane, "seeing", &["--kubeconfig", &config]);
    wait::until("the version", PATIENCE, || {
        let log = lockkeeper.log();
        if log.contains("reached the API server") && log.contains("\"version\":\"v1.36") {
            Ok(())
        } else {
            Err(log)
        }
    })
    .expect("it says so");
    // It registers nothing: the configurations are those of this test program.
    let found = plane
        .admin()
        .run(&["get", "validatingwebhookconfigurations", "-o", "yaml"])
        .expect("kubectl")
        .expect_accepted();
    assert!(!found.stdout.contains(lockkeeper.url()), "{found}");
}

#[test]
fn lockkeeper_warns_and_answers_while_the_api_server_cannot_be_reached() {
    let plane = plane();
    let [port] = lockkeeper_testkit::net::free_ports().expect("a port");
    let text = std::fs::read_to_string(plane.admin().config())
        .expect("the kubeconfig")
        .replace(plane.url(), &format!("https://127.0.0.1:{port}"));
    let path = plane.folder().join("nobody.kubeconfig");
    std::fs::write(&path, text).expect("a file");
    let flag = format!("--kubeconfig={}", path.display());
    let lockkeeper = Lockkeeper::launch(plane, "blind", &[&flag]);
    wait::until("the warning", PATIENCE, || {
        let log = lockkeeper.log();
        if log.contains("the API server cannot be reached") && log.contains("refused") {
            Ok(())
        } else {
            Err(log)
        }
    })
    .expect("it warns");
    let readiness = lockkeeper.get("/readyz");
    assert!(readiness.contains("503"), "{readiness}");
    let release = objects::floating("default", "blind");
    let response = lockkeeper.validate(&reviews::of_creation(&release));
    let message = response["status"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("unpinned-chart"), "{response}");
}
