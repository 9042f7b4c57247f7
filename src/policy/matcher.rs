//! Which objects a ReleasePolicy is for.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::{PolicyError, globs};
use super::glob::Globs;
use super::selector::Selector;
use super::spec::{ConditionSpec, LabelSelectorSpec, MatchSpec, OperationSpec};
use crate::expression::{Expression, Variables};
use crate::facts::{Answer, Facts};
use crate::model::{Case, Operation, Pointer};

/// As many conditions a policy may have, as its definition has it: each takes a while to compile.
const MOST_CONDITIONS: usize = 16;

/// A compiled `match`.
pub(super) struct Matcher {
    namespaces: Globs,
    namespace_labels: Selector,
    releases: Globs,
    release_labels: Selector,
    operations: Option<Vec<OperationSpec>>,
    conditions: Vec<Condition>,
}

struct Condition {
    name: String,
    expression: Expression,
}

/// Whether a policy is for an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// It is not.
    No,
    /// It is.
    Yes,
    /// Nobody can say, for that reason.
    Unknown(String),
}

/// The labels of the object's namespace, asked for when the first policy wants them.
pub(super) struct NamespaceLabels<'f> {
    facts: &'f dyn Facts,
    asked: OnceCell<Answer<Arc<BTreeMap<String, String>>>>,
}

impl<'f> NamespaceLabels<'f> {
    pub(super) fn new(facts: &'f dyn Facts) -> Self {
        Self {
            facts,
            asked: OnceCell::new(),
        }
    }

    fn of(&self, namespace: &str) -> &Answer<Arc<BTreeMap<String, String>>> {
        self.asked
            .get_or_init(|| self.facts.namespace_labels(namespace))
    }
}

impl Matcher {
    pub(super) fn compile(spec: &MatchSpec) -> Result<Self, PolicyError> {
        let at = Pointer::root().join("match");
        let selector = |key: &str, spec: Option<&LabelSelectorSpec>| {
            let compiled = spec.map(Selector::compile).transpose();
            let at = at.clone().join(key);
            compiled
                .map(Option::unwrap_or_default)
                .map_err(|error| error.below(&at))
        };
        if spec.match_conditions.len() > MOST_CONDITIONS {
            return Err(PolicyError::at(
                at.join("matchConditions"),
                format!("a policy has at most {MOST_CONDITIONS} conditions; join some with `&&`"),
            ));
        }
        let condition = |(index, spec): (usize, &ConditionSpec)| {
            let at = at
                .clone()
                .join("matchConditions")
                .join(&index.to_string())
                .join("expression");
            match Expression::compile(&spec.expression) {
                Ok(expression) => Ok(Condition {
                    name: spec.name.clone(),
                    expression,
                }),
                Err(error) => Err(PolicyError::at(at, error.to_string())),
            }
        };
        Ok(Self {
            namespaces: globs(&at, "namespaces", spec.namespaces.as_deref())?,
            namespace_labels: selector("namespaceSelector", spec.namespace_selector.as_ref())?,
            releases: globs(&at, "releases", spec.releases.as_deref())?,
            release_labels: selector("releaseSelector", spec.release_selector.as_ref())?,
            operations: spec.operations.clone(),
            conditions: spec
                .match_conditions
                .iter()
                .enumerate()
                .map(condition)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether this expression stands in it.
    pub(super) fn holds_expression(&self, text: &str) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.any(|condition| condition.expression.text() == text)
    }

    /// Whether it holds any expression.
    pub(super) fn has_expressions(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// Whether no object at all can match.
    pub(super) fn is_nothing(&self) -> bool {
        self.namespaces.is_nothing()
            || self.releases.is_nothing()
            || self.operations.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether the object of that name is selected, as far as names and labels tell; of a namespace whose labels
    /// nobody knows every selector is believed to hold.
    pub(super) fn selects(
        &self,
        (namespace, namespace_labels): (&str, Option<&BTreeMap<String, String>>),
        (name, labels): (&str, &BTreeMap<String, String>),
    ) -> bool {
        let label = |key: &str| labels.get(key).map(String::as_str);
        self.namespaces.matches(namespace)
            && self.releases.matches(name)
            && self.release_labels.matches(label)
            && namespace_labels.is_none_or(|labels| {
                self.namespace_labels
                    .matches(|key| labels.get(key).map(String::as_str))
            })
    }

    /// Whether it is for the case's object. What is cheap is asked first.
    pub(super) fn matches(
        &self,
        case: &Case<'_>,
        namespace_labels: &NamespaceLabels<'_>,
        variables: &Variables<'_>,
    ) -> Match {
        let subject = &case.subject;
        let is_named = self.namespaces.matches(subject.namespace)
            && self.releases.matches(subject.name)
            && self.is_for(case.request.operation)
            && (self.release_labels.is_empty()
                || self.release_labels.matches(|key| subject.label(key)));
        if !is_named {
            return Match::No;
        }
        let mut unknown = None;
        if !self.namespace_labels.is_empty() {
            match namespace_labels.of(subject.namespace) {
                Answer::Known(labels) => {
                    let label = |key: &str| labels.get(key).map(String::as_str);
                    if !self.namespace_labels.matches(label) {
                        return Match::No;
                    }
                }
                // A namespace that is not there has no labels.
                Answer::Absent => {
                    if !self.namespace_labels.matches(|_| None) {
                        return Match::No;
                    }
                }
                Answer::Unseen(why) => {
                    unknown = Some(format!("the labels of its namespace: {why}"));
                }
            }
        }
        for condition in &self.conditions {
            match condition.expression.holds(variables) {
                Ok(true) => {}
                Ok(false) => return Match::No,
                Err(failure) => {
                    unknown.get_or_insert_with(|| {
                        format!("the match condition `{}`: {failure}", condition.name)
                    });
                }
            }
        }
        unknown.map_or(Match::Yes, Match::Unknown)
    }

    /// Why it is not for the case's object, which [`Matcher::matches`] says: the first part that does not hold.
    pub(super) fn refusal(
        &self,
        case: &Case<'_>,
        namespace_labels: &NamespaceLabels<'_>,
        variables: &Variables<'_>,
    ) -> String {
        let subject = &case.subject;
        if !self.namespaces.matches(subject.namespace) {
            return "`match.namespaces` does not name its namespace".to_owned();
        }
        if !self.releases.matches(subject.name) {
            return "`match.releases` does not name it".to_owned();
        }
        if !self.is_for(case.request.operation) {
            return "`match.operations` does not name the operation".to_owned();
        }
        if !self.release_labels.matches(|key| subject.label(key)) {
            return "`match.releaseSelector` does not select its labels".to_owned();
        }
        if !self.namespace_labels.is_empty() {
            let selects = match namespace_labels.of(subject.namespace) {
                Answer::Known(labels) => self
                    .namespace_labels
                    .matches(|key| labels.get(key).map(String::as_str)),
                Answer::Absent => self.namespace_labels.matches(|_| None),
                Answer::Unseen(_) => true,
            };
            if !selects {
                return "`match.namespaceSelector` does not select the labels of its namespace"
                    .to_owned();
            }
        }
        let is_false = |condition: &&Condition| condition.expression.holds(variables) == Ok(false);
        match self.conditions.iter().find(is_false) {
            Some(condition) => format!("the match condition `{}` is false", condition.name),
            None => "its `match` does not hold".to_owned(),
        }
    }

    fn is_for(&self, operation: Operation) -> bool {
        self.operations.as_ref().is_none_or(|operations| {
            operations.contains(&match operation {
                Operation::Create => OperationSpec::Create,
                Operation::Update => OperationSpec::Update,
            })
        })
    }
}
