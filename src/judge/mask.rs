//! The last look before anyone reads a verdict: no secret's value may be in a message or a path.

use super::Ruled;
use crate::model::{Pointer, Subject};
use crate::secrets::looks_like_secret;

/// What stands in the place of a secret; it does not tell the secret's length.
pub const MASK: &str = "********";

/// Shorter values are words that messages use anyway.
const SHORTEST: usize = 6;

/// Whether a concealed value is masked wherever it stands. One that is part of the object's own name
/// is no news to anyone, and masking it would make the message useless.
#[must_use]
pub fn is_masked(value: &str, subject: &Subject<'_>) -> bool {
    value.len() >= SHORTEST && !subject.name.contains(value)
}

/// Masks, in every finding, the values that a finding conceals.
pub(super) fn apply(ruled: &mut [Ruled], subject: &Subject<'_>) {
    let values: Vec<&str> = ruled
        .iter()
        .filter(|ruled| ruled.finding.conceals)
        .filter_map(|ruled| ruled.finding.pointer.resolve(subject.root)?.as_str())
        .filter(|value| is_masked(value, subject))
        .collect();
    for ruled in ruled {
        let finding = &mut ruled.finding;
        for value in &values {
            if finding.message.contains(value) {
                finding.message = finding.message.replace(value, MASK);
            }
            if finding.help.contains(value) {
                finding.help = finding.help.replace(value, MASK).into();
            }
        }
    }
}

/// The pointer as people may see it: a segment that itself looks like a secret is masked.
#[must_use]
pub fn shown(pointer: &Pointer) -> Pointer {
    let mut shown = Pointer::root();
    for segment in pointer.segments() {
        if looks_like_secret(&segment) {
            shown.push(MASK);
        } else {
            shown.push(&segment);
        }
    }
    shown
}
