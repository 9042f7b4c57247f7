//! What is in force for one object.

use std::cell::OnceCell;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;

use super::Setting;
use super::exemption::{ANNOTATION, By, Exemption, of_annotation};
use super::in_force::Policy;
use super::join::{Chosen, Custom, Joined};
use super::release_policy::ReleasePolicy;
use crate::model::{Action, Pointer, Subject};

/// What is in force for one object.
pub struct Effective<'a> {
    pub(super) policy: &'a Policy,
    joined: Held<'a>,
    sure: Chosen,
    doubts: Vec<(Arc<str>, String)>,
    annotated: OnceCell<(Vec<Exemption>, Vec<usize>)>,
}

enum Held<'a> {
    Builtin(&'a Joined),
    Joined(Arc<Joined>),
}

impl Deref for Held<'_> {
    type Target = Joined;

    fn deref(&self) -> &Joined {
        match self {
            Held::Builtin(joined) => joined,
            Held::Joined(joined) => joined,
        }
    }
}

/// What exemptions make of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exempted {
    /// It is allowed for a while.
    Until {
        /// When that ends.
        at: Timestamp,
        /// Why it is allowed.
        reason: String,
        /// Who allows it.
        by: By,
    },
    /// It was allowed.
    Ended {
        /// Until then.
        at: Timestamp,
        /// By whom.
        by: By,
    },
    /// No ReleasePolicy lets the one who exempts it do so.
    NotOpened {
        /// Who would have.
        by: By,
    },
}

impl<'a> Effective<'a> {
    pub(super) fn builtin(policy: &'a Policy, joined: &'a Joined) -> Self {
        Self {
            policy,
            joined: Held::Builtin(joined),
            sure: Chosen::default(),
            doubts: Vec::new(),
            annotated: OnceCell::new(),
        }
    }

    pub(super) fn joined(
        policy: &'a Policy,
        joined: Arc<Joined>,
        sure: Chosen,
        doubts: Vec<(Arc<str>, String)>,
    ) -> Self {
        Self {
            policy,
            joined: Held::Joined(joined),
            sure,
            doubts,
            annotated: OnceCell::new(),
        }
    }

    /// The rules, in the registry's order.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.joined.settings
    }

    /// The rules that policies bring, in the policies' order.
    #[must_use]
    pub fn customs(&self) -> &[Custom] {
        &self.joined.customs
    }

    /// Whether old violations are only warnings on UPDATE.
    #[must_use]
    pub fn ratchet(&self) -> bool {
        self.joined.ratchet
    }

    /// What becomes of unverified findings.
    #[must_use]
    pub fn on_unseen(&self) -> Action {
        self.joined.on_unseen
    }

    /// The policies of which nobody can say whether they are for the object, each with the reason.
    pub fn doubts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.doubts.iter().map(|(name, why)| (&**name, &**why))
    }

    /// The policies that are for the object.
    pub fn policies(&self) -> impl Iterator<Item = &'a ReleasePolicy> {
        self.sure.of(&self.policy.releases).map(|policy| &**policy)
    }

    /// Whether objects of other namespaces may learn what exists in this one.
    #[must_use]
    pub fn opens(&self, namespace: &str) -> bool {
        let mut lookups = self.policies().filter_map(|policy| policy.lookups.as_ref());
        lookups.any(|globs| globs.matches(namespace))
    }

    /// What exemptions make of a finding of `rule` at one of `places`: of several the one that helps most.
    #[must_use]
    pub fn exempted(
        &self,
        subject: &Subject<'_>,
        rule: &str,
        places: &[&Pointer],
        now: Timestamp,
    ) -> Option<Exempted> {
        let covers = |exemption: &&Exemption| {
            let mut places = places.iter();
            places.any(|place| exemption.covers(subject, rule, place))
        };
        let inline = self.policies().flat_map(|policy| &policy.exemptions);
        let objects = self.policy.exemptions_in(subject.namespace).iter();
        let annotated = &self.annotated(subject).0;
        let mut best = None;
        for exemption in inline
            .chain(objects.map(|exemption| &**exemption))
            .chain(annotated)
            .filter(covers)
        {
            let by = exemption.by().clone();
            let found = if !self.allows(&by, rule, subject.namespace) {
                Exempted::NotOpened { by }
            } else if exemption.is_expired(now) {
                Exempted::Ended {
                    at: exemption.expires_at(),
                    by,
                }
            } else {
                return Some(Exempted::Until {
                    at: exemption.expires_at(),
                    reason: exemption.reason().to_owned(),
                    by,
                });
            };
            best = match (best, found) {
                (Some(ended @ Exempted::Ended { .. }), Exempted::NotOpened { .. }) => Some(ended),
                (_, found) => Some(found),
            };
        }
        best
    }

    /// Whether some policy that is for the object lets it be exempted so. A policy itself needs no leave.
    fn allows(&self, by: &By, rule: &str, namespace: &str) -> bool {
        by.means().is_none_or(|means| {
            let mut policies = self.policies();
            policies.any(|policy| policy.opens(rule, namespace, means))
        })
    }

    /// The lines of the exempting annotation that cannot be read, from 1.
    #[must_use]
    pub fn unreadable_lines(&self, subject: &Subject<'_>) -> &[usize] {
        &self.annotated(subject).1
    }

    pub(super) fn annotated(&self, subject: &Subject<'_>) -> &(Vec<Exemption>, Vec<usize>) {
        self.annotated.get_or_init(|| {
            subject
                .annotation(ANNOTATION)
                .map_or_else(Default::default, of_annotation)
        })
    }
}
