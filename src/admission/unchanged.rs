//! Whether an update changes anything that is judged. Suspending, resuming, asking for a
//! reconciliation and taking a finalizer off never are: stopping them would only hurt.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::object::{Fields, Object, Shape};
use super::same::says_the_same;

/// How the new object stands to the old one.
pub(super) enum Change<'r> {
    /// Nothing that is judged differs.
    None,
    /// Bytes of the spec differ, which may be but another writing of the same.
    Bytes(SpecBytes<'r>),
    /// Something differs.
    Some,
}

/// The fields of two specs.
#[derive(Debug)]
pub(super) struct SpecBytes<'r> {
    new: &'r Fields<'r>,
    old: &'r Fields<'r>,
}

impl SpecBytes<'_> {
    /// Whether the old spec says the same as the new one, given the new object as parsed.
    pub(super) fn say_the_same(&self, root: &Value) -> bool {
        root.get("spec").is_some_and(|spec| {
            differing(self.new, self.old)
                .all(|(key, old)| spec.get(key).is_some_and(|new| says_the_same(old, new)))
        })
    }
}

/// Compares what is judged of two objects: `spec` but for `suspend`, and the annotations but for
/// those by which people and kubectl talk to the controllers. Equal bytes are never parsed.
pub(super) fn change<'r>(new: &'r Object<'r>, old: &'r Object<'r>) -> Change<'r> {
    if !same_annotations(new.meta("annotations"), old.meta("annotations")) {
        return Change::Some;
    }
    match (&new.spec, &old.spec) {
        (Shape::Absent, Shape::Absent) => Change::None,
        (Shape::Map(new), Shape::Map(old)) if same_keys(new, old) => {
            if differing(new, old).next().is_none() {
                Change::None
            } else {
                Change::Bytes(SpecBytes { new, old })
            }
        }
        _ => Change::Some,
    }
}

fn same_bytes(new: Option<&RawValue>, old: Option<&RawValue>) -> bool {
    new.map(RawValue::get) == old.map(RawValue::get)
}

/// Whether both have the same keys; `suspend` may come and go.
fn same_keys(new: &Fields<'_>, old: &Fields<'_>) -> bool {
    let within = |left: &Fields<'_>, right: &Fields<'_>| {
        left.iter()
            .all(|(key, _)| key == "suspend" || right.get(key).is_some())
    };
    within(new, old) && within(old, new)
}

/// The old fields whose bytes differ.
fn differing<'f, 'a>(
    new: &'f Fields<'a>,
    old: &'f Fields<'a>,
) -> impl Iterator<Item = (&'f str, &'a RawValue)> {
    old.iter()
        .filter(|(key, value)| *key != "suspend" && !same_bytes(new.get(key), Some(*value)))
}

/// Whether no annotation differs but those that carry requests or copies.
fn same_annotations(new: Option<&RawValue>, old: Option<&RawValue>) -> bool {
    if same_bytes(new, old) {
        return true;
    }
    let read = |raw: Option<&RawValue>| match raw {
        None => Some(Map::new()),
        Some(raw) => serde_json::from_str::<Option<Map<String, Value>>>(raw.get())
            .ok()
            .map(Option::unwrap_or_default),
    };
    let (Some(mut new), Some(mut old)) = (read(new), read(old)) else {
        return false;
    };
    for annotations in [&mut new, &mut old] {
        annotations.retain(|key, _| {
            !key.starts_with("reconcile.fluxcd.io/")
                && key != "kubectl.kubernetes.io/last-applied-configuration"
        });
    }
    new == old
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(new: &str, old: &str) -> bool {
        let read = |text| match serde_json::from_str(text).expect("JSON") {
            Shape::Map(object) => object,
            Shape::Absent | Shape::Other => Object::default(),
        };
        let (new, old) = (read(new), read(old));
        match change(&new, &old) {
            Change::None => false,
            Change::Bytes(bytes) => !bytes.say_the_same(&new.parse().expect("readable")),
            Change::Some => true,
        }
    }

    fn annotated(annotations: &Value) -> String {
        json!({"metadata": {"annotations": annotations}, "spec": {"a": 1}}).to_string()
    }

    #[test]
    fn suspend_and_writing_are_no_change() {
        let old = r#"{"metadata":{},"spec":{"values":{"a":1,"b":[2]},"interval":"5m"}}"#;
        for new in [
            old,
            r#"{"metadata":{},"spec":{"values":{"a":1,"b":[2]},"interval":"5m","suspend":true}}"#,
            r#"{"spec":{"interval":"5m","values":{"b": [2], "a":1}},"status":{"x":1}}"#,
        ] {
            assert!(!changed(new, old), "{new}");
            assert!(!changed(old, new), "{new}");
        }
        for new in [
            r#"{"spec":{"values":{"a":1,"b":[2]},"interval":"6m"}}"#,
            r#"{"spec":{"values":{"a":1,"b":[2]}}}"#,
            r#"{"spec":{"values":{"a":1,"b":[2],"suspend":true},"interval":"5m"}}"#,
            r#"{"spec":{"values":{"a":1,"b":[2]},"interval":"5m","new":null}}"#,
            r#"{"spec":null}"#,
            r"{}",
        ] {
            assert!(changed(new, old), "{new}");
            assert!(changed(old, new), "{new}");
        }
    }

    #[test]
    fn only_annotations_that_talk_to_controllers_are_no_change() {
        let plain = annotated(&json!({"a": "b"}));
        let asked = annotated(&json!({"a": "b", "reconcile.fluxcd.io/requestedAt": "now",
            "kubectl.kubernetes.io/last-applied-configuration": "{}"}));
        assert!(!changed(&asked, &plain));
        assert!(!changed(
            &annotated(&json!({"reconcile.fluxcd.io/forceAt": "x"})),
            r#"{"spec":{"a":1}}"#
        ));
        assert!(!changed(&annotated(&Value::Null), r#"{"spec":{"a":1}}"#));
        assert!(changed(&annotated(&json!({"a": "c"})), &plain));
        assert!(changed(&annotated(&json!({})), &plain));
        assert!(changed(&annotated(&json!("text")), &plain));
    }
}
