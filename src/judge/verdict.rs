//! A verdict: the findings of one object, each with what becomes of it and why.

use jiff::Timestamp;

use crate::model::{Action, Finding};

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
        reason: String,
        /// When it ends.
        until: Timestamp,
    },
    /// An exemption covered it until then.
    ExemptionExpired {
        /// When it ended.
        at: Timestamp,
    },
    /// The object before the update had it too.
    AlreadyThere,
}

impl std::fmt::Display for Note {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Note::Unverified => formatter.write_str("could not be verified"),
            Note::DryRun => formatter.write_str("will be refused when it is really written, unless that changes first"),
            Note::Exempt { reason, until } => {
                write!(formatter, "exempt until {until}: {reason}")
            }
            Note::ExemptionExpired { at } => write!(formatter, "its exemption expired at {at}"),
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
}

impl Verdict {
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
