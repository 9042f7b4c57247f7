//! The last look before anyone reads a verdict: no secret's value may be in a message or a path.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::{Note, Ruled, Verdict};
use crate::model::{Pointer, Subject};
use crate::secrets::{holds_secret, looks_like_secret};

/// What stands in the place of a secret; it does not tell the secret's length.
pub const MASK: &str = "********";

/// Shorter values are words that messages use anyway.
const SHORTEST: usize = 6;

/// Whether a concealed value is masked wherever it stands. One that is part of the object's own name
/// is no news to anyone, and masking it would make the message useless.
fn is_masked(value: &str, subject: &Subject<'_>) -> bool {
    value.len() >= SHORTEST && !subject.name.contains(value)
}

/// A finding above a map of secrets is compared with no more of them.
const MOST_BELOW: usize = 64;

/// Masks, in every finding, the values that a finding conceals, and what a rule quotes of them: a
/// chart's version or an image's tag may be a part of the value, or the value without its line breaks.
/// Each list of findings is of one object, and none of them quotes what another conceals.
pub(super) fn apply(groups: &mut [(&mut Vec<Ruled>, &Subject<'_>)]) {
    let concealed: Vec<_> = groups
        .iter()
        .map(|(ruled, subject)| concealed(ruled, subject.root))
        .collect();
    let mut masks = Masks::default();
    for (values, (_, subject)) in concealed.iter().zip(groups.iter()) {
        for value in values.values() {
            masks.add(*value, subject);
        }
    }
    for (concealed, (ruled, _)) in concealed.iter().zip(groups) {
        for ruled in ruled.iter_mut() {
            let finding = &mut ruled.finding;
            let near = match finding.conceals {
                true => Vec::new(),
                false => near(concealed, finding.pointer.as_str()),
            };
            if let Cow::Owned(message) = masked(&finding.message, &masks, &near) {
                finding.message = message;
            }
            if let Cow::Owned(help) = masked(&finding.help, &masks, &near) {
                finding.help = help.into();
            }
        }
    }
}

/// Masks what the reasons of exemptions quote: an annotation's is written by the object's author.
pub(super) fn notes(verdict: &mut Verdict, subject: &Subject<'_>) {
    let mut masks = Masks::default();
    for ruled in &verdict.findings {
        if ruled.finding.conceals
            && let Some(Value::String(value)) = ruled.finding.pointer.resolve(subject.root)
        {
            masks.add(value.as_str(), subject);
        }
    }
    for secret in &verdict.elsewhere {
        masks.add(secret.value(), subject);
    }
    // One reason may stand with all findings.
    let mut shown: HashMap<Arc<str>, Arc<str>> = HashMap::new();
    for ruled in &mut verdict.findings {
        if let Some(Note::Exempt { reason, .. }) = &mut ruled.note {
            let shown = shown.entry(Arc::clone(reason)).or_insert_with(|| {
                match masked(reason, &masks, &[]) {
                    Cow::Borrowed(_) => Arc::clone(reason),
                    Cow::Owned(masked) => masked.into(),
                }
            });
            *reason = Arc::clone(shown);
        }
    }
}

/// The concealed texts of `root`, by their pointers.
fn concealed<'r>(ruled: &[Ruled], root: &'r Value) -> BTreeMap<String, &'r str> {
    ruled
        .iter()
        .filter(|ruled| ruled.finding.conceals)
        .filter_map(|ruled| {
            let pointer = &ruled.finding.pointer;
            let value = pointer.resolve(root)?.as_str()?;
            Some((pointer.as_str().to_owned(), value))
        })
        .collect()
}

/// The concealed values at, above and below `pointer`.
fn near<'a>(concealed: &BTreeMap<String, &'a str>, pointer: &str) -> Vec<&'a str> {
    if concealed.is_empty() {
        return Vec::new();
    }
    let ends = pointer.match_indices('/').map(|(at, _)| at);
    let above = ends
        .chain([pointer.len()])
        .filter_map(|end| concealed.get(&pointer[..end]));
    let below = format!("{pointer}/");
    let below = concealed
        .range(below.clone()..)
        .take_while(|(other, _)| other.starts_with(&below))
        .take(MOST_BELOW)
        .map(|(_, value)| value);
    above.chain(below).copied().collect()
}

/// Values that no text may hold, in order: an object's author chooses how many there are, so that no
/// text is searched for each of them.
#[derive(Debug, Default)]
pub struct Masks<'a>(BTreeSet<Cow<'a, str>>);

impl<'a> Masks<'a> {
    /// Adds a value that `subject` conceals, unless it is short or part of the subject's own name.
    pub fn add(&mut self, value: impl Into<Cow<'a, str>>, subject: &Subject<'_>) {
        let value = value.into();
        if is_masked(&value, subject) {
            self.0.insert(value);
        }
    }

    /// Takes over the values of another object.
    pub fn absorb(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The text with every value masked, the longest where several begin at one place.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.0.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::new();
        let (mut done, mut at) = (0, 0);
        while let Some(next) = text[at..].chars().next() {
            if let Some(length) = self.at_start(&text[at..]) {
                masked.push_str(&text[done..at]);
                masked.push_str(MASK);
                at += length;
                done = at;
            } else {
                at += next.len_utf8();
            }
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        masked.push_str(&text[done..]);
        Cow::Owned(masked)
    }

    /// The length of the longest value that `text` begins with.
    fn at_start(&self, mut text: &str) -> Option<usize> {
        while text.len() >= SHORTEST {
            let not_after = (Bound::Unbounded, Bound::Included(text));
            let value = self.0.range::<str, _>(not_after).next_back()?;
            let bytes = value.bytes().zip(text.bytes());
            let common = bytes.take_while(|(a, b)| a == b).count();
            if common == value.len() {
                return Some(common);
            }
            // A shorter value lies before: one that is wholly in what these two have in common.
            text = &text[..text.floor_char_boundary(common)];
        }
        None
    }
}

/// The text without concealed values, and without what it quotes of those that are `near`.
fn masked<'t>(text: &'t str, masks: &Masks<'_>, near: &[&str]) -> Cow<'t, str> {
    let masked = masks.mask(text);
    let is_secret = |quoted: &str| holds_secret(quoted) || shares_word(quoted, near);
    if !quoted(&masked).any(is_secret) {
        return masked;
    }
    let parts: Vec<&str> = masked
        .split('`')
        .enumerate()
        .map(|(index, part)| match index % 2 == 1 && is_secret(part) {
            true => MASK,
            false => part,
        })
        .collect();
    Cow::Owned(parts.join("`"))
}

/// What a message quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether `quoted` holds a word of a value that is concealed in the same place.
fn shares_word(quoted: &str, near: &[&str]) -> bool {
    near.iter().any(|value| {
        value
            .split(|character: char| !character.is_alphanumeric())
            .any(|word| word.len() >= SHORTEST && quoted.contains(word))
    })
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
