//! `weak-default-secret`: a password that anyone would guess.

use super::{Kept, LiteralParams};
use crate::facts::Facts;
use crate::model::{Action, Case, Findings, Kind};
use crate::rules::{Family, Meta, Rule, rule};

rule! {
    /// ## What it does
    /// Refuses a guessable word where a password, token or key belongs: `admin`, `changeme`, the
    /// name of the app or of its chart, a short word or number. So it does in Flux's Kustomization,
    /// where it is at most a warning at admission.
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
    /// ## Options
    /// * `allowAnnotation` (default false): whether the annotation `lockkeeper.dev/allow-literal:
    ///   '<pointer>: reason; …'` on the object makes an audit of the finding at that JSON Pointer.
    ///   In files that `check` reads, the comment `# lockkeeper.dev/allow-literal: reason` on the line
    ///   of the value, or alone on the line above, does the same. The API server keeps no comments, so
    ///   admission honours the annotation only.
    /// * `encryptedAnnotation` (default false): the same for `lockkeeper.dev/encrypted-in-git:
    ///   '<pointer>; …'`, for values that SOPS encrypts in Git and Flux decrypts.
    /// * `controller`: the user name of kustomize-controller. What it writes is compared with the
    ///   variables that it substituted from Secrets, where Lockkeeper may read them; a literal that
    ///   is one of them is only an audit.
    ///
    /// ## References
    /// * <https://cwe.mitre.org/data/definitions/1392.html>
    pub struct WeakDefaultSecret;
}

const HELP: &str = "let a generator make it, keep it in a Secret, and refer to that (`existingSecret`, `valueFrom.secretKeyRef`, `${NAME}`)";

const HELP_KUSTOMIZATION: &str =
    "let a generator make it, keep it in a Secret, and name that in `postBuild.substituteFrom`";

impl Rule for WeakDefaultSecret {
    type Params = LiteralParams;
    const META: Meta = Meta {
        name: "weak-default-secret",
        family: Family::Secrets,
        subjects: &Kind::ALL,
        action: Action::Deny,
        summary: "a password that anyone would guess",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, params: &Self::Params, facts: &dyn Facts, out: &mut Findings) {
        let help = match case.subject.kind {
            Kind::Kustomization => HELP_KUSTOMIZATION,
            _ => HELP,
        };
        super::check(case, Kept::Weak, help, params, facts, out);
    }
}
