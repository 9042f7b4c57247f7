//! Passwords in the userinfo of URLs and of Go's DSNs, placeholders taken as they are.

use std::ops::Range;

use super::bytes::{NEAR, find_near};
use super::inside::{Scanner, What};
use super::keys::Class;
use super::placeholder::end_at;
use super::random::is_random;
use super::value::{Grade, Setting, judge};

/// Judges the authority after `://` at `at`.
pub(super) fn at_scheme(scanner: &mut Scanner<'_, '_>, at: usize) {
    let start = at + 3;
    let bytes = scanner.bytes();
    let mut place = start;
    let mut colon = None;
    let mut sign = None;
    while place < bytes.len().min(start + 2 * NEAR) {
        if let Some(end) = placeholder(scanner.text, place) {
            place = end;
            continue;
        }
        match bytes[place] {
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'|' | b')' => break,
            byte if byte.is_ascii_whitespace() => break,
            b'@' => sign = Some(place),
            b':' if colon.is_none() => colon = Some(place),
            _ => {}
        }
        place += 1;
    }
    let Some(sign) = sign else { return };
    scanner.done = scanner.done.max(sign);
    match colon {
        Some(colon) if colon < sign => password(scanner, start..colon, colon + 1..sign),
        _ => {
            let user = &scanner.text[start..sign];
            // A token in the place of a user, as in Sentry's DSN or Discord's URL.
            if is_random(user, 16) && !user.contains('@') {
                scanner.add(Grade::Literal, What::UrlPassword, start..sign, None);
            }
        }
    }
}

/// `user:password@tcp(host)/db`.
pub(super) fn go_dsn(scanner: &mut Scanner<'_, '_>, at: usize) {
    let bytes = scanner.bytes();
    if at < scanner.done {
        return;
    }
    let start = bytes[..at]
        .iter()
        .rev()
        .take(256)
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'=' | b'/'))
        .map_or(at.saturating_sub(256), |back| at - back);
    let start = (start..=at)
        .find(|&start| scanner.text.is_char_boundary(start))
        .unwrap_or(at);
    if let Some(colon) = memchr::memchr(b':', &bytes[start..at]) {
        password(scanner, start..start + colon, start + colon + 1..at);
    }
}

fn password(scanner: &mut Scanner<'_, '_>, user: Range<usize>, password: Range<usize>) {
    let text = &scanner.text[password];
    let key = &scanner.text[user];
    let Some(judged) = judge(
        Class::Password,
        key,
        text,
        Setting::Quoted,
        scanner.context.names,
    ) else {
        return;
    };
    let literal = scanner.range_of(judged.literal);
    scanner.add(judged.grade, What::UrlPassword, literal, None);
}

/// The end of a placeholder; in a URL, `<x>`, `@X@`, `#{x}` and `%20` mean other things.
fn placeholder(text: &str, at: usize) -> Option<usize> {
    match text.as_bytes()[at] {
        b'$' | b'{' | b'[' => end_at(text, at),
        b'%' if matches!(text.as_bytes().get(at + 1), Some(b'(' | b'e')) => end_at(text, at),
        b'<' => {
            let length = find_near(&text.as_bytes()[at..], b">")?;
            (length < 64).then_some(at + length + 1)
        }
        _ => None,
    }
}
