//! Schemas of types made into schemas of definitions.

use serde_json::{Map, Value, json};

const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

/// Takes out what says less to an API server than to a reader of files.
///
/// * No defaults: one that is stored stays when ours changes, and shows as drift.
/// * Nothing is null: the API server takes a null away before it stores it, and what is shown is what counts.
pub(super) fn simplify(schema: &mut Value) {
    each(schema, &mut |schema| {
        schema.remove("default");
        schema.remove("nullable");
        let of_null = |variant: &Value| variant["enum"] == json!([null]);
        if let Some(Value::Array(variants)) = schema.get("anyOf")
            && let [Value::Object(variant), null] = &variants[..]
            && of_null(null)
        {
            let variant = variant.clone();
            schema.remove("anyOf");
            for (key, value) in variant {
                schema.entry(key).or_insert(value);
            }
        }
        if let Some(Value::Array(words)) = schema.get_mut("enum") {
            words.retain(|word| !word.is_null());
        }
    });
}

/// Bounds what has no bound yet, and keeps what is unknown.
///
/// * A structural schema prunes unknown keys before any webhook sees them, and a client that validates nothing never
///   hears of it: `namespacs` in an exemption would silently widen it to every namespace. Kept, it is refused by name:
///   by our webhook, or in `status` where that was not asked, and what was in force before stays.
/// * CEL is taken only where its cost is bounded.
pub(super) fn finish(schema: &mut Value) {
    let Some(spec) = schema.pointer_mut("/properties/spec") else {
        return;
    };
    each(spec, &mut |schema| {
        let is_typeless = !schema.contains_key("type") && schema.contains_key("enum");
        if is_typeless || schema.contains_key("properties") {
            schema.insert(PRESERVE.to_owned(), true.into());
        }
        let (key, bound) = match schema.get("type").and_then(Value::as_str) {
            Some("string") if !schema.contains_key("enum") => ("maxLength", 256),
            Some("array") => ("maxItems", 256),
            Some("object") if schema.contains_key("additionalProperties") => ("maxProperties", 64),
            _ => return,
        };
        schema.entry(key).or_insert(bound.into());
    });
}

/// Does something to a schema and to all within it, the inner ones first.
fn each(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(schema) = schema else {
        return;
    };
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties
            .values_mut()
            .for_each(|property| each(property, change));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key) {
            each(inner, change);
        }
    }
    change(schema);
}
