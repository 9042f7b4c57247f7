//! From bytes to lines and columns as people count them.

use std::ops::Range;

/// A line and a column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Where each line of a text begins.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Reads the text once.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let breaks = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    /// The place of the byte `at`.
    #[must_use]
    pub fn place(&self, at: usize) -> Place {
        let at = floor(self.text, at);
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts[line - 1];
        Place {
            line,
            column: self.text[start..at]
                .chars()
                .filter(|c| *c != '\u{feff}')
                .count()
                + 1,
        }
    }
}

/// The bytes of the line that holds the byte `at`, without its line break.
#[must_use]
pub fn line_range(text: &str, at: usize) -> Range<usize> {
    let at = floor(text, at);
    let start = text[..at].rfind('\n').map_or(0, |found| found + 1);
    let end = text[at..].find('\n').map_or(text.len(), |found| at + found);
    let end = if text[start..end].ends_with('\r') {
        end - 1
    } else {
        end
    };
    start..end.max(start)
}

/// The start of the character that holds the byte `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "\u{feff}a: ü\nbé: x\r\n";
        let lines = Lines::of(text);
        let place = |found: &str| lines.place(text.find(found).expect("it is there"));
        assert_eq!(place("a"), Place { line: 1, column: 1 });
        assert_eq!(place("ü"), Place { line: 1, column: 4 });
        assert_eq!(place("x"), Place { line: 2, column: 5 });
        assert_eq!(lines.place(10_000), Place { line: 3, column: 1 });
    }

    #[test]
    fn lines_have_no_line_break() {
        let text = "a: 1\r\nb: 2";
        assert_eq!(&text[line_range(text, 2)], "a: 1");
        assert_eq!(&text[line_range(text, 5)], "a: 1");
        assert_eq!(&text[line_range(text, 7)], "b: 2");
        assert_eq!(line_range("", 3), 0..0);
    }
}
