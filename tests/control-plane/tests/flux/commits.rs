//! Commits that kustomize-controller applies: refused whole, mended, substituted, pruned.

use crate::{commit, exists, kustomization, kustomize, namespace, plane, settings, stage};
use lockkeeper_control_plane::{PATIENCE, RELEASE_DENIED, objects, release};
use lockkeeper_testkit::flux::Outcome;
use lockkeeper_testkit::wait;
use serde_json::json;

/// The example, in a namespace of the test's own.
fn romm(text: &str, namespace: &str) -> String {
    text.replace("namespace: games", &format!("namespace: {namespace}"))
}

#[test]
fn a_commit_with_a_literal_secret_is_refused_whole_and_the_mended_one_becomes_ready() {
    let namespace = namespace("romm");
    // Also waits until helm-controller has installed what the mended commit brings.
    kustomize(&namespace, &json!({ "wait": true }));
    let outcome = commit(&namespace, &romm(objects::ROMM_LITERAL_SECRET, &namespace));
    assert!(!outcome.ready);
    assert_eq!(outcome.reason, "ReconciliationFailed");
    let begin = format!(
        "HelmRelease/{namespace}/romm dry-run failed (Forbidden): {RELEASE_DENIED}literal-secret at \
         /spec/values/controllers/romm/containers/app/env/DB_PASSWD: "
    );
    assert!(outcome.message.starts_with(&begin), "{}", outcome.message);
    assert!(!exists(
        "helmreleases.helm.toolkit.fluxcd.io",
        &namespace,
        "romm"
    ));
    assert!(
        !exists("configmap", &namespace, "settings"),
        "nothing of the stage is applied"
    );
    the_secret_is_nowhere(&namespace, &outcome);

    // The chart that the release names, by helm-controller's own HelmChart in the source's namespace.
    let made = format!("{namespace}-romm");
    let publish = std::thread::spawn(move || {
        let chart = objects::chart("app-template", "4.6.2");
        plane()
            .flux()
            .push_helm_chart("flux-system", &made, "4.6.2", &chart)
    });
    let outcome = commit(&namespace, &romm(objects::ROMM, &namespace)).expect_ready();
    assert_eq!(outcome.reason, "ReconciliationSucceeded");
    publish.join().expect("no panic").expect("a push");
    assert!(exists("configmap", &namespace, "settings"));
    plane()
        .flux()
        .release_outcome(&namespace, "romm", Some("4.6.2"))
        .expect("an outcome")
        .expect_ready();
}

/// Not in a condition, an event, a log or an audit.
fn the_secret_is_nowhere(namespace: &str, outcome: &Outcome) {
    let secret = objects::romm_secret();
    assert!(!outcome.object.to_string().contains(secret));
    let events = plane()
        .admin()
        .run(&["get", "events", "--namespace", namespace, "-o", "json"])
        .expect("kubectl")
        .expect_accepted()
        .stdout;
    assert!(events.contains("literal-secret"), "Flux tells of it");
    assert!(!events.contains(secret));
    for log in [
        "lockkeeper.log",
        "kustomize-controller.log",
        "kube-apiserver.log",
        "audit.log",
    ] {
        let text = std::fs::read_to_string(plane().folder().join(log)).expect("a log");
        assert!(!text.contains(secret), "{log} holds the secret");
    }
    let reviews = stage().lockkeeper.reviews(namespace, "romm");
    assert!(
        reviews
            .iter()
            .any(|review| review["verdict"] == "denied" && review["dry_run"] == true)
    );
}

#[test]
fn the_next_attempt_on_the_same_commit_is_refused_again() {
    let namespace = namespace("again");
    let bad = objects::floating(&namespace, "app").to_string();
    commit(&namespace, &bad).expect_failed("unpinned-chart");
    let asked = || stage().lockkeeper.reviews(&namespace, "app").len();
    let before = asked();
    plane()
        .flux()
        .reconcile(kustomization(&namespace), "again")
        .expect("kubectl")
        .expect_accepted();
    wait::until("another review", PATIENCE, || {
        if asked() > before {
            Ok(())
        } else {
            Err(before.to_string())
        }
    })
    .expect("another review");
    assert!(
        stage()
            .lockkeeper
            .reviews(&namespace, "app")
            .iter()
            .all(|review| review["verdict"] == "denied")
    );
}

#[test]
fn what_substitution_makes_of_a_release_is_judged() {
    let namespace = namespace("substitute");
    let mut object = objects::pinned(&namespace, "app");
    object["spec"]["values"] =
        json!({ "image": { "repository": "ghcr.io/example/app", "tag": "${TAG}" } });
    let text = object.to_string();
    kustomize(
        &namespace,
        &json!({ "postBuild": { "substitute": { "TAG": "latest" } } }),
    );
    commit(&namespace, &text)
        .expect_failed("unpinned-image at /spec/values/image")
        .expect_failed("latest");
    kustomize(
        &namespace,
        &json!({ "postBuild": { "substitute": { "TAG": "1.2.3" } } }),
    );
    commit(&namespace, &text).expect_ready();
    let place = release(&namespace, "app");
    let found = plane().admin().get(place).expect("a read");
    assert_eq!(
        found.expect("it is there")["spec"]["values"]["image"]["tag"],
        "1.2.3"
    );
}

#[test]
fn a_refused_source_stops_its_commit_too() {
    let namespace = namespace("source");
    let mut source = objects::oci_source(&namespace, "app");
    source["spec"]["ref"] = json!({ "semver": ">=1.0.0" });
    commit(&namespace, &source.to_string()).expect_failed(&format!(
        "OCIRepository/{namespace}/app dry-run failed (Forbidden): admission webhook \"sources.lockkeeper.dev\" \
         denied the request: unpinned-chart at /spec/ref"
    ));
    assert!(!exists("configmap", &namespace, "settings"));
    commit(
        &namespace,
        &objects::oci_source(&namespace, "app").to_string(),
    )
    .expect_ready();
}

#[test]
fn a_release_dropped_from_git_is_pruned() {
    let namespace = namespace("prune");
    commit(&namespace, &objects::pinned(&namespace, "app").to_string()).expect_ready();
    assert!(exists(
        "helmreleases.helm.toolkit.fluxcd.io",
        &namespace,
        "app"
    ));
    commit(
        &namespace,
        &settings(&namespace).replace("settings", "other"),
    )
    .expect_ready();
    plane()
        .admin()
        .wait_gone(release(&namespace, "app"), PATIENCE)
        .expect("it is pruned");
}
