//! What a person writes, compiled against the registry into what is in force.
//!
//! A [`Document`] is read from what an administrator wrote; [`Policy`] is the built-in policy with all documents;
//! [`Effective`] is what it comes to for one object.

mod builtin;
mod cover;
pub mod crd;
mod current;
mod custom;
mod documents;
mod effective;
mod error;
mod exemption;
mod explained;
mod glob;
mod in_force;
mod join;
mod matcher;
mod names;
mod release_policy;
mod remark;
mod schema;
mod selector;
pub mod spec;
#[cfg(test)]
mod tests;
mod tmpfs;

pub use current::{BrokenPolicy, Current, PolicyHealth};
pub use custom::CustomRule;
pub use documents::{Document, DocumentError, KINDS};
pub use effective::{Effective, Exempted};
pub use error::PolicyError;
pub use exemption::{ANNOTATION, By, Exemption, MOST_LINES};
pub use explained::{Fit, Granted, State};
pub use in_force::Policy;
pub use join::{Custom, Standing, Vote};
pub use names::CUSTOM;
pub use release_policy::ReleasePolicy;
pub use remark::PolicyRemark;
pub use selector::Selector;
pub use tmpfs::TmpfsPolicy;

use crate::model::Action;
use crate::rules::{AnyParams, AnyRule};

/// A rule with the action and parameters that are in force for it.
pub struct Setting {
    /// The rule.
    pub rule: &'static dyn AnyRule,
    /// Its action.
    pub action: Action,
    /// Its parameters.
    pub params: AnyParams,
    /// Who says what of the action; empty where only the built-in policy does.
    pub votes: Vec<Vote>,
}
