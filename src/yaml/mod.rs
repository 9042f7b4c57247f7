//! Kubernetes' reading of YAML: text to JSON values, and back from a JSON Pointer to a place in the text.
//!
//! Scalars mean what sigs.k8s.io/yaml takes them for (YAML 1.1: `yes` is a boolean, `0777` is 511).
//! No other module sees the parser beneath.

mod binary;
mod build;
mod load;
mod outline;
mod place;
mod scalar;
mod source;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value;

pub use load::load;
pub use outline::{Located, Outline};
pub use place::{Lines, Place, line_range};

use crate::model::Pointer;

/// How deep maps and lists may be nested.
pub const MAX_DEPTH: usize = 128;

/// One document of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its value; null for an empty document.
    pub value: Value,
    /// The bytes of the text that it takes up, from its `---` on.
    pub range: Range<usize>,
    /// Keys that are set again in the same map. Kubernetes takes the last one.
    pub duplicates: Vec<Duplicate>,
}

/// A key that is set again in the same map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The key.
    pub key: String,
    /// The byte where it stands again.
    pub at: usize,
}

/// Why a document could not be read. It never tells a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct YamlError {
    /// What is wrong.
    pub message: String,
    /// The byte where it is wrong.
    pub at: usize,
    /// The bytes of the document, as far as its bounds are known.
    pub range: Range<usize>,
}

/// The place that `pointer` names in `document`, or the nearest place above it. Parses the document
/// again: for findings only. `None` when the text is no longer the document's.
#[must_use]
pub fn locate(text: &str, document: &Document, pointer: &Pointer) -> Option<Located> {
    Outline::of(text, document).map(|outline| outline.locate(pointer))
}
