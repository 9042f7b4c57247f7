//! Why: which policies are for an object and why the others are not, and who exempts what of it. For whoever asks;
//! no review comes this way.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::effective::Effective;
use super::exemption::Exemption;
use super::in_force::Policy;
use super::matcher::{Match, NamespaceLabels};
use super::release_policy::ReleasePolicy;
use crate::expression::{Deadline, Variables};
use crate::facts::Facts;
use crate::model::{Action, Case, RuleName, Subject};

/// Whether a policy is for an object, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is.
    Applies,
    /// It is not: the first part of its `match` that does not hold.
    Not(String),
    /// Nobody can say.
    Unknown(String),
}

/// What an exemption makes of one of its rules, for one object.
pub struct Granted<'e> {
    /// The exemption.
    pub exemption: &'e Exemption,
    /// The rule.
    pub rule: &'e RuleName,
    /// Whether it counts.
    pub state: State,
    /// The ReleasePolicies that open it; none for what a policy says itself.
    pub opened_by: Vec<&'e str>,
}

/// Whether an exemption counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    InForce,
    /// It did.
    Ended,
    /// No ReleasePolicy that is for the object opens it.
    NotOpened,
}

impl State {
    /// The words for people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::InForce => "in force",
            State::Ended => "ended",
            State::NotOpened => "not opened",
        }
    }
}

impl Policy {
    /// Every ReleasePolicy, and whether it is for the case's object.
    #[must_use]
    pub fn fits(&self, case: &Case<'_>, facts: &dyn Facts) -> Vec<(&ReleasePolicy, Fit)> {
        let labels = NamespaceLabels::new(facts);
        let deadline = Deadline::default();
        let fit = |policy: &ReleasePolicy| {
            // Its own for each, as what expressions of all of them may cost together is bounded.
            let variables = || Variables::new(case, &deadline);
            match policy.matches.matches(case, &labels, &variables()) {
                Match::Yes => Fit::Applies,
                Match::Unknown(why) => Fit::Unknown(why),
                Match::No => Fit::Not(policy.matches.refusal(case, &labels, &variables())),
            }
        };
        self.releases
            .iter()
            .map(|policy| (&**policy, fit(policy)))
            .collect()
    }
}

impl ReleasePolicy {
    /// What it says of a rule of the registry: the action, where it names one, and parameters.
    #[must_use]
    pub fn says(&self, rule: &str) -> Option<(Option<Action>, &Map<String, Value>)> {
        let mut rules = self.rules.iter();
        let named = rules.find(|named| named.rule.meta().name == rule)?;
        Some((named.action, &named.params))
    }

    /// The globs of namespaces about which objects of other namespaces may learn.
    #[must_use]
    pub fn lookup_namespaces(&self) -> &[String] {
        &self.lookup_patterns
    }
}

impl Effective<'_> {
    /// Every exemption that names the object, rule by rule.
    #[must_use]
    pub fn exemptions<'e>(&'e self, subject: &Subject<'_>, now: Timestamp) -> Vec<Granted<'e>> {
        let inline = self.policies().flat_map(|policy| &policy.exemptions);
        let objects = self.policy.exemptions_in(subject.namespace).iter();
        let annotated = &self.annotated(subject).0;
        let all = inline
            .chain(objects.map(|exemption| &**exemption))
            .chain(annotated)
            .filter(|exemption| exemption.is_for(subject));
        all.flat_map(|exemption| exemption.rules.iter().map(move |rule| (exemption, rule)))
            .map(|(exemption, rule)| {
                let means = exemption.by().means();
                let opened_by: Vec<&str> = means.map_or_else(Vec::new, |means| {
                    self.policies()
                        .filter(|policy| policy.opens(rule, subject.namespace, means))
                        .map(ReleasePolicy::name)
                        .collect()
                });
                let state = if means.is_some() && opened_by.is_empty() {
                    State::NotOpened
                } else if exemption.is_expired(now) {
                    State::Ended
                } else {
                    State::InForce
                };
                Granted {
                    exemption,
                    rule,
                    state,
                    opened_by,
                }
            })
            .collect()
    }
}
