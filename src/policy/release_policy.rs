//! One ReleasePolicy, compiled against the registry, or an error that says what was meant.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::custom::CustomRule;
use super::error::{PolicyError, globs, shape_error};
use super::exemption::{Exemption, Opening};
use super::glob::Globs;
use super::matcher::Matcher;
use super::names::known_rule;
use super::remark::PolicyRemark;
use super::spec::{MeansSpec, ReleasePolicySpec, RuleSpec};
use crate::model::{Action, Pointer, nearest};
use crate::rules::AnyRule;

/// A compiled ReleasePolicy.
pub struct ReleasePolicy {
    pub(super) name: Arc<str>,
    pub(super) matches: Matcher,
    pub(super) rules: Vec<Named>,
    pub(super) customs: Vec<Arc<CustomRule>>,
    pub(super) replaces_default: bool,
    pub(super) ratchet: Option<bool>,
    pub(super) on_unseen: Option<Action>,
    pub(super) lookups: Option<Globs>,
    pub(super) lookup_patterns: Vec<String>,
    pub(super) exemptions: Vec<Exemption>,
    pub(super) openings: Vec<Opening>,
}

/// What it says of one rule of the registry.
pub(super) struct Named {
    pub(super) rule: &'static dyn AnyRule,
    pub(super) action: Option<Action>,
    pub(super) params: Map<String, Value>,
}

impl ReleasePolicy {
    /// Compiles a written policy; `name` is what verdicts call it, empty for that of a file.
    ///
    /// # Errors
    /// The first rule, parameter, glob, expression or pointer that cannot be understood.
    pub fn compile(name: &str, spec: &ReleasePolicySpec) -> Result<Self, PolicyError> {
        let name: Arc<str> = name.into();
        let root = Pointer::root();
        if spec.on_unseen == Some(Action::Off) {
            return Err(PolicyError::at(
                root.join("onUnseen"),
                "what could not be verified cannot be hidden: use `audit`, `warn` or `deny`",
            ));
        }
        let rule = |(name, written): (&String, &RuleSpec)| {
            let pointer = Pointer::root().join("rules").join(name);
            named(known_rule(name, &pointer)?, written, &pointer)
        };
        let exemptions = spec.exemptions.iter().enumerate();
        let exemptions = exemptions.map(|(index, exemption)| {
            let at = Pointer::root().join("exemptions").join(&index.to_string());
            Exemption::of_policy(&name, exemption, &at)
        });
        let openings = spec.allow_exemptions.iter().enumerate();
        let openings = openings.map(|(index, opening)| {
            let at = Pointer::root()
                .join("allowExemptions")
                .join(&index.to_string());
            Opening::compile(opening, &at)
        });
        let lookups = match spec.lookup_namespaces.as_slice() {
            [] => None,
            patterns => Some(globs(&root, "lookupNamespaces", Some(patterns))?),
        };
        Ok(Self {
            matches: Matcher::compile(&spec.matches)?,
            rules: spec.rules.iter().map(rule).collect::<Result<_, _>>()?,
            customs: CustomRule::compile_all(&spec.custom_rules)?,
            replaces_default: spec.replaces_default,
            ratchet: spec.ratchet,
            on_unseen: spec.on_unseen,
            lookups,
            lookup_patterns: spec.lookup_namespaces.clone(),
            exemptions: exemptions.collect::<Result<_, _>>()?,
            openings: openings.collect::<Result<_, _>>()?,
            name,
        })
    }

    /// Its name; empty for that of a file without one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many rules of the registry it names.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// The rules that it brings.
    #[must_use]
    pub fn custom_rules(&self) -> &[Arc<CustomRule>] {
        &self.customs
    }

    /// What it allows for a while itself.
    #[must_use]
    pub fn exemptions(&self) -> &[Exemption] {
        &self.exemptions
    }

    /// Whether it is for the object of that name, as far as names and labels tell. `None` stands for the labels of a
    /// namespace that nobody knows.
    #[must_use]
    pub fn selects(
        &self,
        namespace: (&str, Option<&BTreeMap<String, String>>),
        release: (&str, &BTreeMap<String, String>),
    ) -> bool {
        self.matches.selects(namespace, release)
    }

    /// The rules that it names with their actions, such as `unpinned-image=warn, custom/no-beta=deny`.
    #[must_use]
    pub fn summary(&self) -> String {
        let known = self.rules.iter().map(|named| {
            let meta = named.rule.meta();
            (meta.name, named.action.unwrap_or(meta.action))
        });
        let customs = self.customs.iter().map(|rule| (rule.name(), rule.action()));
        let told: Vec<String> = known
            .chain(customs)
            .map(|(name, action)| format!("{name}={}", action.as_str()))
            .collect();
        told.join(", ")
    }

    /// Whether this expression stands in it.
    #[must_use]
    pub fn holds_expression(&self, text: &str) -> bool {
        let mut customs = self.customs.iter();
        self.matches.holds_expression(text) || customs.any(|rule| rule.expression() == text)
    }

    /// Whether it holds any expression.
    #[must_use]
    pub fn has_expressions(&self) -> bool {
        self.matches.has_expressions() || !self.customs.is_empty()
    }

    /// Whether it lets a finding of `rule` in `namespace` be exempted by these means.
    pub(super) fn opens(&self, rule: &str, namespace: &str, means: MeansSpec) -> bool {
        let mut openings = self.openings.iter();
        openings.any(|opening| opening.opens(rule, namespace, means))
    }

    /// What is legal in it and has no effect.
    pub(super) fn remarks(&self, now: Timestamp) -> Vec<PolicyRemark> {
        let mut remarks = Vec::new();
        let at = |key: &str| Pointer::root().join(key);
        if self.matches.is_nothing() {
            remarks.push(PolicyRemark::at(
                at("match"),
                "an empty list selects nothing: leave it out to select all",
            ));
        }
        for named in &self.rules {
            let meta = named.rule.meta();
            if let Some(action) = named.action
                && action < meta.action
                && !self.replaces_default
            {
                let (mild, hard) = (action.as_str(), meta.action.as_str());
                remarks.push(PolicyRemark::at(
                    at("rules").join(meta.name).join("action"),
                    format!("`{mild}` is milder than the built-in `{hard}` and has no effect without `replacesDefault: true`"),
                ));
            }
        }
        if self.on_unseen == Some(Action::Audit) && !self.replaces_default {
            remarks.push(PolicyRemark::at(
                at("onUnseen"),
                "`audit` is milder than the built-in `warn` and has no effect without `replacesDefault: true`",
            ));
        }
        if self.replaces_default && self.rules.is_empty() && self.on_unseen.is_none() {
            remarks.push(PolicyRemark::at(
                at("replacesDefault"),
                "it names no rule that it could replace: a rule that no policy names keeps its built-in action",
            ));
        }
        for (index, exemption) in self.exemptions.iter().enumerate() {
            if exemption.is_expired(now) {
                remarks.push(PolicyRemark::at(
                    at("exemptions").join(&index.to_string()).join("expiresAt"),
                    format!("the exemption ended at {}", exemption.expires_at()),
                ));
            }
        }
        remarks
    }
}

fn named(
    rule: &'static dyn AnyRule,
    spec: &RuleSpec,
    pointer: &Pointer,
) -> Result<Named, PolicyError> {
    let defaults = rule.defaults();
    let known = || {
        defaults
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
    };
    for key in spec.params.keys() {
        if !known().any(|name| name == key) {
            let nearest = nearest(key, known().chain(["action"])).map(str::to_owned);
            return Err(PolicyError {
                pointer: pointer.clone().join(key),
                message: format!("rule `{}` has no parameter `{key}`", rule.meta().name),
                nearest,
            });
        }
    }
    rule.params(Value::Object(spec.params.clone()))
        .map_err(|error| shape_error(&error, pointer))?;
    Ok(Named {
        rule,
        action: spec.action,
        params: spec.params.clone(),
    })
}
