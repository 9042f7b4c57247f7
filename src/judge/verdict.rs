//! A verdict: the findings of one object, each with what becomes of it and why.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Action, Finding};
use crate::policy::By;

/// Why a finding's action is not simply its rule's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The rule could not see all that it needed.
    Unverified,
    /// It rests on another object, which the stage of this dry-run may be about to make.
    DryRun,
    /// An exemption covers it.
    Exempt {
        /// Why the exemption was given.
        reason: Arc<str>,
        /// When it ends.
        until: Timestamp,
        /// Who gave it.
        by: By,
    },
    /// An exemption covered it until then.
    ExemptionExpired {
        /// When it ended.
        at: Timestamp,
        /// Who gave it.
        by: By,
    },
    /// An exemption covers it, which no ReleasePolicy lets count.
    ExemptionNotOpened {
        /// Who gave it.
        by: By,
    },
    /// The object before the update had it too.
    AlreadyThere,
}

impl std::fmt::Display for Note {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Note::Unverified => formatter.write_str("could not be verified"),
            Note::DryRun => formatter.write_str("will be refused when it is really written, unless that changes first"),
            Note::Exempt { reason, until, by } => {
                write!(formatter, "exempt until {until} by {by}: {reason}")
            }
            Note::ExemptionExpired { at, by } => {
                write!(formatter, "its exemption by {by} expired at {at}")
            }
            Note::ExemptionNotOpened { by } => {
                write!(formatter, "{by} exempts it, which no ReleasePolicy for this object opens in `allowExemptions`")
            }
            Note::AlreadyThere => formatter.write_str(
                "it was there before this change, so it does not stop it; a new release would be refused",
            ),
        }
    }
}

/// A finding, what becomes of it, and why.
#[derive(Clone, Debug)]
pub struct Ruled {
    /// What the rule found.
    pub finding: Finding,
    /// What becomes of it.
    pub action: Action,
    /// Why the action is not simply the rule's.
    pub note: Option<Note>,
}

/// All findings of one object.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// In the order of the registry, then of the object.
    pub findings: Vec<Ruled>,
    /// Secrets that were found in what belongs to the object, but not in the object itself: nothing
    /// that is quoted of it may hold them.
    pub elsewhere: Vec<Elsewhere>,
}

/// A secret that is not in the object itself.
#[derive(Clone)]
pub struct Elsewhere(String);

impl Elsewhere {
    /// A scalar's text; `None` for what no text can quote.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self(text.clone())),
            Value::Number(number) => Some(Self(number.to_string())),
            _ => None,
        }
    }

    /// The secret, for masking.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Elsewhere {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Elsewhere")
    }
}

impl Verdict {
    /// What is left when rules that are off have spoken for nothing.
    pub(super) fn of(mut findings: Vec<Ruled>) -> Self {
        findings.retain(|ruled| ruled.action != Action::Off);
        Self {
            findings,
            elsewhere: Vec::new(),
        }
    }

    /// Adds what else was found.
    pub(super) fn add(&mut self, findings: Vec<Ruled>) {
        self.findings.extend(findings);
        self.findings.retain(|ruled| ruled.action != Action::Off);
    }

    /// Whether nothing is denied.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.with(Action::Deny).next().is_none()
    }

    /// The findings with that action.
    pub fn with(&self, action: Action) -> impl Iterator<Item = &Ruled> {
        self.findings
            .iter()
            .filter(move |ruled| ruled.action == action)
    }
}
