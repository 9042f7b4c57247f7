//! What is wrong with a written policy, and where.

use super::glob::Globs;
use crate::model::{Pointer, nearest};

/// What is wrong with a written policy.
#[derive(Debug, thiserror::Error)]
#[error("{message}{}", suggestion(.nearest.as_deref()))]
pub struct PolicyError {
    /// The place in the policy document.
    pub pointer: Pointer,
    /// What is wrong there.
    pub message: String,
    /// The known name that was probably meant.
    pub nearest: Option<String>,
}

impl PolicyError {
    /// What is wrong at a place; no name comes near.
    pub(super) fn at(pointer: Pointer, message: impl Into<String>) -> Self {
        Self {
            pointer,
            message: message.into(),
            nearest: None,
        }
    }

    /// The same, of a part that stands at `above` in its document.
    pub(super) fn below(mut self, above: &Pointer) -> Self {
        self.pointer = self.pointer.below(above);
        self
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| {
        format!("; did you mean `{nearest}`?")
    })
}

pub(super) fn shape_error(
    error: &serde_path_to_error::Error<serde_json::Error>,
    above: &Pointer,
) -> PolicyError {
    use serde_path_to_error::Segment;
    let mut pointer = above.clone();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => pointer.push(&index.to_string()),
            Segment::Map { key } => pointer.push(key),
            Segment::Enum { variant } => pointer.push(variant),
            Segment::Unknown => {}
        }
    }
    let message = without_text(error.inner().to_string());
    PolicyError {
        nearest: nearest_expected(&message),
        pointer,
        message,
    }
}

/// serde's own words without the text that stands where something else is expected: who pastes a Secret into a policy
/// must not find it in a log.
fn without_text(message: String) -> String {
    for what in ["invalid type: string", "invalid value: string"] {
        let rest = message.strip_prefix(what);
        if let Some(expected) =
            rest.and_then(|rest| rest.rfind(", expected ").map(|at| &rest[at..]))
        {
            return format!("{what}{expected}");
        }
    }
    message
}

/// serde's own words for an unknown name list what is known: "unknown field `x`, expected one of `a`, `b`".
fn nearest_expected(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown ")?;
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    nearest(unknown, quoted).map(str::to_owned)
}

pub(super) fn globs(
    at: &Pointer,
    key: &str,
    patterns: Option<&[String]>,
) -> Result<Globs, PolicyError> {
    Globs::compile(patterns)
        .map_err(|error| PolicyError::at(at.clone().join(key), format!("not a glob: {error}")))
}
