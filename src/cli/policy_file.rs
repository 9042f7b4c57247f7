//! Policy files: found upwards from a path, read, and shown where they are wrong or say what has no effect.
//!
//! One file holds any number of ReleasePolicies, TmpfsPolicies and Exemptions, or the `spec` of a ReleasePolicy alone.

use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use anyhow::Context as _;
use jiff::Timestamp;

use crate::model::Pointer;
use crate::policy::{Policy, PolicyError};
use crate::yaml::{self, Document, Lines, Located};

/// The name that is looked for.
pub const NAME: &str = "lockkeeper.yaml";

/// The nearest policy file at or above a path.
#[must_use]
pub fn find(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    absolute
        .ancestors()
        .map(|folder| folder.join(NAME))
        .find(|file| file.is_file())
}

/// A policy, and what is legal in its files and has no effect.
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// Each with its file and line.
    pub remarks: Vec<String>,
}

/// The policy of a file that was named, else the built-in one. What has no effect is told on standard error.
///
/// # Errors
/// As [`read`].
pub fn load_or_builtin(path: Option<&Path>) -> anyhow::Result<Policy> {
    Ok(told(read(path)?))
}

/// Tells on standard error what has no effect.
pub(super) fn told(loaded: Loaded) -> Policy {
    for remark in &loaded.remarks {
        super::warn(remark);
    }
    loaded.policy
}

/// The policy of a file that was named, else the built-in one.
///
/// # Errors
/// When it cannot be read or understood; the error shows the place.
pub fn read(path: Option<&Path>) -> anyhow::Result<Loaded> {
    let sources: Result<Vec<_>, _> = path.into_iter().map(Source::read).collect();
    compile(&sources?, Timestamp::now())
}

/// A file with documents of policies.
pub(super) struct Source {
    /// As it is shown.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) documents: Vec<Document>,
}

impl Source {
    /// Reads a file of which every document is to be one of a policy.
    ///
    /// # Errors
    /// When it cannot be read, or is not YAML as Kubernetes reads it.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the policy {name} could not be read"))?;
        let mut documents = Vec::new();
        for document in yaml::load(&text) {
            let document = document.map_err(|error| {
                let place = Lines::of(&text).place(error.at);
                let (line, column) = (place.line, place.column);
                anyhow::anyhow!("the policy {name}: line {line}, column {column}: {error}")
            })?;
            // A document that says nothing is the policy of whoever wants the built-in one alone.
            if !document.value.is_null() {
                documents.push(document);
            }
        }
        Ok(Self {
            name,
            text,
            documents,
        })
    }

    fn line(&self, at: usize) -> usize {
        Lines::of(&self.text).place(at).line
    }
}

/// The built-in policy, with all documents of these files.
///
/// # Errors
/// The first thing that is wrong with one of them; the error shows the place.
pub(super) fn compile(sources: &[Source], now: Timestamp) -> anyhow::Result<Loaded> {
    let documents: Vec<(&Source, &Document)> = sources
        .iter()
        .flat_map(|source| {
            source
                .documents
                .iter()
                .map(move |document| (source, document))
        })
        .collect();
    for (source, document) in &documents {
        if let Some(duplicate) = document.duplicates.first() {
            let place = Lines::of(&source.text).place(duplicate.at);
            anyhow::bail!(
                "the policy {}:{}:{}: the key `{}` is set twice",
                source.name,
                place.line,
                place.column,
                duplicate.key
            );
        }
    }
    let values = documents.iter().map(|(_, document)| &document.value);
    let policy = Policy::from_documents(values).map_err(|wrong| {
        let text = match documents.get(wrong.document) {
            Some((source, document)) => rendered(source, document, &wrong.error),
            None => wrong.to_string(),
        };
        anyhow::anyhow!("{text}")
    })?;
    let mut remarks = Vec::new();
    for (compiled, (source, document)) in policy.documents().iter().zip(&documents) {
        for remark in compiled.remarks(now) {
            let pointer = existing(&remark.pointer, document);
            let at = yaml::locate(&source.text, document, &pointer)
                .map_or(document.range.start, |located| {
                    located.key.unwrap_or(located.value).start
                });
            let (name, line) = (&source.name, source.line(at));
            remarks.push(format!("{name}:{line}: {}", remark.message));
        }
    }
    Ok(Loaded { policy, remarks })
}

/// The error with the line of the policy that it is about.
fn rendered(source: &Source, document: &Document, error: &PolicyError) -> String {
    let text = &source.text;
    let pointer = existing(&error.pointer, document);
    let Some(located) = yaml::locate(text, document, &pointer) else {
        return format!("the policy {}: {error}", source.name);
    };
    let within = in_expression(text, &located, &pointer, &error.message);
    let (target, message) = match within {
        Some((target, message)) => (target, message.to_owned()),
        None => match located.key {
            Some(key) if !located.is_short || names_key(error) => (key, error.to_string()),
            _ => (located.value, error.to_string()),
        },
    };
    let line = yaml::line_range(text, target.start);
    let start = target.start - line.start;
    let end = target.end.min(line.end).max(target.start) - line.start;
    let report = [Level::ERROR
        .no_name()
        .primary_title(format!("the policy is wrong: {message}"))
        .element(
            Snippet::source(text.get(line).unwrap_or_default())
                .line_start(source.line(target.start))
                .path(&source.name)
                .annotation(AnnotationKind::Primary.span(start..end)),
        )];
    // Whoever prints it strips the colours where nobody can see them.
    Renderer::styled().render(&report)
}

/// The place in the file of an error within an expression, and what is wrong there. `None` where the text of the
/// expression does not stand in the file as it is, as where it is folded.
fn in_expression<'m>(
    text: &str,
    located: &Located,
    pointer: &Pointer,
    message: &'m str,
) -> Option<(Range<usize>, &'m str)> {
    if !pointer.as_str().ends_with("/expression") {
        return None;
    }
    let (place, rest) = message.split_once(": ")?;
    let (line, column) = place.split_once(':')?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
    let from = if located.is_short {
        let is_quoted = text.get(located.value.start..)?.starts_with(['"', '\'']);
        (line == 1).then_some(located.value.start + usize::from(is_quoted))?
    } else {
        let key = yaml::line_range(text, located.key.as_ref()?.start);
        let header = text.get(key.clone())?.trim_end();
        if !header.trim_end_matches(['-', '+']).ends_with('|') {
            return None;
        }
        let next = |at: usize| {
            let rest = text.get(at..)?;
            rest.find('\n').map(|found| at + found + 1)
        };
        let mut at = next(key.end)?;
        let first = text.get(at..)?.lines().next()?;
        let indent = first.len() - first.trim_start().len();
        for _ in 1..line {
            at = next(at)?;
        }
        at + indent
    };
    let rest_of_line = text.get(from..)?.lines().next()?;
    let offset = rest_of_line.char_indices().nth(column.checked_sub(1)?);
    let start = from + offset.map_or(rest_of_line.len(), |(offset, _)| offset);
    let end = from + rest_of_line.trim_end().len();
    Some((start..end.max(start), rest))
}

/// Whether the error is about the key rather than its value.
fn names_key(error: &PolicyError) -> bool {
    let is_unknown = |what: &str| error.message.starts_with(&format!("unknown {what} "));
    is_unknown("rule")
        || is_unknown("field")
        || error.message.contains("no parameter")
        || error.message.starts_with("no label has such a key")
}

/// The pointer, cut to what the document has.
fn existing(pointer: &Pointer, document: &Document) -> Pointer {
    let mut current = pointer.clone();
    while current.resolve(&document.value).is_none() {
        match current.parent() {
            Some(parent) => current = parent,
            None => break,
        }
    }
    current
}
