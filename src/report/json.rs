//! For programs: the stable schema of version 1, described in docs/json.md.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Summary;
use crate::check::Report;
use crate::judge::Note;
use crate::model::RuleName;

/// The version of the schema. It rises when a field changes its meaning or goes away; new fields may
/// come without it.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    findings: Vec<Finding<'a>>,
    problems: Vec<Problem<'a>>,
    skipped: Vec<Skipped<'a>>,
    summary: Numbers,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule: &'a str,
    action: &'a str,
    certainty: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    pointer: &'a str,
    object: Object<'a>,
    message: &'a str,
    help: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<NoteView>,
    fingerprint: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct NoteView {
    kind: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Problem<'a> {
    severity: &'static str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    message: &'a str,
}

#[derive(Serialize)]
struct Skipped<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    reason: &'a str,
}

#[derive(Serialize)]
struct Numbers {
    files: usize,
    objects: usize,
    denied: usize,
    warnings: usize,
    unverified: usize,
    audited: usize,
    skipped: usize,
    errors: usize,
    findings_by_rule: BTreeMap<RuleName, usize>,
    seconds: f64,
}

/// The report as one JSON document.
#[must_use]
pub fn render(report: &Report) -> String {
    let document = Document {
        version: VERSION,
        findings: findings(report),
        problems: report
            .problems()
            .map(|(file, problem)| Problem {
                severity: if problem.is_error { "error" } else { "warning" },
                file: &file.file,
                line: problem.place.map(|place| place.line),
                column: problem.place.map(|place| place.column),
                message: &problem.message,
            })
            .collect(),
        skipped: report
            .skipped()
            .map(|(file, skipped)| Skipped {
                file: &file.file,
                line: skipped.place.map(|place| place.line),
                reason: skipped.reason,
            })
            .collect(),
        summary: numbers(Summary::of(report)),
    };
    // Strings, numbers and maps with string keys: there is nothing that could fail.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn findings(report: &Report) -> Vec<Finding<'_>> {
    report
        .findings()
        .filter_map(|(file, found)| {
            let object = file.objects.get(found.object)?;
            Some(Finding {
                rule: &found.rule,
                action: found.action.as_str(),
                certainty: found.certainty.as_str(),
                file: &file.file,
                line: found.start.line,
                column: found.start.column,
                end_line: found.end.line,
                end_column: found.end.column,
                pointer: found.pointer.as_str(),
                object: Object {
                    api_version: &object.api_version,
                    kind: object.kind,
                    namespace: &object.namespace,
                    name: &object.name,
                },
                message: &found.message,
                help: &found.help,
                note: found.note.as_ref().map(|note| NoteView {
                    kind: note_kind(note),
                    text: note.to_string(),
                }),
                fingerprint: &found.fingerprint,
            })
        })
        .collect()
}

fn note_kind(note: &Note) -> &'static str {
    match note {
        Note::Unverified => "unverified",
        Note::DryRun => "dry-run",
        Note::Exempt { .. } => "exempt",
        Note::ExemptionExpired { .. } => "exemption-expired",
        Note::ExemptionNotOpened { .. } => "exemption-not-opened",
        Note::AlreadyThere => "already-there",
    }
}

fn numbers(summary: Summary) -> Numbers {
    Numbers {
        files: summary.files,
        objects: summary.objects,
        denied: summary.denied,
        warnings: summary.warnings,
        unverified: summary.unverified,
        audited: summary.audited,
        skipped: summary.skipped,
        errors: summary.errors,
        findings_by_rule: summary.findings_by_rule,
        seconds: (summary.seconds * 1000.0).round() / 1000.0,
    }
}
