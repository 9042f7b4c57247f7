//! The policy file: found upwards from a path, read, and shown where it is wrong.

use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use anyhow::Context as _;

use crate::model::Pointer;
use crate::policy::{Policy, PolicyError};
use crate::yaml::{self, Document, Lines};

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

/// The policy of a file that was named, else the built-in one.
///
/// # Errors
/// As [`load`].
pub fn load_or_builtin(path: Option<&Path>) -> anyhow::Result<Policy> {
    path.map_or_else(|| Ok(Policy::builtin()), load)
}

/// Reads a policy file: at most one ReleasePolicy, and any number of TmpfsPolicies.
///
/// # Errors
/// When it cannot be read or understood; the error shows the place.
pub fn load(path: &Path) -> anyhow::Result<Policy> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the policy {shown} could not be read"))?;
    let documents = documents(&text).with_context(|| format!("the policy {shown}"))?;
    for document in &documents {
        if let Some(duplicate) = document.duplicates.first() {
            let place = Lines::of(&text).place(duplicate.at);
            anyhow::bail!(
                "the policy {shown}:{}:{}: the key `{}` is set twice",
                place.line,
                place.column,
                duplicate.key
            );
        }
    }
    Policy::from_documents(documents.iter().map(|document| &document.value)).map_err(|wrong| {
        let text = match documents.get(wrong.document) {
            Some(document) => rendered(path, &text, document, &wrong.error),
            None => wrong.to_string(),
        };
        anyhow::anyhow!("{text}")
    })
}

/// The documents that say something. An empty file is the policy of whoever wants nothing but the
/// built-in one.
fn documents(text: &str) -> anyhow::Result<Vec<Document>> {
    let mut documents = Vec::new();
    for document in yaml::load(text) {
        let document = document.map_err(|error| {
            let place = Lines::of(text).place(error.at);
            anyhow::anyhow!("line {}, column {}: {error}", place.line, place.column)
        })?;
        if !document.value.is_null() {
            documents.push(document);
        }
    }
    Ok(documents)
}

/// The error with the line of the policy that it is about.
fn rendered(path: &Path, text: &str, document: &Document, error: &PolicyError) -> String {
    let path = path.display().to_string();
    let pointer = existing(&error.pointer, document);
    let Some(located) = yaml::locate(text, document, &pointer) else {
        return format!("the policy {path}: {error}");
    };
    let target = match located.key {
        Some(key) if !located.is_short || names_key(error) => key,
        _ => located.value,
    };
    let line = yaml::line_range(text, target.start);
    let start = target.start - line.start;
    let end = target.end.min(line.end).max(target.start) - line.start;
    let report = [Level::ERROR
        .no_name()
        .primary_title(format!("the policy is wrong: {error}"))
        .element(
            Snippet::source(text.get(line).unwrap_or_default())
                .line_start(Lines::of(text).place(target.start).line)
                .path(path)
                .annotation(AnnotationKind::Primary.span(start..end)),
        )];
    // Whoever prints it strips the colours where nobody can see them.
    Renderer::styled().render(&report)
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
