//! `literal-secret`: a secret written out where a placeholder or a reference belongs.

use super::{Kept, LiteralParams};
use crate::facts::Facts;
use crate::model::{Action, Case, Findings, Kind};
use crate::rules::{Family, Meta, Rule, rule};

rule! {
    /// ## What it does
    /// Refuses a secret that is written out in the values, patches, annotations or labels of a
    /// release: a literal under the key of a password, token or key; a password in a URL; private
    /// keys, JWTs, password hashes and the tokens of known vendors under any key, and as keys; and the
    /// same within files, commands and embedded Secret manifests.
    ///
    /// Flux's Kustomization is judged too: what stands in `postBuild.substitute`, in its patches, or
    /// in a ConfigMap that `substituteFrom` names, is plain text in Git. At admission that is at most
    /// a warning, as a Kustomization that is refused would hold up everything that Flux applies by it.
    ///
    /// ## Why is this bad
    /// A HelmRelease is kept in Git and can be read by whoever may list releases. A secret in it is
    /// published, stays in the history after it is removed, and must be replaced.
    ///
    /// ## Example
    /// ```yaml
    /// values:
    ///   env:
    ///     DATABASE_URL: postgres://romm:Tr0ub4dor-and-3@postgres/romm
    /// ```
    ///
    /// ## Use instead
    /// ```yaml
    /// values:
    ///   env:
    ///     DATABASE_URL: postgres://romm:${ROMM_DB_PASSWORD}@postgres/romm
    /// ```
    /// or a reference: `valueFrom.secretKeyRef`, `existingSecret`, `envFrom.secretRef`.
    ///
    /// ## What is not judged
    /// Placeholders of every dialect, references to Secrets and to vaults, names and paths of
    /// secrets, digests, public keys and certificates, and what SOPS or a SealedSecret encrypts.
    /// A guessable word is `weak-default-secret`'s. Of a ConfigMap that `substituteFrom` names and
    /// that could not be read nothing is said: without a cluster that would be every one.
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
    /// * <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>
    /// * <https://fluxcd.io/flux/components/helm/helmreleases/#values-references>
    pub struct LiteralSecret;
}

const HELP: &str = "keep the value in a Secret and refer to it (`valueFrom.secretKeyRef`, `existingSecret`), or write `${NAME}` and let Flux substitute it (`postBuild.substituteFrom`); replace the value, as it is known now";

const HELP_KUSTOMIZATION: &str = "keep the value in a Secret and name that in `postBuild.substituteFrom`; replace the value, as it is known now";

impl Rule for LiteralSecret {
    type Params = LiteralParams;
    const META: Meta = Meta {
        name: "literal-secret",
        family: Family::Secrets,
        subjects: &Kind::ALL,
        action: Action::Deny,
        summary: "a secret written out where a placeholder or a reference belongs",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, params: &Self::Params, facts: &dyn Facts, out: &mut Findings) {
        let help = match case.subject.kind {
            Kind::Kustomization => HELP_KUSTOMIZATION,
            _ => HELP,
        };
        super::check(case, Kept::Literal, help, params, facts, out);
    }
}
