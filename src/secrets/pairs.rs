//! A key and its value within a text, read around a word such as `password`.

mod code;
mod statements;

use std::ops::Range;

use super::bytes::{find_near, run, starts_with};
use super::inside::{Scanner, What};
use super::keys::Class;
use super::placeholder::end_at;
use super::random::is_random;
use super::reading::read;
use super::value::{Grade, Setting, is_basic, is_byte_list, judge};
use code::{closes_quote, is_argument, names_element, sets_variable};
pub(super) use statements::{create_user, identified, pgpass};

/// No key is longer; a longer run of letters is data.
const LONGEST_KEY: usize = 72;

/// No line is read further than this to either side of a key: a text of one line with many keys would
/// else be read as often as it has keys.
const LONGEST_LINE: usize = 512;

/// What stands before `at` on its line; of a long line only its end, and `false`.
fn line_before(bytes: &[u8], at: usize) -> (&[u8], bool) {
    let from = at.saturating_sub(LONGEST_LINE);
    match memchr::memrchr(b'\n', &bytes[from..at]) {
        Some(newline) => (&bytes[from + newline + 1..at], true),
        None => (&bytes[from..at], from == 0),
    }
}

/// What stands after `at` on its line; of a long line only its begin.
fn line_after(bytes: &[u8], at: usize) -> &[u8] {
    let rest = &bytes[at..bytes.len().min(at + LONGEST_LINE)];
    &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
}

/// Bytes above ASCII are letters of other scripts; a whole run of them never cuts a character.
fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
}

/// How the value is joined to its key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// `key=value`, `key: value`.
    Assigned,
    /// `key:value`, where the colon may mean anything.
    Colon,
    /// `<key>value</key>`.
    Element,
    /// `--key value`, `key value`.
    Space,
    /// Two words side by side, which mean anything.
    Loose,
}

/// Reads the key around the word at `start..end` and judges its value.
pub(super) fn at_word(scanner: &mut Scanner<'_, '_>, start: usize, end: usize) {
    if start < scanner.done {
        return;
    }
    let Some(key) = key_around(scanner.bytes(), start, end) else {
        return;
    };
    scanner.done = key.end;
    if scanner.text[key.clone()].ends_with("password-stdin") {
        return super::command::piped(scanner, key.start);
    }
    let class = class_of(scanner, &key);
    if !class.is_secret() {
        return;
    }
    let before = key.start.checked_sub(1).map(|at| scanner.bytes()[at]);
    match before {
        // `${DB_PASSWORD:-x}` gives a default; `$DB_PASSWORD` is read, not set.
        Some(b'{') if key.start >= 2 && scanner.bytes()[key.start - 2] == b'$' => {
            default(scanner, &key, class);
        }
        // But PHP's and PowerShell's `$password = 'x'` sets it.
        Some(b'$') if !sets_variable(scanner.bytes(), &key) => {}
        _ => {
            if let Some((value, setting, joint)) = value_after(scanner, &key) {
                judge_value(scanner, &key, class, value, setting, joint);
            }
        }
    }
}

/// The key around a word: to both sides as far as letters, digits, `_`, `-` and `.` go.
fn key_around(bytes: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let left = bytes[..start]
        .iter()
        .rev()
        .take(LONGEST_KEY)
        .take_while(|byte| is_key_byte(**byte))
        .count();
    let right = run(&bytes[end..bytes.len().min(end + LONGEST_KEY)], is_key_byte);
    let mut key = start - left..end + right;
    if key.len() > LONGEST_KEY {
        return None;
    }
    while key.start < start && matches!(bytes[key.start], b'-' | b'.') {
        key.start += 1;
    }
    while key.end > end && matches!(bytes[key.end - 1], b'-' | b'.') {
        key.end -= 1;
    }
    Some(key)
}

fn class_of(scanner: &mut Scanner<'_, '_>, key: &Range<usize>) -> Class {
    let text = &scanner.text[key.clone()];
    if text.eq_ignore_ascii_case("auth") || text == "_auth" {
        // Only what decodes to `user:password` counts; see `judge_value`.
        return Class::Ambiguous;
    }
    if text.eq_ignore_ascii_case("community") && scanner.speaks_of_snmp() {
        return Class::Password;
    }
    Class::of(text)
}

/// The default of a placeholder whose name says that it is a secret.
fn default(scanner: &mut Scanner<'_, '_>, key: &Range<usize>, class: Class) {
    let start = key.start - 2;
    let Some(end) = end_at(scanner.text, start) else {
        return;
    };
    let name = &scanner.text[key.clone()];
    let whole = &scanner.text[start..end];
    if let Some(judged) = judge(class, name, whole, Setting::Quoted, scanner.context.names) {
        let literal = scanner.range_of(judged.literal);
        scanner.add(judged.grade, What::Value, literal, Some(key.clone()));
    }
}

fn judge_value(
    scanner: &mut Scanner<'_, '_>,
    key: &Range<usize>,
    class: Class,
    value: Range<usize>,
    setting: Setting,
    joint: Joint,
) {
    let text = scanner.text[value].trim();
    let name = &scanner.text[key.clone()];
    // Of one digit it is a switch, as in `old_passwords=0`.
    if text.is_empty() || matches!(text, "0" | "1") {
        return;
    }
    if name.eq_ignore_ascii_case("auth") || name == "_auth" {
        if is_basic(text) {
            let literal = scanner.range_of(text);
            scanner.add(Grade::Literal, What::Value, literal, Some(key.clone()));
        }
        return;
    }
    if setting == Setting::Bare && is_prose(text) && !is_byte_list(text) {
        return;
    }
    let Some(judged) = judge(class, name, text, setting, scanner.context.names) else {
        return;
    };
    if judged.grade == Grade::Weak && setting == Setting::Bare && is_argument(scanner, key, text) {
        return;
    }
    let shortest = match joint {
        Joint::Loose => 16,
        Joint::Colon => 8,
        _ if is_comment(scanner.bytes(), key.start) => 8,
        _ => 0,
    };
    if shortest > 0 && !(judged.grade == Grade::Literal && is_random(judged.literal, shortest)) {
        return;
    }
    let literal = scanner.range_of(judged.literal);
    scanner.add(judged.grade, What::Value, literal, Some(key.clone()));
}

/// Several bare words without anything random are a sentence; one of letters of another script may be too.
fn is_prose(text: &str) -> bool {
    if !text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let has_placeholder = text.contains(['$', '{']);
    text.contains(' ')
        && !has_placeholder
        && !text.split_whitespace().any(|word| is_random(word, 8))
}

/// Whether the line of `at` is a comment: samples stand there, though real secrets may too.
fn is_comment(bytes: &[u8], at: usize) -> bool {
    let (line, is_whole) = line_before(bytes, at);
    let first = line.iter().position(|byte| !byte.is_ascii_whitespace());
    is_whole
        && first.is_some_and(|first| {
            matches!(line[first], b'#' | b';') || line[first..].starts_with(b"//")
        })
}

/// The value after `key`, how it stands there, and how it is joined.
fn value_after(
    scanner: &mut Scanner<'_, '_>,
    key: &Range<usize>,
) -> Option<(Range<usize>, Setting, Joint)> {
    let bytes = scanner.bytes();
    let mut at = key.end;
    at += run(&bytes[at..], |byte| byte == b'\\');
    let is_quoted = matches!(bytes.get(at), Some(b'"' | b'\'' | b'`'));
    if is_quoted {
        at += 1;
    }
    if bytes.get(at) == Some(&b']') {
        at += 1;
    }
    if is_quoted
        && bytes[..key.start.saturating_sub(1)].ends_with(b"define(")
        && bytes.get(at) == Some(&b',')
    {
        let (range, setting) = read(scanner.text, at + 1, false)?;
        return (setting == Setting::Quoted).then_some((range, setting, Joint::Assigned));
    }
    if let Some(value) = value_of_named(bytes, at) {
        let (range, setting) = read(scanner.text, value, true)?;
        return Some((range, setting, Joint::Assigned));
    }
    let spaces = run(&bytes[at..], |byte| matches!(byte, b' ' | b'\t'));
    let next = *bytes.get(at + spaces)?;
    let after = at + spaces + 1;
    let following = bytes.get(after).copied();
    let begins_line = begins_line(bytes, key.start);
    let (value, joint) = match next {
        b'=' => match following {
            Some(b'=' | b'~') => return None,
            Some(b'>') => (after + 1, Joint::Assigned),
            _ => (after, Joint::Assigned),
        },
        b':' => match following {
            Some(b':') => return None,
            Some(b'=') => (after + 1, Joint::Assigned),
            Some(b' ' | b'\t' | b'"' | b'\'' | b'\\')
                if is_quoted || begins_key(bytes, key.start) =>
            {
                (after, Joint::Assigned)
            }
            _ if is_quoted => (after, Joint::Assigned),
            _ => (after, Joint::Colon),
        },
        b'?' if following == Some(b'=') => (after + 1, Joint::Assigned),
        // Guacamole's and Hibernate's `<param name="password">x</param>`.
        b'>' if is_quoted && spaces == 0 && names_element(bytes, key.start) => {
            (after, Joint::Element)
        }
        b'>' if spaces == 0 && key.start > 0 && bytes[key.start - 1] == b'<' => {
            (after, Joint::Element)
        }
        _ if spaces > 0 && !is_quoted && takes_space(scanner, key, begins_line) => {
            (at + spaces, Joint::Space)
        }
        // nginx' `proxy_set_header X-Api-Key x;`: only what looks random counts.
        _ if spaces > 0 && !is_quoted => (at + spaces, Joint::Loose),
        _ => return None,
    };
    // `'Password: '` asks for one.
    let quote = key.start.checked_sub(1).map(|at| bytes[at]);
    if !is_quoted && matches!(quote, Some(b'"' | b'\'')) {
        let blank = run(&bytes[value..], |byte| byte == b' ');
        if bytes.get(value + blank).copied() == quote {
            return None;
        }
    }
    // So does a pattern that ends with the key, as in `grep '^password=' file`.
    if !is_quoted && closes_quote(bytes, key.start, value) {
        return None;
    }
    if joint == Joint::Element {
        let end = value + find_near(&bytes[value..], b"<")?;
        return Some((value..end, Setting::Quoted, joint));
    }
    // `KEY=value` ends with the word, as a shell reads it; `key: value` and `key = value` with the line.
    let is_spaced = next != b'=' || spaces > 0 || following == Some(b' ');
    let to_end_of_line = begins_line && joint == Joint::Assigned && is_spaced;
    let (range, setting) = read(scanner.text, value, to_end_of_line)?;
    // A flag's value is no flag.
    if joint == Joint::Space && bytes.get(range.start) == Some(&b'-') {
        return None;
    }
    Some((range, setting, joint))
}

/// After `name: DB_PASSWORD`: the place of the value in `value: x` on the next line or in the same braces.
fn value_of_named(bytes: &[u8], at: usize) -> Option<usize> {
    let skipped = run(&bytes[at..], |byte| {
        matches!(
            byte,
            b',' | b'\n' | b'\r' | b' ' | b'\t' | b'\\' | b'"' | b'\''
        )
    });
    if skipped == 0
        || !bytes[at..at + skipped]
            .iter()
            .any(|byte| matches!(byte, b',' | b'\n' | b'"' | b' '))
    {
        return None;
    }
    let rest = &bytes[at + skipped..];
    if !starts_with(rest, b"value") {
        return None;
    }
    let mut after = at + skipped + "value".len();
    after += run(&bytes[after..], |byte| {
        matches!(byte, b'\\' | b'"' | b'\'' | b' ')
    });
    matches!(bytes.get(after), Some(b':' | b'=')).then_some(after + 1)
}

/// Whether only blanks, a list's dash, `export` or a section's dots stand before `at` on its line.
fn begins_line(bytes: &[u8], at: usize) -> bool {
    let (before, is_whole) = line_before(bytes, at);
    is_whole
        && matches!(
            before.trim_ascii(),
            b"" | b"-" | b"export" | b"\"" | b"'" | b"- \"" | b"#" | b"//" | b";"
        )
}

/// Whether a key can begin at `at`, as in a map of YAML or JSON.
fn begins_key(bytes: &[u8], at: usize) -> bool {
    if begins_line(bytes, at) {
        return true;
    }
    let before = bytes[at.saturating_sub(LONGEST_LINE)..at].trim_ascii_end();
    matches!(
        before.last(),
        None | Some(b'{' | b',' | b'[' | b';' | b'&' | b'"' | b'\'')
    )
}

/// Whether the word after the key can be its value with a space alone between: a flag, a directive.
fn takes_space(scanner: &mut Scanner<'_, '_>, key: &Range<usize>, begins_line: bool) -> bool {
    let bytes = scanner.bytes();
    let is_flag = key.start >= 2 && &bytes[key.start - 2..key.start] == b"--"
        || key.start >= 2 && bytes[key.start - 1] == b'-' && bytes[key.start - 2] == b' ';
    if is_flag {
        return true;
    }
    let rest = line_after(bytes, key.end).trim_ascii();
    if begins_line && matches!(&bytes[key.start..key.end], b"rocommunity" | b"rwcommunity") {
        return true;
    }
    if begins_line && !rest.contains(&b' ') && scanner.has_lines() {
        return true;
    }
    let (before, _) = line_before(bytes, key.start);
    let names_login = |word: &[u8]| memchr::memmem::find(before, word).is_some();
    // .netrc, and SQL's `PASSWORD 'x'`.
    names_login(b"login ")
        || names_login(b"machine ")
        || (rest.starts_with(b"'")
            && (names_login(b"USER") || names_login(b"ROLE") || names_login(b"WITH")))
}
