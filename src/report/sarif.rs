//! For code scanning: SARIF 2.1.0, with fingerprints that stay the same when lines move.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::is_unverified;
use crate::check::{FileReport, Found, Report};
use crate::judge::Note;
use crate::model::Action;
use crate::rules::{AnyRule, RULES};
use crate::yaml::Place;

/// The report as a SARIF log.
#[must_use]
pub fn render(report: &Report) -> String {
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "lockkeeper",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| descriptor(*rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": !report.has_errors(),
                "toolExecutionNotifications": notifications(report),
            }],
            "results": results(report),
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn descriptor(rule: &dyn AnyRule) -> Value {
    let meta = rule.meta();
    json!({
        "id": meta.name,
        "shortDescription": {"text": meta.summary},
        "help": {"text": rule.doc(), "markdown": rule.doc()},
        "defaultConfiguration": {
            "level": level(meta.action),
            "enabled": meta.action != Action::Off,
        },
        "properties": {"tags": [meta.family.as_str()]},
    })
}

fn level(action: Action) -> &'static str {
    match action {
        Action::Deny => "error",
        Action::Warn => "warning",
        Action::Audit => "note",
        Action::Off => "none",
    }
}

fn results(report: &Report) -> Vec<Value> {
    // Two findings can only differ by their order, such as two nameless items of one list.
    let mut times: HashMap<&str, usize> = HashMap::new();
    report
        .findings()
        .map(|(file, found)| {
            let time = times.entry(found.fingerprint.as_str()).or_insert(0);
            *time += 1;
            result(file, found, *time)
        })
        .collect()
}

fn result(file: &FileReport, found: &Found, time: usize) -> Value {
    let object = file.objects.get(found.object);
    let mut text = found.message.clone();
    if !found.help.is_empty() {
        text.push_str("\nHelp: ");
        text.push_str(&found.help);
    }
    let mut result = json!({
        "ruleId": found.rule,
        "ruleIndex": RULES.iter().position(|rule| rule.meta().name == found.rule),
        "level": if is_unverified(found) { "note" } else { level(found.action) },
        "message": {"text": text},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&file.file)},
                "region": region(found.start, found.end),
            },
            "logicalLocations": [{
                "fullyQualifiedName": object.map_or_else(String::new, |object| {
                    format!("{object}{}", found.pointer.as_str())
                }),
                "kind": "member",
            }],
        }],
        "partialFingerprints": {"lockkeeper/v1": format!("{}:{time}", found.fingerprint)},
        "properties": {
            "action": found.action.as_str(),
            "certainty": found.certainty.as_str(),
            "pointer": found.pointer.as_str(),
        },
    });
    match &found.note {
        Some(Note::Exempt { reason, until, by }) => {
            result["suppressions"] = json!([{
                "kind": "external",
                "justification": format!("{reason} (until {until}, by {by})"),
            }]);
        }
        Some(note) => result["properties"]["note"] = json!(note.to_string()),
        None => {}
    }
    result
}

fn region(start: Place, end: Place) -> Value {
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn notifications(report: &Report) -> Vec<Value> {
    let problems = report.problems().map(|(file, problem)| {
        let level = if problem.is_error { "error" } else { "warning" };
        notification(file, level, &problem.message, problem.place)
    });
    let skipped = report.skipped().map(|(file, skipped)| {
        notification(
            file,
            "note",
            &format!("skipped: {}", skipped.reason),
            skipped.place,
        )
    });
    problems.chain(skipped).collect()
}

fn notification(file: &FileReport, level: &str, message: &str, place: Option<Place>) -> Value {
    let mut location = json!({"artifactLocation": {"uri": uri(&file.file)}});
    if let Some(place) = place {
        location["region"] = region(place, place);
    }
    json!({
        "level": level,
        "message": {"text": message},
        "locations": [{"physicalLocation": location}],
    })
}

/// The file's name as a URI reference: everything but its unreserved characters and `/` is escaped.
fn uri(file: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(file.len());
    for byte in file.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri
}
