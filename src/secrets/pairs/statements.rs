//! Statements in which no key stands before the password: snmpd's, `.pgpass`, SQL's.

use super::super::bytes::{line_end, line_start};
use super::super::inside::{Scanner, What};
use super::super::keys::Class;
use super::super::reading::{floor, read};
use super::super::value::{Setting, judge};
use super::{Joint, judge_value, line_after};

/// snmpd's `createUser name SHA password AES password`.
pub(in crate::secrets) fn create_user(scanner: &mut Scanner<'_, '_>, after: usize) {
    let end = floor(scanner.text, line_end(scanner.bytes(), after));
    let mut words = scanner.text[after..end].split_ascii_whitespace().skip(1);
    while let (Some(protocol), Some(password)) = (words.next(), words.next()) {
        if matches!(
            protocol,
            "MD5" | "SHA" | "SHA-256" | "SHA-512" | "DES" | "AES"
        ) {
            let value = scanner.range_of(password);
            let key = after..after;
            judge_value(
                scanner,
                &key,
                Class::Password,
                value,
                Setting::Quoted,
                Joint::Assigned,
            );
        }
    }
}

/// A line of `.pgpass`: `host:5432:database:user:password`.
pub(in crate::secrets) fn pgpass(scanner: &mut Scanner<'_, '_>, at: usize) {
    let bytes = scanner.bytes();
    let line = line_start(bytes, at);
    // A script's `echo 'host:5432:…' > ~/.pgpass` has the line between quotes.
    let quote = bytes[line..at]
        .iter()
        .rposition(|byte| matches!(byte, b'"' | b'\''));
    let (start, end) = match quote.map(|back| line + back) {
        Some(quote) => (
            quote + 1,
            memchr::memchr(bytes[quote], &bytes[at..line_end(bytes, at)])
                .map_or(at, |close| at + close),
        ),
        None => (line, line_end(bytes, at)),
    };
    let (start, end) = (floor(scanner.text, start), floor(scanner.text, end));
    let line = &scanner.text[start..end];
    if line.contains("://") || line.contains(' ') || scanner.done > at {
        return;
    }
    let Some((_, password)) = line
        .match_indices(':')
        .nth(3)
        .map(|(colon, _)| line.split_at(colon + 1))
    else {
        return;
    };
    if let Some(judged) = judge(
        Class::Password,
        "password",
        password,
        Setting::Quoted,
        scanner.context.names,
    ) {
        let literal = scanner.range_of(judged.literal);
        scanner.add(judged.grade, What::Value, literal, None);
        scanner.done = end;
    }
}

/// SQL's `IDENTIFIED BY 'x'`, and `IDENTIFIED WITH plugin BY 'x'`.
pub(in crate::secrets) fn identified(scanner: &mut Scanner<'_, '_>, after: usize) {
    let near = line_after(scanner.bytes(), after);
    let mut words = near.split(u8::is_ascii_whitespace);
    let is_by = |word: &[u8]| word.eq_ignore_ascii_case(b"by");
    let Some(by) = words.by_ref().take(3).find(|word| is_by(word)) else {
        return;
    };
    let after = after + (by.as_ptr() as usize - near.as_ptr() as usize) + by.len();
    if let Some((range, Setting::Quoted)) = read(scanner.text, after, false) {
        judge_value(
            scanner,
            &(after..after),
            Class::Password,
            range,
            Setting::Quoted,
            Joint::Assigned,
        );
    }
}
