//! The rules that policies bring, in CEL: judged like every other, over the object as it is written.

use super::{Court, Note, Ruled, rule_on};
use crate::expression::{Deadline, Variables};
use crate::model::{Action, Case, Certainty};

impl Court<'_> {
    pub(super) fn judge_customs(
        &self,
        case: &Case<'_>,
        variables: &Variables<'_>,
        deadline: &Deadline,
    ) -> Vec<Ruled> {
        let mut ruled = Vec::new();
        for custom in self.policy.customs() {
            if custom.action == Action::Off || !custom.rule.judges(case.subject.kind) {
                continue;
            }
            let Some(finding) = custom.rule.check(variables) else {
                continue;
            };
            let mut found = rule_on(finding, None, custom.action, case, self.policy);
            if found.action == Action::Deny
                && self.policy.ratchet()
                && !matches!(found.note, Some(Note::ExemptionExpired { .. }))
                && found.finding.certainty == Certainty::Definite
                && self.was_so_before(case, deadline, |variables| {
                    let before = custom.rule.check(variables);
                    before.is_some_and(|before| before.certainty == Certainty::Definite)
                })
            {
                found.action = Action::Warn;
                found.note = Some(Note::AlreadyThere);
            }
            ruled.push(found);
        }
        ruled
    }

    /// Whether that holds of the object before an update.
    fn was_so_before(
        &self,
        case: &Case<'_>,
        deadline: &Deadline,
        holds: impl FnOnce(&Variables<'_>) -> bool,
    ) -> bool {
        let Some(old) = case.old() else { return false };
        let old = Case {
            subject: old,
            before: None,
            request: case.request,
            now: case.now,
            comments: None,
        };
        holds(&Variables::new(&old, deadline))
    }
}
