//! What Lockkeeper says of a policy in its `status`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What is said of a ReleasePolicy.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReleasePolicyStatus {
    /// The generation of the policy that all this is said of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: whether it is in force as it is written. Where it is not, its last good form is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// The actions that it sets, such as `unpinned-image=warn, custom/no-beta=deny`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_force: Option<String>,
    /// How many rules it sets something for, those of its own left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<i64>,
    /// How many rules of its own it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_rules: Option<i64>,
    /// How many exemptions it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemptions: Option<i64>,
    /// How many HelmReleases of the cluster it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched_releases: Option<i64>,
}

/// What is said of a TmpfsPolicy.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TmpfsPolicyStatus {
    /// The generation of the policy that all this is said of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: whether it is in force as it is written. Where it is not, its last good form is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// The mounts that it gives, such as `/tmp=64Mi, /run=1Mi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_force: Option<String>,
}

/// What is said of an Exemption.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ExemptionStatus {
    /// The generation of the exemption that all this is said of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: whether it is as it should be. It is not where it cannot be read, or no ReleasePolicy opens its
    /// namespace and rules to it. One that has ended stays ready, and says so by its reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// Whether it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<bool>,
    /// How many HelmReleases of its namespace it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched_releases: Option<i64>,
}

/// Kubernetes' conditions, with its own limits.
fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "description": "One condition.",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {
                    "type": "string",
                    "description": "What it is about.",
                    "maxLength": 316,
                },
                "status": {
                    "type": "string",
                    "description": "Whether it holds.",
                    "enum": ["True", "False", "Unknown"],
                },
                "reason": {
                    "type": "string",
                    "description": "Why, in a word.",
                    "minLength": 1,
                    "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                },
                "message": {
                    "type": "string",
                    "description": "Why, in a sentence.",
                    "maxLength": 32768,
                },
                "lastTransitionTime": {
                    "type": "string",
                    "format": "date-time",
                    "description": "When `status` last changed.",
                },
                "observedGeneration": {
                    "type": "integer",
                    "format": "int64",
                    "description": "The generation that it is said of.",
                },
            },
        },
    })
}
