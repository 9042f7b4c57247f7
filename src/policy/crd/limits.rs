//! What the types do not say of a policy and the API server is to hold it to: lengths, patterns, and conditions in CEL.
//!
//! Lengths and counts bound what a policy costs to judge by, and the cost of the conditions, which an API server wants
//! bounded before it takes a definition.

use serde_json::{Value, json};

/// A place in a definition's schema, and what is merged into the schema there; null takes a key away.
/// `[]` is the items of a list, `{}` the values of a map.
pub(super) type Limit = (String, Value);

/// The types and the table of limits disagree.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("no type has the place `{0}`, which has a limit")]
pub struct UnknownPlace(String);

/// Merges limits into a schema.
pub(super) fn apply(schema: &mut Value, limits: &[Limit]) -> Result<(), UnknownPlace> {
    for (place, limit) in limits {
        let mut at = &mut *schema;
        for step in place.split('.') {
            let found = match step {
                "[]" => at.get_mut("items"),
                "{}" => at.get_mut("additionalProperties"),
                name => at
                    .get_mut("properties")
                    .and_then(|properties| properties.get_mut(name)),
            };
            at = found.ok_or_else(|| UnknownPlace(place.clone()))?;
        }
        json_patch::merge(at, limit);
    }
    Ok(())
}

/// How long an expression may be.
const EXPRESSION: u32 = 4096;
/// A name in kebab-case.
const KEBAB: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";
/// A rule's name, or that of a policy's own rule.
const RULE: &str = "^(custom/)?[a-z0-9]+(-[a-z0-9]+)*$";
/// A JSON Pointer.
const POINTER: &str = "^(/([^~]|~[01])*)?$";
/// A label's value.
const LABEL_VALUE: &str = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";
/// A quantity, as Kubernetes' own types have it.
const QUANTITY: &str = r"^(\+)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

pub(super) fn release_policy() -> Vec<Limit> {
    let mut limits = vec![
        // Not `off`: nobody would learn that nothing could be verified.
        at(
            "spec.onUnseen",
            json!({ "type": "string", "enum": ["audit", "warn", "deny"] }),
        ),
        at("spec.match.operations", set(2)),
        at("spec.match.matchConditions", by_name(16)),
        at(
            "spec.match.matchConditions.[].name",
            json!({ "maxLength": 63, "minLength": 1 }),
        ),
        at("spec.match.matchConditions.[].expression", expression()),
        at("spec.customRules", by_name(64)),
        at(
            "spec.customRules.[].name",
            json!({ "maxLength": 63, "pattern": KEBAB }),
        ),
        at("spec.customRules.[].kinds", set(4)),
        at("spec.customRules.[].expression", expression()),
        at(
            "spec.customRules.[].message",
            text("say what is wrong, and how to mend it"),
        ),
        at("spec.exemptions", json!({ "maxItems": 64 })),
        at("spec.allowExemptions", json!({ "maxItems": 64 })),
        at(
            "spec.allowExemptions.[].rules",
            json!({ "minItems": 1, "maxItems": 64 }),
        ),
        at("spec.allowExemptions.[].by", set(2)),
    ];
    for list in [
        "spec.match.namespaces",
        "spec.match.releases",
        "spec.match.operations",
        "spec.customRules.[].kinds",
        "spec.exemptions.[].namespaces",
        "spec.exemptions.[].releases",
        "spec.allowExemptions.[].namespaces",
        "spec.allowExemptions.[].by",
    ] {
        limits.push(never_empty(list));
    }
    for list in [
        "spec.lookupNamespaces",
        "spec.match.namespaces",
        "spec.match.releases",
        "spec.exemptions.[].namespaces",
        "spec.exemptions.[].releases",
        "spec.allowExemptions.[].rules",
        "spec.allowExemptions.[].namespaces",
    ] {
        limits.push(globs(list));
    }
    limits.extend(exemption_at("spec.exemptions.[]"));
    for selector in ["spec.match.namespaceSelector", "spec.match.releaseSelector"] {
        limits.extend(label_selector(selector));
    }
    limits
}

pub(super) fn tmpfs_policy() -> Vec<Limit> {
    let mut limits = vec![
        at("spec", json!({ "required": ["mounts"] })),
        at(
            "spec.mounts",
            json!({ "minItems": 1, "maxItems": 64, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["path"] }),
        ),
        at(
            "spec.mounts.[].path",
            json!({
                "maxLength": 1024,
                "x-kubernetes-validations": [
                    cel("self.startsWith('/')", "a path begins with `/`"),
                    cel("self.matches('[^/.]')", "a tmpfs at `/` would hide the image"),
                    cel("!self.split('/').exists(part, part == '..')", "a path goes nowhere up: write it without `..`"),
                    cel("!self.contains(':')", "a path holds no `:`"),
                ],
            }),
        ),
        at(
            "spec.mounts.[].sizeLimit",
            json!({
                "anyOf": null,
                "x-kubernetes-int-or-string": true,
                "pattern": QUANTITY,
                "maxLength": 32,
                // The rule instead of `minimum`, which is a float and prints differently in JSON and YAML.
                "x-kubernetes-validations": [cel("type(self) == string || self > 0", "a size is more than nothing")],
            }),
        ),
        never_empty("spec.containers"),
        globs("spec.containers"),
    ];
    for selector in ["spec.podSelector", "spec.namespaceSelector"] {
        limits.extend(label_selector(selector));
    }
    limits
}

pub(super) fn exemption() -> Vec<Limit> {
    let mut limits = exemption_at("spec");
    limits.extend([never_empty("spec.releases"), globs("spec.releases")]);
    limits
}

/// What an exemption holds, in a policy or in an object of its own.
fn exemption_at(place: &str) -> Vec<Limit> {
    let below = |key: &str, limit| at(&format!("{place}.{key}"), limit);
    vec![
        below("rules", json!({ "minItems": 1, "maxItems": 64 })),
        below("rules.[]", json!({ "maxLength": 80, "pattern": RULE })),
        below("pointers", json!({ "minItems": 1, "maxItems": 64 })),
        below(
            "pointers.[]",
            json!({ "maxLength": 1024, "pattern": POINTER }),
        ),
        below("reason", text("say why, for those who read it later")),
        below(
            "expiresAt",
            json!({
                "maxLength": 40,
                // The first rule keeps what is no date at all from `timestamp`, which says less.
                "x-kubernetes-validations": [cel(
                    "self.matches('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?$') \
                     && timestamp(self.contains('T') ? self : self + 'T00:00:00Z') > timestamp('1970-01-01T00:00:00Z')",
                    "write a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z",
                )],
            }),
        ),
    ]
}

/// Kubernetes' own rules of what is a label selector.
fn label_selector(place: &str) -> Vec<Limit> {
    let below = |key: &str, limit| at(&format!("{place}.{key}"), limit);
    vec![
        below(
            "matchLabels.{}",
            json!({ "maxLength": 63, "pattern": LABEL_VALUE }),
        ),
        below("matchExpressions", json!({ "maxItems": 64 })),
        below(
            "matchExpressions.[]",
            json!({ "x-kubernetes-validations": [
                cel(
                    "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
                    "`In` and `NotIn` need `values`",
                ),
                cel(
                    "self.operator in ['In', 'NotIn'] || !has(self.values) || size(self.values) == 0",
                    "`Exists` and `DoesNotExist` take no `values`",
                ),
            ] }),
        ),
        below(
            "matchExpressions.[].key",
            json!({ "minLength": 1, "maxLength": 317 }),
        ),
        below(
            "matchExpressions.[].values.[]",
            json!({ "maxLength": 63, "pattern": LABEL_VALUE }),
        ),
    ]
}

fn at(place: &str, limit: Value) -> Limit {
    (place.to_owned(), limit)
}

/// An empty list would select nothing, which nobody means, where an absent one selects all.
fn never_empty(place: &str) -> Limit {
    at(place, json!({ "minItems": 1 }))
}

fn globs(place: &str) -> Limit {
    at(&format!("{place}.[]"), json!({ "minLength": 1 }))
}

/// A list whose items have names of their own.
fn by_name(most: u32) -> Value {
    json!({ "maxItems": most, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
}

fn set(most: u32) -> Value {
    json!({ "maxItems": most, "x-kubernetes-list-type": "set" })
}

fn expression() -> Value {
    json!({ "minLength": 1, "maxLength": EXPRESSION })
}

/// A sentence that somebody reads.
fn text(blank: &str) -> Value {
    json!({ "maxLength": 1024, "x-kubernetes-validations": [cel(r"self.matches('\\S')", blank)] })
}

fn cel(rule: &str, message: &str) -> Value {
    json!({ "rule": rule, "message": message })
}
