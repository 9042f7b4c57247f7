//! The policy that a person writes, compiled against the registry into what is in force.

mod compile;
mod exemption;
mod glob;
pub mod spec;
#[cfg(test)]
mod tests;

pub use compile::{Effective, Policy, PolicyError, Setting};
pub use exemption::Exemption;
