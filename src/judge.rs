//! The one function that judges, for the webhook, `check` and the scan alike.
//!
//! The order within: certainty → dry-run → exemption → ratchet → action. The old object is judged only when
//! a denial remains.

mod mask;
mod ratchet;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod verdict;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use mask::{MASK, Masks, shown};
pub use ratchet::named_place;
pub use verdict::{Note, Ruled, Verdict};

use crate::facts::{Facts, Scoped};
use crate::model::{Action, Basis, Case, Certainty, Finding, Findings, Pointer};
use crate::policy::{Effective, Setting};

/// Judges one case. The same object, policy and facts always give the same verdict.
#[must_use]
pub fn judge(case: &Case<'_>, policy: &Effective<'_>, facts: &dyn Facts) -> Verdict {
    let is_open = |namespace: &str| policy.opens(namespace);
    let scoped = Scoped::new(facts, case.subject.namespace, &is_open);
    let facts: &dyn Facts = &scoped;
    let mut ruled = Vec::new();
    for setting in policy.settings {
        if !applies(setting, case) {
            continue;
        }
        for finding in ask(setting, case, facts) {
            ruled.push(rule_on(finding, setting.action, case, policy));
        }
    }
    if ruled.is_empty() {
        return Verdict::default();
    }
    if policy.ratchet && ruled.iter().any(|ruled| ruled.action == Action::Deny) {
        ratchet::apply(&mut ruled, case, policy, facts);
    }
    mask::apply(&mut ruled, &case.subject);
    ruled.retain(|ruled| ruled.action != Action::Off);
    Verdict { findings: ruled }
}

fn applies(setting: &Setting, case: &Case<'_>) -> bool {
    setting.action != Action::Off && setting.rule.meta().subjects.contains(&case.subject.kind)
}

/// Asks one rule. One that panics is a denial that names it: a crafted release must not get past by
/// crashing its judge.
fn ask(setting: &Setting, case: &Case<'_>, facts: &dyn Facts) -> Vec<Finding> {
    let name = setting.rule.meta().name;
    let answered = catch_unwind(AssertUnwindSafe(|| {
        let mut findings = Findings::of(name);
        setting
            .rule
            .check(case, &setting.params, facts, &mut findings);
        findings.into_vec()
    }));
    answered.unwrap_or_else(|_| {
        let mut findings = Findings::of(name);
        findings
            .at_pointer(
                Pointer::root(),
                format!("the rule `{name}` failed on this object, so the object was not judged"),
            )
            .help("report this as a bug of Lockkeeper; until it is mended, exempt the release from this rule in the policy");
        findings.into_vec()
    })
}

/// What the policy makes of a finding, before the ratchet.
fn rule_on(finding: Finding, action: Action, case: &Case<'_>, policy: &Effective<'_>) -> Ruled {
    let mut ruled = Ruled {
        action: action
            .min(finding.at_most)
            .min(case.subject.kind.at_most(case.request.form)),
        note: None,
        finding,
    };
    if ruled.finding.certainty == Certainty::Unverified {
        ruled.action = ruled.action.min(policy.on_unseen);
        ruled.note = Some(Note::Unverified);
    }
    if ruled.finding.basis == Basis::Facts && case.request.dry_run && ruled.action == Action::Deny {
        ruled.action = Action::Warn;
        ruled.note = Some(Note::DryRun);
    }
    let covering = policy
        .exemptions
        .iter()
        .filter(|exemption| exemption.covers(&case.subject, &ruled.finding));
    for exemption in covering {
        if exemption.is_expired(case.now) {
            ruled.note = Some(Note::ExemptionExpired {
                at: exemption.expires_at(),
            });
        } else {
            ruled.action = ruled.action.min(Action::Audit);
            ruled.note = Some(Note::Exempt {
                reason: exemption.reason().to_owned(),
                until: exemption.expires_at(),
            });
            break;
        }
    }
    ruled
}
