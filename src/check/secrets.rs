//! What must not be shown of an object: every value that a rule of the family secrets conceals,
//! whether or not the policy asks that rule.

use std::borrow::Cow;

use serde_json::Value;

use super::Engine;
use crate::judge::{MASK, Ruled, is_masked, judge};
use crate::model::{Case, Pointer, Subject};

/// The places and values of one object that must not be shown.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    pub(super) pointers: Vec<Pointer>,
    values: Vec<String>,
}

impl Secrets {
    /// Asks the rules that know secrets, and takes what the verdict conceals besides.
    pub(super) fn of(subject: &Subject<'_>, ruled: &[Ruled], engine: &Engine<'_>) -> Self {
        let detected = Subject::new(subject.root).map(|again| {
            let case = Case::of_file(again, engine.now);
            judge(&case, &engine.detectors.effective(subject), engine.facts).findings
        });
        let mut secrets = Self::default();
        for ruled in detected.iter().flatten().chain(ruled) {
            if ruled.finding.conceals {
                secrets.add(&ruled.finding.pointer, subject);
            }
        }
        secrets
    }

    fn add(&mut self, pointer: &Pointer, subject: &Subject<'_>) {
        if self.pointers.contains(pointer) {
            return;
        }
        let value = match pointer.resolve(subject.root) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        // Its place is masked in any case.
        self.values
            .extend(value.filter(|value| is_masked(value, subject)));
        self.pointers.push(pointer.clone());
    }

    /// The text with every value masked.
    pub(super) fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut masked = Cow::Borrowed(text);
        for value in &self.values {
            if masked.contains(value.as_str()) {
                masked = Cow::Owned(masked.replace(value.as_str(), MASK));
            }
        }
        masked
    }

    /// Takes over what another object of the same document conceals.
    pub(super) fn absorb(&mut self, other: Self, prefix: &str) {
        self.values.extend(other.values);
        self.pointers.extend(
            other
                .pointers
                .iter()
                .filter_map(|pointer| Pointer::parse(&format!("{prefix}{}", pointer.as_str()))),
        );
    }
}
