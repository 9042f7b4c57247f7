//! The policy that a person writes, compiled against the registry into what is in force.

mod compile;
pub mod crd;
mod documents;
mod error;
mod exemption;
mod glob;
mod schema;
mod selector;
pub mod spec;
#[cfg(test)]
mod tests;
mod tmpfs;

pub use compile::{Effective, Policy, Setting};
pub use documents::DocumentError;
pub use error::PolicyError;
pub use exemption::Exemption;
pub use selector::Selector;
pub use tmpfs::TmpfsPolicy;
