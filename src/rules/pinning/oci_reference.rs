//! Which artifact an OCIRepository's `spec.ref` follows, by Flux's precedence.

use serde_json::{Map, Value};

use super::Level;
use super::version::is_exact;
use crate::model::image::is_digest;
use crate::model::tag::{Pin, classify, shown};
use crate::model::template::is_open;
use crate::model::{NodeId, Tree};

/// What decides the artifact: digest, else semver, else tag, else the tag `latest`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reference<'a> {
    /// A digest.
    Digest,
    /// A semver expression that only one version satisfies, or a tag that names one build.
    Exact { at: NodeId },
    /// A semver expression that more versions satisfy.
    Range { at: NodeId, value: &'a Value },
    /// A tag that moves, or that is only part of a version.
    Moving { at: NodeId, tag: &'a Value },
    /// A tag that moves, with a digest behind it, of which Flux promises nothing.
    DigestBehindTag { at: NodeId },
    /// A placeholder that was not filled.
    Open { at: NodeId, key: &'static str },
    /// Nothing, so that Flux follows `latest`.
    Nothing,
}

/// Reads the `ref` of an OCIRepository's spec.
pub(super) fn read<'a>(tree: &Tree<'a>, spec: NodeId) -> Reference<'a> {
    let Some(at) = tree.child(spec, "ref") else {
        return Reference::Nothing;
    };
    let Some(map) = tree.value(at).as_object() else {
        return Reference::Nothing;
    };
    let node = |key: &str| tree.child(at, key).unwrap_or(at);
    if let Some(digest) = value_of(map, "digest") {
        return if digest.as_str().is_some_and(is_open) {
            Reference::Open {
                at: node("digest"),
                key: "digest",
            }
        } else {
            Reference::Digest
        };
    }
    if let Some(value) = value_of(map, "semver") {
        let at = node("semver");
        return match value.as_str() {
            Some(range) if is_exact(range) => Reference::Exact { at },
            Some(range) if is_open(range) => Reference::Open { at, key: "semver" },
            _ => Reference::Range { at, value },
        };
    }
    if let Some(tag) = value_of(map, "tag") {
        let at = node("tag");
        // Flux asks the registry for the text as a whole, and the registry decides what a digest
        // behind the tag means: the tag alone is what can be counted on.
        let (text, behind) = tag
            .as_str()
            .map_or(("", ""), |text| text.split_once('@').unwrap_or((text, "")));
        return match classify(text) {
            Pin::Exact => Reference::Exact { at },
            Pin::Open => Reference::Open { at, key: "tag" },
            _ if is_digest(behind) => Reference::DigestBehindTag { at },
            Pin::Partial | Pin::Moving | Pin::Word | Pin::Empty => Reference::Moving { at, tag },
        };
    }
    Reference::Nothing
}

impl Reference<'_> {
    /// Whether it is as firm as the policy wants.
    pub(super) fn is_pinned(&self, require: Level) -> bool {
        match self {
            Reference::Digest => true,
            Reference::Exact { .. } => require == Level::Tag,
            _ => false,
        }
    }

    /// Whether nobody can tell what it follows.
    pub(super) fn is_unseen(&self, require: Level) -> bool {
        match self {
            Reference::Open { .. } => true,
            Reference::DigestBehindTag { .. } => require == Level::Tag,
            _ => false,
        }
    }

    /// The node that decides, or `spec` where none does.
    pub(super) fn at(&self, spec: NodeId) -> NodeId {
        match *self {
            Reference::Exact { at }
            | Reference::Range { at, .. }
            | Reference::Moving { at, .. }
            | Reference::DigestBehindTag { at }
            | Reference::Open { at, .. } => at,
            Reference::Digest | Reference::Nothing => spec,
        }
    }

    /// What is wrong with it, for one that is not pinned.
    pub(super) fn problem(&self, require: Level) -> String {
        match self {
            Reference::Open { key, .. } => format!(
                "`{key}` is a placeholder that was not substituted, so it could not be judged"
            ),
            _ if require == Level::Digest => {
                "the policy wants a digest, and `spec.ref.digest` is not set".to_owned()
            }
            Reference::Range { value, .. } => format!(
                "semver `{}` is a range: what is installed can change without a commit",
                shown(value)
            ),
            Reference::Moving { tag, .. } => moving(tag),
            Reference::DigestBehindTag { .. } => {
                "the tag moves, and Flux promises nothing for the digest behind it".to_owned()
            }
            Reference::Nothing => {
                "the source names no tag, semver or digest, so Flux follows the tag `latest`"
                    .to_owned()
            }
            Reference::Digest | Reference::Exact { .. } => String::new(),
        }
    }
}

fn moving(tag: &Value) -> String {
    let is_partial = tag
        .as_str()
        .is_none_or(|text| classify(text) == Pin::Partial);
    let what = if is_partial {
        "is only part of a version"
    } else {
        "moves"
    };
    format!(
        "tag `{}` {what}: what is installed can change without a commit",
        shown(tag)
    )
}

/// A value that Flux does not take for absent.
fn value_of<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key)
        .filter(|value| !value.is_null() && value.as_str() != Some(""))
}
