//! The files of a test run: their documents, and the policy that is tested.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use jiff::Timestamp;
use serde_json::Value;

use super::super::super::policy_file::{self, Source};
use super::super::super::world::text_at;
use crate::files;
use crate::policy::Policy;
use crate::policy::spec::API_GROUP;
use crate::yaml::{self, Lines};

/// A file as it was found.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) source: Source,
}

/// Reads all YAML below the paths, and says what cannot be read.
pub(super) fn read(paths: &[PathBuf]) -> (Vec<File>, Vec<String>) {
    let (entries, unreadable) = files::walk(paths);
    let mut errors: Vec<String> = unreadable
        .into_iter()
        .map(|file| format!("{}: it could not be read: {}", file.path, file.reason))
        .collect();
    let mut read = Vec::new();
    for entry in entries {
        let ending = entry.path.extension().and_then(|ending| ending.to_str());
        if !matches!(ending, Some("yaml" | "yml" | "json")) {
            continue;
        }
        let name = files::shown(&entry.path);
        let text = match std::fs::read_to_string(&entry.path) {
            Ok(text) => text,
            Err(error) => {
                errors.push(format!("{name}: it could not be read: {error}"));
                continue;
            }
        };
        let mut documents = Vec::new();
        for document in yaml::load(&text) {
            match document {
                Ok(document) => documents.push(document),
                Err(error) => {
                    let line = Lines::of(&text).place(error.at).line;
                    errors.push(format!(
                        "{name}:{line}: this is not YAML as Kubernetes reads it: {error}"
                    ));
                }
            }
        }
        read.push(File {
            path: entry.path,
            source: Source {
                name,
                text,
                documents,
            },
        });
    }
    (read, errors)
}

/// Whether the document is one of a policy.
fn is_policy(document: &Value) -> bool {
    let version = text_at(document, "/apiVersion");
    version
        .split_once('/')
        .is_some_and(|(group, _)| group == API_GROUP)
}

/// The policy that is tested.
///
/// # Errors
/// When it cannot be read or understood.
pub(super) fn policy(
    named: &[PathBuf],
    paths: &[PathBuf],
    files: &[File],
    now: Timestamp,
) -> anyhow::Result<Policy> {
    let mut sources = Vec::new();
    for path in named {
        if !path.is_dir() {
            sources.push(Source::read(path)?);
            continue;
        }
        let (below, errors) = read(std::slice::from_ref(path));
        ensure!(errors.is_empty(), "{}", errors.join("\n"));
        let found = below
            .iter()
            .filter_map(|file| of_policies(file).transpose());
        let before = sources.len();
        for source in found {
            sources.push(source?);
        }
        ensure!(
            sources.len() > before,
            "{} holds no document of {API_GROUP}",
            path.display()
        );
    }
    if named.is_empty() {
        for file in files {
            sources.extend(of_policies(file)?);
        }
    }
    if sources.is_empty() {
        let above = paths.iter().find_map(|path| policy_file::find(path));
        sources.extend(above.as_deref().map(Source::read).transpose()?);
    }
    Ok(policy_file::told(policy_file::compile(&sources, now)?))
}

/// The documents of policies in a file; all of one that has the name of a policy file.
fn of_policies(file: &File) -> anyhow::Result<Option<Source>> {
    if is_policy_file(&file.path) {
        return Source::read(&file.path).map(Some);
    }
    let mut documents = file.source.documents.clone();
    documents.retain(|document| is_policy(&document.value));
    Ok((!documents.is_empty()).then(|| Source {
        name: file.source.name.clone(),
        text: file.source.text.clone(),
        documents,
    }))
}

pub(super) fn is_policy_file(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name == policy_file::NAME)
}
