//! The policies as they are written: plain serde types, the shape of the custom resources' `spec`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Action;

/// The group of Lockkeeper's own documents.
pub const API_GROUP: &str = "lockkeeper.dev";
/// The one version of them, with the group.
pub(super) const API_VERSION: &str = "lockkeeper.dev/v1alpha1";

/// What a ReleasePolicy says.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "a policy: a map with keys such as `rules` and `exemptions`"
)]
pub struct ReleasePolicySpec {
    /// Which objects it is for; all when absent.
    #[serde(rename = "match")]
    pub matches: MatchSpec,
    /// Per rule: `action` and the rule's own parameters.
    #[schemars(schema_with = "super::schema::rules")]
    pub rules: BTreeMap<String, RuleSpec>,
    /// Rules of your own, in CEL.
    pub custom_rules: Vec<CustomRuleSpec>,
    /// Whether what it says replaces the built-in policy's action where that is harder. Without it a policy can only
    /// make the built-in one stricter.
    pub replaces_default: bool,
    /// Whether a violation that the old object already had is only a warning on UPDATE; so it is when absent.
    pub ratchet: Option<bool>,
    /// What becomes of a finding that could not be verified: `warn` (default), `deny` or `audit`.
    pub on_unseen: Option<Action>,
    /// Globs of namespaces about which objects of other namespaces may learn by a verdict what exists
    /// there: of shared sources and claims. None when absent.
    pub lookup_namespaces: Vec<String>,
    /// Findings that are allowed for a while.
    pub exemptions: Vec<PolicyExemptionSpec>,
    /// What may be exempted by others: by Exemption objects, or by an annotation on the release. Nothing when absent.
    pub allow_exemptions: Vec<AllowedExemptionsSpec>,
}

/// Selects objects; everything that it names must hold, and an absent list selects all.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "a map with keys such as `namespaces` and `releases`"
)]
pub struct MatchSpec {
    /// Names or globs of namespaces.
    pub namespaces: Option<Vec<String>>,
    /// Namespaces by their labels.
    pub namespace_selector: Option<LabelSelectorSpec>,
    /// Names or globs of objects.
    pub releases: Option<Vec<String>>,
    /// Objects by their labels.
    pub release_selector: Option<LabelSelectorSpec>,
    /// What is done with the object: `CREATE`, `UPDATE`.
    pub operations: Option<Vec<OperationSpec>>,
    /// CEL expressions that must all be true.
    pub match_conditions: Vec<ConditionSpec>,
}

/// The operations that store an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum OperationSpec {
    /// It is new. Files that `check` reads count as that.
    Create,
    /// It was there.
    Update,
}

/// A condition in CEL.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a condition: a map with `name` and `expression`"
)]
pub struct ConditionSpec {
    /// What errors call it.
    pub name: String,
    /// What must be true, over `object`, `oldObject`, `request`, `images`, `claims` and `chart`.
    pub expression: String,
}

/// A rule of an administrator's own, in CEL.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a rule: a map with `name`, `expression` and `message`"
)]
pub struct CustomRuleSpec {
    /// Its name in kebab-case; reports and exemptions call it `custom/<name>`.
    pub name: String,
    /// The kinds that it judges; `HelmRelease` alone when absent.
    #[serde(default)]
    pub kinds: Option<Vec<KindSpec>>,
    /// What must be true, over `object`, `oldObject`, `request`, `images`, `claims` and `chart`.
    pub expression: String,
    /// What is said where it is false: what is wrong, and how to mend it.
    pub message: String,
    /// What becomes of an object for which it is false; `deny` when absent.
    pub action: Option<Action>,
}

/// The kinds that rules judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum KindSpec {
    /// Flux's release of a chart.
    HelmRelease,
    /// Where a chart is fetched from.
    #[serde(rename = "OCIRepository")]
    OciRepository,
    /// A chart of another kind of source.
    HelmChart,
    /// Flux's object, not kustomize's file. Nothing that is said of one is ever more than a warning at admission.
    Kustomization,
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

/// What an Exemption says: findings of releases in its own namespace that are allowed for a while.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the spec of an Exemption: a map with `rules`, `releases`, `reason` and `expiresAt`"
)]
pub struct ExemptionSpec {
    /// The rules that it covers.
    pub rules: Vec<String>,
    /// Names or globs of objects in its namespace.
    pub releases: Vec<String>,
    /// JSON Pointers; a finding at or below one of them is covered. All when absent.
    #[serde(default)]
    pub pointers: Option<Vec<String>>,
    /// Why. Shown with every finding that it covers.
    pub reason: String,
    /// When it ends: an RFC 3339 time, or a date, which ends with its last second in UTC.
    #[serde(deserialize_with = "date_or_time")]
    #[schemars(with = "String")]
    pub expires_at: Timestamp,
}

/// Findings that a ReleasePolicy itself allows for a while.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an exemption: a map with `rules`, `reason` and `expiresAt`"
)]
pub struct PolicyExemptionSpec {
    /// The rules that it covers.
    pub rules: Vec<String>,
    /// Names or globs of namespaces; all that the policy is for when absent.
    #[serde(default)]
    pub namespaces: Option<Vec<String>>,
    /// Names or globs of objects; all when absent.
    #[serde(default)]
    pub releases: Option<Vec<String>>,
    /// JSON Pointers; a finding at or below one of them is covered. All when absent.
    #[serde(default)]
    pub pointers: Option<Vec<String>>,
    /// Why. Shown with every finding that it covers.
    pub reason: String,
    /// When it ends: an RFC 3339 time, or a date, which ends with its last second in UTC.
    #[serde(deserialize_with = "date_or_time")]
    #[schemars(with = "String")]
    pub expires_at: Timestamp,
}

/// What a ReleasePolicy lets others exempt, among the objects that it is for.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "what may be exempted: a map with `rules` and `namespaces`"
)]
pub struct AllowedExemptionsSpec {
    /// Names or globs of rules.
    pub rules: Vec<String>,
    /// Names or globs of namespaces; all that the policy is for when absent.
    #[serde(default)]
    pub namespaces: Option<Vec<String>>,
    /// By what means; by `Exemption` objects alone when absent.
    #[serde(default)]
    pub by: Option<Vec<MeansSpec>>,
}

/// By what means a finding is exempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum MeansSpec {
    /// An Exemption object in the release's namespace.
    Exemption,
    /// The annotation `lockkeeper.dev/exempt` on the release itself.
    Annotation,
}

/// What a TmpfsPolicy says: which pods get which mounts in memory.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenSpec {
    /// All of them.
    Always,
    /// Those with `readOnlyRootFilesystem: true`.
    #[default]
    ReadOnlyRootFilesystem,
}

/// One mount in memory.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
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
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged, expecting = "a quantity such as 64Mi")]
pub enum QuantitySpec {
    /// With a suffix, most often.
    Text(String),
    /// Bytes.
    Number(i64),
}

/// Kubernetes' label selector: everything that it names must hold.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
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
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
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
