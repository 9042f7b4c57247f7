//! For GitHub Actions: workflow commands that become annotations beside the changed lines.

use std::fmt::Write as _;

use super::{Summary, counted, is_unverified};
use crate::check::{FileReport, Found, Report};
use crate::model::Action;
use crate::yaml::Place;

/// The report as workflow commands.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    for file in &report.files {
        for problem in &file.problems {
            let command = if problem.is_error { "error" } else { "warning" };
            let place = problem.place.map(|place| (place, place));
            let title = "lockkeeper";
            push(&mut text, command, file, place, title, &problem.message);
        }
        for skipped in &file.skipped {
            let place = skipped.place.map(|place| (place, place));
            push(&mut text, "notice", file, place, "skipped", skipped.reason);
        }
        // What is only recorded is no annotation: GitHub shows few of them.
        let shown = |found: &&Found| found.action > Action::Audit;
        for found in file.findings.iter().filter(shown) {
            let place = Some((found.start, found.end));
            push(
                &mut text,
                command(found),
                file,
                place,
                &found.rule,
                &message(found),
            );
        }
    }
    let summary = Summary::of(report);
    let _ = writeln!(
        text,
        "lockkeeper: {}, {} denied, {}, {} unverified",
        counted(summary.objects, "object"),
        summary.denied,
        counted(summary.warnings, "warning"),
        summary.unverified
    );
    text
}

fn command(found: &Found) -> &'static str {
    match found.action {
        Action::Deny => "error",
        Action::Warn if !is_unverified(found) => "warning",
        Action::Warn | Action::Audit | Action::Off => "notice",
    }
}

fn message(found: &Found) -> String {
    let mut message = found.message.clone();
    if let Some(note) = &found.note {
        let _ = write!(message, "\n{note}");
    }
    if !found.help.is_empty() {
        let _ = write!(message, "\nhelp: {}", found.help);
    }
    message
}

fn push(
    text: &mut String,
    command: &str,
    file: &FileReport,
    place: Option<(Place, Place)>,
    title: &str,
    message: &str,
) {
    let _ = write!(text, "::{command} file={}", property(&file.file));
    if let Some((start, end)) = place {
        let _ = write!(text, ",line={},col={}", start.line, start.column);
        // GitHub takes an end column on the same line only.
        if end.line == start.line && end.column > start.column {
            let _ = write!(text, ",endColumn={}", end.column);
        }
    }
    let _ = writeln!(text, ",title={}::{}", property(title), data(message));
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_a_command_is_escaped() {
        assert_eq!(data("100%\r\n::error::x"), "100%25%0D%0A::error::x");
        assert_eq!(property("a,b:c"), "a%2Cb%3Ac");
    }
}
