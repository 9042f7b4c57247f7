//! The schema of `rules` in a ReleasePolicy: what each rule of the registry lets a policy set.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::model::Action;
use crate::rules::{AnyRule, RULES};

/// Every registered rule with its action and its typed parameters.
pub(super) fn rules(generator: &mut SchemaGenerator) -> Schema {
    let mut properties = Map::new();
    for rule in RULES {
        properties.insert(
            rule.meta().name.to_owned(),
            settings(*rule, generator).to_value(),
        );
    }
    json_schema!({ "type": "object", "properties": properties })
}

fn settings(rule: &dyn AnyRule, generator: &mut SchemaGenerator) -> Schema {
    let meta = rule.meta();
    let mut action = Action::json_schema(generator);
    let built_in = meta.action.as_str();
    action.insert(
        "description".to_owned(),
        format!("What becomes of what the rule finds; `{built_in}` when absent.").into(),
    );
    let mut schema = rule.schema(generator);
    schema.insert(
        "description".to_owned(),
        format!(
            "Finds {}. `lockkeeper explain {}` says more.",
            meta.summary, meta.name
        )
        .into(),
    );
    let properties = schema
        .ensure_object()
        .entry("properties")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("action".to_owned(), action.to_value());
    }
    schema
}
