//! The documents that administrators write: ReleasePolicies, TmpfsPolicies and Exemptions.

use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{PolicyError, shape_error};
use super::exemption::Exemption;
use super::in_force::Policy;
use super::release_policy::ReleasePolicy;
use super::remark::PolicyRemark;
use super::spec::{API_GROUP, API_VERSION, ExemptionSpec, TmpfsPolicySpec};
use super::tmpfs::TmpfsPolicy;
use crate::model::{Pointer, nearest};

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
pub const KINDS: [&str; 3] = ["ReleasePolicy", "TmpfsPolicy", "Exemption"];

/// One document, compiled.
pub enum Document {
    /// A ReleasePolicy, or its spec alone.
    Release(Arc<ReleasePolicy>),
    /// A TmpfsPolicy.
    Tmpfs(Arc<TmpfsPolicy>),
    /// An Exemption.
    Exemption {
        /// Its namespace, in which alone it counts.
        namespace: String,
        /// Its name.
        name: String,
        /// What it says.
        exemption: Arc<Exemption>,
    },
}

impl Document {
    /// Reads a document: a whole ReleasePolicy, its `spec` alone, a TmpfsPolicy or an Exemption.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place.
    pub fn read(document: &Value) -> Result<Self, PolicyError> {
        let Some(kind) = kind_of(document)? else {
            let spec = parsed(document.clone(), &Pointer::root())?;
            return ReleasePolicy::compile("", &spec).map(|policy| Self::Release(Arc::new(policy)));
        };
        let above = Pointer::root().join("spec");
        let Some(spec) = document.get("spec").cloned() else {
            let message = format!("the {kind} has no `spec`");
            return Err(PolicyError::at(above, message));
        };
        let meta = |key: &str| {
            let value = document.get("metadata").and_then(|meta| meta.get(key));
            value.and_then(Value::as_str).unwrap_or("")
        };
        let name = meta("name");
        let read = match kind {
            "ReleasePolicy" => ReleasePolicy::compile(name, &parsed(spec, &above)?)
                .map(|policy| Self::Release(Arc::new(policy))),
            "TmpfsPolicy" => TmpfsPolicy::compile(name, &parsed::<TmpfsPolicySpec>(spec, &above)?)
                .map(|policy| Self::Tmpfs(Arc::new(policy))),
            _ => {
                let namespace = meta("namespace");
                if namespace.is_empty() {
                    return Err(PolicyError::at(
                        Pointer::root().join("metadata").join("namespace"),
                        "an Exemption counts in its own namespace alone: name it",
                    ));
                }
                Exemption::compile(namespace, name, &parsed::<ExemptionSpec>(spec, &above)?).map(
                    |exemption| Self::Exemption {
                        namespace: namespace.to_owned(),
                        name: name.to_owned(),
                        exemption: Arc::new(exemption),
                    },
                )
            }
        };
        read.map_err(|error| error.below(&above))
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Document::Release(_) => KINDS[0],
            Document::Tmpfs(_) => KINDS[1],
            Document::Exemption { .. } => KINDS[2],
        }
    }

    /// The name; empty for a spec alone.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Document::Release(policy) => policy.name(),
            Document::Tmpfs(policy) => policy.name(),
            Document::Exemption { name, .. } => name,
        }
    }

    /// The namespace; empty for what belongs to the whole cluster.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self {
            Document::Release(_) | Document::Tmpfs(_) => "",
            Document::Exemption { namespace, .. } => namespace,
        }
    }

    /// What is legal in it and has no effect at `now`.
    #[must_use]
    pub fn remarks(&self, now: Timestamp) -> Vec<PolicyRemark> {
        let above = Pointer::root().join("spec");
        match self {
            Document::Release(policy) => {
                let remarks = policy.remarks(now).into_iter();
                match policy.name() {
                    "" => remarks.collect(),
                    _ => remarks.map(|remark| remark.below(&above)).collect(),
                }
            }
            Document::Exemption { exemption, .. } if exemption.is_expired(now) => {
                let ended = format!("the exemption ended at {}", exemption.expires_at());
                vec![PolicyRemark::at(above.join("expiresAt"), ended)]
            }
            Document::Tmpfs(_) | Document::Exemption { .. } => Vec::new(),
        }
    }
}

impl Policy {
    /// The built-in policy, and one document.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place.
    pub fn from_document(document: &Value) -> Result<Self, PolicyError> {
        Self::from_documents([document]).map_err(|wrong| wrong.error)
    }

    /// The built-in policy, and the documents of one file.
    ///
    /// # Errors
    /// The first thing that is wrong with one of them, with its place.
    pub fn from_documents<'d>(
        documents: impl IntoIterator<Item = &'d Value>,
    ) -> Result<Self, DocumentError> {
        let mut read: Vec<Arc<Document>> = Vec::new();
        for (index, value) in documents.into_iter().enumerate() {
            let wrong = |error| DocumentError {
                document: index,
                error,
            };
            let document = Document::read(value).map_err(wrong)?;
            let id = |document: &Document| {
                let (namespace, name) = (document.namespace(), document.name());
                (document.kind(), namespace.to_owned(), name.to_owned())
            };
            if read.iter().any(|other| id(other) == id(&document)) {
                let message = match document.name() {
                    "" => format!("a second {} without a name", document.kind()),
                    name => format!("a second {} named `{name}`", document.kind()),
                };
                let at = Pointer::root().join("metadata").join("name");
                return Err(wrong(PolicyError::at(at, message)));
            }
            read.push(Arc::new(document));
        }
        Ok(Self::of(read))
    }
}

/// The document's kind; `None` for a spec alone.
fn kind_of(document: &Value) -> Result<Option<&'static str>, PolicyError> {
    if !document.is_object() {
        return Err(PolicyError::at(
            Pointer::root(),
            "expected a map, as the `spec` of a ReleasePolicy is one",
        ));
    }
    let Some(kind) = document.get("kind") else {
        return Ok(None);
    };
    let group = document
        .get("apiVersion")
        .and_then(Value::as_str)
        .and_then(|version| version.split_once('/'))
        .map(|(group, _)| group);
    let known = KINDS.into_iter().find(|known| kind == known);
    if group == Some(API_GROUP) && known.is_some() {
        if document["apiVersion"] != API_VERSION {
            return Err(PolicyError::at(
                Pointer::root().join("apiVersion"),
                format!("the one version that is known is `{API_VERSION}`"),
            ));
        }
        return Ok(known);
    }
    let unknown = kind.as_str().filter(|kind| !KINDS.contains(kind));
    Err(PolicyError {
        pointer: Pointer::root().join("kind"),
        message: format!(
            "expected a ReleasePolicy, TmpfsPolicy or Exemption of {API_GROUP}, or the spec of a ReleasePolicy alone"
        ),
        nearest: unknown
            .and_then(|kind| nearest(kind, KINDS))
            .map(str::to_owned),
    })
}

fn parsed<T: DeserializeOwned>(spec: Value, above: &Pointer) -> Result<T, PolicyError> {
    serde_path_to_error::deserialize(spec).map_err(|error| shape_error(&error, above))
}
