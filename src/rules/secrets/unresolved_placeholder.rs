//! `unresolved-placeholder`: a `${NAME}` that is still there after Flux substituted.

use serde_json::Value;

use crate::facts::Facts;
use crate::model::{Action, Case, Findings, Form, Kind, NodeId, Step, Tree};
use crate::rules::{Family, Meta, NoParams, Rule, rule};
use crate::secrets::looks_like_secret;

rule! {
    /// ## What it does
    /// Warns of a `${NAME}` in an object that reaches the API server: Flux substitutes before it
    /// applies, so nobody will fill it in any more.
    ///
    /// ## Why is this bad
    /// The app gets the text `${NAME}` as its password or host. Mostly the Kustomization has no
    /// `postBuild.substituteFrom`, or somebody applied the file by hand.
    ///
    /// ## Example
    /// ```yaml
    /// values:
    ///   env:
    ///     DB_PASSWD: ${ROMM_DB_PASSWORD}
    /// ```
    ///
    /// ## Use instead
    /// The same file, applied by a Kustomization that substitutes:
    /// ```yaml
    /// postBuild:
    ///   substituteFrom:
    ///     - kind: Secret
    ///       name: cluster-secrets
    /// ```
    ///
    /// ## What is not judged
    /// Files, as `lockkeeper check` reads them; texts of several lines and arguments of containers,
    /// where a shell or the app may expand the name; and objects with the annotation
    /// `kustomize.toolkit.fluxcd.io/substitute: disabled`.
    ///
    /// ## References
    /// * <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>
    pub struct UnresolvedPlaceholder;
}

const HELP: &str = "give the Kustomization `postBuild.substituteFrom`, or, if the app expands the name itself, annotate the object with `kustomize.toolkit.fluxcd.io/substitute: disabled`";

impl Rule for UnresolvedPlaceholder {
    type Params = NoParams;
    const META: Meta = Meta {
        name: "unresolved-placeholder",
        family: Family::Secrets,
        subjects: &[Kind::HelmRelease, Kind::OciRepository, Kind::HelmChart],
        action: Action::Warn,
        summary: "a `${NAME}` that is still there after Flux substituted",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, _: &Self::Params, _: &dyn Facts, out: &mut Findings) {
        let subject = &case.subject;
        let is_disabled = |value| value == "disabled";
        if case.request.form != Form::Applied
            || subject.annotation(SUBSTITUTE).is_some_and(is_disabled)
            || subject.label(SUBSTITUTE).is_some_and(is_disabled)
        {
            return;
        }
        let tree = &subject.tree;
        let Some(spec) = subject.spec() else { return };
        let mut at = spec;
        while at < tree.after(spec) {
            let node = tree.node(at);
            match node.value {
                Value::Array(_) if node.step.key().is_some_and(expands) => {
                    at = tree.after(at);
                    continue;
                }
                Value::String(text) => {
                    if let Some(name) = placeholder(text) {
                        report(tree, at, name, out);
                    }
                }
                _ => {}
            }
            at = tree.next(at);
        }
    }
}

const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// Lists that a shell or the container runtime reads.
fn expands(key: &str) -> bool {
    matches!(key, "args" | "command")
}

fn report(tree: &Tree<'_>, node: NodeId, name: &str, out: &mut Findings) {
    let message = match (tree.node(node).step, looks_like_secret(name)) {
        (_, true) => "a placeholder was not substituted".to_owned(),
        (Step::Key(key), false) if !looks_like_secret(key) => {
            format!("`${{{name}}}` in `{key}` was not substituted")
        }
        (_, false) => format!("`${{{name}}}` was not substituted"),
    };
    out.at(tree, node, message).help(HELP);
}

/// The name in the first `${NAME}` of a text of one line; its default, if any, was not used either.
fn placeholder(text: &str) -> Option<&str> {
    if text.contains('\n') {
        return None;
    }
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let inside = &rest[start + 2..];
        let length = inside
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let (name, after) = inside.split_at(length);
        let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if begins && after.starts_with(['}', ':', '=', '-']) && after.contains('}') {
            return Some(name);
        }
        rest = inside;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_flux_placeholders_are_found() {
        for (text, expected) in [
            ("${DB_PASSWORD}", Some("DB_PASSWORD")),
            ("https://romm.${SECRET_DOMAIN}/", Some("SECRET_DOMAIN")),
            ("${DB_PASSWORD:=x}", Some("DB_PASSWORD")),
            ("$(DB_PASSWORD)", None),
            ("${}", None),
            ("${1}", None),
            ("${a.b}", None),
            ("${not closed", None),
            ("{{ .x }}", None),
            ("two\n${LINES}", None),
        ] {
            assert_eq!(placeholder(text), expected, "{text}");
        }
    }
}
