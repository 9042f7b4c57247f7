//! What is in force for an object, as `policy effective` tells it to people and to programs.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::asked::Asked;
use crate::expression::{Deadline, Variables};
use crate::model::{Action, Case, Form, Subject};
use crate::policy::{Effective, Fit, Granted, ReleasePolicy, Standing};

/// All of it. `docs/json.md` describes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    pub(super) version: u32,
    pub(super) object: Object,
    /// Where the policies are from.
    pub(super) from: String,
    /// What is not known.
    pub(super) notes: Vec<String>,
    pub(super) policies: Vec<PolicyRow>,
    pub(super) rules: Vec<RuleRow>,
    pub(super) ratchet: bool,
    pub(super) on_unseen: Action,
    pub(super) lookup_namespaces: Vec<Lookup>,
    pub(super) exemptions: Vec<ExemptionRow>,
    /// The lines of the exempting annotation that cannot be read, from 1.
    pub(super) unreadable_lines: Vec<usize>,
}

#[derive(Serialize)]
pub(super) struct Object {
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    pub(super) name: String,
}

#[derive(Serialize)]
pub(super) struct PolicyRow {
    pub(super) name: String,
    /// `yes`, `no` or `unknown`.
    pub(super) applies: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

#[derive(Serialize)]
pub(super) struct RuleRow {
    pub(super) rule: String,
    pub(super) action: Action,
    pub(super) votes: Vec<VoteRow>,
    pub(super) parameters: Vec<Parameter>,
}

#[derive(Serialize)]
pub(super) struct VoteRow {
    /// `None` for the built-in policy.
    pub(super) policy: Option<String>,
    pub(super) action: Action,
    /// `counts`, `replaced` or `unknown`.
    pub(super) standing: &'static str,
}

#[derive(Serialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) policy: String,
}

#[derive(Serialize)]
pub(super) struct Lookup {
    pub(super) namespaces: String,
    pub(super) policy: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExemptionRow {
    pub(super) rule: String,
    pub(super) by: String,
    /// `in force`, `ended` or `not opened`.
    pub(super) state: &'static str,
    pub(super) until: Timestamp,
    pub(super) reason: String,
    pub(super) opened_by: Vec<String>,
}

impl Asked {
    /// What is in force, of `only` these rules where any are named. `None` for a kind that is not judged.
    pub(super) fn answer(&self, now: Timestamp, only: &[String]) -> Option<Answer> {
        let mut case = Case::of_file(Subject::new(&self.object)?, now);
        case.request.form = Form::Applied;
        let deadline = Deadline::default();
        let variables = Variables::new(&case, &deadline);
        let effective = self.policy.effective(&case, &self.world, &variables);
        let is_shown = |rule: &str| only.is_empty() || only.iter().any(|name| name == rule);
        let mut rules = rules(&effective, &case);
        rules.retain(|row| is_shown(&row.rule));
        let exemptions = effective.exemptions(&case.subject, now);
        let exemptions = exemptions.iter().filter(|granted| is_shown(granted.rule));
        let subject = &case.subject;
        Some(Answer {
            version: 1,
            object: Object {
                kind: subject.kind.name(),
                namespace: subject.namespace.to_owned(),
                name: subject.name.to_owned(),
            },
            from: self.from.clone(),
            notes: self.notes.clone(),
            policies: self
                .policy
                .fits(&case, &self.world)
                .into_iter()
                .map(|(policy, fit)| policy_row(policy, fit))
                .collect(),
            rules,
            ratchet: effective.ratchet(),
            on_unseen: effective.on_unseen(),
            lookup_namespaces: effective.policies().flat_map(lookups).collect(),
            exemptions: exemptions.map(exemption_row).collect(),
            unreadable_lines: effective.unreadable_lines(subject).to_vec(),
        })
    }
}

/// A policy's name as people are told it.
fn named(policy: &str) -> String {
    match policy {
        "" => "the policy file".to_owned(),
        name => name.to_owned(),
    }
}

fn policy_row(policy: &ReleasePolicy, fit: Fit) -> PolicyRow {
    let (applies, why) = match fit {
        Fit::Applies => ("yes", None),
        Fit::Not(why) => ("no", Some(why)),
        Fit::Unknown(why) => ("unknown", Some(why)),
    };
    PolicyRow {
        name: named(policy.name()),
        applies,
        why,
    }
}

fn rules(effective: &Effective<'_>, case: &Case<'_>) -> Vec<RuleRow> {
    let kind = case.subject.kind;
    let settings = effective.settings().iter();
    let known = settings.filter(|setting| setting.rule.meta().subjects.contains(&kind));
    let mut rules: Vec<RuleRow> = known
        .map(|setting| {
            let name = setting.rule.meta().name;
            let votes = setting.votes.iter().map(|vote| VoteRow {
                policy: vote.policy.as_deref().map(named),
                action: vote.action,
                standing: match vote.standing {
                    Standing::Counts => "counts",
                    Standing::Replaced => "replaced",
                    Standing::Unknown => "unknown",
                },
            });
            let parameters = effective.policies().flat_map(|policy| {
                let said = policy.says(name).into_iter();
                said.flat_map(move |(_, params)| {
                    params.iter().map(move |(key, value)| Parameter {
                        name: key.clone(),
                        value: value.clone(),
                        policy: named(policy.name()),
                    })
                })
            });
            RuleRow {
                rule: name.to_owned(),
                action: setting.action,
                votes: votes.collect(),
                parameters: parameters.collect(),
            }
        })
        .collect();
    let customs = effective.customs().iter();
    rules.extend(
        customs
            .filter(|custom| custom.rule.judges(kind))
            .map(|custom| {
                let is_sure = effective
                    .policies()
                    .any(|policy| *policy.name() == *custom.from);
                RuleRow {
                    rule: custom.rule.name().to_owned(),
                    action: custom.action,
                    votes: vec![VoteRow {
                        policy: Some(named(&custom.from)),
                        action: custom.action,
                        standing: if is_sure { "counts" } else { "unknown" },
                    }],
                    parameters: Vec::new(),
                }
            }),
    );
    rules
}

fn lookups(policy: &ReleasePolicy) -> impl Iterator<Item = Lookup> + use<'_> {
    policy.lookup_namespaces().iter().map(|namespaces| Lookup {
        namespaces: namespaces.clone(),
        policy: named(policy.name()),
    })
}

fn exemption_row(granted: &Granted<'_>) -> ExemptionRow {
    let opened_by = granted.opened_by.iter();
    ExemptionRow {
        rule: granted.rule.to_string(),
        by: granted.exemption.by().to_string(),
        state: granted.state.as_str(),
        until: granted.exemption.expires_at(),
        reason: granted.exemption.reason().to_owned(),
        opened_by: opened_by.map(|policy| named(policy)).collect(),
    }
}
