//! What is legal in a policy and has no effect: for whoever wrote it.

use crate::model::Pointer;

/// Something about a written policy that is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRemark {
    /// The place in the policy document.
    pub pointer: Pointer,
    /// What is to be said of it.
    pub message: String,
}

impl PolicyRemark {
    pub(super) fn at(pointer: Pointer, message: impl Into<String>) -> Self {
        Self {
            pointer,
            message: message.into(),
        }
    }

    /// The same, of a part that stands at `above` in its document.
    pub(super) fn below(mut self, above: &Pointer) -> Self {
        self.pointer = self.pointer.below(above);
        self
    }
}

impl std::fmt::Display for PolicyRemark {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.pointer, self.message)
    }
}
