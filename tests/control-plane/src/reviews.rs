//! Reviews: one to send by hand, and recorded ones, made the same in every run, compared by their shape, written where
//! that is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

/// Where they are kept.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recorded-reviews")
}

/// The review of an object that is really created, as Flux would.
pub fn of_creation(object: &Value) -> Value {
    let (group, version) = object["apiVersion"]
        .as_str()
        .and_then(|version| version.split_once('/'))
        .expect("a group");
    let kind = json!({ "group": group, "version": version, "kind": object["kind"] });
    let resource = format!(
        "{}s",
        object["kind"].as_str().unwrap_or_default().to_lowercase()
    );
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "by-hand",
            "kind": kind,
            "resource": { "group": group, "version": version, "resource": resource },
            "name": object["metadata"]["name"],
            "namespace": object["metadata"]["namespace"],
            "operation": "CREATE",
            "userInfo": { "username": "system:serviceaccount:flux-system:kustomize-controller" },
            "object": object,
            "oldObject": null,
            "dryRun": false,
        },
    })
}

/// Replaces what differs from run to run: uids, times, credentials and random endings by made-up ones of the same form,
/// equal ones by equal ones. `names` are replaced as given, the longest first.
pub fn stable(review: &Value, names: &[(&str, &str)]) -> Value {
    let mut known = BTreeMap::new();
    let mut review = review.clone();
    rewrite(&mut review, "", names, &mut known);
    review
}

fn rewrite(
    value: &mut Value,
    key: &str,
    names: &[(&str, &str)],
    known: &mut BTreeMap<String, String>,
) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                rewrite(value, key, names, known);
            }
        }
        Value::Array(items) => {
            for item in items {
                rewrite(item, key, names, known);
            }
        }
        Value::String(text) => *text = stable_text(text, key, names, known),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn stable_text(
    text: &str,
    key: &str,
    names: &[(&str, &str)],
    known: &mut BTreeMap<String, String>,
) -> String {
    let number = known.len() + 1;
    let mut same =
        |text: &str, made_up: String| known.entry(text.to_owned()).or_insert(made_up).clone();
    if let Some(id) = text.strip_prefix("JTI=") {
        return format!("JTI={}", same(id, uuid(number)));
    }
    if text.starts_with("X509SHA256=") {
        return format!("X509SHA256={}", "0".repeat(64));
    }
    if is_uuid(text) {
        return same(text, uuid(number));
    }
    if is_time(text) {
        return "2026-01-01T00:00:00Z".to_owned();
    }
    if key == "resourceVersion" {
        return same(&format!("resourceVersion {text}"), number.to_string());
    }
    let mut text = text.to_owned();
    for (from, to) in names {
        text = text.replace(from, to);
    }
    // The five letters that the API server adds to a name.
    for prefix in ["kube-api-access-", "generated-"] {
        if text.strip_prefix(prefix).is_some_and(|ending| {
            ending.len() == 5 && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }) {
            text = format!("{prefix}abcde");
        }
    }
    text
}

fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, character)| match at {
            8 | 13 | 18 | 23 => character == '-',
            _ => character.is_ascii_hexdigit(),
        })
}

fn is_time(text: &str) -> bool {
    text.len() >= 20
        && text.ends_with('Z')
        && text
            .char_indices()
            .take(19)
            .all(|(at, character)| match at {
                4 | 7 => character == '-',
                10 => character == 'T',
                13 | 16 => character == ':',
                _ => character.is_ascii_digit(),
            })
}

/// The paths of all keys and the kind of value at each; items of a list share one path.
pub fn shape(value: &Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    collect(value, "", &mut paths);
    paths
}

fn collect(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Object(map) => {
            for (key, value) in map {
                collect(value, &format!("{path}/{key}"), paths);
            }
            "map"
        }
        Value::Array(items) => {
            for item in items {
                collect(item, &format!("{path}/-"), paths);
            }
            "list"
        }
        Value::String(_) => "text",
        Value::Number(_) => "number",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
    };
    paths.insert(format!("{path} {kind}"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_ids_stay_equal_and_different_ones_different() {
        let (one, two) = (
            "035ee694-9d82-4955-9d0e-9e6892157a0d",
            "1e12bbe4-b416-4057-b572-335d60af27b3",
        );
        let stable = stable(
            &json!({ "a": one, "b": [two, one], "time": "2026-11-23T21:47:23Z", "name": "generated-l42cg" }),
            &[],
        );
        assert_eq!(stable["a"], stable["b"][1]);
        assert_ne!(stable["a"], stable["b"][0]);
        assert_ne!(stable["a"], one);
        assert_eq!(stable["time"], "2026-01-01T00:00:00Z");
        assert_eq!(stable["name"], "generated-abcde");
    }

    #[test]
    fn a_shape_is_keys_and_kinds_and_no_values() {
        assert_eq!(shape(&json!({ "a": [1, 2] })), shape(&json!({ "a": [3] })));
        assert_ne!(shape(&json!({ "a": [1] })), shape(&json!({ "a": ["1"] })));
        assert_ne!(shape(&json!({ "a": 1 })), shape(&json!({ "b": 1 })));
    }
}
