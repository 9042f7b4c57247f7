//! Kubernetes' label selectors, with the API server's own rules of what is one.

use super::error::PolicyError;
use super::spec::{ExpressionSpec, LabelSelectorSpec, OperatorSpec};
use crate::model::Pointer;

/// A compiled label selector. One that requires nothing selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: OperatorSpec,
    values: Vec<String>,
}

impl Selector {
    pub(super) fn compile(spec: &LabelSelectorSpec) -> Result<Self, PolicyError> {
        let mut requirements = Vec::new();
        let labels = Pointer::root().join("matchLabels");
        for (key, value) in &spec.match_labels {
            let at = labels.clone().join(key);
            check_key(key, &at)?;
            check_value(value, &at)?;
            requirements.push(Requirement {
                key: key.clone(),
                operator: OperatorSpec::In,
                values: vec![value.clone()],
            });
        }
        for (index, expression) in spec.match_expressions.iter().enumerate() {
            let at = Pointer::root()
                .join("matchExpressions")
                .join(&index.to_string());
            requirements.push(requirement(expression).map_err(|error| error.below(&at))?);
        }
        Ok(Self(requirements))
    }

    /// Whether it selects everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys of the labels that it asks for.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|requirement| &*requirement.key)
    }

    /// Whether it selects what has these labels.
    #[must_use]
    pub fn matches<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.0.iter().all(|requirement| {
            let value = label(&requirement.key);
            let is_among =
                || value.is_some_and(|value| requirement.values.iter().any(|other| other == value));
            match requirement.operator {
                OperatorSpec::In => is_among(),
                OperatorSpec::NotIn => !is_among(),
                OperatorSpec::Exists => value.is_some(),
                OperatorSpec::DoesNotExist => value.is_none(),
            }
        })
    }
}

fn requirement(spec: &ExpressionSpec) -> Result<Requirement, PolicyError> {
    check_key(&spec.key, &Pointer::root().join("key"))?;
    let at = Pointer::root().join("values");
    match spec.operator {
        OperatorSpec::In | OperatorSpec::NotIn if spec.values.is_empty() => {
            let at = Pointer::root().join("operator");
            return Err(PolicyError::at(at, "`In` and `NotIn` need `values`"));
        }
        OperatorSpec::Exists | OperatorSpec::DoesNotExist if !spec.values.is_empty() => {
            return Err(PolicyError::at(
                at,
                "`Exists` and `DoesNotExist` take no `values`",
            ));
        }
        _ => {}
    }
    for (index, value) in spec.values.iter().enumerate() {
        check_value(value, &at.clone().join(&index.to_string()))?;
    }
    Ok(Requirement {
        key: spec.key.clone(),
        operator: spec.operator,
        values: spec.values.clone(),
    })
}

/// A label's key is a name, or `prefix/name` where the prefix is a DNS name.
fn check_key(key: &str, at: &Pointer) -> Result<(), PolicyError> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let is_dns = |prefix: &str| {
        (1..=253).contains(&prefix.len())
            && prefix.split('.').all(|label| {
                let is_inner =
                    |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                !label.is_empty()
                    && label.bytes().all(is_inner)
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            })
    };
    if prefix.is_none_or(is_dns) && !name.is_empty() && is_word(name) {
        Ok(())
    } else {
        Err(PolicyError::at(
            at.clone(),
            "no label has such a key: it is a name of at most 63 letters, digits, `-`, `_` and `.`, with a DNS name and `/` before it or not",
        ))
    }
}

fn check_value(value: &str, at: &Pointer) -> Result<(), PolicyError> {
    if value.is_empty() || is_word(value) {
        Ok(())
    } else {
        Err(PolicyError::at(
            at.clone(),
            "no label has such a value: it has at most 63 letters, digits, `-`, `_` and `.`, and begins and ends with a letter or digit",
        ))
    }
}

fn is_word(text: &str) -> bool {
    let ends_well = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    text.len() <= 63
        && ends_well(text.as_bytes().first())
        && ends_well(text.as_bytes().last())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn compiled(spec: Value) -> Result<Selector, String> {
        let spec = serde_json::from_value(spec).expect("a selector's shape");
        Selector::compile(&spec).map_err(|error| format!("{}: {error}", error.pointer))
    }

    /// The cases of TestLabelSelectorAsSelector and of the selectors' own Matches in apimachinery.
    #[test]
    fn selectors_mean_what_they_mean_to_kubernetes() {
        let expression = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "app", "operator": operator, "values": values}]});
        let labels = [None, Some(""), Some("romm"), Some("plex")];
        for (spec, expected) in [
            (json!({}), [true, true, true, true]),
            (
                json!({"matchLabels": {"app": "romm"}}),
                [false, false, true, false],
            ),
            (
                json!({"matchLabels": {"app": ""}}),
                [false, true, false, false],
            ),
            (
                expression("In", json!(["romm", ""])),
                [false, true, true, false],
            ),
            // What has no such label has none of the values.
            (
                expression("NotIn", json!(["romm"])),
                [true, true, false, true],
            ),
            (expression("Exists", json!([])), [false, true, true, true]),
            (
                expression("DoesNotExist", json!([])),
                [true, false, false, false],
            ),
            (
                json!({"matchLabels": {"app": "romm"}, "matchExpressions": [
                    {"key": "tier", "operator": "DoesNotExist"}]}),
                [false, false, true, false],
            ),
        ] {
            let selector = compiled(spec.clone()).expect("a selector");
            let found =
                labels.map(|label| selector.matches(|key| if key == "app" { label } else { None }));
            assert_eq!(found, expected, "{spec}");
        }
        assert!(compiled(json!({})).expect("a selector").is_empty());
    }

    #[test]
    fn what_the_api_server_refuses_is_refused_with_its_place() {
        for (spec, expected) in [
            (
                json!({"matchLabels": {"a b": "c"}}),
                "/matchLabels/a b: no label has such a key",
            ),
            (
                json!({"matchLabels": {"a": "b c"}}),
                "/matchLabels/a: no label has such a value",
            ),
            (
                json!({"matchLabels": {"UPPER/a": "b"}}),
                "/matchLabels/UPPER~1a: no label",
            ),
            (
                json!({"matchLabels": {"a/b/c": "d"}}),
                "/matchLabels/a~1b~1c: no label",
            ),
            (
                json!({"matchLabels": {"a": "-b"}}),
                "/matchLabels/a: no label has such a value",
            ),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "In"}]}),
                "/matchExpressions/0/operator: `In` and `NotIn` need `values`",
            ),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}),
                "/matchExpressions/0/values: `Exists` and `DoesNotExist` take no `values`",
            ),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b", "c/d"]}]}),
                "/matchExpressions/0/values/1: no label has such a value",
            ),
        ] {
            let error = compiled(spec.clone()).expect_err("refused");
            assert!(error.starts_with(expected), "{spec}: {error}");
        }
        for key in ["app.kubernetes.io/name", "a", "A_b.c-1"] {
            compiled(json!({"matchLabels": {key: "Value_1.x"}})).expect(key);
        }
    }
}
