//! The ratchet: what the object already had before an update is a warning, and may not grow.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use serde_json::Value;

use super::{Court, Note, Ruled, ask, values};
use crate::model::{Action, Case, Certainty, Finding, Pointer, RuleName, Subject};

/// What makes two findings the same violation: the rule, the place with list items told by name
/// rather than index, and the scalar there, of which only a keyed fingerprint is kept.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    rule: RuleName,
    certainty: Certainty,
    place: Pointer,
    fingerprint: u64,
    /// Whether it is a secret that stands in the object itself, and not in a ConfigMap that it takes
    /// values from: nobody judges what becomes of that one, so it excuses nothing in the object.
    is_written: bool,
}

/// Makes a warning of every denial that the old object had too, as often as it had it.
pub(super) fn apply(
    ruled: &mut [Ruled],
    case: &Case<'_>,
    court: &Court<'_>,
    merges: bool,
    is_written: &dyn Fn(&Finding) -> bool,
) {
    let Some(old) = case.old() else { return };
    let key = RandomState::new();
    let old = Case {
        subject: old,
        before: None,
        request: case.request,
        now: case.now,
        comments: None,
    };
    let values = match merges {
        true => values::read(&old.subject, court.facts),
        false => None,
    };
    let merged = values.as_ref().and_then(|values| values.case(&old));
    let mark = |finding: &mut Finding| match &values {
        Some(values) => {
            values.mark(finding, old.subject.root);
            values.entry(&finding.pointer, old.subject.root).is_none()
        }
        None => true,
    };
    let mut before = count_old(ruled, merged.as_ref().unwrap_or(&old), court, mark, &key);
    for ruled in ruled {
        if ruled.action != Action::Deny || matches!(ruled.note, Some(Note::ExemptionExpired { .. }))
        {
            continue;
        }
        let is_written = is_written(&ruled.finding);
        let mut identity = identity(&ruled.finding, is_written, &case.subject, &key);
        let mut was_there = take(&mut before, &identity);
        if !was_there && !identity.is_written {
            // It stood in the object, and is in a ConfigMap now: that is not worse.
            identity.is_written = true;
            was_there = take(&mut before, &identity);
        }
        if was_there {
            ruled.action = Action::Warn;
            ruled.note = Some(Note::AlreadyThere);
        }
    }
}

/// Uses up one of the old violations; says whether there was one.
fn take(before: &mut HashMap<Identity, usize>, identity: &Identity) -> bool {
    match before.get_mut(identity) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

/// The violations of the old object. `mark` says what a ConfigMap has to do with one, and whether it
/// stands in the object itself.
fn count_old(
    ruled: &[Ruled],
    old: &Case<'_>,
    court: &Court<'_>,
    mark: impl Fn(&mut Finding) -> bool,
    key: &RandomState,
) -> HashMap<Identity, usize> {
    let denying = |rule: &str| {
        ruled
            .iter()
            .any(|ruled| ruled.action == Action::Deny && ruled.finding.rule == rule)
    };
    let mut counts = HashMap::new();
    for setting in court.policy.settings() {
        if !denying(setting.rule.meta().name) {
            continue;
        }
        for mut finding in ask(setting, old, court.facts) {
            let is_written = mark(&mut finding);
            // What was only a warning then says nothing about what is denied now.
            if setting.action.min(finding.at_most) == Action::Deny {
                *counts
                    .entry(identity(&finding, is_written, &old.subject, key))
                    .or_insert(0) += 1;
            }
        }
    }
    counts
}

fn identity(
    finding: &Finding,
    is_written: bool,
    subject: &Subject<'_>,
    key: &RandomState,
) -> Identity {
    Identity {
        is_written: is_written && finding.conceals,
        rule: finding.rule.clone(),
        certainty: finding.certainty,
        place: named_place(&finding.pointer, subject.root),
        fingerprint: match finding.pointer.resolve(subject.root) {
            Some(Value::String(text)) => key.hash_one(text),
            Some(Value::Number(number)) => key.hash_one(number),
            Some(Value::Bool(flag)) => key.hash_one(flag),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => 0,
        },
    }
}

/// The pointer with the `name` of list items in the place of their index, so that it stays the same
/// when items come and go.
#[must_use]
pub fn named_place(pointer: &Pointer, root: &Value) -> Pointer {
    let mut place = Pointer::root();
    let mut current = Some(root);
    for segment in pointer.segments() {
        let next = match current {
            Some(Value::Object(map)) => map.get(&segment),
            Some(Value::Array(items)) => segment
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index)),
            _ => None,
        };
        match (
            current,
            next.and_then(|item| item.get("name"))
                .and_then(Value::as_str),
        ) {
            (Some(Value::Array(_)), Some(name)) => place.push(&format!("name={name}")),
            (Some(Value::Array(_)), None) => place.push("-"),
            _ => place.push(&segment),
        }
        current = next;
    }
    place
}
