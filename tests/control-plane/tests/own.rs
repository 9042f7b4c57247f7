//! While nobody answers: what installs Lockkeeper and Flux can be mended, and what only looks like it waits as all else.

use std::sync::OnceLock;

use lockkeeper_control_plane::lockkeeper::{await_refusal, confined, register};
use lockkeeper_control_plane::{binary, objects, plane, release};
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::kubectl::{Target, Way};
use lockkeeper_testkit::net;
use serde_json::{Value, json};

/// Flux's own namespace.
const FLUX: &str = "flux-system";

/// Two registrations with failure policy Fail and an address at which nobody listens.
struct Ground {
    /// Where Lockkeeper is said to run; its release `lockkeeper` is there too.
    home: String,
    /// Judged with it.
    other: String,
    _registered: [Registered<'static>; 2],
}

fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let plane = plane();
        let home = plane.namespace("home").expect("a namespace");
        let other = plane.namespace("other").expect("a namespace");
        let [port] = net::free_ports().expect("a port");
        let nobody = format!("https://127.0.0.1:{port}/validate");
        let registered = |own: &str, namespaces: &[&str]| {
            let service = format!("{home}/nobody");
            let printed = binary::webhooks(&["--service", &service, "--own-release", own]);
            let mut configurations = confined(plane, &printed, namespaces[0]);
            for configuration in &mut configurations {
                for webhook in configuration["webhooks"].as_array_mut().expect("webhooks") {
                    // The conditions are those of the Service; its name would be looked up outside of this machine.
                    webhook["clientConfig"] = json!({ "url": nobody });
                    webhook["namespaceSelector"] = json!({ "matchExpressions": [{
                        "key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces,
                    }] });
                }
            }
            let registered = register(plane, &configurations);
            for namespace in namespaces {
                let probe = objects::pinned(namespace, "probe").to_string();
                await_refusal(plane, &probe, "failed calling webhook");
            }
            registered
        };
        let registered = [
            registered(&format!("{home}/lockkeeper"), &[&home, &other]),
            // The release may be where Flux keeps all of them, and install into where Lockkeeper runs.
            registered(&format!("{FLUX}/ours"), &[FLUX]),
        ];
        Ground {
            home,
            other,
            _registered: registered,
        }
    })
}

/// A release with more in its spec.
fn with(mut release: Value, spec: &Value) -> Value {
    let more = spec.as_object().expect("a map").clone();
    release["spec"].as_object_mut().expect("a map").extend(more);
    release
}

/// Created, and then changed by applying it with another interval.
fn passes(object: &Value) {
    let mut changed = object.clone();
    changed["spec"]["interval"] = "2h".into();
    for object in [object, &changed] {
        for way in [Way::ServerSideDryRun, Way::Apply] {
            let output = plane().person().send(way, &object.to_string());
            output.expect("kubectl").expect_accepted();
        }
    }
}

fn waits(object: &Value, webhook: &str) {
    let output = plane().person().send(Way::Create, &object.to_string());
    let words = format!("failed calling webhook \"{webhook}.lockkeeper.dev\"");
    output.expect("kubectl").expect_refused(&words);
}

#[test]
fn our_own_release_and_its_source_are_changed() {
    let Ground { home, .. } = ground();
    let ours = objects::pinned(home, "lockkeeper");
    passes(&ours);
    passes(&with(
        ours,
        &json!({ "targetNamespace": home, "storageNamespace": home }),
    ));
    passes(&objects::oci_source(home, "lockkeeper"));
}

#[test]
fn our_own_release_is_changed_where_flux_keeps_it_too() {
    let Ground { home, other, .. } = ground();
    let ours = |spec: Value| with(objects::pinned(FLUX, "ours"), &spec);
    waits(&ours(json!({})), "releases");
    waits(&ours(json!({ "targetNamespace": other })), "releases");
    passes(&ours(json!({ "targetNamespace": home })));
    for storage in [FLUX, home] {
        passes(&ours(
            json!({ "targetNamespace": home, "storageNamespace": storage }),
        ));
    }
    passes(&objects::oci_source(FLUX, "ours"));
}

#[test]
fn flux_is_bootstrapped_anew() {
    ground();
    passes(&objects::oci_source(FLUX, "flux-system"));
}

#[test]
fn one_that_has_our_name_and_installs_elsewhere_waits() {
    let Ground { home, other, .. } = ground();
    // Stored as `ours` by another test of this file, or not: both are judged.
    for spec in [
        json!({ "targetNamespace": other }),
        json!({ "targetNamespace": home, "storageNamespace": other }),
        json!({ "storageNamespace": FLUX }),
        json!({ "kubeConfig": { "secretRef": { "name": "elsewhere" } } }),
    ] {
        let object = with(objects::pinned(home, "lockkeeper"), &spec).to_string();
        for way in [
            Way::ServerSideDryRun,
            Way::ServerSideAs("kustomize-controller"),
        ] {
            plane()
                .kustomize_controller()
                .send(way, &object)
                .expect("kubectl")
                .expect_refused("failed calling webhook \"releases.lockkeeper.dev\"");
        }
    }
}

#[test]
fn what_is_ours_cannot_be_turned_into_what_installs_elsewhere() {
    let Ground { home, other, .. } = ground();
    let object = objects::pinned(home, "lockkeeper").to_string();
    let output = plane().person().send(Way::Apply, &object);
    output.expect("kubectl").expect_accepted();
    let place: Target<'_> = release(home, "lockkeeper");
    for patch in [
        json!({ "spec": { "targetNamespace": other } }),
        json!({ "spec": { "storageNamespace": other } }),
    ] {
        plane()
            .person()
            .patch(place, "", &patch)
            .expect("kubectl")
            .expect_refused("failed calling webhook \"releases.lockkeeper.dev\"");
    }
}

#[test]
fn what_looks_like_ours_waits() {
    let Ground { home, other, .. } = ground();
    for (namespace, name) in [
        (home, "lockkeeper2"),
        (home, "flux-system"),
        (other, "lockkeeper"),
        (&FLUX.to_owned(), "lockkeeper"),
        (&FLUX.to_owned(), "flux-system"),
    ] {
        waits(&objects::pinned(namespace, name), "releases");
    }
    let mut generated = objects::pinned(home, "lockkeeper");
    let metadata = generated["metadata"].as_object_mut().expect("a map");
    metadata.remove("name");
    metadata.insert("generateName".to_owned(), "lockkeeper".into());
    waits(&generated, "releases");
    for (namespace, name) in [
        (home, "lockkeeper2"),
        (home, "flux-system"),
        (other, "lockkeeper"),
        (other, "flux-system"),
        (&FLUX.to_owned(), "lockkeeper"),
    ] {
        waits(&objects::oci_source(namespace, name), "sources");
    }
    let chart = objects::helm_chart(home, "lockkeeper", "1.2.3");
    waits(&chart, "charts");
}
