//! What several ReleasePolicies say of one object, joined: the strictest counts.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Map, Value};

use super::custom::CustomRule;
use super::release_policy::{Named, ReleasePolicy};
use super::{Setting, builtin};
use crate::model::{Action, RuleName};
use crate::rules::RULES;

/// How many joins are remembered: far more than a cluster has of sorts of releases, and few enough that whoever makes
/// labels up fills no memory.
const REMEMBERED: usize = 256;

/// Some of the policies, by their place in the list. Nothing is allocated for the first 64.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Chosen {
    first: u64,
    more: Vec<u64>,
}

impl Chosen {
    pub(super) fn add(&mut self, index: usize) {
        let (word, bit) = (index / 64, 1 << (index % 64));
        match word.checked_sub(1) {
            None => self.first |= bit,
            Some(word) => {
                if self.more.len() <= word {
                    self.more.resize(word + 1, 0);
                }
                self.more[word] |= bit;
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first == 0 && self.more.is_empty()
    }

    pub(super) fn of<'p, T>(&self, list: &'p [T]) -> impl Iterator<Item = &'p T> {
        let words = [self.first].into_iter().chain(self.more.clone());
        words.enumerate().flat_map(move |(word, bits)| {
            let is_in = move |bit: &usize| bits & (1 << bit) != 0;
            (0..64)
                .filter(is_in)
                .filter_map(move |bit| list.get(word * 64 + bit))
        })
    }
}

/// The policies for one object: those that certainly are, and those of which nobody can say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Matched {
    pub(super) sure: Chosen,
    pub(super) unknown: Chosen,
}

impl Matched {
    pub(super) fn is_empty(&self) -> bool {
        self.sure.is_empty() && self.unknown.is_empty()
    }
}

/// A policy's say in a rule's action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The policy's name; `None` for the built-in one.
    pub policy: Option<Arc<str>>,
    /// The action that it gives.
    pub action: Action,
    /// What becomes of that say.
    pub standing: Standing,
}

/// What becomes of a policy's say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts: the strictest that counts is in force.
    Counts,
    /// A policy that says `replacesDefault` stands in the place of the built-in one.
    Replaced,
    /// Nobody can say whether the policy is for the object, so it makes nothing harder than `onUnseen`.
    Unknown,
}

/// A rule that a policy brings, with the action that is in force.
pub struct Custom {
    /// The rule.
    pub rule: Arc<CustomRule>,
    /// Its action.
    pub action: Action,
    /// The policy that brings it.
    pub from: Arc<str>,
}

/// What is in force where certain policies match.
pub(super) struct Joined {
    pub(super) settings: Vec<Setting>,
    pub(super) customs: Vec<Custom>,
    pub(super) ratchet: bool,
    pub(super) on_unseen: Action,
}

impl Joined {
    /// The built-in policy alone.
    pub(super) fn builtin() -> Self {
        Self {
            settings: builtin::settings(),
            customs: Vec::new(),
            ratchet: true,
            on_unseen: builtin::ON_UNSEEN,
        }
    }

    /// Joins the built-in policy and those that match.
    pub(super) fn of(
        builtin: &[Setting],
        policies: &[Arc<ReleasePolicy>],
        matched: &Matched,
    ) -> Self {
        let sure: Vec<_> = matched.sure.of(policies).map(|policy| &**policy).collect();
        let unknown: Vec<_> = matched
            .unknown
            .of(policies)
            .map(|policy| &**policy)
            .collect();
        let said = |policy: &&&ReleasePolicy| policy.on_unseen.is_some();
        let is_replaced = sure
            .iter()
            .filter(said)
            .any(|policy| policy.replaces_default);
        let on_unseen = sure
            .iter()
            .filter_map(|policy| policy.on_unseen)
            .chain((!is_replaced).then_some(builtin::ON_UNSEEN))
            .max()
            .unwrap_or(builtin::ON_UNSEEN);
        let bench = Bench {
            sure: &sure,
            unknown: &unknown,
            on_unseen,
        };
        let customs = |policy: &ReleasePolicy, most: Action| {
            let from = Arc::clone(&policy.name);
            let customs = policy.customs.iter().map(move |rule| Custom {
                rule: Arc::clone(rule),
                action: rule.action().min(most),
                from: Arc::clone(&from),
            });
            customs.collect::<Vec<_>>()
        };
        let sure_customs = sure.iter().flat_map(|policy| customs(policy, Action::Deny));
        let unknown_customs = unknown.iter().flat_map(|policy| customs(policy, on_unseen));
        Self {
            settings: builtin
                .iter()
                .map(|setting| bench.setting(setting))
                .collect(),
            customs: sure_customs.chain(unknown_customs).collect(),
            ratchet: !bench.counting().any(|policy| policy.ratchet == Some(false)),
            on_unseen,
        }
    }
}

/// The policies that have a say.
struct Bench<'p> {
    sure: &'p [&'p ReleasePolicy],
    unknown: &'p [&'p ReleasePolicy],
    on_unseen: Action,
}

impl<'p> Bench<'p> {
    /// Those whose word is in force. What nobody can say is denied where `onUnseen` says so: then they all count.
    fn counting(&self) -> impl Iterator<Item = &'p ReleasePolicy> {
        let unknown = match self.on_unseen {
            Action::Deny => self.unknown,
            _ => &[],
        };
        self.sure.iter().chain(unknown).copied()
    }

    fn setting(&self, builtin: &Setting) -> Setting {
        let name = builtin.rule.meta().name;
        let votes = self.votes(builtin);
        let action = votes
            .iter()
            .filter(|vote| vote.standing != Standing::Replaced)
            .map(|vote| vote.action)
            .max()
            .unwrap_or(builtin.action);
        let unseen = self.unseen_defaults(builtin);
        let params: Vec<_> = self
            .counting()
            .filter_map(|policy| named(policy, name))
            .map(|named| &named.params)
            .chain(&unseen)
            .filter(|params| !params.is_empty())
            .collect();
        let joined = match params.is_empty() {
            true => None,
            // Each was read when its policy was compiled, so all of them together can be.
            false => builtin.rule.joined(&params).ok(),
        };
        Setting {
            rule: builtin.rule,
            action,
            params: joined.unwrap_or_else(|| Arc::clone(&builtin.params)),
            votes,
        }
    }

    /// The defaults of parameters that only policies write of which nobody can say whether they are for the object:
    /// beside them, these make nothing milder.
    fn unseen_defaults(&self, builtin: &Setting) -> Option<Map<String, Value>> {
        let name = builtin.rule.meta().name;
        if self.on_unseen != Action::Deny
            || !self
                .unknown
                .iter()
                .any(|policy| named(policy, name).is_some())
        {
            return None;
        }
        let Value::Object(mut defaults) = builtin.rule.defaults() else {
            return None;
        };
        let sure: Vec<_> = self
            .sure
            .iter()
            .filter_map(|policy| named(policy, name))
            .collect();
        defaults.retain(|key, _| !sure.iter().any(|named| named.params.contains_key(key)));
        Some(defaults)
    }

    /// What each has to say of a rule's action, the built-in policy first.
    fn votes(&self, builtin: &Setting) -> Vec<Vote> {
        let name = builtin.rule.meta().name;
        let of = |policy: &ReleasePolicy, most: Action, standing: Standing| {
            let named = named(policy, name)?;
            Some(Vote {
                policy: Some(Arc::clone(&policy.name)),
                action: named.action.unwrap_or(builtin.action).min(most),
                standing,
            })
        };
        let is_replaced = self
            .sure
            .iter()
            .any(|policy| policy.replaces_default && named(policy, name).is_some());
        let mut votes = vec![Vote {
            policy: None,
            action: builtin.action,
            standing: match is_replaced {
                true => Standing::Replaced,
                false => Standing::Counts,
            },
        }];
        let sure = self.sure.iter();
        votes.extend(sure.filter_map(|policy| of(policy, Action::Deny, Standing::Counts)));
        let unknown = self.unknown.iter();
        votes.extend(unknown.filter_map(|policy| of(policy, self.on_unseen, Standing::Unknown)));
        votes
    }
}

fn named<'p>(policy: &'p ReleasePolicy, rule: &str) -> Option<&'p Named> {
    policy
        .rules
        .iter()
        .find(|named| named.rule.meta().name == rule)
}

/// Joins that were made before: a cluster has few sorts of releases.
#[derive(Default)]
pub(super) struct Joins(RwLock<HashMap<Matched, Arc<Joined>>>);

impl Joins {
    pub(super) fn of(&self, matched: &Matched, make: impl FnOnce() -> Joined) -> Arc<Joined> {
        // A panic while it was locked cannot have left it half written: a change is one insertion.
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(joined) = known.get(matched) {
            return Arc::clone(joined);
        }
        drop(known);
        let joined = Arc::new(make());
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < REMEMBERED {
            known.insert(matched.clone(), Arc::clone(&joined));
        }
        joined
    }

    pub(super) fn forget(&mut self) {
        self.0
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// The names of all rules: those of the registry, and those that policies bring.
pub(super) fn names(policies: &[Arc<ReleasePolicy>]) -> impl Iterator<Item = RuleName> {
    let customs = policies
        .iter()
        .flat_map(|policy| policy.customs.iter())
        .map(|rule| RuleName::from(rule.name().to_owned()));
    RULES
        .iter()
        .map(|rule| RuleName::from(rule.meta().name))
        .chain(customs)
}
