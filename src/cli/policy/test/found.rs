//! Judges the documents of a test run as at admission, and compares with what is expected of them.

use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::super::super::world::World;
use super::expectation::Expectation;
use super::shown::{Found, Report, Skipped, Test};
use super::sources::{File, is_policy_file};
use crate::check::ObjectName;
use crate::judge::{EXEMPTION, POLICY_MATCH, judge, shown};
use crate::model::{Action, Before, Case, Form, Operation, Request, Subject};
use crate::policy::Policy;
use crate::rules::RULES;
use crate::yaml::{self, Document, Lines, Outline};

/// Where files say no namespace; kubectl's own.
const NAMESPACE: &str = "default";

/// Judges all documents of which something is expected. What cannot be understood is added to `errors`.
pub(super) fn judge_all(
    files: &[File],
    policy: &Policy,
    now: Timestamp,
    errors: &mut Vec<String>,
) -> Report {
    let mut world = World::default();
    let documents = files.iter().flat_map(|file| &file.source.documents);
    for document in documents {
        world.take(&document.value);
    }
    let bench = Bench {
        policy,
        world,
        now,
        known: names(policy),
    };
    let mut report = Report::default();
    for file in files {
        if is_policy_file(&file.path) {
            continue;
        }
        let lines = Lines::of(&file.source.text);
        for index in 0..file.source.documents.len() {
            let outcome = bench.judge(file, index, &mut report);
            if let Err((at, message)) = outcome {
                let line = lines.place(at).line;
                errors.push(format!("{}:{line}: {message}", file.source.name));
            }
        }
    }
    report
}

/// Every name that a finding can have.
fn names(policy: &Policy) -> Vec<String> {
    let customs = policy.releases().iter().flat_map(|policy| {
        let rules = policy.custom_rules().iter();
        rules.map(|rule| rule.name().to_owned())
    });
    RULES
        .iter()
        .map(|rule| rule.meta().name.to_owned())
        .chain(customs)
        .chain([POLICY_MATCH.to_owned(), EXEMPTION.to_owned()])
        .collect()
}

struct Bench<'p> {
    policy: &'p Policy,
    world: World,
    now: Timestamp,
    known: Vec<String>,
}

/// What is wrong, and the byte where it stands.
type Wrong = (usize, String);

impl Bench<'_> {
    fn judge(&self, file: &File, index: usize, report: &mut Report) -> Result<(), Wrong> {
        let source = &file.source;
        let document = &source.documents[index];
        let mut expectation = Expectation::default();
        for (at, comment) in comments(&source.text, &source.documents, index) {
            let known = self.known.iter().map(String::as_str);
            let taken = expectation.take(comment, known);
            taken.map_err(|message| (at, message))?;
        }
        let start = first_byte(&source.text, document);
        let subject = Subject::new(&document.value);
        let Some(subject) = subject else {
            return match expectation.is_there {
                true => Err((start, "an expectation stands in a document that nothing judges: it is for a HelmRelease, OCIRepository, HelmChart or Flux Kustomization".to_owned())),
                false => Ok(()),
            };
        };
        let line = Lines::of(&source.text).place(start).line;
        if expectation.is_empty() {
            report.skipped.push(Skipped {
                file: source.name.clone(),
                line,
                reason: "nothing is expected of it",
            });
            return Ok(());
        }
        if let Some(wrong) = expectation.contradiction() {
            return Err((start, wrong.to_owned()));
        }
        let old = match &expectation.old {
            Some(old) => Some(before(&file.path, old).map_err(|message| (start, message))?),
            None => None,
        };
        let case = Case {
            subject: subject.in_namespace(NAMESPACE),
            before: old.as_ref().map(|old| old as &dyn Before),
            request: Request {
                operation: match old {
                    Some(_) => Operation::Update,
                    None => Operation::Create,
                },
                user: expectation.user.as_deref(),
                dry_run: expectation.dry_run,
                form: Form::Applied,
            },
            now: self.now,
            comments: None,
        };
        let verdict = judge(&case, self.policy, &self.world);
        let found: Vec<Found> = verdict
            .findings
            .iter()
            .map(|ruled| Found {
                rule: ruled.finding.rule.to_string(),
                action: ruled.action,
                pointer: shown(&ruled.finding.pointer).as_str().to_owned(),
                message: ruled.finding.message.clone(),
                note: ruled.note.as_ref().map(ToString::to_string),
            })
            .collect();
        report.tests.push(compared(
            source.name.clone(),
            line,
            ObjectName::of(&case.subject),
            expectation.findings,
            found,
        ));
        Ok(())
    }
}

fn compared(
    file: String,
    line: usize,
    object: ObjectName,
    expected: Vec<(Action, String)>,
    found: Vec<Found>,
) -> Test {
    let is_found = |(action, rule): &&(Action, String)| {
        let mut found = found.iter();
        found.any(|found| found.action == *action && found.rule == *rule)
    };
    let missing = expected
        .iter()
        .filter(|expected| !is_found(expected))
        .cloned()
        .collect();
    let is_expected = |found: &&Found| {
        let denied = (Action::Deny, found.rule.clone());
        found.action != Action::Deny || expected.contains(&denied)
    };
    let unexpected = found
        .iter()
        .filter(|found| !is_expected(found))
        .cloned()
        .collect();
    Test {
        file,
        line,
        object,
        expected,
        found,
        missing,
        unexpected,
    }
}

/// The object before an update, from a file beside the test's own.
fn before(test: &Path, old: &Path) -> Result<Value, String> {
    let path = test.parent().unwrap_or(Path::new(".")).join(old);
    let shown = path.display();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("the old object {shown} could not be read: {error}"))?;
    let documents = yaml::load(&text).into_iter().flatten();
    let mut objects = documents.filter(|document| Subject::new(&document.value).is_some());
    match (objects.next(), objects.next()) {
        (Some(object), None) => Ok(object.value),
        (None, _) => Err(format!("{shown} holds no object that could be the old one")),
        (Some(_), Some(_)) => Err(format!(
            "{shown} holds several objects, and one of them is the old one"
        )),
    }
}

/// The comments of a document, each with the byte of its `#`. What stands before the first document is its own.
fn comments<'t>(text: &'t str, documents: &[Document], index: usize) -> Vec<(usize, &'t str)> {
    let document = &documents[index];
    let from = match index {
        0 => 0,
        _ => document.range.start,
    };
    let to = documents.get(index + 1);
    let to = to.map_or(text.len(), |next| next.range.start);
    let within = Outline::of(text, document);
    let is_comment = |at: usize| {
        !document.range.contains(&at)
            || within.as_ref().is_some_and(|outline| {
                outline
                    .comments()
                    .iter()
                    .any(|comment| comment.contains(&at))
            })
    };
    let mut comments = Vec::new();
    let mut at = from;
    for line in text.get(from..to).unwrap_or_default().split_inclusive('\n') {
        let hash = at + line.len() - line.trim_start().len();
        if let Some(comment) = line.trim_start().strip_prefix('#')
            && is_comment(hash)
        {
            comments.push((hash, comment.trim()));
        }
        at += line.len();
    }
    comments
}

/// Where a document itself begins, behind its `---` and comments.
fn first_byte(text: &str, document: &Document) -> usize {
    let mut at = document.range.start;
    for line in text
        .get(document.range.clone())
        .unwrap_or_default()
        .split_inclusive('\n')
    {
        let words = line.trim();
        if !words.is_empty() && !words.starts_with('#') && !words.starts_with("---") {
            return at;
        }
        at += line.len();
    }
    document.range.start
}
