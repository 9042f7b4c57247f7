//! The line that a finding stands on, as people may see it.

use std::ops::Range;

use super::secrets::Secrets;
use crate::judge::MASK;
use crate::yaml::{Located, Outline, line_range};

/// One line of a file with its secrets masked, and what to underline in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line.
    pub line: String,
    /// The bytes of `line` to underline.
    pub underline: Range<usize>,
}

/// The bytes of the text to underline: the value where it is short, else the key that leads to it.
pub(super) fn target(text: &str, located: &Located) -> Range<usize> {
    let is_short = located.is_short && !located.value.is_empty();
    match &located.key {
        Some(key) if !is_short => key.clone(),
        None if !is_short => {
            let line = line_range(text, located.value.start);
            located.value.start..line.end.min(located.value.end).max(located.value.start)
        }
        _ => located.value.clone(),
    }
}

/// The line of `target`, without what must not be seen: the `hidden` ranges, what stands outside of
/// the object, and comments beside a secret.
pub(super) fn excerpt(
    text: &str,
    target: &Range<usize>,
    object: &Range<usize>,
    outline: &Outline,
    hidden: &[Range<usize>],
    secrets: &Secrets<'_>,
) -> Excerpt {
    let line = line_range(text, target.start);
    let target = target.start..target.end.clamp(target.start, line.end.max(target.start));
    // A list's range reaches to the next key: the blanks before that are no part of the list.
    let clip = |range: &Range<usize>| {
        let (start, end) = (range.start.max(line.start), range.end.min(line.end));
        let part = text.get(start..end);
        start..part.map_or(end, |part| start + part.trim_end().len())
    };
    let mut masks: Vec<Range<usize>> = hidden
        .iter()
        .map(clip)
        .filter(|range| range.start < range.end)
        .collect();
    masks.sort_by_key(|range| range.start);
    let visible = visible_part(text, &line, object, outline, !masks.is_empty());

    let mut shown = Builder {
        line: String::new(),
        target: target.clone(),
        underline: None..None,
    };
    if visible.start > line.start {
        shown.push_other("… ");
    }
    let mut at = visible.start;
    for mask in masks {
        if mask.end <= at || mask.start >= visible.end {
            continue;
        }
        let start = mask.start.max(at);
        shown.push_text(text, at..start, secrets);
        shown.push_mask(start..mask.end);
        at = mask.end;
    }
    shown.push_text(text, at..visible.end.max(at), secrets);
    if visible.end < line.end && !text[visible.end..line.end].trim().is_empty() {
        shown.push_other(" …");
    }
    shown.finish()
}

/// The part of the line that belongs to the object, or only indents it.
fn visible_part(
    text: &str,
    line: &Range<usize>,
    object: &Range<usize>,
    outline: &Outline,
    has_masks: bool,
) -> Range<usize> {
    let before = text
        .get(line.start..object.start.max(line.start))
        .unwrap_or("");
    let is_indent = before.chars().all(|c| matches!(c, ' ' | '-' | '\u{feff}'));
    let start = if is_indent { line.start } else { object.start };
    let mut end = line.end.min(object.end.max(start));
    let comment = outline
        .comments()
        .iter()
        .find(|comment| line.contains(&comment.start));
    if let Some(comment) = comment
        && has_masks
    {
        end = end.min(comment.start);
    }
    let end = end.max(start);
    start..start + text[start..end].trim_end().len()
}

struct Builder {
    line: String,
    target: Range<usize>,
    underline: Range<Option<usize>>,
}

impl Builder {
    /// Copies a piece of the line, cut where the underlined part begins and ends.
    fn push_text(&mut self, text: &str, range: Range<usize>, secrets: &Secrets<'_>) {
        let mut at = range.start;
        for stop in [self.target.start, self.target.end, range.end] {
            let stop = stop.clamp(at, range.end);
            if at < stop {
                self.mark(at..stop, |line| {
                    line.push_str(&secrets.mask(&text[at..stop]));
                });
            }
            at = stop;
        }
    }

    fn push_mask(&mut self, range: Range<usize>) {
        self.mark(range, |line| line.push_str(MASK));
    }

    fn push_other(&mut self, text: &str) {
        self.line.push_str(text);
    }

    fn mark(&mut self, range: Range<usize>, push: impl FnOnce(&mut String)) {
        let start = self.line.len();
        push(&mut self.line);
        if range.start < self.target.end && self.target.start < range.end {
            self.underline.start.get_or_insert(start);
            self.underline.end = Some(self.line.len());
        }
    }

    fn finish(self) -> Excerpt {
        let end = self.line.len();
        let start = self.underline.start.unwrap_or(end);
        Excerpt {
            underline: start..self.underline.end.unwrap_or(end).max(start),
            line: self.line,
        }
    }
}
