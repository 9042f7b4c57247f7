//! From texts to findings with their places: what `lockkeeper check` knows before it is rendered.
//!
//! Nothing here does I/O. What comes out may be shown to anyone: secrets are masked already.

mod allowed;
mod excerpt;
mod file;
mod secrets;
mod template;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub use excerpt::Excerpt;
pub use file::check_text;

use crate::facts::Facts;
use crate::judge::Note;
use crate::model::{Action, Certainty, Form, Pointer, RuleName, Subject};
use crate::policy::Policy;
use crate::rules::{Family, RULES};
use crate::yaml::Place;

/// What judges the texts of one run.
pub struct Engine<'a> {
    /// The policy in force.
    pub policy: &'a Policy,
    /// What is known of the world.
    pub facts: &'a (dyn Facts + Sync),
    /// The time of the judgement.
    pub now: Timestamp,
    /// How far Flux has worked on the objects: files are its source, unless it printed them.
    pub form: Form,
    /// The rules that know secrets, for masking: they are asked even where the policy turns them off.
    detectors: Policy,
}

impl<'a> Engine<'a> {
    /// An engine with that policy.
    #[must_use]
    pub fn new(policy: &'a Policy, facts: &'a (dyn Facts + Sync), now: Timestamp) -> Self {
        let mut detectors = Policy::builtin();
        detectors.keep_rules(|name| {
            RULES
                .iter()
                .any(|rule| rule.meta().name == name && rule.meta().family == Family::Secrets)
        });
        Self {
            policy,
            facts,
            now,
            form: Form::Source,
            detectors,
        }
    }
}

/// What came of one file.
#[derive(Clone, Debug, Default)]
pub struct FileReport {
    /// The file's name as it is shown.
    pub file: String,
    /// The objects that were judged.
    pub objects: Vec<ObjectName>,
    /// What was found, by place.
    pub findings: Vec<Found>,
    /// What kept parts of the file from being judged, and what Kubernetes would trip over.
    pub problems: Vec<Problem>,
    /// What is not meant to be judged, and why.
    pub skipped: Vec<Skipped>,
}

/// Names an object in reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its `kind`.
    pub kind: &'static str,
    /// Its namespace; empty where the file does not say it.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ObjectName {
    /// The name of an object.
    #[must_use]
    pub fn of(subject: &Subject<'_>) -> Self {
        Self {
            api_version: subject.api_version().to_owned(),
            kind: subject.kind.name(),
            namespace: subject.namespace.to_owned(),
            name: subject.name.to_owned(),
        }
    }
}

impl std::fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = if self.name.is_empty() {
            "(without a name)"
        } else {
            &self.name
        };
        if self.namespace.is_empty() {
            write!(formatter, "{} {name}", self.kind)
        } else {
            write!(formatter, "{} {}/{name}", self.kind, self.namespace)
        }
    }
}

/// A finding, and where it stands.
#[derive(Clone, Debug)]
pub struct Found {
    /// The object, as an index into [`FileReport::objects`].
    pub object: usize,
    /// The rule's name.
    pub rule: RuleName,
    /// What becomes of it.
    pub action: Action,
    /// Whether the rule saw all that it needed.
    pub certainty: Certainty,
    /// Where the underlined text begins.
    pub start: Place,
    /// Where it ends.
    pub end: Place,
    /// The place in the object, with secrets masked.
    pub pointer: Pointer,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: String,
    /// Why the action is not simply the rule's.
    pub note: Option<Note>,
    /// The same for the same finding when lines move: a SHA-256 in hex.
    pub fingerprint: String,
    /// The line, with secrets masked; `None` when it could not be found again.
    pub excerpt: Option<Excerpt>,
}

/// Something about a file that is no finding of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place; `None` when it is the whole file.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// Whether something could not be judged because of it.
    pub is_error: bool,
}

impl Problem {
    /// A problem with the whole file.
    #[must_use]
    pub fn of_file(message: impl Into<String>) -> Self {
        Self {
            place: None,
            message: message.into(),
            is_error: true,
        }
    }
}

/// A file or document that was left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where the document begins; `None` when it is the whole file.
    pub place: Option<Place>,
    /// Why.
    pub reason: &'static str,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files, in the order of the arguments, then by path.
    pub files: Vec<FileReport>,
    /// How long it took.
    pub seconds: f64,
}

impl Report {
    /// All findings with their files.
    pub fn findings(&self) -> impl Iterator<Item = (&FileReport, &Found)> {
        self.files
            .iter()
            .flat_map(|file| file.findings.iter().map(move |found| (file, found)))
    }

    /// All problems with their files.
    pub fn problems(&self) -> impl Iterator<Item = (&FileReport, &Problem)> {
        self.files
            .iter()
            .flat_map(|file| file.problems.iter().map(move |problem| (file, problem)))
    }

    /// All that was skipped, with the files.
    pub fn skipped(&self) -> impl Iterator<Item = (&FileReport, &Skipped)> {
        self.files
            .iter()
            .flat_map(|file| file.skipped.iter().map(move |skipped| (file, skipped)))
    }

    /// The number of objects that were judged.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.files.iter().map(|file| file.objects.len()).sum()
    }

    /// Whether anything is denied.
    #[must_use]
    pub fn has_denials(&self) -> bool {
        self.findings()
            .any(|(_, found)| found.action == Action::Deny)
    }

    /// Whether something could not be judged.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems().any(|(_, problem)| problem.is_error)
    }
}
