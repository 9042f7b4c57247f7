//! The tmpfs mounts of a pod: pod in, RFC 6902 patch out. It knows no policy, cluster or review.
//!
//! What is there is never shadowed, replaced or moved, and what was given once is seen as there: the
//! same pod twice gives an empty patch.

mod annotation;
mod convert;
mod merge;
mod names;
mod operations;
mod path;
mod place;
mod pod;
#[cfg(test)]
mod tests;
mod volumes;
mod warnings;
mod workload;

pub use annotation::{Asked, KEY, settles};
pub use json_patch::{Patch, PatchOperation};
pub use path::{MountPath, PathError, covers};
pub use place::{Plan, plan};
pub use pod::{Exempt, Pod};
pub use workload::{WORKLOADS, Workload};

use crate::model::Quantity;

/// A size as it is written, and what it amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    text: String,
    amount: Quantity,
}

/// A text that is no size of a tmpfs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// It does not follow Kubernetes' grammar.
    #[error("a size is a quantity such as 64Mi or 1Gi")]
    NotAQuantity,
    /// Nothing could be written.
    #[error("a size is more than nothing, such as 64Mi")]
    Nothing,
    /// More than Kubernetes can count.
    #[error("a size is less than 8Ei")]
    Most,
    /// `64m` is 0.064 bytes.
    #[error("a size is a whole number of bytes: `m` means thousandths, `Mi` mebibytes")]
    Fraction,
}

impl Size {
    /// Reads a size.
    ///
    /// # Errors
    /// When it is no quantity, or none that a tmpfs can have.
    pub fn parse(text: &str) -> Result<Self, SizeError> {
        let amount = Self::amount_of(text)?;
        Ok(Self {
            text: text.to_owned(),
            amount,
        })
    }

    /// What a text amounts to; nothing is allocated.
    fn amount_of(text: &str) -> Result<Quantity, SizeError> {
        let amount: Quantity = text.parse().map_err(|_| SizeError::NotAQuantity)?;
        if !amount.is_positive() {
            Err(SizeError::Nothing)
        } else if amount.is_most() {
            Err(SizeError::Most)
        } else if !amount.is_whole() {
            Err(SizeError::Fraction)
        } else {
            Ok(amount)
        }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it amounts to.
    #[must_use]
    pub fn amount(&self) -> Quantity {
        self.amount
    }
}

/// One tmpfs that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tmpfs {
    /// Where it is mounted.
    pub path: MountPath,
    /// How much can be written to it.
    pub size: Size,
    /// Whether all containers of the pod that ask so at this path get one and the same.
    pub shared: bool,
}

/// Which containers a request is for, by their own security context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// All.
    Always,
    /// Those that cannot write to their root file system.
    #[default]
    ReadOnlyRootFilesystem,
}

/// What one policy, or the pod itself, asks for.
pub struct Request<'a> {
    /// Who asks, as warnings name it.
    pub source: &'a str,
    /// Whether it is for the container of that name.
    pub containers: &'a dyn Fn(&str) -> bool,
    /// Which of those.
    pub when: When,
    /// The mounts.
    pub mounts: &'a [Tmpfs],
    /// Whether an emptyDir on disk that is mounted at such a path becomes a tmpfs.
    pub convert: bool,
}
