//! The policies as custom resources: their definitions, and the types by which they are read from an API server.
//!
//! The types keep `spec` as it was written. What is stored may be wrong, as definitions and versions of Lockkeeper
//! change: one object that cannot be read must not hide all others of a list.

mod chart;
mod limits;
mod status;
mod structural;

use std::borrow::Cow;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{CustomResource, CustomResourceExt};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::spec::{ExemptionSpec, ReleasePolicySpec, TmpfsPolicySpec};
pub use chart::chart_file;
pub use limits::UnknownPlace;
pub use status::{ExemptionStatus, ReleasePolicyStatus, TmpfsPolicyStatus};

/// The `spec` of a ReleasePolicy, as it was written.
#[derive(CustomResource, Clone, Debug, Deserialize, Serialize)]
#[kube(
    group = "lockkeeper.dev",
    version = "v1alpha1",
    kind = "ReleasePolicy",
    plural = "releasepolicies",
    shortname = "rpol",
    shortname = "releasepol",
    category = "lockkeeper",
    status = "ReleasePolicyStatus",
    doc = "A ReleasePolicy says which rules HelmReleases and their sources are judged by, where, and how hard. \
           Where several are for one object, the strictest action of each rule counts.",
    printcolumn = r#"{ "name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether it is in force as it is written." }"#,
    printcolumn = r#"{ "name": "In-Force", "type": "string", "jsonPath": ".status.inForce", "description": "The actions that it sets." }"#,
    printcolumn = r#"{ "name": "Releases", "type": "integer", "jsonPath": ".status.matchedReleases", "description": "How many HelmReleases it is for." }"#,
    printcolumn = r#"{ "name": "Exemptions", "type": "integer", "jsonPath": ".status.exemptions", "description": "How many exemptions it holds." }"#,
    printcolumn = r#"{ "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp" }"#,
    printcolumn = r#"{ "name": "Reason", "type": "string", "priority": 1, "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "description": "Why it is ready, or is not, in a word." }"#,
    printcolumn = r#"{ "name": "Message", "type": "string", "priority": 1, "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message", "description": "The same in a sentence." }"#
)]
#[serde(transparent)]
pub struct WrittenReleasePolicy(pub Value);

/// The `spec` of a TmpfsPolicy, as it was written.
#[derive(CustomResource, Clone, Debug, Deserialize, Serialize)]
#[kube(
    group = "lockkeeper.dev",
    version = "v1alpha1",
    kind = "TmpfsPolicy",
    plural = "tmpfspolicies",
    shortname = "tpol",
    category = "lockkeeper",
    status = "TmpfsPolicyStatus",
    doc = "A TmpfsPolicy gives pods mounts in memory when they are created. Several join.",
    printcolumn = r#"{ "name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether it is in force as it is written." }"#,
    printcolumn = r#"{ "name": "Mounts", "type": "string", "jsonPath": ".status.inForce", "description": "The mounts that it gives." }"#,
    printcolumn = r#"{ "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp" }"#,
    printcolumn = r#"{ "name": "Reason", "type": "string", "priority": 1, "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "description": "Why it is ready, or is not, in a word." }"#,
    printcolumn = r#"{ "name": "Message", "type": "string", "priority": 1, "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message", "description": "The same in a sentence." }"#
)]
#[serde(transparent)]
pub struct WrittenTmpfsPolicy(pub Value);

/// The `spec` of an Exemption, as it was written.
#[derive(CustomResource, Clone, Debug, Deserialize, Serialize)]
#[kube(
    group = "lockkeeper.dev",
    version = "v1alpha1",
    kind = "Exemption",
    plural = "exemptions",
    shortname = "exempt",
    category = "lockkeeper",
    namespaced,
    status = "ExemptionStatus",
    doc = "An Exemption allows findings of releases in its own namespace for a while. It counts only where a \
           ReleasePolicy opens its namespace and its rules to Exemptions.",
    printcolumn = r#"{ "name": "Rules", "type": "string", "jsonPath": ".spec.rules", "description": "The rules that it covers." }"#,
    printcolumn = r#"{ "name": "Until", "type": "string", "jsonPath": ".spec.expiresAt", "description": "When it ends." }"#,
    printcolumn = r#"{ "name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether it can be read and is opened." }"#,
    printcolumn = r#"{ "name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "description": "Why it counts, or does not, in a word." }"#,
    printcolumn = r#"{ "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp" }"#,
    printcolumn = r#"{ "name": "Releases", "type": "integer", "priority": 1, "jsonPath": ".status.matchedReleases", "description": "How many HelmReleases it names." }"#,
    printcolumn = r#"{ "name": "Message", "type": "string", "priority": 1, "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message", "description": "Whether it counts, in a sentence." }"#
)]
#[serde(transparent)]
pub struct WrittenExemption(pub Value);

/// The schema of what was written is that of the type which reads it.
macro_rules! written_as {
    ($($written:ident: $spec:ident),+) => {$(
        impl JsonSchema for $written {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $spec::schema_name()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                $spec::json_schema(generator)
            }
        }
    )+};
}
written_as!(
    WrittenReleasePolicy: ReleasePolicySpec,
    WrittenTmpfsPolicy: TmpfsPolicySpec,
    WrittenExemption: ExemptionSpec
);

/// Why a definition could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// The limits are not those of the types.
    #[error(transparent)]
    Limits(#[from] UnknownPlace),
    /// It could not be written.
    #[error("the definitions could not be written as YAML")]
    Yaml(#[from] serde_saphyr::ser::Error),
    /// The schema is not one that Kubernetes takes.
    #[error("the schema of {kind} is none of a definition")]
    Schema {
        /// Of what.
        kind: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// The definitions of all three, in the order in which they are printed.
///
/// # Errors
/// When the table of limits does not fit the types; a test holds it to them.
pub fn definitions() -> Result<[CustomResourceDefinition; 3], DefinitionError> {
    Ok([
        definition(ReleasePolicy::crd(), &limits::release_policy())?,
        definition(TmpfsPolicy::crd(), &limits::tmpfs_policy())?,
        definition(Exemption::crd(), &limits::exemption())?,
    ])
}

/// The same as documents of YAML.
///
/// # Errors
/// As [`definitions`], and when YAML cannot be written.
pub fn yaml() -> Result<String, DefinitionError> {
    let mut documents = Vec::new();
    for definition in definitions()? {
        documents.push(serde_saphyr::to_string(&definition)?.trim_end().to_owned());
    }
    Ok(format!("{}\n", documents.join("\n---\n")))
}

fn definition(
    mut crd: CustomResourceDefinition,
    limits: &[limits::Limit],
) -> Result<CustomResourceDefinition, DefinitionError> {
    let broken = |source| DefinitionError::Schema {
        kind: crd.spec.names.kind.clone(),
        source,
    };
    for version in &mut crd.spec.versions {
        let Some(validation) = &mut version.schema else {
            continue;
        };
        let Some(props) = &mut validation.open_api_v3_schema else {
            continue;
        };
        let mut schema = serde_json::to_value(&*props).map_err(broken)?;
        structural::simplify(&mut schema);
        limits::apply(&mut schema, limits)?;
        structural::finish(&mut schema);
        *props = serde_json::from_value(schema).map_err(broken)?;
    }
    crd.metadata.labels =
        Some([("app.kubernetes.io/name".to_owned(), "lockkeeper".to_owned())].into());
    Ok(crd)
}

#[cfg(test)]
mod tests;
