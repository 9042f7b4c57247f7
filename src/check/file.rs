//! One text: its documents, the objects in them, and what the judge says of each.

use std::ops::Range;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::allowed::{Allowed, Beside};
use super::secrets::Secrets;
use super::{Engine, FileReport, Found, ObjectName, Problem, Skipped, excerpt, template};
use crate::judge::{MASK, Ruled, Verdict, judge, named_place, shown};
use crate::model::{Case, Comments, Pointer, Subject};
use crate::secrets::looks_like_secret;
use crate::yaml::{self, Document, Lines, Outline};

/// Judges every Flux object in a text.
#[must_use]
pub fn check_text(file: &str, text: &str, engine: &Engine<'_>) -> FileReport {
    let mut report = FileReport {
        file: file.to_owned(),
        ..FileReport::default()
    };
    if let Some(reason) = template::reason_by_name(file) {
        report.skipped.push(Skipped {
            place: None,
            reason,
        });
        return report;
    }
    for document in yaml::load(text) {
        match document {
            Ok(document) => check_document(text, &document, engine, &mut report),
            Err(error) => report_broken(text, &error, &mut report),
        }
    }
    report
        .findings
        .sort_by_key(|found| (found.start, found.object));
    report
}

fn report_broken(text: &str, error: &yaml::YamlError, report: &mut FileReport) {
    let lines = Lines::of(text);
    let document = text.get(error.range.clone()).unwrap_or(text);
    match template::reason_by_text(document) {
        Some(reason) => report.skipped.push(Skipped {
            place: Some(lines.place(error.range.start)),
            reason,
        }),
        None => report.problems.push(Problem {
            place: Some(lines.place(error.at)),
            message: format!("this is not YAML as Kubernetes reads it: {}", error.message),
            is_error: true,
        }),
    }
}

fn check_document(text: &str, document: &Document, engine: &Engine<'_>, report: &mut FileReport) {
    for duplicate in &document.duplicates {
        let key = match looks_like_secret(&duplicate.key) {
            true => MASK,
            false => &duplicate.key,
        };
        report.problems.push(Problem {
            place: Some(Lines::of(text).place(duplicate.at)),
            message: format!(
                "the key `{key}` is set again in the same map: Kubernetes takes the last one, Flux refuses the file"
            ),
            is_error: false,
        });
    }
    let mut subjects = Vec::new();
    let mut places = Vec::new();
    each_object(&document.value, &Pointer::root(), &mut |root, at| {
        if let Some(subject) = Subject::new(root) {
            subjects.push(subject);
            places.push(at);
        }
    });
    if subjects.is_empty() {
        return;
    }
    let allowed = Allowed::of(text, document);
    let beside: Vec<Option<Beside<'_>>> = places
        .iter()
        .map(|at| allowed.as_ref().map(|allowed| allowed.beside(at)))
        .collect();
    let mut judged = Vec::new();
    for ((subject, at), beside) in subjects.into_iter().zip(&places).zip(&beside) {
        let object = report.objects.len();
        report.objects.push(ObjectName::of(&subject));
        let mut case = Case::of_file(subject, engine.now);
        case.request.form = engine.form;
        case.comments = beside.as_ref().map(|beside| beside as &dyn Comments);
        let verdict = judge(&case, engine.policy, engine.facts);
        judged.push(Judged {
            subject: case.subject,
            at,
            object,
            verdict,
        });
    }
    if let Some(allowed) = &allowed {
        report.problems.extend(allowed.idle(&judged));
    }
    if judged
        .iter()
        .any(|judged| !judged.verdict.findings.is_empty())
    {
        show(text, document, &judged, engine, report);
    }
}

/// An object of a document, and what the judge said of it.
pub(super) struct Judged<'a> {
    subject: Subject<'a>,
    /// The pointer from the document to the object.
    pub(super) at: &'a Pointer,
    object: usize,
    pub(super) verdict: Verdict,
}

/// Calls `each` for the object in `value`, or for each item of a List.
fn each_object<'a>(value: &'a Value, at: &Pointer, each: &mut impl FnMut(&'a Value, Pointer)) {
    let is_list = value
        .get("kind")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.ends_with("List"));
    match value.get("items").and_then(Value::as_array) {
        Some(items) if is_list => {
            for (index, item) in items.iter().enumerate() {
                let at = at.clone().join("items").join(&index.to_string());
                each_object(item, &at, each);
            }
        }
        _ => each(value, at.clone()),
    }
}

/// Finds the places in the text and makes findings that may be shown.
fn show(
    text: &str,
    document: &Document,
    judged: &[Judged<'_>],
    engine: &Engine<'_>,
    report: &mut FileReport,
) {
    let lines = Lines::of(text);
    let outline = Outline::of(text, document);
    let mut secrets = Secrets::default();
    for judged in judged {
        let found = Secrets::of(&judged.subject, &judged.verdict, engine);
        secrets.absorb(found, judged.at.as_str());
    }
    let hidden = outline
        .as_ref()
        .map(|outline| hidden_ranges(outline, &secrets))
        .unwrap_or_default();
    for judged in judged {
        for ruled in &judged.verdict.findings {
            let (target, excerpt) = match &outline {
                Some(outline) => {
                    let located = outline.locate(&below(judged.at, &ruled.finding.pointer));
                    let object = outline.locate(judged.at).value;
                    let target = excerpt::target(text, &located);
                    let excerpt =
                        excerpt::excerpt(text, &target, &object, outline, &hidden, &secrets);
                    (target, Some(excerpt))
                }
                None => (document.range.start..document.range.start, None),
            };
            report.findings.push(Found {
                object: judged.object,
                rule: ruled.finding.rule.clone(),
                action: ruled.action,
                certainty: ruled.finding.certainty,
                start: lines.place(target.start),
                end: lines.place(target.end),
                pointer: shown(&ruled.finding.pointer),
                message: secrets.mask(&ruled.finding.message).into_owned(),
                help: secrets.mask(&ruled.finding.help).into_owned(),
                note: ruled.note.clone(),
                fingerprint: fingerprint(&report.file, judged, ruled),
                excerpt,
            });
        }
    }
}

/// The pointer from the document to a place in the object at `at`.
pub(super) fn below(at: &Pointer, pointer: &Pointer) -> Pointer {
    Pointer::parse(&format!("{}{}", at.as_str(), pointer.as_str())).unwrap_or_default()
}

/// The bytes of every value and key that must not be shown. A value whose key is set again was
/// judged by no rule at all.
fn hidden_ranges(outline: &Outline, secrets: &Secrets<'_>) -> Vec<Range<usize>> {
    let values = secrets.pointers.iter().flat_map(|pointer| {
        let located = outline.locate(pointer);
        [located.value, located.target]
    });
    let keys = outline
        .keys()
        .filter(|(key, _)| looks_like_secret(key))
        .map(|(_, at)| at.clone());
    values
        .chain(keys)
        .chain(outline.shadowed().iter().cloned())
        .collect()
}

/// The same for the same finding when lines move: list items are told by name.
fn fingerprint(file: &str, judged: &Judged<'_>, ruled: &Ruled) -> String {
    let place = shown(&named_place(&ruled.finding.pointer, judged.subject.root));
    let mut hash = Sha256::new();
    for part in [
        &*ruled.finding.rule,
        file,
        judged.subject.kind.name(),
        judged.subject.namespace,
        judged.subject.name,
        place.as_str(),
    ] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
