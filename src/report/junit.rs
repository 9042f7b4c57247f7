//! For CI systems that show tests: a suite for each file, a test case for each object.

use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Suites, TestCase, TestCaseStatus, TestSuite};

use crate::check::{FileReport, Found, Problem, Report};
use crate::model::Action;

/// The report as JUnit XML.
///
/// # Errors
/// When the XML cannot be written.
pub fn render(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut suites = Suites::new("lockkeeper check");
    suites.set_time(Duration::from_secs_f64(report.seconds.max(0.0)));
    for file in &report.files {
        let mut suite = TestSuite::new(file.file.as_str());
        for (index, object) in file.objects.iter().enumerate() {
            let findings: Vec<&Found> = file
                .findings
                .iter()
                .filter(|found| found.object == index)
                .collect();
            let mut case = TestCase::new(object.to_string(), status(&findings));
            case.set_classname(file.file.as_str());
            let others = lines(findings.iter().copied().filter(|found| !is_denied(found)));
            if !others.is_empty() {
                case.set_system_out(others);
            }
            suite.add_test_case(case);
        }
        for problem in &file.problems {
            suite.add_test_case(problem_case(file, problem));
        }
        for skipped in &file.skipped {
            let mut status = TestCaseStatus::skipped();
            status.set_message(skipped.reason);
            let name = skipped
                .place
                .map_or_else(|| "file".to_owned(), |place| format!("line {}", place.line));
            let mut case = TestCase::new(name, status);
            case.set_classname(file.file.as_str());
            suite.add_test_case(case);
        }
        if !suite.test_cases.is_empty() {
            suites.add_test_suite(suite);
        }
    }
    suites.to_string()
}

fn is_denied(found: &Found) -> bool {
    found.action == Action::Deny
}

fn status(findings: &[&Found]) -> TestCaseStatus {
    let denied: Vec<&Found> = findings
        .iter()
        .copied()
        .filter(|found| is_denied(found))
        .collect();
    let Some(first) = denied.first() else {
        return TestCaseStatus::success();
    };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(&*first.rule);
    status.set_message(match denied.len() {
        1 => first.message.clone(),
        count => format!("{} (and {} more)", first.message, count - 1),
    });
    status.set_description(lines(denied.into_iter()));
    status
}

fn lines<'a>(findings: impl Iterator<Item = &'a Found>) -> String {
    let mut text = String::new();
    for found in findings {
        let _ = write!(
            text,
            "{}:{} {} [{}]: {}",
            found.start.line,
            found.start.column,
            found.action.as_str(),
            found.rule,
            found.message
        );
        if let Some(note) = &found.note {
            let _ = write!(text, " ({note})");
        }
        if !found.help.is_empty() {
            let _ = write!(text, "; help: {}", found.help);
        }
        text.push('\n');
    }
    text
}

fn problem_case(file: &FileReport, problem: &Problem) -> TestCase {
    let name = problem.place.map_or_else(
        || "file".to_owned(),
        |place| format!("line {}, column {}", place.line, place.column),
    );
    let mut case = if problem.is_error {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(problem.message.as_str());
        TestCase::new(name, status)
    } else {
        let mut case = TestCase::new(name, TestCaseStatus::success());
        case.set_system_out(problem.message.as_str());
        case
    };
    case.set_classname(file.file.as_str());
    case
}
