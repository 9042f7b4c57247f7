//! An exemption: findings that are allowed for a while, with a reason.

use jiff::Timestamp;

use super::glob::Globs;
use crate::model::{Pointer, Subject};

/// A compiled exemption.
#[derive(Clone, Debug)]
pub struct Exemption {
    pub(super) rules: Vec<&'static str>,
    pub(super) namespaces: Globs,
    pub(super) releases: Globs,
    pub(super) pointers: Option<Vec<Pointer>>,
    pub(super) reason: String,
    pub(super) expires_at: Timestamp,
}

impl Exemption {
    /// Why it was given.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// When it ends.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Whether it has ended at `now`.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at < now
    }

    /// Whether it names what this rule finds at this place of this object, whether or not it has expired.
    #[must_use]
    pub fn covers(&self, subject: &Subject<'_>, rule: &str, pointer: &Pointer) -> bool {
        self.rules.contains(&rule)
            && self.namespaces.matches(subject.namespace)
            && self.releases.matches(subject.name)
            && self
                .pointers
                .as_ref()
                .is_none_or(|pointers| pointers.iter().any(|above| is_at_or_below(pointer, above)))
    }
}

fn is_at_or_below(pointer: &Pointer, above: &Pointer) -> bool {
    pointer
        .as_str()
        .strip_prefix(above.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
