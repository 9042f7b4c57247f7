//! While nobody answers: what is judged waits or passes as the failure policy says, and nothing else ever waits.

use std::net::TcpListener;
use std::sync::OnceLock;

use lockkeeper_control_plane::lockkeeper::{await_refusal, confined, register};
use lockkeeper_control_plane::{PATIENCE, binary, objects, plane, release, untouched};
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::kubectl::Way;
use lockkeeper_testkit::pki::Authority;
use lockkeeper_testkit::recorder::Recorder;
use lockkeeper_testkit::{net, wait};
use serde_json::json;

/// An address at which nobody listens.
fn nobody() -> String {
    let [port] = net::free_ports().expect("a port");
    format!("https://127.0.0.1:{port}")
}

/// A namespace with stored releases, registered with failure policy Fail at an address of nobody.
fn ground() -> &'static str {
    static GROUND: OnceLock<(String, Registered<'static>)> = OnceLock::new();
    &GROUND
        .get_or_init(|| {
            let plane = plane();
            let namespace = plane.namespace("fail").expect("a namespace");
            untouched::store(plane, &namespace, &["change"]);
            let printed = binary::webhooks(&["--url", &nobody()]);
            let registered = register(plane, &confined(plane, &printed, &namespace));
            let probe = objects::pinned(&namespace, "probe").to_string();
            await_refusal(plane, &probe, "failed calling webhook");
            (namespace, registered)
        })
        .0
}

/// What a person reads while nobody answers.
const UNANSWERED: &str =
    "failed calling webhook \"releases.lockkeeper.dev\": failed to call webhook: Post ";

#[test]
fn with_fail_a_new_release_is_refused_however_it_is_sent() {
    let namespace = ground();
    let object = objects::pinned(namespace, "new").to_string();
    for way in Way::ALL.into_iter().filter(|way| *way != Way::Replace) {
        plane()
            .person()
            .send(way, &object)
            .expect("kubectl")
            .expect_refused(UNANSWERED);
    }
}

#[test]
fn with_fail_sources_are_refused_too() {
    let namespace = ground();
    for (object, webhook) in [
        (objects::oci_source(namespace, "app"), "sources"),
        (objects::helm_chart(namespace, "app", "1.2.3"), "charts"),
    ] {
        plane()
            .person()
            .send(Way::Apply, &object.to_string())
            .expect("kubectl")
            .expect_refused(&format!(
                "failed calling webhook \"{webhook}.lockkeeper.dev\""
            ));
    }
}

/// Flux applies everything by them, what would start us again too.
#[test]
fn with_fail_a_kustomization_passes_all_the_same() {
    let namespace = ground();
    let kustomization = |interval: &str| {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": { "name": "app", "namespace": namespace },
            "spec": { "interval": interval, "path": "./", "prune": true, "suspend": true,
                      "sourceRef": { "kind": "GitRepository", "name": "app" } },
        })
        .to_string()
    };
    for interval in ["1h", "2h"] {
        plane()
            .person()
            .send(Way::Apply, &kustomization(interval))
            .expect("kubectl")
            .expect_accepted();
    }
}

#[test]
fn with_fail_a_changed_spec_is_refused() {
    let place = release(ground(), "change");
    for patch in [
        json!({ "spec": { "values": { "greeting": "bye" } } }),
        json!({ "spec": { "values": null } }),
        json!({ "spec": { "timeout": "5m" } }),
        json!({ "spec": { "suspend": true, "interval": "2h" } }),
        json!({ "metadata": { "annotations": { "lockkeeper.dev/claims": "other" } } }),
    ] {
        plane()
            .person()
            .patch(place, "", &patch)
            .expect("kubectl")
            .expect_refused(UNANSWERED);
    }
}

#[test]
fn with_fail_releases_are_suspended_and_resumed() {
    untouched::suspend_and_resume(plane(), ground(), "suspend");
}

#[test]
fn with_fail_a_reconciliation_is_asked_for() {
    untouched::ask_for_reconciliation(plane(), ground(), "ask");
}

#[test]
fn with_fail_the_same_is_applied_again() {
    untouched::apply_the_same(plane(), ground(), "same");
}

#[test]
fn with_fail_a_status_is_written() {
    untouched::write_status(plane(), ground(), "status");
}

#[test]
fn with_fail_a_finalizer_comes_and_goes_and_the_deletion_ends() {
    untouched::finalizer_and_deletion(plane(), ground(), "finalizer");
}

#[test]
fn with_fail_a_collection_is_deleted() {
    untouched::delete_collection(plane(), ground(), "batch", &["batch-a", "batch-b"]);
}

#[test]
fn with_fail_helm_controller_makes_its_chart() {
    let namespace = ground();
    let chart = objects::helm_chart_of(namespace, "app", "1.x");
    plane()
        .helm_controller()
        .send(Way::ServerSideAs("helm-controller"), &chart.to_string())
        .expect("kubectl")
        .expect_accepted();
}

#[test]
fn with_fail_pods_and_what_is_not_judged_are_made() {
    let namespace = ground();
    for object in [
        objects::pod(namespace, "app"),
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "map", "namespace": namespace } }),
        json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "HelmRepository",
            "metadata": { "name": "charts", "namespace": namespace },
            "spec": { "url": "https://charts.invalid" },
        }),
    ] {
        plane()
            .person()
            .send(Way::Create, &object.to_string())
            .expect("kubectl")
            .expect_accepted();
    }
}

/// How often the API server let a request pass as this webhook did not answer.
fn passed_unanswered() -> String {
    let metrics = plane()
        .admin()
        .run(&["get", "--raw", "/metrics"])
        .expect("kubectl")
        .expect_accepted()
        .stdout;
    metrics
        .lines()
        .find(|line| {
            line.starts_with("apiserver_admission_webhook_fail_open_count")
                && line.contains("name=\"releases.lockkeeper.dev\"")
        })
        .unwrap_or("0")
        .to_owned()
}

#[test]
fn with_ignore_everything_passes_unjudged() {
    let plane = plane();
    let namespace = plane.namespace("ignore").expect("a namespace");
    let printed = binary::webhooks(&["--url", &nobody(), "--failure-policy", "Ignore"]);
    let _registered = register(plane, &confined(plane, &printed, &namespace));
    let object = objects::floating(&namespace, "app").to_string();
    // That it passes shows nothing before the API server has tried to call.
    wait::until("the API server to call nobody", PATIENCE, || {
        plane
            .person()
            .send(Way::DryRun, &object)
            .expect("kubectl")
            .expect_accepted();
        match passed_unanswered() {
            none if none == "0" => Err(none),
            _ => Ok(()),
        }
    })
    .expect("a call");
    for way in [Way::Create, Way::Apply, Way::ServerSideDryRun, Way::Replace] {
        plane
            .person()
            .send(way, &object)
            .expect("kubectl")
            .expect_accepted();
    }
}

#[test]
fn a_wrong_authority_is_named_in_what_a_person_reads() {
    let plane = plane();
    let namespace = plane.namespace("authority").expect("a namespace");
    let files = plane.webhook_certificate("right").expect("a certificate");
    let recorder = Recorder::start(&files).expect("a recorder");
    let wrong = Authority::new("somebody else")
        .and_then(|authority| authority.server_files(&["127.0.0.1"], &plane.folder().join("wrong")))
        .expect("another authority");
    let printed = binary::webhooks(&[
        "--url",
        &recorder.url(),
        "--ca-file",
        &wrong.authority.to_string_lossy(),
    ]);
    let _registered = register(plane, &confined(plane, &printed, &namespace));
    let object = objects::pinned(&namespace, "app").to_string();
    await_refusal(plane, &object, UNANSWERED);
    let output = plane.person().send(Way::Create, &object).expect("kubectl");
    assert!(!output.success(), "{output}");
    assert_eq!(
        output.stderr.replace(&recorder.url(), "https://HOST"),
        "Error from server (InternalError): error when creating \"STDIN\": Internal error occurred: failed calling \
         webhook \"releases.lockkeeper.dev\": failed to call webhook: Post \"https://HOST/validate?timeout=5s\": \
         tls: failed to verify certificate: x509: certificate signed by unknown authority\n"
    );
    assert!(recorder.reviews(|_| true).is_empty());
}

#[test]
fn one_that_never_answers_costs_five_seconds_and_a_refusal() {
    let plane = plane();
    let namespace = plane.namespace("silent").expect("a namespace");
    // Connections are taken by the kernel; nobody ever speaks.
    let silent = TcpListener::bind(net::loopback(0)).expect("a socket");
    let address = silent.local_addr().expect("an address");
    let printed = binary::webhooks(&["--url", &format!("https://{address}")]);
    let _registered = register(plane, &confined(plane, &printed, &namespace));
    let object = objects::pinned(&namespace, "app").to_string();
    let output = await_refusal(plane, &object, UNANSWERED);
    assert!(
        output.stderr.contains("context deadline exceeded")
            || output.stderr.contains("TLS handshake timeout"),
        "{output}"
    );
}
