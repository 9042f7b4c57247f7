//! The place of the policy that is in force, which changes between two reviews and drops none.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use super::in_force::Policy;

/// A policy that cannot be compiled as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenPolicy {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace; empty where its kind has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The place and what is wrong there.
    pub problem: String,
    /// Whether it was good before: then it is in force as it was.
    pub was_good: bool,
}

impl BrokenPolicy {
    /// What is in force instead of it.
    #[must_use]
    pub fn instead(&self) -> &'static str {
        match self.was_good {
            true => "the last good one stays in force",
            false => "it is not in force, as it never was good",
        }
    }
}

impl fmt::Display for BrokenPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.namespace.is_empty() { "" } else { "/" };
        write!(
            formatter,
            "{} {}{slash}{}: {}; {}",
            self.kind,
            self.namespace,
            self.name,
            self.problem,
            self.instead()
        )
    }
}

/// How the policies of the cluster fare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyHealth {
    /// Why no reviews should come yet; `None` when they should.
    pub unready: Option<Cow<'static, str>>,
    /// Those that cannot be compiled.
    pub broken: Vec<BrokenPolicy>,
    /// Why others may be there than those that are known.
    pub doubts: Vec<String>,
}

/// Holds the policy that is in force.
pub struct Current {
    policy: ArcSwap<Policy>,
    health: ArcSwap<PolicyHealth>,
    swaps: AtomicU64,
    swapped: AtomicI64,
    overdue: Mutex<BTreeSet<String>>,
}

impl Current {
    /// Begins with this one.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy: ArcSwap::from_pointee(policy),
            health: ArcSwap::default(),
            swaps: AtomicU64::new(0),
            swapped: AtomicI64::new(0),
            overdue: Mutex::default(),
        }
    }

    /// What is in force now. Who judges several times takes it once.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// Puts another in force, for all reviews that begin from now on.
    pub fn put(&self, policy: Policy, now: Timestamp) {
        let before = self.policy.swap(Arc::new(policy));
        self.forgive(&before);
        self.swaps.fetch_add(1, Ordering::Relaxed);
        self.swapped.store(now.as_second(), Ordering::Relaxed);
    }

    /// How often another was put in force.
    #[must_use]
    pub fn swaps(&self) -> u64 {
        self.swaps.load(Ordering::Relaxed)
    }

    /// When one was put in force last, in seconds since 1970; 0 where that never happened.
    #[must_use]
    pub fn swapped(&self) -> i64 {
        self.swapped.load(Ordering::Relaxed)
    }

    /// Notes that an expression of that ReleasePolicy took too long here.
    pub fn note_overdue(&self, policy: &str) {
        self.overdue_names().insert(policy.to_owned());
    }

    /// Whether that was noted since the policy is what it is.
    #[must_use]
    pub fn is_overdue(&self, policy: &str) -> bool {
        self.overdue_names().contains(policy)
    }

    fn overdue_names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.overdue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What changed begins anew.
    fn forgive(&self, before: &Policy) {
        let policy = self.policy();
        let of = |policy: &Policy, name: &str| {
            let mut releases = policy.releases().iter();
            releases
                .find(|release| release.name() == name)
                .map(Arc::clone)
        };
        self.overdue_names().retain(|name| {
            of(before, name)
                .zip(of(&policy, name))
                .is_some_and(|(before, now)| Arc::ptr_eq(&before, &now))
        });
    }

    /// Says how the policies fare.
    pub fn tell(&self, health: PolicyHealth) {
        self.health.store(Arc::new(health));
    }

    /// What was said last.
    #[must_use]
    pub fn health(&self) -> Arc<PolicyHealth> {
        self.health.load_full()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Document;

    #[test]
    fn who_took_a_policy_keeps_it_while_another_comes() {
        let current = Current::new(Policy::builtin());
        let taken = current.policy();
        assert_eq!((current.swaps(), current.swapped()), (0, 0));
        let now = Timestamp::from_second(7).expect("a time");
        current.put(Policy::builtin(), now);
        assert!(!Arc::ptr_eq(&taken, &current.policy()));
        assert_eq!((current.swaps(), current.swapped()), (1, 7));
    }

    #[test]
    fn a_policy_that_was_too_slow_is_forgiven_once_it_changes() {
        let document = |name: &str| {
            let document = json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "ReleasePolicy",
                "metadata": {"name": name}, "spec": {}});
            Arc::new(Document::read(&document).unwrap_or_else(|error| panic!("{error}")))
        };
        let (stays, changes) = (document("stays"), document("changes"));
        let current = Current::new(Policy::of(vec![Arc::clone(&stays), changes]));
        current.note_overdue("stays");
        current.note_overdue("changes");
        let policy = Policy::of(vec![stays, document("changes")]);
        current.put(policy, Timestamp::UNIX_EPOCH);
        assert!(current.is_overdue("stays") && !current.is_overdue("changes"));
    }

    #[test]
    fn a_broken_policy_says_what_is_in_force_instead() {
        let mut broken = BrokenPolicy {
            kind: "Exemption",
            namespace: "games".to_owned(),
            name: "romm".to_owned(),
            problem: "/spec/rules/0: unknown rule `x`".to_owned(),
            was_good: true,
        };
        assert_eq!(
            broken.to_string(),
            "Exemption games/romm: /spec/rules/0: unknown rule `x`; the last good one stays in force"
        );
        broken.was_good = false;
        assert!(broken.to_string().ends_with("as it never was good"));
    }
}
