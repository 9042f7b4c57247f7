//! The results of a test run, as text: a table, JUnit, JSON.

use std::fmt::Write as _;

use clap::builder::styling::{AnsiColor, Style};
use quick_junit::{NonSuccessKind, Report as Suites, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::super::printable;
use super::expectation::words;
use crate::check::ObjectName;
use crate::model::Action;

/// What came of a run.
#[derive(Default)]
pub(super) struct Report {
    pub(super) tests: Vec<Test>,
    pub(super) skipped: Vec<Skipped>,
}

/// An object of which something is expected.
pub(super) struct Test {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) object: ObjectName,
    pub(super) expected: Vec<(Action, String)>,
    pub(super) found: Vec<Found>,
    /// What is expected and was not found.
    pub(super) missing: Vec<(Action, String)>,
    /// Denials that nobody expects.
    pub(super) unexpected: Vec<Found>,
}

impl Test {
    pub(super) fn is_ok(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty()
    }

    /// The actions and rules of what was found, each once.
    fn found(&self) -> Vec<(Action, String)> {
        let mut found = Vec::new();
        for one in &self.found {
            let one = (one.action, one.rule.clone());
            if !found.contains(&one) {
                found.push(one);
            }
        }
        found
    }

    /// A line for each thing that is not as expected.
    fn differences(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        for (action, rule) in &self.missing {
            let _ = writeln!(text, "expected and not found: {} {rule}", action.as_str());
        }
        for found in &self.unexpected {
            let _ = write!(
                text,
                "not expected: {} {} at {}: {}",
                found.action.as_str(),
                found.rule,
                if found.pointer.is_empty() {
                    "the object"
                } else {
                    &found.pointer
                },
                found.message
            );
            if let Some(note) = &found.note {
                let _ = write!(text, " ({note})");
            }
            text.push('\n');
        }
        text
    }
}

/// A finding, secrets masked.
#[derive(Clone, Serialize)]
pub(super) struct Found {
    pub(super) rule: String,
    pub(super) action: Action,
    pub(super) pointer: String,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

/// An object of which nothing is expected.
#[derive(Serialize)]
pub(super) struct Skipped {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) reason: &'static str,
}

/// The table.
pub(super) fn human(report: &Report) -> String {
    let good = Style::new().fg_color(Some(AnsiColor::Green.into()));
    let bad = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let mut rows = vec![["FILE", "OBJECT", "EXPECTED", "FOUND"].map(str::to_owned)];
    for test in &report.tests {
        rows.push([
            format!("{}:{}", test.file, test.line),
            test.object.to_string(),
            words(&test.expected),
            words(&test.found()),
        ]);
    }
    for row in &mut rows {
        *row = row.each_ref().map(|cell| printable(cell));
    }
    let mut widths = [0; 4];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(text, "{cell:width$}  ");
        }
        let test = index.checked_sub(1).map(|index| &report.tests[index]);
        let _ = match test {
            None => writeln!(text, "OK"),
            Some(test) if test.is_ok() => writeln!(text, "{good}yes{good:#}"),
            Some(_) => writeln!(text, "{bad}NO{bad:#}"),
        };
    }
    for test in report.tests.iter().filter(|test| !test.is_ok()) {
        let _ = writeln!(
            text,
            "\n{}:{} {}",
            test.file,
            test.line,
            printable(&test.object.to_string())
        );
        for line in test.differences().lines() {
            let _ = writeln!(text, "  {}", printable(line));
        }
    }
    text.push('\n');
    for skipped in &report.skipped {
        let _ = writeln!(
            text,
            "skipped {}:{}: {}",
            skipped.file, skipped.line, skipped.reason
        );
    }
    let passed = report.tests.iter().filter(|test| test.is_ok()).count();
    let _ = writeln!(
        text,
        "{passed} as expected, {} not, {} skipped",
        report.tests.len() - passed,
        report.skipped.len()
    );
    text
}

/// A suite for each file, a test case for each object.
///
/// # Errors
/// When the XML cannot be written.
pub(super) fn junit(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut suites = Suites::new("lockkeeper policy test");
    let mut files: Vec<&str> = Vec::new();
    let tested = report.tests.iter().map(|test| &*test.file);
    for file in tested.chain(report.skipped.iter().map(|skipped| &*skipped.file)) {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    for file in files {
        let mut suite = TestSuite::new(file);
        for test in report.tests.iter().filter(|test| test.file == file) {
            let name = format!(
                "{} (line {}): {}",
                test.object,
                test.line,
                words(&test.expected)
            );
            let mut status = TestCaseStatus::success();
            if !test.is_ok() {
                status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let (expected, found) = (words(&test.expected), words(&test.found()));
                status.set_message(format!("expected: {expected}; found: {found}"));
                status.set_description(test.differences());
            }
            let mut case = TestCase::new(name, status);
            case.set_classname(file);
            suite.add_test_case(case);
        }
        for skipped in report.skipped.iter().filter(|skipped| skipped.file == file) {
            let mut status = TestCaseStatus::skipped();
            status.set_message(skipped.reason);
            let mut case = TestCase::new(format!("line {}", skipped.line), status);
            case.set_classname(file);
            suite.add_test_case(case);
        }
        suites.add_test_suite(suite);
    }
    suites.to_string()
}

/// One document; docs/json.md describes it.
///
/// # Errors
/// When it cannot be written.
pub(super) fn json(report: &Report) -> serde_json::Result<String> {
    let named = |list: &[(Action, String)]| {
        let one = |(action, rule): &(Action, String)| json!({"action": action, "rule": rule});
        list.iter().map(one).collect::<Vec<Value>>()
    };
    let test = |test: &Test| {
        json!({
            "file": test.file, "line": test.line,
            "object": {"apiVersion": test.object.api_version, "kind": test.object.kind,
                "namespace": test.object.namespace, "name": test.object.name},
            "expected": named(&test.expected), "found": test.found,
            "missing": named(&test.missing), "unexpected": test.unexpected, "ok": test.is_ok(),
        })
    };
    let passed = report.tests.iter().filter(|test| test.is_ok()).count();
    let tests: Vec<Value> = report.tests.iter().map(test).collect();
    let document = json!({
        "version": 1, "tests": tests, "skipped": report.skipped,
        "summary": {"passed": passed, "failed": tests.len() - passed, "skipped": report.skipped.len()},
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
