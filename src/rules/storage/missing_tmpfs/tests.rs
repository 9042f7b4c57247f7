//! Releases with read-only roots, by example.

use serde_json::{Value, json};

use super::*;
use crate::facts::NoFacts;
use crate::rules::storage::testing::{self, app_template};

fn found_in(root: &Value, params: &Value) -> Vec<String> {
    let params: MissingTmpfsParams = serde_json::from_value(params.clone()).expect("parameters");
    testing::judge(&MissingTmpfs, &params, &NoFacts, root)
}

fn found(values: &Value) -> Vec<String> {
    found_in(&app_template(values), &json!({}))
}

/// Values of one container that cannot write to its root, with more at the top.
fn values(more: &Value) -> Value {
    let mut values = json!({"controllers": {"romm": {"containers": {"app": {
        "image": {"repository": "example.com/romm", "tag": "4.1.0"},
        "securityContext": {"readOnlyRootFilesystem": true}}}}}});
    for (key, value) in more.as_object().expect("a map") {
        values[key] = value.clone();
    }
    values
}

const LACKS: &str = "deny /controllers/romm/containers/app: container `app` of controller `romm` has a read-only root and nothing mounted at `/tmp`";

#[test]
fn a_read_only_root_without_a_mount_is_found() {
    assert_eq!(found(&values(&json!({}))), [LACKS]);
    for entry in [
        json!({"cache": {"type": "emptyDir"}}),
        json!({"tmp": {"type": "emptyDir", "enabled": false}}),
        json!({"tmp": {"type": "emptyDir", "globalMounts": [{"path": "/tmp/app"}]}}),
        json!({"tmp": {"type": "emptyDir", "globalMounts": [{"path": "/tmpfs"}]}}),
        json!({"tmp": {"type": "emptyDir", "advancedMounts": {"romm": {"other": [{"path": "/tmp"}]}}}}),
    ] {
        assert_eq!(
            found(&values(&json!({"persistence": entry}))),
            [LACKS],
            "{entry}"
        );
    }
}

#[test]
fn a_mount_at_the_path_or_above_is_enough() {
    for entry in [
        json!({"tmp": {"type": "emptyDir"}}),
        json!({"x": {"type": "emptyDir", "globalMounts": [{"path": "//tmp/."}]}}),
        json!({"x": {"type": "emptyDir", "globalMounts": [{"path": "/"}]}}),
        json!({"x": {"type": "emptyDir", "advancedMounts": {"romm": {"app": [{"path": "/x"}, {"path": "/tmp", "subPath": "tmp"}]}}}}),
    ] {
        assert_eq!(
            found(&values(&json!({"persistence": entry}))),
            [""; 0],
            "{entry}"
        );
    }
}

#[test]
fn only_what_is_read_only_is_judged() {
    for context in [
        json!({}),
        json!({"readOnlyRootFilesystem": false}),
        json!(null),
    ] {
        let mut values = values(&json!({}));
        values["controllers"]["romm"]["containers"]["app"]["securityContext"] = context;
        assert_eq!(found(&values), [""; 0]);
    }
    let mut open = values(&json!({}));
    open["controllers"]["romm"]["containers"]["app"]["securityContext"]["readOnlyRootFilesystem"] =
        json!("${READ_ONLY}");
    assert_eq!(
        found(&open),
        [format!(
            "{}; a placeholder says whether its root is read-only",
            LACKS.replace("deny", "unverified")
        )]
    );
    let mut off = values(&json!({}));
    off["controllers"]["romm"]["containers"]["app"]["enabled"] = json!(false);
    assert_eq!(found(&off), [""; 0]);
}

#[test]
fn defaults_count_as_the_chart_takes_them() {
    let read_only = json!({"readOnlyRootFilesystem": true});
    let with = |own: Value, strategy: &str, for_init: bool| {
        let values = json!({"controllers": {"romm": {
            "defaultContainerOptions": {"securityContext": read_only},
            "defaultContainerOptionsStrategy": strategy,
            "applyDefaultContainerOptionsToInitContainers": for_init,
            "initContainers": {"wait": {}},
            "containers": {"app": {"securityContext": own}}}}});
        let found = found(&values);
        ["/wait", "/app"].map(|name| found.iter().any(|line| line.contains(&format!("{name}:"))))
    };
    assert_eq!(with(json!({}), "overwrite", true), [true, true]);
    assert_eq!(
        with(json!({"runAsUser": 1}), "overwrite", true),
        [true, false]
    );
    assert_eq!(with(json!({"runAsUser": 1}), "merge", true), [true, true]);
    assert_eq!(
        with(json!({"readOnlyRootFilesystem": false}), "merge", false),
        [false, false]
    );
}

#[test]
fn what_may_be_there_is_unverified() {
    let perhaps = format!(
        "{}; a mount with a placeholder may be there",
        LACKS.replace("deny", "unverified")
    );
    for entry in [
        json!({"tmp": {"type": "emptyDir", "enabled": "${TMP}"}}),
        json!({"x": {"type": "emptyDir", "globalMounts": [{"path": "${TMP}"}]}}),
        json!({"x": {"type": "emptyDir", "globalMounts": [{"path": "/{{ .Release.Name }}"}]}}),
    ] {
        assert_eq!(
            found(&values(&json!({"persistence": entry}))),
            [&*perhaps],
            "{entry}"
        );
    }
    let mut root = app_template(&values(&json!({})));
    root["spec"]["valuesFrom"] = json!([{"kind": "Secret", "name": "x"}]);
    let found = found_in(&root, &json!({}));
    assert!(
        found[0].starts_with("unverified") && found[0].contains("`valuesFrom`"),
        "{found:?}"
    );
}

#[test]
fn an_annotation_settles_it() {
    for (annotation, expected) in [
        ("/tmp=64Mi", 0),
        ("/run=1Mi, /tmp = 64Mi", 0),
        ("off", 0),
        ("on", 1),
        ("/run=1Mi", 1),
        ("", 1),
    ] {
        let annotations = json!({"annotations": {"lockkeeper.dev/tmpfs": annotation}});
        let by_default = values(&json!({"defaultPodOptions": annotations}));
        assert_eq!(found(&by_default).len(), expected, "{annotation}");
        let mut own = values(&json!({}));
        own["controllers"]["romm"]["pod"] = annotations;
        assert_eq!(found(&own).len(), expected, "{annotation}");
    }
}

#[test]
fn an_annotation_that_the_webhook_leaves_out_settles_nothing() {
    for annotation in ["/tmp=64MB", "/tmp", "/=64Mi", "/tmp=0"] {
        let annotations = json!({"annotations": {"lockkeeper.dev/tmpfs": annotation}});
        let found = found(&values(&json!({"defaultPodOptions": annotations})));
        assert_eq!(found, [LACKS], "{annotation}");
    }
}

#[test]
fn the_controllers_annotation_wins_as_in_the_chart() {
    let of = |text: &str| json!({"annotations": {"lockkeeper.dev/tmpfs": text}});
    let found_with = |own: &str, default: &str| {
        let mut values = values(&json!({"defaultPodOptions": of(default)}));
        values["controllers"]["romm"]["pod"] = of(own);
        found(&values).len()
    };
    assert_eq!(found_with("/run=1Mi", "/tmp=64Mi"), 1);
    assert_eq!(found_with("/tmp=1Mi", "/run=64Mi"), 0);
    assert_eq!(found_with("", "/tmp=64Mi"), 0);
    for (propagates, expected) in [(true, 0), (false, 1)] {
        let mut global = of("/tmp=1Mi");
        global["propagateGlobalMetadataToPods"] = json!(propagates);
        assert_eq!(found(&values(&json!({"global": global}))).len(), expected);
    }
}

#[test]
fn a_label_that_says_off_settles_it_and_a_placeholder_may() {
    for (label, expected) in [("off", 0), ("on", 1)] {
        let labels = json!({"labels": {"lockkeeper.dev/tmpfs": label}});
        let found = found(&values(&json!({"defaultPodOptions": labels})));
        assert_eq!(found.len(), expected);
    }
    for annotation in ["${TMPFS}", "/tmp=${SIZE}"] {
        let annotations = json!({"annotations": {"lockkeeper.dev/tmpfs": annotation}});
        assert_eq!(
            found(&values(&json!({"defaultPodOptions": annotations}))),
            [format!(
                "{}; a placeholder in the annotation `lockkeeper.dev/tmpfs` may ask for it",
                LACKS.replace("deny", "unverified")
            )]
        );
    }
}

#[test]
fn the_paths_are_the_policys() {
    let params = json!({"paths": ["/tmp", "/var/run"]});
    let root = app_template(&values(
        &json!({"persistence": {"run": {"type": "emptyDir"}}}),
    ));
    assert_eq!(found_in(&root, &params), [LACKS], "/var/run is /run");
    let root = app_template(&values(
        &json!({"persistence": {"tmp": {"type": "emptyDir"}}}),
    ));
    assert_eq!(found_in(&root, &params).len(), 1);
    let wrong = serde_json::from_value::<MissingTmpfsParams>(json!({"paths": ["tmp"]}));
    assert!(
        wrong
            .expect_err("no path")
            .to_string()
            .contains("begins with `/`")
    );
}

#[test]
fn a_chart_that_wraps_app_template_may_mount_by_itself() {
    let root = testing::release("romm", "1.0.0", &values(&json!({})));
    assert_eq!(found_in(&root, &json!({})), [""; 0]);
}
