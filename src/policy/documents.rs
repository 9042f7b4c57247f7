//! The documents of a policy file: at most one ReleasePolicy, and any number of TmpfsPolicies.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::compile::Policy;
use super::error::{PolicyError, shape_error};
use super::spec::{API_GROUP, ReleasePolicySpec, TmpfsPolicySpec};
use super::tmpfs::TmpfsPolicy;
use crate::model::Pointer;
use crate::rules;

/// What is wrong with one of several documents.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct DocumentError {
    /// The document, counted from 0.
    pub document: usize,
    /// What is wrong in it.
    pub error: PolicyError,
}

/// The kinds of documents.
const KINDS: [&str; 2] = ["ReleasePolicy", "TmpfsPolicy"];

enum Kind {
    /// A ReleasePolicy, or its spec alone.
    Release(Policy),
    Tmpfs(TmpfsPolicy),
}

impl Policy {
    /// Reads one policy document: a whole ReleasePolicy, its `spec` alone, or a TmpfsPolicy.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place.
    pub fn from_document(document: &Value) -> Result<Self, PolicyError> {
        Self::from_documents([document]).map_err(|wrong| wrong.error)
    }

    /// Reads the documents of one file.
    ///
    /// # Errors
    /// The first thing that is wrong with one of them, with its place.
    pub fn from_documents<'d>(
        documents: impl IntoIterator<Item = &'d Value>,
    ) -> Result<Self, DocumentError> {
        let mut release = None;
        let mut tmpfs: Vec<TmpfsPolicy> = Vec::new();
        for (index, document) in documents.into_iter().enumerate() {
            let wrong = |error| DocumentError {
                document: index,
                error,
            };
            match read(document, tmpfs.len() + 1).map_err(wrong)? {
                Kind::Release(_) if release.is_some() => {
                    let message = "a second ReleasePolicy: one file holds one at most, and any number of TmpfsPolicies";
                    return Err(wrong(PolicyError::at(Pointer::root(), message)));
                }
                Kind::Release(policy) => release = Some(policy),
                Kind::Tmpfs(policy) => {
                    if tmpfs.iter().any(|other| other.name == policy.name) {
                        let message = format!("a second TmpfsPolicy named `{}`", policy.name);
                        let at = Pointer::root().join("metadata").join("name");
                        return Err(wrong(PolicyError::at(at, message)));
                    }
                    tmpfs.push(policy);
                }
            }
        }
        let mut policy = release.unwrap_or_else(Policy::builtin);
        policy.tmpfs = tmpfs;
        Ok(policy)
    }
}

/// Reads a document; `number` names a TmpfsPolicy that has no name.
fn read(document: &Value, number: usize) -> Result<Kind, PolicyError> {
    if !document.is_object() {
        return Err(PolicyError::at(
            Pointer::root(),
            "expected a map, as the `spec` of a ReleasePolicy is one",
        ));
    }
    let Some(kind) = document.get("kind") else {
        let policy = Policy::compile(&parsed(document.clone(), &Pointer::root())?)?;
        return Ok(Kind::Release(policy));
    };
    let group = document
        .get("apiVersion")
        .and_then(Value::as_str)
        .and_then(|version| version.split_once('/'))
        .map(|(group, _)| group);
    if group != Some(API_GROUP) || !KINDS.iter().any(|known| kind == known) {
        let nearest = kind.as_str().filter(|kind| !KINDS.contains(kind));
        return Err(PolicyError {
            pointer: Pointer::root().join("kind"),
            message: format!(
                "expected a ReleasePolicy or TmpfsPolicy of {API_GROUP}, or the spec of a ReleasePolicy alone"
            ),
            nearest: nearest
                .and_then(|kind| rules::nearest(kind, KINDS))
                .map(str::to_owned),
        });
    }
    let above = Pointer::root().join("spec");
    let spec = document.get("spec").cloned().unwrap_or_default();
    if kind == KINDS[0] {
        let policy = Policy::compile(&parsed::<ReleasePolicySpec>(spec, &above)?);
        return policy
            .map(Kind::Release)
            .map_err(|error| error.below(&above));
    }
    let name = document.pointer("/metadata/name").and_then(Value::as_str);
    let name = name.map_or_else(|| format!("number {number}"), str::to_owned);
    TmpfsPolicy::compile(&name, &parsed::<TmpfsPolicySpec>(spec, &above)?)
        .map(Kind::Tmpfs)
        .map_err(|error| error.below(&above))
}

fn parsed<T: DeserializeOwned>(spec: Value, above: &Pointer) -> Result<T, PolicyError> {
    serde_path_to_error::deserialize(spec).map_err(|error| shape_error(&error, above))
}
