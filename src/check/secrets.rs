//! What must not be shown of an object: every value that a rule of the family secrets conceals,
//! whether or not the policy asks that rule.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::Engine;
use crate::judge::{Masks, Verdict, judge};
use crate::model::{Case, Pointer, Subject};

/// The places and values of one document that must not be shown.
#[derive(Debug, Default)]
pub(super) struct Secrets<'a> {
    /// Masked whatever the value there is.
    pub(super) pointers: BTreeSet<Pointer>,
    masks: Masks<'a>,
}

impl<'a> Secrets<'a> {
    /// Asks the rules that know secrets, and takes what the verdict conceals besides.
    pub(super) fn of(subject: &Subject<'a>, verdict: &Verdict, engine: &Engine<'_>) -> Self {
        let detected = Subject::new(subject.root).map(|again| {
            let case = Case::of_file(again, engine.now);
            judge(&case, &engine.detectors, engine.facts)
        });
        let mut secrets = Self::default();
        for verdict in detected.iter().chain([verdict]) {
            for ruled in &verdict.findings {
                if ruled.finding.conceals {
                    secrets.add(&ruled.finding.pointer, subject);
                }
            }
            for secret in &verdict.elsewhere {
                secrets.masks.add(secret.value().to_owned(), subject);
            }
        }
        secrets
    }

    fn add(&mut self, pointer: &Pointer, subject: &Subject<'a>) {
        if !self.pointers.insert(pointer.clone()) {
            return;
        }
        match pointer.resolve(subject.root) {
            Some(Value::String(text)) => self.masks.add(text.as_str(), subject),
            Some(Value::Number(number)) => self.masks.add(number.to_string(), subject),
            _ => {}
        }
    }

    /// The text with every value masked.
    pub(super) fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.masks.mask(text)
    }

    /// Takes over what another object of the same document conceals.
    pub(super) fn absorb(&mut self, other: Self, prefix: &str) {
        self.masks.absorb(other.masks);
        self.pointers.extend(
            other
                .pointers
                .iter()
                .filter_map(|pointer| Pointer::parse(&format!("{prefix}{}", pointer.as_str()))),
        );
    }
}
