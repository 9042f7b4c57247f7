//! The table of `unpinned-image`, row by row, in app-template and elsewhere.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::model::Form;
use crate::rules::pinning::testing::{digest, image_release as release, images as found};
use crate::rules::pinning::testing::{images_as as found_as, other_chart as other, words};

mod places;

fn app(image: &Value) -> Value {
    app_controller(&json!({"containers": {"app": {"image": image}}}))
}

fn app_controller(controller: &Value) -> Value {
    release(
        "app-template",
        &json!({"values": {"controllers": {"romm": controller}}}),
    )
}

#[test]
fn the_table_in_app_template() {
    let digest = digest();
    let at = |text: &str| format!("{text}@{digest}");
    for (tag, at_tag, at_digest) in [
        (json!(at("1.2.3")), "", ""),
        (json!(at("latest")), "", ""),
        (json!(at("${TAG}")), "", ""),
        (json!("v1.2.3-alpine"), "", "deny"),
        (json!("2024.10.3"), "", "deny"),
        (
            json!("0f7fddf166f17d58107d9811b53bec74e4d52e7c"),
            "",
            "deny",
        ),
        (json!("20240105"), "", "deny"),
        (json!(20_240_105), "", "deny"),
        (json!(17), "warn", "deny"),
        (json!(1.38), "warn", "deny"),
        (json!("17"), "warn", "deny"),
        (json!("1.2-alpine"), "warn", "deny"),
        (json!("latest"), "deny", "deny"),
        (json!("latest-alpine"), "deny", "deny"),
        (json!("lts"), "deny", "deny"),
        (json!("jammy"), "deny", "deny"),
        (json!("latest@sha256:short"), "deny", "deny"),
        (json!(""), "deny", "deny"),
        (json!(true), "deny", "deny"),
        (Value::Null, "deny", "deny"),
        (json!("{{ .Values.tag }}"), "unverified", "unverified"),
        (json!("${TAG}"), "unverified", "unverified"),
        (json!("${TAG:=1.2.3}"), "unverified", "unverified"),
        (json!("latest@${DIGEST}"), "unverified", "unverified"),
        (json!("1.2.3@${DIGEST}"), "", "unverified"),
    ] {
        let object = app(&json!({"repository": "ghcr.io/rommapp/romm", "tag": tag}));
        for (level, expected) in [("tag", at_tag), ("digest", at_digest)] {
            let lines = found_as(&json!({"require": level}), &object, Form::Applied);
            let wanted: Vec<&str> = Some(expected)
                .filter(|text| !text.is_empty())
                .into_iter()
                .collect();
            assert_eq!(words(&lines), wanted, "{tag} at {level}");
        }
    }
}

#[test]
fn partial_is_the_policys_choice() {
    let object = app(&json!({"repository": "postgres", "tag": 17}));
    for (partial, expected) in [
        ("warn", vec!["warn"]),
        ("deny", vec!["deny"]),
        ("allow", vec![]),
    ] {
        let lines = found_as(&json!({"partial": partial}), &object, Form::Applied);
        assert_eq!(words(&lines), expected, "{partial}");
    }
}

#[test]
fn an_app_template_image_in_other_forms() {
    let digest = digest();
    for (image, expected) in [
        (json!({"repository": "romm", "digest": digest}), vec![]),
        (
            json!({"repository": "romm", "tag": "latest", "digest": digest}),
            vec![],
        ),
        (json!({"repository": format!("romm@{digest}")}), vec![]),
        (json!({"repository": "romm:1.2.3"}), vec![]),
        (json!({"repository": "host:5000/romm"}), vec!["deny"]),
        (json!({"repository": "romm:latest"}), vec!["deny"]),
        (json!("romm:latest"), vec!["deny"]),
        (json!("Ghcr.io/Romm/Romm:latest"), vec!["deny"]),
        (json!("romm:1.2.3"), vec![]),
        (
            json!({"repository": "${REGISTRY}/romm", "tag": "1.2.3"}),
            vec![],
        ),
        (json!({}), vec!["deny"]),
    ] {
        assert_eq!(words(&found(&app(&image))), expected, "{image}");
    }
}

#[test]
fn default_container_options() {
    let pinned = json!({"repository": "romm", "tag": "1.2.3"});
    let moving = json!({"repository": "romm", "tag": "latest"});
    let at = "deny /spec/values/controllers/romm";
    let of_default = format!("{at}/defaultContainerOptions/image/tag");
    for (controller, expected) in [
        // Nobody inherits it.
        (
            json!({"defaultContainerOptions": {"image": moving}, "containers": {"app": {"image": pinned}}}),
            vec![],
        ),
        // Told once, however many inherit it.
        (
            json!({"defaultContainerOptions": {"image": moving}, "containers": {"app": {}, "web": {}}}),
            vec![of_default.clone()],
        ),
        (
            json!({"defaultContainerOptions": {"image": pinned}, "containers": {"app": {}}}),
            vec![],
        ),
        // `overwrite`, the default strategy, takes the container's map whole.
        (
            json!({"defaultContainerOptions": {"image": pinned}, "containers": {"app": {"image": {"repository": "other"}}}}),
            vec![format!("{at}/containers/app/image")],
        ),
        (
            json!({"defaultContainerOptionsStrategy": "merge", "defaultContainerOptions": {"image": pinned},
                "containers": {"app": {"image": {"repository": "other"}}}}),
            vec![],
        ),
        (
            json!({"defaultContainerOptionsStrategy": "merge", "defaultContainerOptions": {"image": moving},
                "containers": {"app": {"image": {"tag": "1.2.3"}}, "web": {"image": {"repository": "web"}}}}),
            vec![of_default],
        ),
        (
            json!({"applyDefaultContainerOptionsToInitContainers": false, "defaultContainerOptions": {"image": pinned},
                "initContainers": {"wait": {}}, "containers": {"app": {}}}),
            vec![format!("{at}/initContainers/wait")],
        ),
    ] {
        assert_eq!(
            found(&app_controller(&controller)),
            expected,
            "{controller}"
        );
    }
}

#[test]
fn what_is_switched_off_runs_nothing() {
    let moving = json!({"repository": "romm", "tag": "latest"});
    for controller in [
        json!({"enabled": false, "containers": {"app": {"image": moving}}}),
        json!({"containers": {"app": {"enabled": false, "image": moving}}}),
        json!({"containers": {"app": null}}),
    ] {
        assert!(
            found(&app_controller(&controller)).is_empty(),
            "{controller}"
        );
    }
    let values = json!({"metrics": {"enabled": false, "image": moving}});
    assert!(found(&other(&values)).is_empty());
}

#[test]
fn an_image_that_someone_else_may_give_is_unverified() {
    let missing = json!({"controllers": {"romm": {"containers": {"app": {}}}}});
    let of = |spec: &Value, form| words(&found_as(&json!({}), spec, form)).join(" ");
    let itself = release("app-template", &json!({"values": missing}));
    assert_eq!(of(&itself, Form::Applied), "deny");
    assert_eq!(of(&itself, Form::Source), "unverified");
    let named = app(&json!({"repository": "romm"}));
    assert_eq!(of(&named, Form::Source), "deny");
    let from = json!([{"kind": "ConfigMap", "name": "values"}]);
    let with_values = release(
        "app-template",
        &json!({"values": missing, "valuesFrom": from}),
    );
    assert_eq!(of(&with_values, Form::Applied), "unverified");
    // Its chart may be app-template, or another that is built on the same library.
    let unknown = release("romm", &json!({"values": missing}));
    assert_eq!(of(&unknown, Form::Applied), "unverified");
    let mut built_on_it = release(
        "",
        &json!({"values": missing, "chart": {"spec": {"chart": "romm"}}}),
    );
    built_on_it["spec"]
        .as_object_mut()
        .expect("a map")
        .remove("chartRef");
    assert_eq!(of(&built_on_it, Form::Applied), "");
}

#[test]
fn a_missing_tag_elsewhere_is_unverified_where_a_digest_is_wanted() {
    let params = json!({"require": "digest"});
    for (values, expected) in [
        (
            json!({"image": {"repository": "nginx"}}),
            vec!["unverified"],
        ),
        (json!({"image": "org/nginx"}), vec!["unverified"]),
        (json!({"image": {"tag": "1.2.3"}}), vec!["deny"]),
        (json!({"replicas": 1}), vec![]),
    ] {
        let lines = found_as(&params, &other(&values), Form::Applied);
        assert_eq!(words(&lines), expected, "{values}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("image"),
        Just("images"),
        Just("tag"),
        Just("repository"),
        Just("digest"),
        Just("containers"),
        Just("initContainers"),
        Just("controllers"),
        Just("persistence"),
        Just("defaultContainerOptions"),
        Just("type"),
        Just("imageTag"),
        Just("patch"),
        Just("reference"),
        Just("enabled"),
        Just("newTag"),
        Just("a"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,24}".prop_map(Value::from),
        "[a-z./:@${}-]{0,24}".prop_map(Value::from),
        "(image|path|value)[:/ a-z\n,{}\"-]{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 80, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_rule_panic(values in any_json(), renderers in any_json(), chart in "(app-template|x)") {
        let spec = json!({"values": values, "postRenderers": renderers, "valuesFrom": values});
        let object = release(&chart, &spec);
        for line in found(&object) {
            prop_assert!(line.contains(" /spec/"), "{}", line);
        }
    }

    #[test]
    fn no_patch_makes_the_rule_panic(patch in "(- )?(image|path|value|op)?: ?.{0,60}(\n.{0,40}){0,4}") {
        let renderers = json!([{"kustomize": {"patches": [{"patch": patch}]}}]);
        for line in found(&release("x", &json!({"postRenderers": renderers}))) {
            prop_assert!(line.contains(" /spec/"), "{}", line);
        }
    }
}
