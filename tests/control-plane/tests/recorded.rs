//! The reviews that a real API server sends, one for each operation, kept in tests/fixtures/recorded-reviews for the
//! tests that need no API server. `UPDATE_REVIEWS=1` writes them anew.

use std::collections::BTreeSet;

use lockkeeper_control_plane::lockkeeper::{confined, register};
use lockkeeper_control_plane::{PATIENCE, binary, objects, release, reviews, untouched};
use lockkeeper_testkit::kubectl::{Kubectl, Output, Way, target};
use lockkeeper_testkit::pki::Files;
use lockkeeper_testkit::recorder::Recorder;
use lockkeeper_testkit::{ControlPlane, Options, Result, wait};
use serde_json::{Value, json};

/// Everything is sent, with no condition and every subresource: more than Lockkeeper registers.
fn all(plane: &ControlPlane, recorder: &Recorder, files: &Files, namespace: &str) -> Vec<Value> {
    let authority = files.authority.to_string_lossy();
    let printed = binary::webhooks(&["--url", &recorder.url(), "--ca-file", &authority]);
    let mut configurations = confined(plane, &printed, namespace);
    configurations
        .retain(|configuration| configuration["kind"] == "ValidatingWebhookConfiguration");
    let webhooks = configurations[0]["webhooks"]
        .as_array_mut()
        .expect("webhooks");
    webhooks.truncate(1);
    webhooks[0]["matchConditions"] = json!([]);
    webhooks[0]["rules"] = json!([{
        "apiGroups": ["helm.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"],
        "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"],
    }, {
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"],
        "resources": ["pods", "pods/ephemeralcontainers"],
    }]);
    configurations
}

/// A run that records one review after the other.
struct Run<'a> {
    plane: &'a ControlPlane,
    recorder: &'a Recorder,
    namespace: &'a str,
    done: Vec<(&'static str, Value)>,
}

impl Run<'_> {
    /// Acts, and keeps the last review of it of this operation and subresource.
    fn keep(
        &mut self,
        name: &'static str,
        operation: &str,
        subresource: &str,
        act: impl FnOnce() -> Result<Output>,
    ) {
        let sent = |request: &Value| {
            request["operation"] == operation
                && request["subResource"].as_str().unwrap_or_default() == subresource
        };
        let before = self.recorder.reviews(sent).len();
        act().expect("kubectl").expect_accepted();
        // A collection's members come one by one: the first one is kept.
        let mut new = self.recorder.reviews(sent).split_off(before);
        assert!(!new.is_empty(), "{name}: the API server sent no review");
        let review = reviews::stable(&new.remove(0), &[(self.namespace, "media")]);
        self.done.push((name, review));
    }

    fn helm_releases(&mut self) {
        let (plane, namespace) = (self.plane, self.namespace);
        let (person, flux, helm) = (
            plane.person(),
            plane.kustomize_controller(),
            plane.helm_controller(),
        );
        let as_flux = Way::ServerSideAs("kustomize-controller");
        let text = |object: &Value| object.to_string();
        let by_hand = objects::pinned(namespace, "by-hand");
        let by_flux = untouched::stored(namespace, "by-flux");
        let with = |object: &Value, greeting: &str| {
            let mut object = object.clone();
            object["spec"]["values"]["greeting"] = greeting.into();
            object.to_string()
        };
        let dry = |user: &Kubectl, text: &str| {
            let arguments = "apply --server-side --force-conflicts --field-manager=kustomize-controller \
                --dry-run=server -f -";
            user.run_with(&arguments.split_whitespace().collect::<Vec<_>>(), text)
        };
        let mut generated = objects::pinned(namespace, "");
        generated["metadata"] = json!({ "generateName": "generated-", "namespace": namespace });

        self.keep("helmrelease-create-apply", "CREATE", "", || {
            person.send(Way::Apply, &text(&by_hand))
        });
        self.keep("helmrelease-create-generated-name", "CREATE", "", || {
            plane.admin().send(Way::Create, &text(&generated))
        });
        self.keep("helmrelease-create-floating-dry-run", "CREATE", "", || {
            dry(flux, &text(&by_flux))
        });
        self.keep("helmrelease-create-floating", "CREATE", "", || {
            flux.send(as_flux, &text(&by_flux))
        });
        self.keep("helmrelease-update-nothing", "UPDATE", "", || {
            flux.send(as_flux, &text(&by_flux))
        });
        self.keep("helmrelease-update-apply", "UPDATE", "", || {
            person.send(Way::Apply, &with(&by_hand, "bye"))
        });
        self.keep("helmrelease-update-replace", "UPDATE", "", || {
            person.send(Way::Replace, &with(&by_hand, "see you"))
        });
        self.keep("helmrelease-update-to-floating", "UPDATE", "", || {
            let floating = objects::floating(namespace, "by-hand");
            person.send(Way::Apply, &text(&floating))
        });
        self.keep("helmrelease-update-floating-dry-run", "UPDATE", "", || {
            dry(flux, &with(&by_flux, "bye"))
        });
        self.keep("helmrelease-update-floating", "UPDATE", "", || {
            flux.send(as_flux, &with(&by_flux, "bye"))
        });
        let place = release(namespace, "by-flux");
        self.keep("helmrelease-update-suspend", "UPDATE", "", || {
            person.patch(place, "", &json!({ "spec": { "suspend": true } }))
        });
        self.keep("helmrelease-update-reconcile-request", "UPDATE", "", || {
            let annotations = json!({ "reconcile.fluxcd.io/requestedAt": "2026-01-01T00:00:00Z" });
            person.patch(
                place,
                "",
                &json!({ "metadata": { "annotations": annotations } }),
            )
        });
        self.keep("helmrelease-update-finalizer-added", "UPDATE", "", || {
            let finalizers = json!(["finalizers.fluxcd.io"]);
            helm.patch(
                place,
                "",
                &json!({ "metadata": { "finalizers": finalizers } }),
            )
        });
        self.keep("helmrelease-update-status", "UPDATE", "status", || {
            helm.patch(
                place,
                "status",
                &json!({ "status": { "observedGeneration": 1 } }),
            )
        });
        self.keep("helmrelease-delete", "DELETE", "", || person.delete(place));
        self.keep("helmrelease-update-finalizer-removed", "UPDATE", "", || {
            helm.patch(place, "", &json!({ "metadata": { "finalizers": null } }))
        });
        self.keep("helmrelease-delete-collection", "DELETE", "", || {
            let path =
                format!("/apis/helm.toolkit.fluxcd.io/v2/namespaces/{namespace}/helmreleases");
            plane.admin().run(&["delete", "--raw", &path])
        });
    }

    fn sources(&mut self) {
        let (plane, namespace) = (self.plane, self.namespace);
        let source = objects::oci_source(namespace, "app");
        let mut floating = source.clone();
        floating["spec"]["ref"] = json!({ "semver": "1.x" });
        let person = plane.person();
        self.keep("ocirepository-create", "CREATE", "", || {
            person.send(Way::Apply, &source.to_string())
        });
        self.keep("ocirepository-update-to-floating", "UPDATE", "", || {
            person.send(Way::Replace, &floating.to_string())
        });
        let chart = objects::helm_chart(namespace, "floating", "1.x");
        self.keep("helmchart-create-floating", "CREATE", "", || {
            person.send(Way::Create, &chart.to_string())
        });
        let made = objects::helm_chart_of(namespace, "app", "1.x");
        self.keep("helmchart-create-by-helm-controller", "CREATE", "", || {
            let helm = plane.helm_controller();
            helm.send(Way::ServerSideAs("helm-controller"), &made.to_string())
        });
    }

    fn pods(&mut self) {
        let (plane, namespace) = (self.plane, self.namespace);
        let person = plane.person();
        self.keep("pod-create", "CREATE", "", || {
            person.send(Way::Create, &objects::pod(namespace, "app").to_string())
        });
        let mut generated = objects::pod(namespace, "");
        generated["metadata"] = json!({ "generateName": "generated-", "namespace": namespace });
        self.keep("pod-create-generated-name", "CREATE", "", || {
            person.send(Way::Create, &generated.to_string())
        });
        let place = target("pod", namespace, "app");
        self.keep("pod-update-label", "UPDATE", "", || {
            person.patch(
                place,
                "",
                &json!({ "metadata": { "labels": { "a": "b" } } }),
            )
        });
        self.keep(
            "pod-update-ephemeral-containers",
            "UPDATE",
            "ephemeralcontainers",
            || {
                let containers = json!([{ "name": "debug", "image": "registry.invalid/debug:1" }]);
                let patch = json!({ "spec": { "ephemeralContainers": containers } }).to_string();
                let path = "--subresource=ephemeralcontainers";
                let arguments = ["patch", "pod", "app", "-n", namespace, path, "-p", &patch];
                plane.admin().run(&arguments)
            },
        );
    }
}

#[test]
fn the_api_server_sends_what_the_recorded_reviews_show() {
    let options = Options::default().flux(false);
    let plane = &options.start().expect("the control plane starts");
    let namespace = plane.namespace("recorded").expect("a namespace");
    let files = plane
        .webhook_certificate("recorder")
        .expect("a certificate");
    let recorder = Recorder::start(&files).expect("a recorder");
    let _registered = register(plane, &all(plane, &recorder, &files, &namespace));
    wait::until("the recorder to be called", PATIENCE, || {
        let probe = objects::pinned(&namespace, "probe").to_string();
        let sent = plane.admin().send(Way::ServerSideDryRun, &probe);
        sent.expect("kubectl").expect_accepted();
        let count = recorder.reviews(|_| true).len();
        if count == 0 {
            Err("no call".to_owned())
        } else {
            Ok(())
        }
    })
    .expect("a call");

    let mut run = Run {
        plane,
        recorder: &recorder,
        namespace: &namespace,
        done: Vec::new(),
    };
    run.helm_releases();
    run.sources();
    run.pods();
    settle(&run.done);
}

/// Writes the reviews where that is asked for, else holds their shapes against the committed ones.
fn settle(done: &[(&str, Value)]) {
    let folder = reviews::folder();
    if std::env::var_os("UPDATE_REVIEWS").is_some() {
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, review) in done {
            let path = folder.join(format!("{name}.json"));
            std::fs::write(path, format!("{review:#}\n")).expect("a file");
        }
    }
    let mut wrong = Vec::new();
    for (name, review) in done {
        let path = folder.join(format!("{name}.json"));
        let Ok(text) = std::fs::read_to_string(&path) else {
            wrong.push(format!("{name}: not recorded yet"));
            continue;
        };
        let kept: Value = serde_json::from_str(&text).expect("JSON");
        let (now, then) = (reviews::shape(review), reviews::shape(&kept));
        wrong.extend(
            now.difference(&then)
                .map(|path| format!("{name}: new {path}")),
        );
        wrong.extend(
            then.difference(&now)
                .map(|path| format!("{name}: gone {path}")),
        );
    }
    let names: BTreeSet<_> = done
        .iter()
        .map(|(name, _)| format!("{name}.json"))
        .collect();
    for entry in std::fs::read_dir(&folder).expect("the folder") {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        if !names.contains(&name) {
            wrong.push(format!("{name}: nobody records it any more"));
        }
    }
    assert!(
        wrong.is_empty(),
        "the API server sends something else than tests/fixtures/recorded-reviews shows; look at it, then write it \
         with `cargo xtask record`:\n{}",
        wrong.join("\n")
    );
}
