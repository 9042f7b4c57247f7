//! Rules that a policy brings, in CEL.

use std::sync::Arc;

use super::error::PolicyError;
use super::names::{CUSTOM, is_kebab};
use super::spec::{CustomRuleSpec, KindSpec};
use crate::expression::{Expression, Variables};
use crate::model::{Action, Finding, Findings, Kind, Pointer};

/// As many rules one policy may bring, as its definition has it: each takes a while to compile.
const MOST: usize = 64;

/// A rule that a policy brings.
pub struct CustomRule {
    /// `custom/<name>`.
    name: String,
    expression: Expression,
    message: String,
    action: Action,
    kinds: Vec<Kind>,
}

impl CustomRule {
    /// Compiles all rules of one policy.
    pub(super) fn compile_all(specs: &[CustomRuleSpec]) -> Result<Vec<Arc<Self>>, PolicyError> {
        if specs.len() > MOST {
            return Err(PolicyError::at(
                Pointer::root().join("customRules"),
                format!("a policy brings at most {MOST} rules; write another one"),
            ));
        }
        let mut rules: Vec<Arc<Self>> = Vec::new();
        for (index, spec) in specs.iter().enumerate() {
            let at = Pointer::root().join("customRules").join(&index.to_string());
            let rule = Self::compile(spec).map_err(|error| error.below(&at))?;
            if rules.iter().any(|other| other.name == rule.name) {
                let message = format!("a second rule named `{}`", spec.name);
                return Err(PolicyError::at(at.join("name"), message));
            }
            rules.push(Arc::new(rule));
        }
        Ok(rules)
    }

    fn compile(spec: &CustomRuleSpec) -> Result<Self, PolicyError> {
        let wrong =
            |key: &str, message: String| PolicyError::at(Pointer::root().join(key), message);
        if !is_kebab(&spec.name) {
            return Err(wrong(
                "name",
                "a rule's name is at most 63 of a-z, 0-9 and `-`, begins with a letter and does not end with `-`"
                    .to_owned(),
            ));
        }
        if spec.message.trim().is_empty() {
            return Err(wrong(
                "message",
                "say what is wrong, and how to mend it".to_owned(),
            ));
        }
        let kinds = match &spec.kinds {
            None => vec![Kind::HelmRelease],
            Some(kinds) if kinds.is_empty() => {
                let message = "name a kind, or leave it out for HelmRelease alone";
                return Err(wrong("kinds", message.to_owned()));
            }
            Some(kinds) => kinds.iter().map(|&kind| kind_of(kind)).collect(),
        };
        let expression = Expression::compile(&spec.expression)
            .map_err(|error| wrong("expression", error.to_string()))?;
        Ok(Self {
            name: format!("{CUSTOM}{}", spec.name),
            expression,
            message: spec.message.trim().to_owned(),
            action: spec.action.unwrap_or(Action::Deny),
            kinds,
        })
    }

    /// Its name in reports and exemptions: `custom/<name>`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The action that its policy gives it.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// Whether it judges objects of that kind.
    #[must_use]
    pub fn judges(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// What must be true.
    #[must_use]
    pub fn expression(&self) -> &str {
        self.expression.text()
    }

    /// Judges what `variables` know. An expression that has no answer is an unverified finding: neither a pass nor
    /// a denial.
    #[must_use]
    pub fn check(&self, variables: &Variables<'_>) -> Option<Finding> {
        let mut findings = Findings::of(self.name.clone());
        match self.expression.holds(variables) {
            Ok(true) => return None,
            Ok(false) => {
                findings.at_pointer(Pointer::root(), self.message.clone());
            }
            Err(failure) => {
                let message = format!("the rule's expression has no answer here: {failure}");
                findings
                    .at_pointer(Pointer::root(), message)
                    .unverified()
                    .help("mend the expression in the ReleasePolicy that brings the rule");
            }
        }
        findings.into_vec().pop()
    }
}

fn kind_of(kind: KindSpec) -> Kind {
    match kind {
        KindSpec::HelmRelease => Kind::HelmRelease,
        KindSpec::OciRepository => Kind::OciRepository,
        KindSpec::HelmChart => Kind::HelmChart,
        KindSpec::Kustomization => Kind::Kustomization,
    }
}
