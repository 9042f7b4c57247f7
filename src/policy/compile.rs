//! From the written policy to settings that the judge can use, or an error that says what was meant.

use serde_json::Value;

use super::error::{PolicyError, globs, shape_error};
use super::exemption::Exemption;
use super::glob::Globs;
use super::spec::{PolicyExemptionSpec, ReleasePolicySpec, RuleSpec};
use super::tmpfs::TmpfsPolicy;
use crate::model::{Action, Pointer, Subject};
use crate::rules::{self, AnyParams, AnyRule, RULES};

/// A rule with the action and parameters that are in force for it.
pub struct Setting {
    /// The rule.
    pub rule: &'static dyn AnyRule,
    /// Its action.
    pub action: Action,
    /// Its parameters.
    pub params: AnyParams,
}

/// What is in force for one object.
#[derive(Clone, Copy)]
pub struct Effective<'a> {
    /// The rules, in the registry's order.
    pub settings: &'a [Setting],
    /// Exemptions, expired ones included.
    pub exemptions: &'a [Exemption],
    /// Whether old violations are only warnings on UPDATE.
    pub ratchet: bool,
    /// What becomes of unverified findings.
    pub on_unseen: Action,
    lookups: Option<&'a Globs>,
}

impl<'a> Effective<'a> {
    /// Those rules, and for the rest what is in force where a policy says nothing else.
    #[must_use]
    pub fn of_settings(settings: &'a [Setting]) -> Self {
        Self {
            settings,
            exemptions: &[],
            ratchet: true,
            on_unseen: Action::Warn,
            lookups: None,
        }
    }

    /// Whether objects of other namespaces may learn what exists in this one.
    #[must_use]
    pub fn opens(&self, namespace: &str) -> bool {
        self.lookups.is_some_and(|globs| globs.matches(namespace))
    }
}

/// A compiled policy, with the built-in one behind it for what it does not match.
pub struct Policy {
    builtin: Vec<Setting>,
    namespaces: Globs,
    releases: Globs,
    settings: Vec<Setting>,
    exemptions: Vec<Exemption>,
    ratchet: bool,
    on_unseen: Action,
    lookups: Option<Globs>,
    pub(super) tmpfs: Vec<TmpfsPolicy>,
}

impl Policy {
    /// The policy of whoever wrote none.
    #[must_use]
    pub fn builtin() -> Self {
        Self {
            builtin: builtin_settings(),
            namespaces: Globs::default(),
            releases: Globs::default(),
            settings: builtin_settings(),
            exemptions: Vec::new(),
            ratchet: true,
            on_unseen: Action::Warn,
            lookups: None,
            tmpfs: Vec::new(),
        }
    }

    /// Compiles a written policy.
    ///
    /// # Errors
    /// The first rule, parameter, glob or pointer that cannot be understood.
    pub fn compile(spec: &ReleasePolicySpec) -> Result<Self, PolicyError> {
        let mut policy = Self::builtin();
        let at = Pointer::root().join("match");
        policy.namespaces = globs(&at, "namespaces", spec.matches.namespaces.as_deref())?;
        policy.releases = globs(&at, "releases", spec.matches.releases.as_deref())?;
        policy.ratchet = spec.ratchet.unwrap_or(true);
        policy.on_unseen = match spec.on_unseen {
            Some(Action::Off) => {
                return Err(PolicyError {
                    pointer: Pointer::root().join("onUnseen"),
                    message:
                        "what could not be verified cannot be hidden: use `audit`, `warn` or `deny`"
                            .to_owned(),
                    nearest: None,
                });
            }
            other => other.unwrap_or(Action::Warn),
        };
        if !spec.lookup_namespaces.is_empty() {
            let patterns = Some(spec.lookup_namespaces.as_slice());
            policy.lookups = Some(globs(&Pointer::root(), "lookupNamespaces", patterns)?);
        }
        for (name, rule) in &spec.rules {
            let pointer = Pointer::root().join("rules").join(name);
            let known = known_rule(name, &pointer)?;
            let setting = setting(known, rule, &pointer)?;
            if let Some(place) = policy
                .settings
                .iter_mut()
                .find(|place| place.rule.meta().name == name)
            {
                *place = setting;
            }
        }
        for (index, exemption) in spec.exemptions.iter().enumerate() {
            let pointer = Pointer::root().join("exemptions").join(&index.to_string());
            policy
                .exemptions
                .push(compile_exemption(exemption, &pointer)?);
        }
        Ok(policy)
    }

    /// What asks for tmpfs mounts in pods.
    #[must_use]
    pub fn tmpfs(&self) -> &[TmpfsPolicy] {
        &self.tmpfs
    }

    /// What is in force for `subject`.
    #[must_use]
    pub fn effective(&self, subject: &Subject<'_>) -> Effective<'_> {
        if self.namespaces.matches(subject.namespace) && self.releases.matches(subject.name) {
            Effective {
                settings: &self.settings,
                exemptions: &self.exemptions,
                ratchet: self.ratchet,
                on_unseen: self.on_unseen,
                lookups: self.lookups.as_ref(),
            }
        } else {
            Effective::of_settings(&self.builtin)
        }
    }

    /// Turns every rule off that `keep` refuses, in the built-in policy too: for `--select` and `--ignore`.
    pub fn keep_rules(&mut self, keep: impl Fn(&str) -> bool) {
        for setting in self.settings.iter_mut().chain(&mut self.builtin) {
            if !keep(setting.rule.meta().name) {
                setting.action = Action::Off;
            }
        }
    }
}

fn builtin_settings() -> Vec<Setting> {
    RULES
        .iter()
        .filter_map(|&rule| {
            let params = rule.params(rule.defaults()).ok()?;
            Some(Setting {
                rule,
                action: rule.meta().action,
                params,
            })
        })
        .collect()
}

fn known_rule(name: &str, pointer: &Pointer) -> Result<&'static dyn AnyRule, PolicyError> {
    rules::find(name).ok_or_else(|| PolicyError {
        pointer: pointer.clone(),
        message: format!("unknown rule `{name}`"),
        nearest: rules::nearest(name, RULES.iter().map(|rule| rule.meta().name)).map(str::to_owned),
    })
}

fn setting(
    rule: &'static dyn AnyRule,
    spec: &RuleSpec,
    pointer: &Pointer,
) -> Result<Setting, PolicyError> {
    let defaults = rule.defaults();
    let known = || {
        defaults
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
    };
    for key in spec.params.keys() {
        if !known().any(|name| name == key) {
            let nearest = rules::nearest(key, known().chain(["action"])).map(str::to_owned);
            return Err(PolicyError {
                pointer: pointer.clone().join(key),
                message: format!("rule `{}` has no parameter `{key}`", rule.meta().name),
                nearest,
            });
        }
    }
    let params = rule
        .params(Value::Object(spec.params.clone()))
        .map_err(|error| shape_error(&error, pointer))?;
    Ok(Setting {
        rule,
        action: spec.action.unwrap_or(rule.meta().action),
        params,
    })
}

fn compile_exemption(spec: &PolicyExemptionSpec, at: &Pointer) -> Result<Exemption, PolicyError> {
    let wrong = |key: &str, message: &str| PolicyError {
        pointer: at.clone().join(key),
        message: message.to_owned(),
        nearest: None,
    };
    if spec.reason.trim().is_empty() {
        return Err(wrong(
            "reason",
            "an exemption needs a reason that others can read",
        ));
    }
    if spec.rules.is_empty() {
        return Err(wrong(
            "rules",
            "an exemption names the rules that it covers",
        ));
    }
    let mut rules = Vec::new();
    for (index, name) in spec.rules.iter().enumerate() {
        let pointer = at.clone().join("rules").join(&index.to_string());
        rules.push(known_rule(name, &pointer)?.meta().name);
    }
    let pointers = match &spec.pointers {
        None => None,
        Some(texts) => Some(
            texts
                .iter()
                .map(|text| {
                    Pointer::parse(text)
                        .ok_or_else(|| wrong("pointers", "a JSON Pointer begins with `/`"))
                })
                .collect::<Result<_, _>>()?,
        ),
    };
    Ok(Exemption {
        rules,
        namespaces: globs(at, "namespaces", spec.namespaces.as_deref())?,
        releases: globs(at, "releases", spec.releases.as_deref())?,
        pointers,
        reason: spec.reason.clone(),
        expires_at: spec.expires_at,
    })
}
