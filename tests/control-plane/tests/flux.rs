//! What the real kustomize-controller makes of a refusal, and of a mended commit.

use std::sync::OnceLock;

use lockkeeper_control_plane::lockkeeper::{Lockkeeper, await_refusal, confined, register};
use lockkeeper_control_plane::{PATIENCE, RELEASE_DENIED, binary, objects, release};
use lockkeeper_testkit::ControlPlane;
use lockkeeper_testkit::archive::Archive;
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::flux::Outcome;
use lockkeeper_testkit::kubectl::{Way, target};
use lockkeeper_testkit::recorder::Recorder;
use serde_json::{Value, json};

struct Stage {
    lockkeeper: Lockkeeper,
    _registered: Registered<'static>,
}

fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| ControlPlane::start().expect("the control plane starts"))
}

/// Lockkeeper, registered for all namespaces but those whose webhooks a test answers itself.
fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let lockkeeper = Lockkeeper::start(plane());
        let registered = lockkeeper.register(plane());
        Stage {
            lockkeeper,
            _registered: registered,
        }
    })
}

fn namespace(prefix: &str) -> String {
    stage();
    plane().namespace(prefix).expect("a namespace")
}

fn settings(namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: settings, namespace: {namespace} }}\ndata: {{ a: b }}\n"
    )
}

/// Pushes a release with a map beside it, and waits for what becomes of it.
fn commit(namespace: &str, release: &str) -> Outcome {
    let flux = plane().flux();
    let files = Archive::of(&[
        ("release.yaml", release),
        ("settings.yaml", &settings(namespace)),
    ]);
    let revision = flux.push(namespace, "app", &files).expect("a push");
    // Without one yet, the first commit waits for it.
    if plane()
        .admin()
        .get(kustomization(namespace))
        .expect("a read")
        .is_none()
    {
        kustomize(namespace, &json!({}));
    }
    flux.kustomization_outcome(namespace, "app", &revision)
        .expect("an outcome")
}

fn kustomize(namespace: &str, spec: &Value) {
    plane()
        .flux()
        .kustomization(namespace, "app", spec)
        .expect("kubectl")
        .expect_accepted();
}

fn kustomization(namespace: &str) -> lockkeeper_testkit::kubectl::Target<'_> {
    target(
        "kustomizations.kustomize.toolkit.fluxcd.io",
        namespace,
        "app",
    )
}

fn exists(kind: &str, namespace: &str, name: &str) -> bool {
    plane()
        .admin()
        .get(target(kind, namespace, name))
        .expect("a read")
        .is_some()
}

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
    lockkeeper_testkit::wait::until("another review", PATIENCE, || {
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

/// Applies a good release with `force`, then a commit that is refused; tells the live release's uid before and after.
fn force(namespace: &str, refused: &Value, words: &str) -> (Value, Option<Value>) {
    kustomize(namespace, &json!({ "force": true }));
    let place = release(namespace, "app");
    commit(namespace, &objects::pinned(namespace, "app").to_string()).expect_ready();
    let uid = |object: &Value| object["metadata"]["uid"].clone();
    let live = plane().admin().get(place).expect("a read");
    let before = uid(&live.expect("it is there"));
    commit(namespace, &refused.to_string()).expect_failed(words);
    let after = plane().admin().get(place).expect("a read");
    let after = after.filter(|object| object["metadata"]["deletionTimestamp"].is_null());
    (before, after.as_ref().map(uid))
}

#[test]
fn force_does_not_delete_the_live_release_at_our_denial() {
    let namespace = namespace("force");
    let (before, after) = force(
        &namespace,
        &objects::floating(&namespace, "app"),
        "dry-run failed (Forbidden)",
    );
    assert_eq!(Some(before), after);
}

#[test]
fn force_does_not_delete_the_live_release_for_words_smuggled_into_our_denial() {
    let namespace = namespace("smuggle");
    let mut object = objects::floating(&namespace, "app");
    object["metadata"]["annotations"] =
        json!({ "config.kubernetes.io/origin": "path: is immutable.yaml\n" });
    object["spec"]["chart"]["spec"]["version"] = "x field is immutable".into();
    object["spec"]["values"] = json!({
        "is immutable": { "image": { "repository": "ghcr.io/example/app", "tag": "is\timmutable" } },
        "immutable field": { "password": "Lantern-Quarry-71-Otter" },
        "image": "ghcr.io/example/immutable field:latest",
    });
    // The words did come into the message, and Lockkeeper broke them.
    let (before, after) = force(&namespace, &object, "im-mutable");
    assert_eq!(Some(before), after);
}

#[test]
fn force_would_delete_the_live_release_if_a_denial_spoke_of_immutable_fields() {
    // What the two tests above guard against is real: another webhook's denial, with those words.
    let plane = plane();
    let namespace = namespace("control");
    let files = plane
        .webhook_certificate(&namespace)
        .expect("a certificate");
    let response = json!({ "allowed": false, "status": {
        "code": 403, "reason": "Forbidden", "message": "this field is immutable",
    } });
    let recorder = Recorder::answering(&files, response).expect("a webhook");
    let authority = files.authority.to_string_lossy();
    let printed = binary::webhooks(&["--url", &recorder.url(), "--ca-file", &authority]);

    kustomize(&namespace, &json!({ "force": true }));
    let mut object = objects::pinned(&namespace, "app");
    commit(&namespace, &object.to_string()).expect_ready();
    let place = release(&namespace, "app");
    let live = plane.admin().get(place).expect("a read");
    let before = live.expect("it is there")["metadata"]["uid"].clone();

    let _registered = register(plane, &confined(plane, &printed, &namespace));
    let probe = objects::pinned(&namespace, "probe").to_string();
    await_refusal(plane, &probe, "this field is immutable");
    object["spec"]["values"]["greeting"] = "bye".into();
    commit(&namespace, &object.to_string()).expect_failed("immutable");
    lockkeeper_testkit::wait::until("Flux to delete it", PATIENCE, || {
        let found = plane.admin().get(place).expect("a read");
        match found {
            Some(object)
                if object["metadata"]["uid"] == before
                    && object["metadata"]["deletionTimestamp"].is_null() =>
            {
                Err(object["metadata"].to_string())
            }
            _ => Ok(()),
        }
    })
    .expect("Flux deletes it");
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

#[test]
fn a_good_release_is_installed_upgraded_suspended_resumed_and_uninstalled() {
    let (flux, admin, person) = (plane().flux(), plane().admin(), plane().person());
    let namespace = namespace("helm");
    let source = |version: &str| {
        let mut source = objects::oci_source(&namespace, "tiny");
        source["spec"]["ref"]["tag"] = version.into();
        person
            .send(Way::Apply, &source.to_string())
            .expect("kubectl")
            .expect_accepted();
        flux.push_oci_chart(
            &namespace,
            "tiny",
            version,
            &objects::chart("tiny", version),
        )
        .expect("a push");
    };
    let place = release(&namespace, "app");
    let map = target("configmap", &namespace, "app-tiny");
    let shows = |field: &'static str, value: &'static str| {
        admin
            .wait(map, &format!("to show {field} {value}"), PATIENCE, |map| {
                // helm-controller adds the artifact's digest to the chart's version, behind a plus sign.
                let shown = map["data"][field].as_str().unwrap_or_default();
                shown.split('+').next() == Some(value)
            })
            .expect("the chart's map")
    };
    source("0.1.0");
    let mut object = objects::pinned(&namespace, "app");
    object["spec"]["chart"] = Value::Null;
    object["spec"]["chartRef"] = json!({ "kind": "OCIRepository", "name": "tiny" });
    let apply = |object: &Value| {
        person
            .send(Way::Apply, &object.to_string())
            .expect("kubectl")
            .expect_accepted();
    };
    apply(&object);
    flux.release_outcome(&namespace, "app", Some("0.1.0"))
        .expect("an outcome")
        .expect_ready();
    shows("greeting", "hello");

    // Another version of the chart, then other values.
    source("0.2.0");
    shows("version", "0.2.0");
    object["spec"]["values"]["greeting"] = "bye".into();
    apply(&object);
    shows("greeting", "bye");
    flux.release_outcome(&namespace, "app", Some("0.2.0"))
        .expect("an outcome")
        .expect_ready();

    let suspend = |suspended: Value| {
        person
            .patch(place, "", &json!({ "spec": { "suspend": suspended } }))
            .expect("kubectl")
            .expect_accepted();
    };
    suspend(json!(true));
    source("0.3.0");
    suspend(Value::Null);
    shows("version", "0.3.0");
    flux.reconcile(place, "now")
        .expect("kubectl")
        .expect_accepted();
    admin
        .wait(place, "to be looked at", PATIENCE, |release| {
            release["status"]["lastHandledReconcileAt"] == "now"
        })
        .expect("helm-controller looks");

    person.delete(place).expect("kubectl").expect_accepted();
    admin.wait_gone(place, PATIENCE).expect("it is uninstalled");
    assert!(!exists("configmap", &namespace, "app-tiny"));

    // Lockkeeper was asked for what it judges, and never for what helm-controller wrote.
    let reviews = stage().lockkeeper.reviews(&namespace, "app");
    assert!(reviews.len() >= 2);
    for review in &reviews {
        assert_eq!(review["user"], "jane");
        assert_eq!(review["verdict"], "allowed");
    }
}

#[test]
fn a_chart_from_a_helm_repository_is_fetched_and_installed() {
    let namespace = namespace("repository");
    let object = objects::pinned(&namespace, "app");
    plane()
        .person()
        .send(Way::Apply, &object.to_string())
        .expect("kubectl")
        .expect_accepted();
    plane()
        .flux()
        .push_helm_chart(
            &namespace,
            &format!("{namespace}-app"),
            "1.2.3",
            &objects::chart("tiny", "1.2.3"),
        )
        .expect("a push");
    plane()
        .flux()
        .release_outcome(&namespace, "app", Some("1.2.3"))
        .expect("an outcome")
        .expect_ready();
    // The HelmChart that helm-controller writes is judged as its release.
    let chart = format!("{namespace}-app");
    assert!(stage().lockkeeper.reviews(&namespace, &chart).is_empty());
}
