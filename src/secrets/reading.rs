//! Reads one value in a text: quoted, bare, to the end of its word or line, or as a block below.

use std::ops::Range;

use super::bytes::{NEAR, run};
use super::placeholder::end_at;
use super::value::Setting;

/// A value is read no further than this.
const LONGEST_VALUE: usize = 4096;

/// Reads the value at `at`.
pub(super) fn read(text: &str, at: usize, to_end_of_line: bool) -> Option<(Range<usize>, Setting)> {
    let bytes = text.as_bytes();
    let mut start = at + run(&bytes[at..], |byte| matches!(byte, b' ' | b'\t'));
    // YAML's anchors and tags.
    while matches!(bytes.get(start), Some(b'&'))
        || bytes[start.min(bytes.len())..].starts_with(b"!!")
    {
        start += run(&bytes[start..], |byte| !byte.is_ascii_whitespace());
        start += run(&bytes[start..], |byte| matches!(byte, b' ' | b'\t'));
    }
    let escapes = run(&bytes[start..], |byte| byte == b'\\');
    let quote = bytes.get(start + escapes).copied();
    if let Some(quote @ (b'"' | b'\'' | b'`')) = quote {
        // TOML's and Python's three quotes hold several lines, of which the first says enough.
        let is_triple = bytes[start + escapes..].starts_with(&[quote; 3]);
        let mut inside = start + escapes + if is_triple { 3 } else { 1 };
        if is_triple && bytes.get(inside) == Some(&b'\n') {
            inside += 1;
        }
        let limit = bytes.len().min(inside + LONGEST_VALUE);
        let mut end = inside;
        while end < limit && bytes[end] != quote && bytes[end] != b'\n' {
            end += if escapes == 0 && bytes[end] == b'\\' && quote != b'\'' {
                2
            } else {
                1
            };
        }
        let mut end = floor(text, end.min(limit));
        // Backticks run a command, or hold a template of JavaScript.
        if quote == b'`' && text[inside..end].contains([' ', '$']) {
            return None;
        }
        if escapes > 0 {
            while end > inside && bytes[end - 1] == b'\\' {
                end -= 1;
            }
        }
        return Some((inside..end, Setting::Quoted));
    }
    if matches!(quote, Some(b'|' | b'>')) {
        return block(text, start);
    }
    let limit = floor(text, bytes.len().min(start + NEAR));
    let mut end = start;
    while end < limit {
        if let Some(after) = end_at(text, end).filter(|&after| after <= limit) {
            end = after;
            continue;
        }
        let byte = bytes[end];
        let stops = if to_end_of_line {
            byte == b'\n' || (byte == b' ' && matches!(bytes.get(end + 1), Some(b'#')))
        } else {
            byte.is_ascii_whitespace()
                || matches!(
                    byte,
                    b';' | b'&'
                        | b','
                        | b'|'
                        | b')'
                        | b'}'
                        | b']'
                        | b'<'
                        | b'"'
                        | b'\''
                        | b'`'
                        | b'\\'
                )
        };
        if stops {
            break;
        }
        end += 1;
    }
    let mut end = floor(text, end);
    while end > start && matches!(bytes[end - 1], b'\r' | b' ' | b'\t') {
        end -= 1;
    }
    // JSON without quotes, nginx and HOCON end a value with a mark.
    if to_end_of_line && end > start + 1 && matches!(bytes[end - 1], b';' | b',') {
        end -= 1;
    }
    (end > start).then_some((start..end, Setting::Bare))
}

/// A block scalar of one line: `password: |` and the value below.
fn block(text: &str, at: usize) -> Option<(Range<usize>, Setting)> {
    let bytes = text.as_bytes();
    let marks = run(&bytes[at..], |byte| {
        matches!(byte, b'|' | b'>' | b'-' | b'+' | b'0'..=b'9')
    });
    if bytes.get(at + marks) != Some(&b'\n') {
        return None;
    }
    let mut start = at + marks + 1;
    start += run(&bytes[start..], |byte| matches!(byte, b' ' | b'\t'));
    let end = start + run(&bytes[start..], |byte| byte != b'\n');
    (end > start).then_some((start..end, Setting::Bare))
}

pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
