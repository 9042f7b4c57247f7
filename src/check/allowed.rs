//! Comments that say why a literal is meant to be there: `# lockkeeper.dev/allow-literal: reason`.
//!
//! One counts on the line of the value, or alone on the line above. Whether it is honoured is the
//! rule's and the policy's choice; one that is beside nothing is told of here.

use std::ops::Range;

use memchr::memmem;

use super::Problem;
use super::file::{Judged, below};
use crate::model::{Comments, Pointer};
use crate::yaml::{Document, Lines, Outline, line_range};

/// The name of the annotation, which comments share.
const NAME: &str = "lockkeeper.dev/allow-literal";

/// The comments of one document that allow literals.
#[derive(Debug)]
pub(super) struct Allowed<'t> {
    text: &'t str,
    outline: Outline,
    comments: Vec<Comment<'t>>,
    /// Where the name stands after a `#` that begins no comment: within a text of several lines.
    strays: Vec<usize>,
}

#[derive(Debug)]
struct Comment<'t> {
    at: usize,
    /// The byte where the line begins that the comment is about.
    line: usize,
    reason: &'t str,
}

impl<'t> Allowed<'t> {
    /// Reads the comments; `None` where there are none, as in nearly every document.
    pub(super) fn of(text: &'t str, document: &Document) -> Option<Self> {
        let range = document.range.clone();
        let within = text.get(range.clone())?;
        memmem::find(within.as_bytes(), NAME.as_bytes())?;
        let outline = Outline::of(text, document)?;
        let mut comments = Vec::new();
        let mut strays = Vec::new();
        for found in memmem::find_iter(within.as_bytes(), NAME.as_bytes()) {
            let at = range.start + found;
            let Some(hash) = text[..at].trim_end_matches([' ', '\t']).strip_suffix('#') else {
                continue;
            };
            let begins = |comment: &&Range<usize>| comment.contains(&hash.len());
            match outline.comments().iter().find(begins) {
                Some(_) => comments.push(Comment::of(text, hash.len(), at + NAME.len())),
                None => strays.push(at),
            }
        }
        (!comments.is_empty() || !strays.is_empty()).then_some(Self {
            text,
            outline,
            comments,
            strays,
        })
    }

    /// The comments as the object at `at` in the document sees them.
    pub(super) fn beside<'a>(&'a self, at: &'a Pointer) -> Beside<'a> {
        Beside { allowed: self, at }
    }

    /// The comments about the value at `pointer`, from the document's root.
    fn about<'a>(
        &'a self,
        pointer: &Pointer,
    ) -> impl Iterator<Item = &'a Comment<'t>> + use<'a, 't> {
        let located = self.outline.locate(pointer);
        let is_exact = located.is_exact;
        let key = located
            .key
            .map(|key| line_range(self.text, key.start).start);
        let value = line_range(self.text, located.value.start).start;
        self.comments
            .iter()
            .filter(move |comment| is_exact && (comment.line == value || Some(comment.line) == key))
    }

    /// A problem for every comment that is beside nothing it could allow: its author believes otherwise.
    pub(super) fn idle(&self, judged: &[Judged<'_>]) -> Vec<Problem> {
        let used: Vec<usize> = judged
            .iter()
            .flat_map(|judged| {
                let concealed = judged
                    .verdict
                    .findings
                    .iter()
                    .filter(|ruled| ruled.finding.conceals);
                concealed.map(|ruled| below(judged.at, &ruled.finding.pointer))
            })
            .flat_map(|pointer| {
                self.about(&pointer)
                    .map(|comment| comment.at)
                    .collect::<Vec<_>>()
            })
            .collect();
        let lines = Lines::of(self.text);
        let idle = self.comments.iter().map(|comment| comment.at);
        let mut places: Vec<usize> = idle
            .filter(|at| !used.contains(at))
            .chain(self.strays.iter().copied())
            .collect();
        places.sort_unstable();
        let problem = |at| Problem {
            place: Some(lines.place(at)),
            message: format!(
                "`{NAME}` allows nothing here: it counts as a comment on the line of a literal that is reported, or alone on the line above it"
            ),
            is_error: false,
        };
        places.into_iter().map(problem).collect()
    }
}

impl<'t> Comment<'t> {
    /// Reads the comment whose `#` is at `hash` and whose name ends at `end`.
    fn of(text: &'t str, hash: usize, end: usize) -> Self {
        let line = line_range(text, hash);
        let is_alone = text[line.start..hash].trim().is_empty();
        let next = || text[hash..].find('\n').map(|found| hash + found + 1);
        let reason = text[end..line.end.max(end)].strip_prefix(':').unwrap_or("");
        Self {
            at: hash,
            line: match is_alone {
                true => next().unwrap_or(text.len()),
                false => line.start,
            },
            reason: reason.trim(),
        }
    }
}

/// The comments of a document, for one object of it.
#[derive(Debug)]
pub(super) struct Beside<'a> {
    allowed: &'a Allowed<'a>,
    at: &'a Pointer,
}

impl Comments for Beside<'_> {
    fn allowance(&self, pointer: &Pointer) -> Option<&str> {
        let about = self.allowed.about(&below(self.at, pointer));
        // Of two, the one that gives a reason.
        about
            .map(|comment| comment.reason)
            .max_by_key(|reason| !reason.is_empty())
    }
}
