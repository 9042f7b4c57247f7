//! Charts and images that must not change without a commit.

mod git_reference;
mod oci_reference;
#[cfg(test)]
mod testing;
pub mod unpinned_chart;
pub mod unpinned_image;
mod version;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How firmly a version must be pinned.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// An exact version or tag, which its author could still move.
    #[default]
    Tag,
    /// A digest, which nobody can move.
    Digest,
}
