//! Values that must stay placeholders or references.

pub mod literal_secret;
pub mod weak_default_secret;

use crate::model::{Finding, Findings, Tree};
use crate::secrets::{Found, Grade, Hit, What, looks_like_secret};

/// Whether a scalar belongs to `weak-default-secret`; else it is `literal-secret`'s. The worst of the
/// secrets in a scalar decides, so that no scalar is reported twice.
fn is_weak(hit: &Hit<'_>) -> bool {
    hit.worst()
        .is_some_and(|worst| worst.grade != Grade::Literal)
}

/// Adds the finding of a scalar. No message holds a value or its length.
fn report<'f>(
    tree: &Tree<'_>,
    hit: &Hit<'_>,
    worst: &Found,
    out: &'f mut Findings,
) -> &'f mut Finding {
    let subject = if hit.key.is_empty() || looks_like_secret(hit.key) {
        "this value".to_owned()
    } else {
        format!("`{}`", hit.key)
    };
    let place = place(tree, hit, worst);
    let message = match (worst.what, worst.grade) {
        (What::Format(what), _) => format!("{subject} holds {what}{place}"),
        (What::UrlPassword, Grade::Literal) => {
            format!("{subject} holds a URL with its password written out{place}")
        }
        (What::UrlPassword, Grade::Weak) => {
            format!("{subject} holds a URL with a password that anyone would guess{place}")
        }
        (What::Value, Grade::Literal) => {
            format!(
                "{subject} holds a secret written out{place}, where a placeholder or a reference belongs"
            )
        }
        (What::Value, Grade::Weak) => {
            format!("{subject} holds a password that anyone would guess{place}")
        }
        (_, Grade::WeakFallback) => {
            format!(
                "{subject} falls back to a password that anyone would guess where its placeholder has no value{place}"
            )
        }
    };
    let finding = out.at(tree, hit.node, message);
    finding.conceal();
    finding
}

/// Where in the scalar the secret stands, when the scalar is a text of several parts.
fn place(tree: &Tree<'_>, hit: &Hit<'_>, worst: &Found) -> String {
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
