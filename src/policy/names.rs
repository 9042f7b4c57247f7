//! The names of rules: those of the registry, and those that policies bring.

use super::error::PolicyError;
use crate::model::{Pointer, nearest};
use crate::rules::{self, AnyRule, RULES};

/// Before the names of the rules that policies bring: none of them can be mistaken for one of the registry, now or
/// later.
pub const CUSTOM: &str = "custom/";

/// Kubernetes' limit of a DNS label.
const LONGEST: usize = 63;

pub(super) fn known_rule(
    name: &str,
    pointer: &Pointer,
) -> Result<&'static dyn AnyRule, PolicyError> {
    rules::find(name).ok_or_else(|| PolicyError {
        pointer: pointer.clone(),
        message: format!("unknown rule `{name}`"),
        nearest: nearest(name, RULES.iter().map(|rule| rule.meta().name)).map(str::to_owned),
    })
}

/// Whether it is the name of a rule that a policy may bring.
pub(super) fn is_custom_name(name: &str) -> bool {
    name.strip_prefix(CUSTOM).is_some_and(is_kebab)
}

/// Whether it is a DNS label that begins with a letter.
pub(super) fn is_kebab(name: &str) -> bool {
    name.len() <= LONGEST
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
