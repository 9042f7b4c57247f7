//! The one function that judges, for the webhook, `check` and the scan alike.
//!
//! The order within: certainty → dry-run → exemption → ratchet → action. The old object is judged only when
//! a denial remains.

mod customs;
mod doubts;
mod mask;
mod ratchet;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod values;
mod verdict;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use doubts::{EXEMPTION, POLICY_MATCH};
pub use mask::{MASK, Masks, shown};
pub use ratchet::named_place;
pub use verdict::{Elsewhere, Note, Ruled, Verdict};

use crate::expression::{Deadline, Variables};
use crate::facts::{Facts, Scoped};
use crate::model::{Action, Basis, Case, Certainty, Finding, Findings, Pointer};
use crate::policy::{Effective, Exempted, Policy, Setting};
use crate::rules::Family;
use values::Values;

/// Judges one case. The same object, policy and facts always give the same verdict.
#[must_use]
pub fn judge(case: &Case<'_>, policy: &Policy, facts: &dyn Facts) -> Verdict {
    judge_until(case, policy, facts, &Deadline::default())
}

/// The same for whoever cannot wait for ever: an expression that would be evaluated after the deadline has no answer.
#[must_use]
pub fn judge_until(
    case: &Case<'_>,
    policy: &Policy,
    facts: &dyn Facts,
    deadline: &Deadline,
) -> Verdict {
    let variables = Variables::new(case, deadline);
    let effective = policy.effective(case, facts, &variables);
    let is_open = |namespace: &str| effective.opens(namespace);
    let scoped = Scoped::new(facts, case.subject.namespace, &is_open);
    let court = Court {
        policy: &effective,
        facts: &scoped,
    };
    let mut verdict = match values::read(&case.subject, &scoped) {
        None => court.judge(case),
        Some(values) => court.judge_merged(case, &values),
    };
    verdict.add(court.judge_customs(case, &variables, deadline));
    verdict.add(court.doubts(case, &verdict));
    let is_exempt = |ruled: &Ruled| matches!(ruled.note, Some(Note::Exempt { .. }));
    if verdict.findings.iter().any(is_exempt) {
        mask::notes(&mut verdict, &case.subject);
    }
    verdict
}

/// What a case is judged by.
struct Court<'c> {
    policy: &'c Effective<'c>,
    facts: &'c dyn Facts,
}

impl Court<'_> {
    fn judge(&self, case: &Case<'_>) -> Verdict {
        let mut ruled = self.rule(case, |_| true, |_| None);
        if ruled.is_empty() {
            return Verdict::default();
        }
        self.ratchet(&mut ruled, case, true, &|_| true);
        mask::apply(&mut [(&mut ruled, &case.subject)]);
        Verdict::of(ruled)
    }

    /// Judges a release by its values as Helm would merge them.
    fn judge_merged(&self, case: &Case<'_>, values: &Values<'_>) -> Verdict {
        let Some(merged) = values.case(case) else {
            return self.judge(case);
        };
        let own = case.subject.root;
        let mut ruled = self.rule(
            &merged,
            |_| true,
            |finding| {
                values.mark(finding, own);
                values.entry(&finding.pointer, own)
            },
        );
        let is_written = |finding: &Finding| values.entry(&finding.pointer, own).is_none();
        self.ratchet(&mut ruled, &merged, true, &is_written);
        // What a ConfigMap replaces, or gives another name, is in the object all the same, and in Git.
        let mut hidden = Vec::new();
        if values.are_merged() {
            let found: HashSet<&str> = ruled
                .iter()
                .filter(|ruled| ruled.finding.conceals && is_written(&ruled.finding))
                .map(|ruled| ruled.finding.pointer.as_str())
                .collect();
            let knows_secrets = |setting: &Setting| setting.rule.meta().family == Family::Secrets;
            hidden = self.rule(case, knows_secrets, |_| None);
            hidden.retain(|Ruled { finding, .. }| {
                finding.conceals && !found.contains(finding.pointer.as_str())
            });
            self.ratchet(&mut hidden, case, false, &|_| true);
        }
        mask::apply(&mut [(&mut ruled, &merged.subject), (&mut hidden, &case.subject)]);
        let mut elsewhere = Vec::new();
        for ruled in &mut ruled {
            let finding = &mut ruled.finding;
            let Some(entry) = values.entry(&finding.pointer, own) else {
                continue;
            };
            if finding.conceals {
                let value = finding.pointer.resolve(merged.subject.root);
                elsewhere.extend(value.and_then(Elsewhere::of));
                finding.conceals = false;
            }
            finding.pointer = entry;
        }
        ruled.append(&mut hidden);
        Verdict {
            elsewhere,
            ..Verdict::of(ruled)
        }
    }

    /// What the policy makes of what its rules find, before the ratchet. `place` gives a finding the
    /// other place by which people know it.
    fn rule(
        &self,
        case: &Case<'_>,
        is_asked: impl Fn(&Setting) -> bool,
        place: impl Fn(&mut Finding) -> Option<Pointer>,
    ) -> Vec<Ruled> {
        let mut ruled = Vec::new();
        for setting in self.policy.settings() {
            if !applies(setting, case) || !is_asked(setting) {
                continue;
            }
            for mut finding in ask(setting, case, self.facts) {
                let place = place(&mut finding);
                ruled.push(rule_on(
                    finding,
                    place.as_ref(),
                    setting.action,
                    case,
                    self.policy,
                ));
            }
        }
        ruled
    }

    /// Applies the ratchet; `merges` says whether the old object is judged by its merged values, and
    /// `is_written` whether what was found is in the object itself.
    fn ratchet(
        &self,
        ruled: &mut [Ruled],
        case: &Case<'_>,
        merges: bool,
        is_written: &dyn Fn(&Finding) -> bool,
    ) {
        if self.policy.ratchet() && ruled.iter().any(|ruled| ruled.action == Action::Deny) {
            ratchet::apply(ruled, case, self, merges, is_written);
        }
    }
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
fn rule_on(
    finding: Finding,
    place: Option<&Pointer>,
    action: Action,
    case: &Case<'_>,
    policy: &Effective<'_>,
) -> Ruled {
    let mut ruled = Ruled {
        action: action
            .min(finding.at_most)
            .min(case.subject.kind.at_most(case.request.form)),
        note: None,
        finding,
    };
    if ruled.finding.certainty == Certainty::Unverified {
        ruled.action = ruled.action.min(policy.on_unseen());
        ruled.note = Some(Note::Unverified);
    }
    if ruled.finding.basis == Basis::Facts && case.request.dry_run && ruled.action == Action::Deny {
        ruled.action = Action::Warn;
        ruled.note = Some(Note::DryRun);
    }
    let finding = &ruled.finding;
    let places = [Some(&finding.pointer), place];
    let places: Vec<_> = places.into_iter().flatten().collect();
    match policy.exempted(&case.subject, &finding.rule, &places, case.now) {
        None => {}
        Some(Exempted::Until { at, reason, by }) => {
            ruled.action = ruled.action.min(Action::Audit);
            ruled.note = Some(Note::Exempt {
                reason,
                until: at,
                by,
            });
        }
        Some(Exempted::Ended { at, by }) => ruled.note = Some(Note::ExemptionExpired { at, by }),
        Some(Exempted::NotOpened { by }) => {
            ruled.note = Some(Note::ExemptionNotOpened { by });
        }
    }
    ruled
}
