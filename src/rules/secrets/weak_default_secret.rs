//! `weak-default-secret`: a password that anyone would guess.

use crate::facts::Facts;
use crate::model::{Action, Case, Findings, Kind};
use crate::rules::{Family, Meta, NoParams, Rule, rule};
use crate::secrets::{Grade, scan_subject};

rule! {
    /// ## What it does
    /// Refuses a guessable word where a password, token or key belongs: `admin`, `changeme`, the
    /// name of the app or of its chart, a short word or number.
    ///
    /// ## Why is this bad
    /// It is the first thing that anyone tries, and it stands in a public repository beside the
    /// address of the service. Most literal secrets in real releases are of this kind.
    ///
    /// ## Example
    /// ```yaml
    /// values:
    ///   adminPassword: admin
    /// ```
    ///
    /// ## Use instead
    /// ```yaml
    /// values:
    ///   admin:
    ///     existingSecret: grafana-admin
    /// ```
    ///
    /// ## What is not judged
    /// Words that say that nothing is set, such as `none` or `disabled`. A guessable word that
    /// stands only as the default of a placeholder, as in `${KEY:=dummy}`, is never more than a
    /// warning. It is a rule of its own so that a lab can lower it.
    ///
    /// ## References
    /// * <https://cwe.mitre.org/data/definitions/1392.html>
    pub struct WeakDefaultSecret;
}

const HELP: &str = "let a generator make the password, keep it in a Secret, and refer to that (`existingSecret`, `valueFrom.secretKeyRef`, `${NAME}`)";
const HELP_FALLBACK: &str = "leave the default out, so that a missing variable is seen rather than replaced by a known word";

impl Rule for WeakDefaultSecret {
    type Params = NoParams;
    const META: Meta = Meta {
        name: "weak-default-secret",
        family: Family::Secrets,
        subjects: &[Kind::HelmRelease, Kind::OciRepository, Kind::HelmChart],
        action: Action::Deny,
        summary: "a password that anyone would guess",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, _: &Self::Params, _: &dyn Facts, out: &mut Findings) {
        let tree = &case.subject.tree;
        scan_subject(&case.subject, |hit| {
            let Some(worst) = hit.worst() else { return };
            if !super::is_weak(&hit) {
                return;
            }
            let finding = super::report(tree, &hit, worst, out);
            if worst.grade == Grade::WeakFallback {
                finding.help(HELP_FALLBACK).at_most(Action::Warn);
            } else {
                finding.help(HELP);
            }
        });
    }
}
