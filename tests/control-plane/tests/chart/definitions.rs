//! The definitions in the chart and in `deploy` are those that `lockkeeper crds` prints.

use lockkeeper_control_plane::binary;
use lockkeeper_control_plane::helm::{chart, objects};
use serde_json::{Value, json};

use crate::helm;

fn definitions(text: &str) -> Vec<Value> {
    objects(text)
        .into_iter()
        .filter(|object| object["kind"] == "CustomResourceDefinition")
        .collect()
}

#[test]
fn they_are_what_lockkeeper_crds_prints() {
    let printed = definitions(&binary::run(&["crds"]));
    assert_eq!(printed.len(), 3);
    let json: Value = serde_json::from_str(&binary::run(&["crds", "--format=json"])).expect("JSON");
    assert!(
        json["items"] == Value::from(printed.clone()),
        "JSON and YAML differ"
    );
    let base = format!("{}/../../deploy/kustomize/lockkeeper.yaml", chart());
    let base = std::fs::read_to_string(base).expect("a file");
    for made in [helm().template("here", &[]), base] {
        let made = definitions(&made);
        assert_eq!(made.len(), 3);
        for (ours, theirs) in made.iter().zip(&printed) {
            assert_eq!(ours["metadata"]["name"], theirs["metadata"]["name"]);
            let name = &ours["metadata"]["name"];
            assert!(ours["spec"] == theirs["spec"], "{name} differs");
        }
    }
}

#[test]
fn they_are_left_out_or_go_with_the_chart_where_that_is_asked_for() {
    for made in definitions(&helm().template("here", &[])) {
        let kept = json!({
            "helm.sh/resource-policy": "keep", "kustomize.toolkit.fluxcd.io/prune": "disabled",
        });
        assert_eq!(made["metadata"]["annotations"], kept);
    }
    for made in definitions(&helm().template("here", &["--set=crds.keep=false"])) {
        assert_eq!(made["metadata"].get("annotations"), None);
    }
    let without = helm().template("here", &["--set=crds.install=false"]);
    assert_eq!(definitions(&without), Vec::<Value>::new());
}
