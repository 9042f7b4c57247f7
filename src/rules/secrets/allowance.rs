//! Annotations that say why a literal is meant to be there. They count only where the policy opens them.

use std::collections::{HashMap, HashSet};

use crate::model::{Pointer, Subject};

/// Says of literals that they are meant: `<pointer>: reason; <pointer>: reason`.
pub(super) const ALLOW: &str = "lockkeeper.dev/allow-literal";

/// Says of literals that SOPS encrypts them in Git: `<pointer>; <pointer>`.
pub(super) const ENCRYPTED: &str = "lockkeeper.dev/encrypted-in-git";

/// What an object's annotations say of its literals, read once: their author chooses how long they are, and how many
/// literals there are. An entry covers its own place and nothing below or above it: a reviewer sees each value named.
#[derive(Default)]
pub(super) struct Allowances<'a> {
    /// Whether there is any annotation that allows.
    pub is_there: bool,
    reasons: HashMap<&'a str, &'a str>,
    encrypted: HashSet<&'a str>,
}

impl<'a> Allowances<'a> {
    pub(super) fn of(subject: &Subject<'a>) -> Self {
        let allow = subject.annotation(ALLOW);
        let mut reasons = HashMap::new();
        for entry in entries(allow.unwrap_or("")) {
            // One without a reason allows nothing.
            if let Some((place, reason)) = entry.split_once(": ")
                && !reason.trim().is_empty()
            {
                reasons.entry(place.trim()).or_insert(reason.trim());
            }
        }
        Self {
            is_there: allow.is_some(),
            reasons,
            encrypted: entries(subject.annotation(ENCRYPTED).unwrap_or("")).collect(),
        }
    }

    /// The reason that the annotation gives for the value at `pointer`.
    pub(super) fn reason(&self, pointer: &Pointer) -> Option<&'a str> {
        let place = pointer.as_str();
        self.reasons.get(place).copied().filter(|_| is_place(place))
    }

    /// Whether the annotation names the value at `pointer` as encrypted in Git.
    pub(super) fn is_encrypted(&self, pointer: &Pointer) -> bool {
        is_place(pointer.as_str()) && self.encrypted.contains(pointer.as_str())
    }
}

/// Whether it is a place within the object, and not the whole of it.
fn is_place(pointer: &str) -> bool {
    pointer.starts_with('/')
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '\n'])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_named_place_with_a_reason_is_allowed() {
        let root = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "romm", "annotations": {
                ALLOW: "/spec/values/a: a lab without a network; /spec/values/b:; /spec/values/m: x: y",
                ENCRYPTED: "/spec/values/c;/spec/values/d"}}});
        let subject = Subject::new(&root).expect("a HelmRelease");
        let allowances = Allowances::of(&subject);
        let at = |text: &str| Pointer::parse(text).expect("a pointer");
        for (pointer, expected) in [
            ("/spec/values/a", Some("a lab without a network")),
            ("/spec/values/b", None),
            ("/spec/values/m", Some("x: y")),
            ("/spec/values/a/below", None),
            ("/spec/values", None),
            ("", None),
        ] {
            assert_eq!(allowances.reason(&at(pointer)), expected, "{pointer}");
        }
        assert!(allowances.is_encrypted(&at("/spec/values/d")));
        assert!(!allowances.is_encrypted(&at("/spec/values/a")));
    }
}
