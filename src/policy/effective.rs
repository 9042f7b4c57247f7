//! What is in force for one object.

use std::cell::{LazyCell, OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;

use super::Setting;
use super::cover::Cover;
use super::exemption::{ANNOTATION, By, Exemption, of_annotation};
use super::in_force::Policy;
use super::join::{Chosen, Custom, Joined};
use super::release_policy::ReleasePolicy;
use super::spec::MeansSpec;
use crate::model::{Action, Pointer, Subject};

/// What is in force for one object.
pub struct Effective<'a> {
    pub(super) policy: &'a Policy,
    joined: Held<'a>,
    sure: Chosen,
    doubts: Vec<(Arc<str>, String)>,
    annotated: OnceCell<(Vec<Exemption>, Vec<usize>)>,
    /// What exemptions cover, by the rules that have found anything.
    covers: RefCell<HashMap<String, Cover>>,
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
        reason: Arc<str>,
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
            covers: RefCell::default(),
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
            covers: RefCell::default(),
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

    /// What exemptions make of a finding of `rule` at one of `places`: of several the one that helps most. The subject
    /// and the time are the same for all findings of the object.
    #[must_use]
    pub fn exempted(
        &self,
        subject: &Subject<'_>,
        rule: &str,
        places: &[&Pointer],
        now: Timestamp,
    ) -> Option<Exempted> {
        let mut covers = self.covers.borrow_mut();
        if let Some(cover) = covers.get(rule) {
            return cover.of(places).cloned();
        }
        let cover = covers
            .entry(rule.to_owned())
            .or_insert_with(|| self.cover(subject, rule, now));
        cover.of(places).cloned()
    }

    fn cover(&self, subject: &Subject<'_>, rule: &str, now: Timestamp) -> Cover {
        let inline = self.policies().flat_map(|policy| &policy.exemptions);
        let objects = self.policy.exemptions_in(subject.namespace).iter();
        let annotated = &self.annotated(subject).0;
        let [by_object, by_annotation] = [MeansSpec::Exemption, MeansSpec::Annotation]
            .map(|means| LazyCell::new(move || self.allows(means, rule, subject.namespace)));
        let mut cover = Cover::default();
        for exemption in inline
            .chain(objects.map(|exemption| &**exemption))
            .chain(annotated)
            .filter(|exemption| exemption.is_of(rule) && exemption.is_for(subject))
        {
            let by = exemption.by().clone();
            let is_allowed = match by {
                // A policy itself needs no leave.
                By::Policy(_) => true,
                By::Exemption(_) => *by_object,
                By::Annotation => *by_annotation,
            };
            let at = exemption.expires_at();
            let found = if !is_allowed {
                Exempted::NotOpened { by }
            } else if exemption.is_expired(now) {
                Exempted::Ended { at, by }
            } else {
                let reason = Arc::clone(&exemption.reason);
                Exempted::Until { at, reason, by }
            };
            cover.add(exemption.pointers.as_deref(), &found);
        }
        cover
    }

    /// Whether some policy that is for the object lets it be exempted by these means.
    fn allows(&self, means: MeansSpec, rule: &str, namespace: &str) -> bool {
        self.policies()
            .any(|policy| policy.opens(rule, namespace, means))
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
