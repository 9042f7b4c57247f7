//! What code and markup around a key say: variables, arguments, elements, quotes that close.

use std::ops::Range;

use super::super::bytes::is_name;
use super::super::inside::Scanner;
use super::{begins_line, line_after, line_before};

/// Whether the variable, whose `$` stands before the key, begins a line and gets a quoted value.
pub(super) fn sets_variable(bytes: &[u8], key: &Range<usize>) -> bool {
    let after = line_after(bytes, key.end).trim_ascii_start();
    begins_line(bytes, key.start - 1)
        && after
            .strip_prefix(b"=")
            .is_some_and(|value| matches!(value.trim_ascii_start().first(), Some(b'"' | b'\'')))
}

/// Whether a bare word is the name of a variable: an argument of a call, as in `f(password=password)`,
/// or under a quoted key within brackets, where a text would have quotes too.
pub(super) fn is_argument(scanner: &Scanner<'_, '_>, key: &Range<usize>, text: &str) -> bool {
    let bytes = scanner.bytes();
    let end = scanner.range_of(text).end;
    let is_variable = text.bytes().all(is_name) && !text.as_bytes()[0].is_ascii_digit();
    let (before, _) = line_before(bytes, key.start);
    let is_called = memchr::memchr(b'(', before).is_some();
    let is_quoted = matches!(before.last(), Some(b'"' | b'\''));
    is_variable
        && match bytes.get(end) {
            Some(b')') => is_called,
            Some(b',') => is_called && bytes.get(end + 1) == Some(&b' '),
            Some(b'}') => is_called && is_quoted,
            _ => false,
        }
}

/// Whether the key is the name that an element of XML has, as in `<param name="password">`.
pub(super) fn names_element(bytes: &[u8], key: usize) -> bool {
    let (before, _) = line_before(bytes, key.saturating_sub(1));
    let tag = memchr::memrchr(b'<', before).map_or(&[][..], |open| &before[open..]);
    [&b"<param name="[..], b"<property name=", b"<entry key="].contains(&tag)
}

/// Whether the quote at `at` closes one that was opened before the key: after it nothing more comes.
pub(super) fn closes_quote(bytes: &[u8], key: usize, at: usize) -> bool {
    let Some(&quote @ (b'"' | b'\'')) = bytes.get(at) else {
        return false;
    };
    let ends = bytes
        .get(at + 1)
        .is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b')' | b';' | b'|'));
    let (before, _) = line_before(bytes, key);
    ends && memchr::memchr_iter(quote, before).count() % 2 == 1
}
