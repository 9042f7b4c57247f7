//! Values that must stay placeholders or references.

mod allowance;
pub mod literal_secret;
pub mod missing_secret_source;
mod provenance;
mod substitute_from;
#[cfg(test)]
mod tests;
pub mod unresolved_placeholder;
pub mod unseen_values;
pub mod weak_default_secret;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::facts::{Facts, Unseen};
use crate::model::{Action, Case, Finding, Findings, Kind, Subject, Tree};
use crate::rules::{Params, Stricter};
use crate::secrets::{Found, Grade, Hit, What, looks_like_secret, secrets_of};
use allowance::Allowances;
use provenance::{Origin, Owner};

/// What a policy can set for the rules about literals.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct LiteralParams {
    /// Whether the annotation `lockkeeper.dev/allow-literal` counts, and the comment of that name in files.
    pub allow_annotation: bool,
    /// Whether the annotation `lockkeeper.dev/encrypted-in-git` counts.
    pub encrypted_annotation: bool,
    /// Who writes what Flux substituted: the user name of kustomize-controller.
    pub controller: String,
}

impl Default for LiteralParams {
    fn default() -> Self {
        Self {
            allow_annotation: false,
            encrypted_annotation: false,
            controller: "system:serviceaccount:flux-system:kustomize-controller".to_owned(),
        }
    }
}

impl Params for LiteralParams {}

impl Stricter for LiteralParams {
    fn stricter(self, other: Self) -> Self {
        Self {
            allow_annotation: self.allow_annotation && other.allow_annotation,
            encrypted_annotation: self.encrypted_annotation && other.encrypted_annotation,
            // Where they disagree nobody is believed to be Flux.
            controller: match self.controller == other.controller {
                true => self.controller,
                false => String::new(),
            },
        }
    }
}

/// Which literals a rule reports. The worst of the secrets in a scalar decides, so that no scalar is
/// reported twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Secrets that nobody would guess.
    Literal,
    /// Words that anyone would.
    Weak,
}

impl Kept {
    /// The scalars of a subject that are the rule's, each with the worst that is in it.
    fn hits<'s>(self, subject: &'s Subject<'_>) -> impl Iterator<Item = (&'s Hit, &'s Found)> {
        secrets_of(subject)
            .iter()
            .filter_map(|hit| Some((hit, hit.worst()?)))
            .filter(move |(_, worst)| (worst.grade == Grade::Literal) == (self == Kept::Literal))
    }
}

/// Reports the scalars of the case's subject that are the rule's.
fn check(
    case: &Case<'_>,
    kept: Kept,
    help: &'static str,
    params: &LiteralParams,
    facts: &dyn Facts,
    out: &mut Findings,
) {
    let tree = &case.subject.tree;
    let mut owner = None;
    let mut allowances = None;
    for (hit, worst) in kept.hits(&case.subject) {
        let owner = owner.get_or_insert_with(|| Owner::of(case, &params.controller, facts));
        let finding = report(tree, hit, worst, out);
        finding.help(help);
        if worst.grade == Grade::WeakFallback {
            finding.help(HELP_FALLBACK).at_most(Action::Warn);
        }
        let text = match tree.value(hit.node) {
            Value::String(text) => Some(Cow::Borrowed(text.as_str())),
            // What Flux substituted from a Secret's digits arrives as a number.
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        };
        excuse(
            finding,
            case,
            allowances.get_or_insert_with(|| Allowances::of(&case.subject)),
            params,
            &owner.origin(hit, text.as_deref()),
            help,
        );
    }
    if case.subject.kind == Kind::Kustomization {
        substitute_from::check(case, kept, help, facts, out);
    }
}

const HELP_FALLBACK: &str = "leave the default out, so that a missing variable is seen rather than replaced by a known word";

const HELP_RIGHT: &str = "; if Flux substituted it, let Lockkeeper read the Secret that `substituteFrom` names (`serve --read-secret NAMESPACE/NAME`, see docs/security.md)";

const HELP_DECRYPTED: &str = "; its Kustomization decrypts with SOPS: if the value is encrypted in Git, name its place in the annotation `lockkeeper.dev/encrypted-in-git`, where the policy allows that";

/// Lowers a finding whose literal is allowed, encrypted in Git, or came from a placeholder.
fn excuse(
    finding: &mut Finding,
    case: &Case<'_>,
    allowances: &Allowances<'_>,
    params: &LiteralParams,
    origin: &Origin<'_>,
    help: &'static str,
) {
    let allowed = allowance(case, allowances, finding);
    if let Some((what, reason)) = allowed {
        let counts = params.allow_annotation && !reason.is_empty();
        finding.message.push_str("; the ");
        finding.message.push_str(what);
        finding.message.push_str(" `lockkeeper.dev/allow-literal` ");
        finding.message.push_str(match (counts, reason.is_empty()) {
            (true, _) => "allows it: ",
            (_, true) => "gives no reason, so it allows nothing",
            _ => "does not count, as the policy does not set `allowAnnotation`",
        });
        if counts {
            finding.message.push_str(reason);
            finding.at_most(Action::Audit);
            return;
        }
    }
    if allowances.is_there && allowed.is_none() {
        // Its author may believe that it is allowed.
        finding.message.push_str(
            "; the annotation `lockkeeper.dev/allow-literal` gives no reason for this place",
        );
    }
    if params.encrypted_annotation && allowances.is_encrypted(&finding.pointer) {
        finding.message.push_str(
            "; the annotation `lockkeeper.dev/encrypted-in-git` says that it is encrypted in Git",
        );
        finding.at_most(Action::Audit);
        return;
    }
    match origin {
        Origin::Substituted(name) => {
            finding.message.push_str("; Flux substituted it from ");
            match name {
                Some(name) => {
                    finding.message.push_str("the variable `");
                    finding.message.push_str(name);
                    finding.message.push('`');
                }
                None => finding.message.push_str("a variable of its Kustomization"),
            }
            finding
                .help("nothing is to be done: it is a placeholder in Git")
                .at_most(Action::Audit);
        }
        Origin::Unseen(why) => {
            // The help says how to open a Secret; any other reason is a thing to mend by itself.
            if **why != Unseen::NotOpened {
                let reason = format!("; nobody could see whether Flux substituted it: {why}");
                finding.message.push_str(&reason);
            }
            finding.help([help, HELP_RIGHT].concat());
        }
        Origin::MaybeDecrypted => {
            finding.help([help, HELP_DECRYPTED].concat());
        }
        Origin::Literal => {}
    }
}

/// What allows the finding's literal, and the reason: the annotation, or a comment in its file.
fn allowance<'c>(
    case: &'c Case<'_>,
    allowances: &Allowances<'c>,
    finding: &Finding,
) -> Option<(&'static str, &'c str)> {
    let annotated = allowances.reason(&finding.pointer);
    let annotated = annotated.map(|reason| ("annotation", reason));
    let commented = || case.comments?.allowance(&finding.pointer);
    annotated.or_else(|| commented().map(|reason| ("comment", reason)))
}

/// Adds the finding of a scalar. No message holds a value or its length.
fn report<'f>(tree: &Tree<'_>, hit: &Hit, worst: &Found, out: &'f mut Findings) -> &'f mut Finding {
    let key = hit.key(tree);
    let subject = if key.is_empty() || looks_like_secret(key) {
        "this value".to_owned()
    } else {
        format!("`{key}`")
    };
    let place = place(tree, hit, worst);
    let message = match (worst.what, worst.grade) {
        (What::Key(what), _) => format!("the key itself is {what}"),
        (What::Format(what), _) => format!("{subject} holds {what}{place}"),
        (What::UrlPassword, Grade::Literal) => {
            format!("{subject} holds a URL with its password written out{place}")
        }
        (What::UrlPassword, Grade::Weak) => {
            format!(
                "{subject} holds a URL with a word for its login that anyone would guess{place}"
            )
        }
        (What::Value, Grade::Literal) => {
            format!(
                "{subject} holds a secret written out{place}, where a placeholder or a reference belongs"
            )
        }
        (What::Value, Grade::Weak) => {
            format!("{subject} holds a word that anyone would guess{place}")
        }
        (_, Grade::WeakFallback) => {
            format!(
                "{subject} falls back to a word that anyone would guess where its placeholder has no value{place}"
            )
        }
    };
    let finding = out.at(tree, hit.node, message);
    finding.conceal();
    finding
}

/// Where in the scalar the secret stands, when the scalar is a text of several parts.
fn place(tree: &Tree<'_>, hit: &Hit, worst: &Found) -> String {
    let key = worst
        .key
        .clone()
        .and_then(|key| tree.value(hit.node).as_str()?.get(key))
        .filter(|key| !looks_like_secret(key));
    match (worst.line, key) {
        (0, None) => String::new(),
        (0, Some(key)) => format!(" (key `{key}`)"),
        (line, None) => format!(" (line {line})"),
        (line, Some(key)) => format!(" (line {line}, key `{key}`)"),
    }
}
