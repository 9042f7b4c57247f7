//! `spec.valuesFrom`: the ConfigMaps and Secrets that bring a release's values.

use serde_json::Value;

use super::Subject;

/// One entry of `spec.valuesFrom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValuesReference<'a> {
    /// Its place in the list.
    pub index: usize,
    /// `kind`: `ConfigMap` or `Secret`.
    pub kind: &'a str,
    /// `name`, in the release's own namespace.
    pub name: &'a str,
    /// `valuesKey`, or its default.
    pub key: &'a str,
    /// `targetPath`: where its text is set as one value; empty where it holds a map of values.
    pub target_path: &'a str,
    /// Whether the release does without it where it is absent.
    pub optional: bool,
    /// Whether the text at `targetPath` is taken as it is.
    pub literal: bool,
}

impl<'a> ValuesReference<'a> {
    /// The entries of the subject's `spec.valuesFrom`.
    pub fn all(subject: &Subject<'a>) -> impl Iterator<Item = Self> + use<'a> {
        let list = subject
            .root
            .get("spec")
            .and_then(|spec| spec.get("valuesFrom"));
        let list = list
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        list.iter().enumerate().map(|(index, entry)| {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or("");
            let flag = |key: &str| entry.get(key).and_then(Value::as_bool).unwrap_or(false);
            Self {
                index,
                kind: text("kind"),
                name: text("name"),
                key: match text("valuesKey") {
                    "" => "values.yaml",
                    key => key,
                },
                target_path: text("targetPath"),
                optional: flag("optional"),
                literal: flag("literal"),
            }
        })
    }
}

/// What is known of the values that `spec.valuesFrom` brings.
#[derive(Debug, Default)]
pub enum ValuesFrom {
    /// Nobody has read any of them.
    #[default]
    Unread,
    /// `spec.values` is as Helm would merge it, but for these.
    Merged(Vec<Unmerged>),
}

/// An entry of `spec.valuesFrom` whose values could not be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmerged {
    /// Its place in the list.
    pub index: usize,
    /// Why: text that completes "could not be judged: …"; empty for a Secret, which nobody reads.
    pub why: String,
}
