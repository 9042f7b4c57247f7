//! `deploy/`: what Flux installs and what kustomize builds are the same objects, and the API server takes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use lockkeeper_control_plane::helm::{self, chart, objects};
use lockkeeper_testkit::kubectl::Way;
use lockkeeper_testkit::tools::Tool;
use serde_json::Value;

use crate::{helm, plane};

fn deploy(path: &str) -> PathBuf {
    Path::new(&chart()).join("../../deploy").join(path)
}

/// What `kustomize build` prints for a folder of `deploy`.
fn built(folder: &str) -> String {
    let output = Command::new(Tool::Kustomize.path().expect("kustomize"))
        .arg("build")
        .arg(deploy(folder))
        .output()
        .expect("kustomize runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What helm-controller makes of the HelmRelease in `deploy/flux`.
fn released() -> Vec<Value> {
    let release = helm::object(&built("flux/lockkeeper"), "HelmRelease");
    let name = release["metadata"]["name"].as_str().expect("a name");
    let namespace = release["metadata"]["namespace"]
        .as_str()
        .expect("a namespace");
    let values = plane().folder().join("values.json");
    std::fs::write(&values, release["spec"]["values"].to_string()).expect("a file");
    let (chart, values) = (chart(), values.to_string_lossy());
    let output = helm().run(&[
        "template",
        name,
        &chart,
        "--namespace",
        namespace,
        "--values",
        &values,
    ]);
    objects(&output.expect_accepted().stdout)
}

/// Objects by their places, without the labels by which only Helm is known.
fn by_place(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let count = objects.len();
    let by_place: BTreeMap<_, _> = objects
        .into_iter()
        .map(|mut object| {
            if let Some(labels) = object["metadata"]["labels"].as_object_mut() {
                labels.remove("helm.sh/chart");
                labels.remove("app.kubernetes.io/managed-by");
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let metadata = &object["metadata"];
            let place = [
                text(&object["kind"]),
                text(&metadata["namespace"]),
                text(&metadata["name"]),
            ];
            (place.join("/"), object)
        })
        .collect();
    assert_eq!(by_place.len(), count, "two objects in one place");
    by_place
}

#[test]
fn flux_and_kustomize_make_the_same_objects() {
    let mut flux = released();
    flux.push(helm::object(&built("flux/lockkeeper"), "Namespace"));
    let (flux, kustomize) = (by_place(flux), by_place(objects(&built("kustomize"))));
    let places = |objects: &BTreeMap<String, Value>| objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(places(&flux), places(&kustomize));
    assert!(flux.len() > 10, "{:?}", places(&flux));
    for (place, object) in &flux {
        assert_eq!(object, &kustomize[place], "{place}");
    }
}

#[test]
fn the_kustomize_base_is_made_from_the_chart() {
    let made = helm::base(&plane().folder().join("alone"));
    let found = std::fs::read_to_string(deploy("kustomize/lockkeeper.yaml")).expect("a file");
    assert!(
        found == made,
        "deploy/kustomize is out of date: run `cargo xtask deploy`"
    );
}

#[test]
fn the_api_server_takes_both() {
    let namespace = std::fs::read_to_string(deploy("kustomize/namespace.yaml")).expect("a file");
    let output = plane().admin().send(Way::ServerSide, &namespace);
    output.expect("kubectl").expect_accepted();
    let cluster = std::fs::read_to_string(deploy("flux/cluster/lockkeeper.yaml")).expect("a file");
    for text in [built("kustomize"), built("flux/lockkeeper"), cluster] {
        let apply = [
            "apply",
            "--server-side",
            "--dry-run=server",
            "--validate=strict",
            "-f",
            "-",
        ];
        let output = plane()
            .admin()
            .run_with(&apply, &text)
            .expect("kubectl")
            .expect_accepted();
        assert_eq!(
            output.stdout.lines().count(),
            objects(&text).len(),
            "{output}"
        );
    }
}
