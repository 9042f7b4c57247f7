//! All that is in force: the built-in policy, and what administrators wrote.

use std::collections::HashMap;
use std::sync::Arc;

use super::documents::Document;
use super::effective::Effective;
use super::exemption::Exemption;
use super::join::{Joined, Joins, Matched, names};
use super::matcher::{Match, NamespaceLabels};
use super::release_policy::ReleasePolicy;
use super::spec::MeansSpec;
use super::tmpfs::TmpfsPolicy;
use crate::expression::Variables;
use crate::facts::Facts;
use crate::model::{Action, Case};

/// The whole policy: the built-in one, with all documents beside it.
pub struct Policy {
    documents: Vec<Arc<Document>>,
    builtin: Joined,
    pub(super) releases: Vec<Arc<ReleasePolicy>>,
    exemptions: HashMap<Box<str>, Vec<Arc<Exemption>>>,
    tmpfs: Vec<Arc<TmpfsPolicy>>,
    joins: Joins,
    /// The rules that are turned off whatever policies say.
    ignored: Vec<String>,
    has_expressions: bool,
}

impl Policy {
    /// The policy of whoever wrote none.
    #[must_use]
    pub fn builtin() -> Self {
        Self::of(Vec::new())
    }

    /// The built-in policy, and these documents.
    #[must_use]
    pub fn of(documents: Vec<Arc<Document>>) -> Self {
        let (mut releases, mut tmpfs) = (Vec::new(), Vec::new());
        let mut exemptions: HashMap<Box<str>, Vec<Arc<Exemption>>> = HashMap::new();
        for document in &documents {
            match &**document {
                Document::Release(policy) => releases.push(Arc::clone(policy)),
                Document::Tmpfs(policy) => tmpfs.push(Arc::clone(policy)),
                Document::Exemption {
                    namespace,
                    exemption,
                    ..
                } => exemptions
                    .entry(namespace.as_str().into())
                    .or_default()
                    .push(Arc::clone(exemption)),
            }
        }
        Self {
            builtin: Joined::builtin(),
            has_expressions: releases.iter().any(|policy| policy.has_expressions()),
            documents,
            releases,
            exemptions,
            tmpfs,
            joins: Joins::default(),
            ignored: Vec::new(),
        }
    }

    /// The same with a built-in policy of these rules alone, for tests of what judges by one.
    #[cfg(test)]
    pub(crate) fn with_builtin(mut self, settings: Vec<super::Setting>) -> Self {
        self.builtin.settings = settings;
        self
    }

    /// What administrators wrote.
    #[must_use]
    pub fn documents(&self) -> &[Arc<Document>] {
        &self.documents
    }

    /// The ReleasePolicies.
    #[must_use]
    pub fn releases(&self) -> &[Arc<ReleasePolicy>] {
        &self.releases
    }

    /// What asks for tmpfs mounts in pods.
    pub fn tmpfs(&self) -> impl Iterator<Item = &TmpfsPolicy> {
        self.tmpfs.iter().map(|policy| &**policy)
    }

    /// Whether any expression may be evaluated by it, which takes time that nobody can cut short.
    #[must_use]
    pub fn has_expressions(&self) -> bool {
        self.has_expressions
    }

    /// The Exemptions of a namespace.
    pub(super) fn exemptions_in(&self, namespace: &str) -> &[Arc<Exemption>] {
        self.exemptions.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// Whether any ReleasePolicy opens some rule of the Exemption to its namespace. Which of them is for a release is
    /// seen only when the release is judged.
    #[must_use]
    pub fn opens(&self, namespace: &str, exemption: &Exemption) -> bool {
        self.releases.iter().any(|policy| {
            let mut rules = exemption.rules().iter();
            rules.any(|rule| policy.opens(rule, namespace, MeansSpec::Exemption))
        })
    }

    /// What is in force for a case.
    #[must_use]
    pub fn effective(
        &self,
        case: &Case<'_>,
        facts: &dyn Facts,
        variables: &Variables<'_>,
    ) -> Effective<'_> {
        let labels = NamespaceLabels::new(facts);
        let mut matched = Matched::default();
        let mut doubts = Vec::new();
        for (index, policy) in self.releases.iter().enumerate() {
            match policy.matches.matches(case, &labels, variables) {
                Match::No => {}
                Match::Yes => matched.sure.add(index),
                Match::Unknown(why) => {
                    matched.unknown.add(index);
                    doubts.push((Arc::clone(&policy.name), why));
                }
            }
        }
        if matched.is_empty() {
            return Effective::builtin(self, &self.builtin);
        }
        let joined = self.joins.of(&matched, || {
            let mut joined = Joined::of(&self.builtin.settings, &self.releases, &matched);
            for setting in &mut joined.settings {
                self.silence(setting.rule.meta().name, &mut setting.action);
            }
            for custom in &mut joined.customs {
                self.silence(custom.rule.name(), &mut custom.action);
            }
            joined
        });
        Effective::joined(self, joined, matched.sure, doubts)
    }

    fn silence(&self, rule: &str, action: &mut Action) {
        if self.ignored.iter().any(|ignored| ignored == rule) {
            *action = Action::Off;
        }
    }

    /// Turns every rule off that `keep` refuses, whatever policies say: for `--select` and `--ignore`.
    pub fn keep_rules(&mut self, keep: impl Fn(&str) -> bool) {
        self.ignored = names(&self.releases)
            .filter(|name| !keep(name))
            .map(std::borrow::Cow::into_owned)
            .collect();
        self.joins.forget();
        let Self {
            builtin, ignored, ..
        } = self;
        for setting in &mut builtin.settings {
            if ignored.iter().any(|name| name == setting.rule.meta().name) {
                setting.action = Action::Off;
            }
        }
    }
}
