//! What people meet who send releases and sources with kubectl while Lockkeeper runs.

use std::sync::OnceLock;

use lockkeeper_control_plane::lockkeeper::{Lockkeeper, confined, register};
use lockkeeper_control_plane::{RELEASE_DENIED, binary, objects, release, untouched};
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::kubectl::{Output, Way};
use lockkeeper_testkit::recorder::Recorder;
use lockkeeper_testkit::{ControlPlane, Options};
use serde_json::{Value, json};

struct Stage {
    lockkeeper: Lockkeeper,
    /// A namespace with releases that were there before the webhooks.
    before: String,
    _registered: Registered<'static>,
}

fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| {
        Options::default()
            .flux(false)
            .start()
            .expect("the control plane starts")
    })
}

fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let plane = plane();
        let before = plane.namespace("before").expect("a namespace");
        let names = [
            "ratchet",
            "worse",
            "suspend",
            "ask",
            "same",
            "status",
            "finalizer",
            "batch-a",
            "batch-b",
        ];
        untouched::store(plane, &before, &names);
        let lockkeeper = Lockkeeper::start(plane);
        let registered = lockkeeper.register(plane);
        Stage {
            lockkeeper,
            before,
            _registered: registered,
        }
    })
}

fn namespace(prefix: &str) -> String {
    stage();
    plane().namespace(prefix).expect("a namespace")
}

fn send(way: Way, object: &Value) -> Output {
    plane()
        .person()
        .send(way, &object.to_string())
        .expect("kubectl")
}

/// What a person reads of a floating chart.
const FLOATING: &str = "unpinned-chart at /spec/chart/spec/version: ";

#[track_caller]
fn refused(output: Output) -> Output {
    output
        .expect_refused("Error from server (Forbidden)")
        .expect_refused(RELEASE_DENIED)
        .expect_refused(FLOATING)
}

fn stored(namespace: &str, name: &str) -> Option<Value> {
    plane()
        .admin()
        .get(release(namespace, name))
        .expect("a read")
}

#[test]
fn a_bad_release_is_refused_however_it_is_created() {
    let namespace = namespace("create");
    let object = objects::floating(&namespace, "app");
    for way in Way::ALL.into_iter().filter(|way| *way != Way::Replace) {
        refused(send(way, &object));
        assert!(stored(&namespace, "app").is_none(), "{way:?}");
    }
}

#[test]
fn a_good_release_is_accepted_however_it_is_created() {
    let namespace = namespace("good");
    for (number, way) in Way::ALL.into_iter().enumerate() {
        let name = format!("app-{number}");
        let object = objects::pinned(&namespace, &name);
        if way == Way::Replace {
            send(Way::Create, &object).expect_accepted();
        }
        let output = send(way, &object).expect_accepted();
        assert!(!output.stderr.contains("Warning"), "{output}");
        let reviews = stage().lockkeeper.reviews(&namespace, &name);
        assert!(!reviews.is_empty(), "{way:?}: Lockkeeper was not asked");
        assert!(
            reviews.iter().all(|review| review["verdict"] == "allowed"),
            "{reviews:?}"
        );
    }
}

#[test]
fn a_bad_release_with_a_generated_name_is_refused() {
    let namespace = namespace("generated");
    let mut object = objects::floating(&namespace, "");
    object["metadata"] = json!({ "generateName": "app-", "namespace": namespace });
    refused(send(Way::Create, &object));
    let mut good = objects::pinned(&namespace, "");
    good["metadata"] = object["metadata"].clone();
    send(Way::Create, &good).expect_accepted();
}

#[test]
fn a_good_release_cannot_be_made_bad_by_any_way_to_send_or_patch() {
    let namespace = namespace("update");
    let place = release(&namespace, "app");
    send(Way::Apply, &objects::pinned(&namespace, "app")).expect_accepted();
    let was = stored(&namespace, "app").expect("it is there");
    let bad = objects::floating(&namespace, "app");
    for way in Way::ALL.into_iter().filter(|way| *way != Way::Create) {
        refused(send(way, &bad));
    }
    let person = plane().person();
    let merge = json!({ "spec": { "chart": { "spec": { "version": "1.x" } } } });
    refused(person.patch(place, "", &merge).expect("kubectl"));
    let json = json!([{ "op": "replace", "path": "/spec/chart/spec/version", "value": ">=1.0.0" }]);
    refused(
        person
            .run(&[
                "patch",
                "helmrelease",
                "app",
                "--namespace",
                &namespace,
                "--type=json",
                "-p",
                &json.to_string(),
            ])
            .expect("kubectl"),
    );
    let now = stored(&namespace, "app").expect("it is there");
    assert_eq!(
        now["metadata"]["resourceVersion"],
        was["metadata"]["resourceVersion"]
    );
}

#[test]
fn a_good_release_may_be_changed_to_another_good_one() {
    let namespace = namespace("change");
    let mut object = objects::pinned(&namespace, "app");
    for (version, way) in [
        ("1.2.3", Way::Apply),
        ("1.2.4", Way::Apply),
        ("1.2.5", Way::Replace),
    ] {
        object["spec"]["chart"]["spec"]["version"] = version.into();
        send(way, &object).expect_accepted();
    }
    let patch = json!({ "spec": { "chart": { "spec": { "version": "1.2.6" } } } });
    plane()
        .person()
        .patch(release(&namespace, "app"), "", &patch)
        .expect("kubectl")
        .expect_accepted();
}

#[test]
fn all_that_is_wrong_stands_in_one_message() {
    let namespace = namespace("all");
    let mut object = objects::floating(&namespace, "app");
    object["spec"]["values"] = json!({
        "image": { "repository": "ghcr.io/example/app", "tag": "latest" },
        "database": { "password": "Lantern-Quarry-71-Otter" },
    });
    let output = refused(send(Way::Create, &object));
    for words in [
        "unpinned-image at /spec/values/image",
        "literal-secret at /spec/values/database/password",
    ] {
        assert!(output.stderr.contains(words), "{output}");
    }
    assert!(!output.stderr.contains("Lantern-Quarry"), "{output}");
}

#[test]
fn a_source_with_a_range_is_refused_and_a_pinned_one_is_not() {
    let namespace = namespace("source");
    let mut source = objects::oci_source(&namespace, "app");
    source["spec"]["ref"] = json!({ "semver": "1.x" });
    for way in [Way::Create, Way::Apply, Way::ServerSide, Way::DryRun] {
        send(way, &source)
            .expect_refused(
                "Error from server (Forbidden)",
            )
            .expect_refused("admission webhook \"sources.lockkeeper.dev\" denied the request: unpinned-chart at /spec/ref");
    }
    send(Way::Apply, &objects::oci_source(&namespace, "app")).expect_accepted();
    send(Way::Apply, &source).expect_refused("sources.lockkeeper.dev");
}

#[test]
fn a_chart_of_a_person_is_judged_and_one_of_helm_controller_is_not() {
    let namespace = namespace("chart");
    send(Way::Create, &objects::helm_chart(&namespace, "own", "1.x"))
        .expect_refused("admission webhook \"charts.lockkeeper.dev\" denied the request: unpinned-chart at /spec/version");
    send(
        Way::Create,
        &objects::helm_chart(&namespace, "own", "1.2.3"),
    )
    .expect_accepted();
    let mut chart = objects::helm_chart(&namespace, "made", "1.x");
    chart["metadata"]["labels"] = json!({
        "helm.toolkit.fluxcd.io/name": "made",
        "helm.toolkit.fluxcd.io/namespace": namespace,
    });
    plane()
        .helm_controller()
        .send(Way::ServerSideAs("helm-controller"), &chart.to_string())
        .expect("kubectl")
        .expect_accepted();
    assert!(stage().lockkeeper.reviews(&namespace, "made").is_empty());
}

#[test]
fn what_was_wrong_before_the_webhook_may_be_changed_with_a_warning() {
    let namespace = &stage().before;
    let patch = json!({ "spec": { "values": { "greeting": "bye" } } });
    let output = plane()
        .person()
        .patch(release(namespace, "ratchet"), "", &patch)
        .expect("kubectl")
        .expect_accepted();
    assert!(
        output
            .stderr
            .contains("Warning: unpinned-chart at /spec/chart/spec/version"),
        "{output}"
    );
    assert!(
        output.stderr.contains("it was there before this change"),
        "{output}"
    );
    let now = stored(namespace, "ratchet").expect("it is there");
    assert_eq!(now["spec"]["values"]["greeting"], "bye");
}

#[test]
fn what_was_wrong_before_the_webhook_cannot_be_made_worse() {
    let patch = json!({ "spec": { "values": { "image": { "repository": "ghcr.io/example/app", "tag": "latest" } } } });
    let output = plane()
        .person()
        .patch(release(&stage().before, "worse"), "", &patch)
        .expect("kubectl")
        .expect_refused(RELEASE_DENIED)
        .expect_refused("unpinned-image at /spec/values/image");
    // The old fault stops nothing: it is no reason of the refusal, only a warning.
    assert!(
        !output
            .stderr
            .contains(&format!("denied the request: {FLOATING}")),
        "{output}"
    );
}

#[test]
fn a_bad_release_is_suspended_and_resumed() {
    untouched::suspend_and_resume(plane(), &stage().before, "suspend");
}

#[test]
fn a_reconciliation_of_a_bad_release_is_asked_for() {
    untouched::ask_for_reconciliation(plane(), &stage().before, "ask");
}

#[test]
fn a_bad_release_is_applied_again_without_a_change() {
    untouched::apply_the_same(plane(), &stage().before, "same");
}

#[test]
fn a_bad_release_gets_its_status_from_helm_controller() {
    untouched::write_status(plane(), &stage().before, "status");
}

#[test]
fn a_bad_release_gets_a_finalizer_and_is_deleted() {
    untouched::finalizer_and_deletion(plane(), &stage().before, "finalizer");
}

#[test]
fn a_collection_of_bad_releases_is_deleted() {
    untouched::delete_collection(plane(), &stage().before, "batch", &["batch-a", "batch-b"]);
}

/// The webhooks as printed for a recorder, which allows all; without their conditions where that is asked for.
fn recorded(namespace: &str, conditions: bool) -> (Recorder, Registered<'static>) {
    let plane = plane();
    let files = plane.webhook_certificate(namespace).expect("a certificate");
    let recorder = Recorder::start(&files).expect("a recorder");
    let authority = files.authority.to_string_lossy();
    let printed = binary::webhooks(&["--url", &recorder.url(), "--ca-file", &authority]);
    let mut configurations = confined(plane, &printed, namespace);
    if !conditions {
        for webhook in configurations
            .iter_mut()
            .filter_map(|configuration| configuration["webhooks"].as_array_mut())
            .flatten()
        {
            webhook["matchConditions"] = json!([]);
        }
    }
    let registered = register(plane, &configurations);
    // The API server calls it from some moment on.
    lockkeeper_testkit::wait::until(
        "the recorder to be called",
        lockkeeper_control_plane::PATIENCE,
        || {
            send(Way::ServerSideDryRun, &objects::pinned(namespace, "probe")).expect_accepted();
            if recorder.reviews(|_| true).is_empty() {
                Err("no call".to_owned())
            } else {
                Ok(())
            }
        },
    )
    .expect("a call");
    (recorder, registered)
}

/// Suspends, asks and applies again; returns the reviews of it.
fn updates_without_a_judged_change(namespace: &str, recorder: &Recorder) -> Vec<Value> {
    // Pinned and unlabelled: Lockkeeper, registered for all, has nothing against it.
    let flux = plane().kustomize_controller();
    let object = objects::pinned(namespace, "app").to_string();
    let apply = || {
        flux.send(Way::ServerSideAs("kustomize-controller"), &object)
            .expect("kubectl")
            .expect_accepted()
    };
    apply();
    apply();
    untouched::suspend_and_resume(plane(), namespace, "app");
    untouched::ask_for_reconciliation(plane(), namespace, "app");
    recorder.reviews(|request| request["name"] == "app" && request["operation"] == "UPDATE")
}

#[test]
fn the_conditions_keep_updates_without_a_judged_change_from_us() {
    let namespace = namespace("conditions");
    let (recorder, _registered) = recorded(&namespace, true);
    let reviews = updates_without_a_judged_change(&namespace, &recorder);
    assert_eq!(reviews.len(), 0);
    assert_eq!(
        recorder
            .reviews(|request| request["name"] == "app" && request["operation"] == "CREATE")
            .len(),
        1
    );
}

#[test]
fn without_the_conditions_even_an_apply_that_changes_nothing_calls_us() {
    let namespace = namespace("bare");
    let (recorder, _registered) = recorded(&namespace, false);
    let reviews = updates_without_a_judged_change(&namespace, &recorder);
    // The API server may call twice for one apply that changes nothing: it looks once more past its cache.
    let differs = |review: &Value, pointer: &str| {
        let at = |object: &str| review["request"][object].pointer(pointer).cloned();
        at("object") != at("oldObject")
    };
    let count = |pointer: &str| {
        reviews
            .iter()
            .filter(|review| differs(review, pointer))
            .count()
    };
    assert_eq!(count("/spec/suspend"), 4);
    assert_eq!(count("/metadata/annotations"), 4);
    let same = reviews.iter().filter(|review| !differs(review, "/spec"));
    let same = same.filter(|review| !differs(review, "/metadata"));
    assert!(same.count() >= 1);
}

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
    lockkeeper_testkit::wait::until("the version", lockkeeper_control_plane::PATIENCE, || {
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
fn lockkeeper_is_ready_and_warns_while_the_api_server_cannot_be_reached() {
    let plane = plane();
    let [port] = lockkeeper_testkit::net::free_ports().expect("a port");
    let text = std::fs::read_to_string(plane.admin().config())
        .expect("the kubeconfig")
        .replace(plane.url(), &format!("https://127.0.0.1:{port}"));
    let path = plane.folder().join("nobody.kubeconfig");
    std::fs::write(&path, text).expect("a file");
    // Its start waits for readiness.
    let lockkeeper =
        Lockkeeper::start_with(plane, "blind", &["--kubeconfig", &path.to_string_lossy()]);
    lockkeeper_testkit::wait::until("the warning", lockkeeper_control_plane::PATIENCE, || {
        let log = lockkeeper.log();
        if log.contains("the API server cannot be reached") && log.contains("refused") {
            Ok(())
        } else {
            Err(log)
        }
    })
    .expect("it warns");
    lockkeeper.check().expect("it still serves");
}
