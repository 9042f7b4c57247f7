//! Annotations that say why a literal is meant to be there. They count only where the policy opens them.

use crate::model::{Pointer, Subject};

/// Says of literals that they are meant: `<pointer>: reason; <pointer>: reason`.
pub(super) const ALLOW: &str = "lockkeeper.dev/allow-literal";

/// Says of literals that SOPS encrypts them in Git: `<pointer>; <pointer>`.
pub(super) const ENCRYPTED: &str = "lockkeeper.dev/encrypted-in-git";

/// The reason that the annotation gives for the value at `pointer`. One without a reason allows nothing.
pub(super) fn reason<'a>(subject: &Subject<'a>, pointer: &Pointer) -> Option<&'a str> {
    entries(subject.annotation(ALLOW)?).find_map(|entry| {
        let (place, reason) = entry.split_once(": ")?;
        let reason = reason.trim();
        (covers(place.trim(), pointer) && !reason.is_empty()).then_some(reason)
    })
}

/// Whether the annotation names the value at `pointer` as encrypted in Git.
pub(super) fn is_encrypted(subject: &Subject<'_>, pointer: &Pointer) -> bool {
    subject
        .annotation(ENCRYPTED)
        .is_some_and(|text| entries(text).any(|entry| covers(entry, pointer)))
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '\n'])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

/// An entry covers its own place and nothing below or above it: a reviewer sees each value named.
fn covers(place: &str, pointer: &Pointer) -> bool {
    place.starts_with('/') && place == pointer.as_str()
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
        let at = |text: &str| Pointer::parse(text).expect("a pointer");
        for (pointer, expected) in [
            ("/spec/values/a", Some("a lab without a network")),
            ("/spec/values/b", None),
            ("/spec/values/m", Some("x: y")),
            ("/spec/values/a/below", None),
            ("/spec/values", None),
            ("", None),
        ] {
            assert_eq!(reason(&subject, &at(pointer)), expected, "{pointer}");
        }
        assert!(is_encrypted(&subject, &at("/spec/values/d")));
        assert!(!is_encrypted(&subject, &at("/spec/values/a")));
    }
}
