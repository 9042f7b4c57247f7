//! The policies as they are written: plain serde types, the shape of the later CRDs' `spec`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Action;

/// The group of Lockkeeper's own documents.
pub const API_GROUP: &str = "lockkeeper.dev";

/// What a ReleasePolicy says.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "a policy: a map with keys such as `rules` and `exemptions`"
)]
pub struct PolicySpec {
    /// Which objects it is for; all when absent. Others keep the built-in policy.
    #[serde(rename = "match")]
    pub matches: Match,
    /// Per rule: `action` and the rule's own parameters.
    pub rules: BTreeMap<String, RuleSpec>,
    /// Whether a violation that the old object already had is only a warning on UPDATE.
    pub ratchet: Option<bool>,
    /// What becomes of a finding that could not be verified: `warn` (default), `deny` or `audit`.
    pub on_unseen: Option<Action>,
    /// Globs of namespaces about which objects of other namespaces may learn by a verdict what exists
    /// there: of shared sources and claims. None when absent.
    pub lookup_namespaces: Vec<String>,
    /// Findings that are allowed for a while, with a reason.
    pub exemptions: Vec<ExemptionSpec>,
}

/// Selects objects by globs; an absent list selects all.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "a map with `namespaces` and `releases`"
)]
pub struct Match {
    /// Globs of namespaces.
    pub namespaces: Option<Vec<String>>,
    /// Globs of object names.
    pub releases: Option<Vec<String>>,
}

/// What a policy says of one rule.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(expecting = "a map, such as `{action: warn}`")]
pub struct RuleSpec {
    /// The action; the built-in one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// The rule's own parameters.
    #[serde(flatten)]
    pub params: serde_json::Map<String, Value>,
}

/// Findings that are allowed for a while.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an exemption: a map with `rules`, `reason` and `expiresAt`"
)]
pub struct ExemptionSpec {
    /// The rules that it covers.
    pub rules: Vec<String>,
    /// Globs of namespaces; all when absent.
    #[serde(default)]
    pub namespaces: Option<Vec<String>>,
    /// Globs of object names; all when absent.
    #[serde(default)]
    pub releases: Option<Vec<String>>,
    /// JSON Pointers; a finding at or below one of them is covered. All when absent.
    #[serde(default)]
    pub pointers: Option<Vec<String>>,
    /// Why. Shown with every finding that it covers.
    pub reason: String,
    /// When it ends: an RFC 3339 time, or a date, which ends with its last second in UTC.
    #[serde(deserialize_with = "date_or_time")]
    pub expires_at: Timestamp,
}

/// What a TmpfsPolicy says: which pods get which mounts in memory.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "the spec of a TmpfsPolicy: a map with keys such as `podSelector` and `mounts`"
)]
pub struct TmpfsPolicySpec {
    /// The pods that it is for, by their labels; all when absent.
    pub pod_selector: Option<LabelSelectorSpec>,
    /// The namespaces that it is for, by their labels; all when absent.
    pub namespace_selector: Option<LabelSelectorSpec>,
    /// Names or globs of containers, init containers included; all when absent.
    pub containers: Option<Vec<String>>,
    /// Which of those containers.
    pub when: WhenSpec,
    /// What they get.
    pub mounts: Vec<MountSpec>,
    /// Whether an emptyDir on disk that is mounted at one of the paths becomes a tmpfs.
    pub convert_empty_dir: bool,
}

/// Which containers a TmpfsPolicy is for, by their own security context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WhenSpec {
    /// All of them.
    Always,
    /// Those with `readOnlyRootFilesystem: true`.
    #[default]
    ReadOnlyRootFilesystem,
}

/// One mount in memory.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a mount: a map with `path` and `sizeLimit`"
)]
pub struct MountSpec {
    /// Where it is mounted.
    pub path: String,
    /// How much fits, as a quantity such as `64Mi`.
    pub size_limit: QuantitySpec,
    /// Whether the containers of a pod that get it at this path get one and the same.
    #[serde(default)]
    pub shared: bool,
}

/// A quantity as Kubernetes takes it: text, or a whole number.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged, expecting = "a quantity such as 64Mi")]
pub enum QuantitySpec {
    /// With a suffix, most often.
    Text(String),
    /// Bytes.
    Number(i64),
}

/// Kubernetes' label selector: everything that it names must hold.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "a label selector: a map with `matchLabels` and `matchExpressions`"
)]
pub struct LabelSelectorSpec {
    /// Labels with these values.
    pub match_labels: BTreeMap<String, String>,
    /// What else must hold of labels.
    pub match_expressions: Vec<ExpressionSpec>,
}

/// One requirement of a label selector.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a requirement: a map with `key` and `operator`"
)]
pub struct ExpressionSpec {
    /// The label's key.
    pub key: String,
    /// What must hold of it.
    pub operator: OperatorSpec,
    /// The values of `In` and `NotIn`.
    #[serde(default)]
    pub values: Vec<String>,
}

/// The operators of label selectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum OperatorSpec {
    /// The label is there with one of the values.
    In,
    /// The label is not there, or has none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
}

fn date_or_time<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    use serde::de::Error;
    let text = String::deserialize(from)?;
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    text.parse::<jiff::civil::Date>()
        .and_then(|date| date.at(23, 59, 59, 0).to_zoned(jiff::tz::TimeZone::UTC))
        .map(|zoned| zoned.timestamp())
        .map_err(|_| {
            D::Error::custom(
                "expected a date such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z",
            )
        })
}
