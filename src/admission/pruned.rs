//! A pod without what its mounts do not depend on: environments, probes and the like are most of a pod,
//! and are passed over while it is read. What is kept keeps its place.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::object::{Object, Shape};
use crate::mounts::KEY;

/// What is kept of a value.
#[derive(Clone, Copy)]
enum Keep {
    /// All of it.
    All,
    /// Those keys of a map.
    Keys(&'static [(&'static str, Keep)]),
    /// This of every item of a list.
    Items(&'static Keep),
}

const CONTAINER: Keep = Keep::Keys(&[
    ("name", Keep::All),
    ("resources", Keep::All),
    ("securityContext", Keep::All),
    ("terminationMessagePath", Keep::All),
    ("volumeDevices", Keep::All),
    ("volumeMounts", Keep::All),
]);

/// What is kept of `metadata` and `spec`, by key.
const METADATA: &[(&str, Keep)] = &[
    (
        "annotations",
        Keep::Keys(&[(KEY, Keep::All), ("kubernetes.io/config.mirror", Keep::All)]),
    ),
    ("labels", Keep::All),
];
const SPEC: &[(&str, Keep)] = &[
    ("automountServiceAccountToken", Keep::All),
    ("containers", Keep::Items(&CONTAINER)),
    ("initContainers", Keep::Items(&CONTAINER)),
    ("nodeSelector", Keep::All),
    ("os", Keep::All),
    ("resources", Keep::All),
    (
        "securityContext",
        Keep::Keys(&[("windowsOptions", Keep::All)]),
    ),
    ("volumes", Keep::All),
];

/// Reads what the mounts of a pod depend on.
pub(super) fn pod(object: &Object<'_>) -> serde_json::Result<Value> {
    let mut root = Map::new();
    for (name, part, kept) in [
        ("metadata", &object.metadata, METADATA),
        ("spec", &object.spec, SPEC),
    ] {
        let Shape::Map(fields) = part else { continue };
        let mut map = Map::new();
        for (key, keep) in kept {
            if let Some(raw) = fields.get(key) {
                map.insert((*key).to_owned(), read(raw, *keep)?);
            }
        }
        root.insert(name.to_owned(), Value::Object(map));
    }
    Ok(Value::Object(root))
}

fn read(raw: &RawValue, keep: Keep) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    keep.deserialize(&mut reader)
}

impl<'de> DeserializeSeed<'de> for Keep {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        match self {
            Keep::All => Value::deserialize(from),
            Keep::Keys(_) | Keep::Items(_) => from.deserialize_any(self),
        }
    }
}

/// What is not of the expected shape is kept whole.
impl<'de> Visitor<'de> for Keep {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let Keep::Keys(kept) = self else {
            return Value::deserialize(MapAccessDeserializer::new(from));
        };
        let mut map = Map::new();
        while let Some(key) = from.next_key::<super::text::Text<'de>>()? {
            match kept.iter().find(|(name, _)| *name == key.as_str()) {
                Some((name, keep)) => {
                    map.insert((*name).to_owned(), from.next_value_seed(*keep)?);
                }
                None => drop(from.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let Keep::Items(keep) = self else {
            return Value::deserialize(SeqAccessDeserializer::new(from));
        };
        let mut items = Vec::with_capacity(4);
        while let Some(item) = from.next_element_seed(*keep)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pruned(pod: &Value) -> Value {
        match serde_json::from_str(&pod.to_string()).expect("JSON") {
            Shape::Map(object) => super::pod(&object).expect("readable"),
            Shape::Absent | Shape::Other => Value::Null,
        }
    }

    #[test]
    fn what_mounts_depend_on_is_kept_in_its_place() {
        let container = json!({"name": "app", "volumeMounts": [{"mountPath": "/a", "name": "x"}],
            "resources": {"limits": {"memory": "1Gi"}}, "securityContext": {"readOnlyRootFilesystem": true}});
        let mut whole = container.clone();
        whole["env"] = json!([{"name": "A", "value": "b"}]);
        let pod = json!({
            "apiVersion": "v1", "status": {},
            "metadata": {"name": "x", "labels": {"a": "b"},
                "annotations": {KEY: "off", "other": "x", "kubernetes.io/config.mirror": "y"}},
            "spec": {"containers": [whole, 7, null, ["a"]], "initContainers": {"odd": [1.5, -1]},
                "volumes": [{"name": "x", "unknown": {"kept": true}}], "dnsPolicy": "None", "os": {"name": "linux"}}});
        assert_eq!(
            pruned(&pod),
            json!({
                "metadata": {"labels": {"a": "b"}, "annotations": {KEY: "off", "kubernetes.io/config.mirror": "y"}},
                "spec": {"containers": [container, 7, null, ["a"]], "initContainers": {"odd": [1.5, -1]},
                    "volumes": [{"name": "x", "unknown": {"kept": true}}], "os": {"name": "linux"}}})
        );
        assert_eq!(pruned(&json!({"spec": null, "metadata": "x"})), json!({}));
    }
}
