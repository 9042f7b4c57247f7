//! What nobody can say of the policies themselves: told as a finding, so that silence never looks like a pass.

use super::{Court, Ruled, Verdict, rule_on};
use crate::model::{Action, Case, Findings, Pointer};
use crate::policy::{ANNOTATION, By, MOST_LINES};

/// The name of findings about a policy of which nobody can say whether it is for the object.
pub const POLICY_MATCH: &str = "policy-match";
/// The name of findings about an exemption that cannot be read.
pub const EXEMPTION: &str = "exemption";

impl Court<'_> {
    pub(super) fn doubts(&self, case: &Case<'_>, verdict: &Verdict) -> Vec<Ruled> {
        let mut findings = Findings::of(POLICY_MATCH);
        for (policy, why) in self.policy.doubts() {
            let policy = By::Policy(policy.into());
            let message = format!(
                "whether {policy} is for this object is not known ({why}), so it opens nothing here, and what it says of rules is no harder than `onUnseen`"
            );
            findings
                .at_pointer(Pointer::root(), message)
                .unverified()
                .at_most(Action::Warn)
                .help("mend what could not be seen, or the policy's `match`");
        }
        let mut ruled: Vec<Ruled> = findings
            .into_vec()
            .into_iter()
            .map(|finding| rule_on(finding, None, Action::Warn, case, self.policy))
            .collect();
        if verdict.findings.is_empty() {
            return ruled;
        }
        let mut findings = Findings::of(EXEMPTION);
        for line in self.policy.unreadable_lines(&case.subject) {
            let at = Pointer::root()
                .join("metadata")
                .join("annotations")
                .join(ANNOTATION);
            let message = match *line {
                line if line > MOST_LINES => format!(
                    "line {line} of the annotation and those behind it exempt nothing: {MOST_LINES} lines are read"
                ),
                line => format!("line {line} of the annotation exempts nothing: it cannot be read"),
            };
            findings
                .at_pointer(at, message)
                .at_most(Action::Warn)
                .help("write `<rule> until <date>: <reason>` with the name of a rule that there is, and a JSON Pointer behind it where only one place is meant");
        }
        let unreadable = findings.into_vec().into_iter();
        ruled.extend(
            unreadable.map(|finding| rule_on(finding, None, Action::Warn, case, self.policy)),
        );
        ruled
    }
}
