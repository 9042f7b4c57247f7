//! For people at a terminal: the line with the place underlined, why, how to mend it; then a summary.

use std::fmt::Write as _;

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Summary, counted, is_unverified};
use crate::check::{FileReport, Found, Problem, Report, Skipped};
use crate::model::Action;

/// How much is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Also what is unverified, audited and skipped, one by one.
    pub verbose: bool,
    /// The width to which lines are cut.
    pub width: Option<usize>,
}

/// The report with ANSI colours: whoever prints it strips them where nobody can see them.
#[must_use]
pub fn render(report: &Report, options: Options) -> String {
    let renderer = Renderer::styled().term_width(options.width.unwrap_or(DEFAULT_TERM_WIDTH));
    let mut text = String::new();
    for file in &report.files {
        for problem in &file.problems {
            push(&mut text, &renderer, problem_group(file, problem));
        }
        for skipped in file.skipped.iter().filter(|_| options.verbose) {
            push(&mut text, &renderer, skipped_group(file, skipped));
        }
        for found in &file.findings {
            let is_quiet = is_unverified(found) || found.action == Action::Audit;
            if !is_quiet || options.verbose {
                push(&mut text, &renderer, finding_group(file, found));
            }
        }
    }
    push_summary(&mut text, &Summary::of(report), options);
    text
}

fn push(text: &mut String, renderer: &Renderer, group: Group<'_>) {
    text.push_str(&renderer.render(&[group]));
    text.push_str("\n\n");
}

fn level(found: &Found) -> Level<'static> {
    match found.action {
        Action::Deny => Level::ERROR.with_name("denied"),
        _ if is_unverified(found) => Level::NOTE.with_name("unverified"),
        Action::Warn => Level::WARNING,
        Action::Audit | Action::Off => Level::NOTE.with_name("audit"),
    }
}

fn finding_group<'a>(file: &'a FileReport, found: &'a Found) -> Group<'a> {
    let mut group = level(found)
        .primary_title(found.message.as_str())
        .id(&*found.rule)
        .element(place_of(file, found));
    if let Some(object) = file.objects.get(found.object) {
        let place = format!("{object} at {}", found.pointer);
        group = group.element(Level::NOTE.with_name("in").message(visible(&place)));
    }
    if let Some(note) = &found.note {
        group = group.element(Level::NOTE.message(visible(&note.to_string())));
    }
    if !found.help.is_empty() {
        group = group.element(Level::HELP.message(visible(&found.help)));
    }
    group
}

/// The text without control characters: a name in a file must not steer the terminal. The renderer
/// itself sees to titles, paths and excerpts.
fn visible(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// The excerpt. The renderer folds lines and counts columns by itself, so it gets the one line alone,
/// with its number.
fn place_of<'a>(file: &'a FileReport, found: &'a Found) -> annotate_snippets::Element<'a> {
    match &found.excerpt {
        Some(excerpt) => Snippet::source(excerpt.line.as_str())
            .line_start(found.start.line)
            .path(file.file.as_str())
            .fold(false)
            .annotation(AnnotationKind::Primary.span(excerpt.underline.clone()))
            .into(),
        None => Origin::path(file.file.as_str())
            .line(found.start.line)
            .char_column(found.start.column)
            .into(),
    }
}

fn problem_group<'a>(file: &'a FileReport, problem: &'a Problem) -> Group<'a> {
    let level = if problem.is_error {
        Level::ERROR
    } else {
        Level::WARNING
    };
    let mut origin = Origin::path(file.file.as_str());
    if let Some(place) = problem.place {
        origin = origin.line(place.line).char_column(place.column);
    }
    level
        .primary_title(problem.message.as_str())
        .element(origin)
}

fn skipped_group<'a>(file: &'a FileReport, skipped: &'a Skipped) -> Group<'a> {
    let mut origin = Origin::path(file.file.as_str());
    if let Some(place) = skipped.place {
        origin = origin.line(place.line).char_column(place.column);
    }
    Level::INFO
        .with_name("skipped")
        .primary_title(skipped.reason)
        .element(origin)
}

fn push_summary(text: &mut String, summary: &Summary, options: Options) {
    if summary.unverified > 0 && !options.verbose {
        let _ = writeln!(
            text,
            "{} could not be verified from files alone: -v shows which, and why",
            counted(summary.unverified, "finding")
        );
    }
    let mut parts = vec![
        format!(
            "{} in {}",
            counted(summary.objects, "object"),
            counted(summary.files, "file")
        ),
        format!("{} denied", summary.denied),
        counted(summary.warnings, "warning"),
        format!("{} unverified", summary.unverified),
    ];
    if summary.audited > 0 {
        parts.push(format!("{} audited", summary.audited));
    }
    parts.push(format!("{} skipped", summary.skipped));
    if summary.errors > 0 {
        parts.push(format!("{} not judged", summary.errors));
    }
    let _ = writeln!(text, "{}; {:.2} s", parts.join(", "), summary.seconds);
}
