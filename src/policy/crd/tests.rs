//! The definitions beside the types and the registry.

use serde_json::{Value, json};

use super::*;
use crate::rules::RULES;

fn schemas() -> Vec<(String, Value)> {
    definitions()
        .expect("definitions")
        .into_iter()
        .map(|definition| {
            let kind = definition.spec.names.kind.clone();
            let version = &definition.spec.versions[0];
            let schema = version.schema.as_ref().expect("a schema");
            (
                kind,
                serde_json::to_value(&schema.open_api_v3_schema).expect("JSON"),
            )
        })
        .collect()
}

fn schema(kind: &str) -> Value {
    let found = schemas().into_iter().find(|(other, _)| other == kind);
    found.expect(kind).1
}

/// Calls something with every schema of a definition and its place.
fn walk(schema: &Value, place: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(place, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(property, &format!("{place}.{name}"), visit);
    }
    for (key, sign) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[key].is_object() {
            walk(&schema[key], &format!("{place}.{sign}"), visit);
        }
    }
}

#[test]
fn every_rule_has_its_action_and_every_parameter() {
    let rules = &schema("ReleasePolicy")["properties"]["spec"]["properties"]["rules"];
    let properties = rules["properties"].as_object().expect("rules");
    assert_eq!(properties.len(), RULES.len());
    for rule in RULES {
        let written = &properties[rule.meta().name]["properties"];
        assert_eq!(
            written["action"]["enum"],
            json!(["off", "audit", "warn", "deny", false])
        );
        let defaults = rule.defaults();
        let parameters = defaults.as_object().expect("parameters");
        assert_eq!(
            written.as_object().expect("properties").len(),
            parameters.len() + 1
        );
        for name in parameters.keys() {
            let parameter = &written[name];
            assert!(
                parameter.get("type").or(parameter.get("enum")).is_some(),
                "{} {name}: {parameter}",
                rule.meta().name
            );
        }
    }
}

#[test]
fn everything_is_described() {
    for (kind, schema) in schemas() {
        walk(&schema, &kind, &mut |place, schema| {
            let is_value = place.ends_with("[]") || place.ends_with("{}");
            let described = schema["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty());
            assert!(described || is_value, "{place}");
        });
    }
}

#[test]
fn everything_that_is_written_is_bounded() {
    for (kind, schema) in schemas() {
        walk(
            &schema["properties"]["spec"],
            &kind,
            &mut |place, schema| {
                let bound = match schema["type"].as_str() {
                    Some("string") if schema.get("enum").is_none() => "maxLength",
                    Some("array") => "maxItems",
                    Some("object") if schema.get("additionalProperties").is_some() => {
                        "maxProperties"
                    }
                    _ => return,
                };
                assert!(schema[bound].is_number(), "{place} has no {bound}");
            },
        );
    }
}

#[test]
fn what_is_unknown_is_kept_and_nothing_is_made_up_or_null() {
    for (kind, schema) in schemas() {
        walk(
            &schema["properties"]["spec"],
            &kind,
            &mut |place, schema| {
                let keeps = schema["x-kubernetes-preserve-unknown-fields"] == true;
                assert_eq!(
                    keeps,
                    schema.get("properties").is_some()
                        || schema.get("type").is_none()
                            && schema.get("x-kubernetes-int-or-string").is_none(),
                    "{place}"
                );
                for key in ["default", "nullable", "anyOf", "oneOf"] {
                    assert_eq!(schema.get(key), None, "{place} {key}");
                }
            },
        );
    }
}

#[test]
fn a_limit_that_fits_no_type_is_told() {
    let mut schema = schema("Exemption");
    let limit = |place: &str| (place.to_owned(), json!({ "maxLength": 1 }));
    assert_eq!(limits::apply(&mut schema, &[limit("spec.reason")]), Ok(()));
    let error = limits::apply(&mut schema, &[limit("spec.raeson")]).expect_err("no such place");
    assert!(error.to_string().contains("`spec.raeson`"), "{error}");
}

/// What cannot be read by our types can be read from the API server all the same.
#[test]
fn a_broken_spec_is_kept_as_it_is() {
    let spec = json!({ "rules": { "no-such-rule": { "action": "perhaps" } } });
    let object = json!({
        "apiVersion": "lockkeeper.dev/v1alpha1",
        "kind": "ReleasePolicy",
        "metadata": { "name": "broken" },
        "spec": spec,
    });
    let policy: ReleasePolicy = serde_json::from_value(object.clone()).expect("read");
    assert_eq!(policy.spec.0, spec);
    assert_eq!(serde_json::to_value(&policy).expect("written"), object);
}
