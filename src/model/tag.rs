//! What a tag says: one exact build, part of a version, or a line that moves. Charts and images share it.

use serde_json::{Number, Value};

use crate::model::template::is_open;

/// What a tag, without its digest, names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pin {
    /// One build: a whole version, a commit, a date, a build number.
    Exact,
    /// Part of a version, which the next release moves: `17`, `1.2-alpine`.
    Partial,
    /// A line of development: `latest`, `main`, `stable-alpine`.
    Moving,
    /// A word without any number, so that it can be no version: `alpine`, `jammy`.
    Word,
    /// A placeholder that nobody has filled yet.
    Open,
    /// Nothing.
    Empty,
}

/// Words that name a moving line rather than a version, alone or at the beginning of a tag.
const MOVING: &[&str] = &[
    "latest",
    "main",
    "master",
    "edge",
    "stable",
    "nightly",
    "dev",
    "devel",
    "develop",
    "development",
    "rolling",
    "beta",
    "alpha",
    "canary",
    "current",
    "daily",
    "experimental",
    "head",
    "insider",
    "insiders",
    "lts",
    "mainline",
    "next",
    "preview",
    "snapshot",
    "testing",
    "tip",
    "trunk",
    "unstable",
    "weekly",
];

/// The moving words that are also the usual names of branches in Git.
const BRANCHES: &[&str] = &[
    "main", "master", "dev", "devel", "develop", "head", "trunk", "next",
];

/// Marks of a build that complete a two-part version: `1.2-ls45`, `8.6_p1-r3`.
const BUILD_MARKS: &[&str] = &["ls", "r", "rc", "b", "build", "rev", "p", "patch"];

/// Numbers from here on are build numbers or dates, not the first part of a version.
const SMALLEST_BUILD_NUMBER: u64 = 10_000;

/// Whether the tag begins with a word that is usually a branch of Git.
pub(crate) fn is_branch(tag: &str) -> bool {
    is_one_of(BRANCHES, first_word(tag))
}

/// Classifies a tag without its digest.
pub(crate) fn classify(tag: &str) -> Pin {
    let tag = tag.trim();
    if tag.is_empty() {
        return Pin::Empty;
    }
    if is_open(tag) {
        return Pin::Open;
    }
    if has_date(tag) || segments(tag).any(is_commit_or_build) {
        return Pin::Exact;
    }
    if is_one_of(MOVING, first_word(tag)) {
        // `stable-9823` and `develop-4.0.1` name a build of the line; `latest-cuda12` does not.
        let of_a_build = segments(tag)
            .nth(1)
            .is_some_and(|segment| is_full(segment) || is_number_of(segment, 3));
        return if of_a_build { Pin::Exact } else { Pin::Moving };
    }
    let full = segments(tag).any(is_full)
        || segments(tag)
            .next()
            .is_some_and(|first| is_full(without_letters(first)));
    if full || is_partial_with_build(tag) {
        return Pin::Exact;
    }
    if segments(tag).any(|segment| segment.eq_ignore_ascii_case("latest")) {
        return Pin::Moving;
    }
    if tag.bytes().any(|byte| byte.is_ascii_digit()) {
        Pin::Partial
    } else {
        Pin::Word
    }
}

/// Classifies a tag that YAML read as a number.
pub(crate) fn classify_number(number: &Number) -> Pin {
    match number.as_u64() {
        Some(build) if build >= SMALLEST_BUILD_NUMBER => Pin::Exact,
        _ => Pin::Partial,
    }
}

/// The value as a message may show it: one line, not too long.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => shown_text(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => "null".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

/// The text as a message may show it.
pub(crate) fn shown_text(text: &str) -> String {
    const MOST: usize = 80;
    let line = |character: &char| !character.is_control();
    let mut shown: String = text.chars().filter(line).take(MOST).collect();
    if text.chars().filter(line).nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

fn segments(tag: &str) -> impl Iterator<Item = &str> {
    tag.split(['-', '_', '+'])
}

fn first_word(tag: &str) -> &str {
    tag.split(['-', '_', '+', '.']).next().unwrap_or(tag)
}

fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// `2024-01-05`, `2024.01.05` or `2024_01_05` anywhere, as in `RELEASE.2024-01-05T00-00-00Z`.
fn has_date(tag: &str) -> bool {
    let bytes = tag.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let separator = |at: usize| matches!(bytes.get(at), Some(b'-' | b'.' | b'_'));
    (0..bytes.len()).any(|at| {
        matches!(bytes.get(at..at + 2), Some(b"19" | b"20"))
            && (at == 0 || !digit(at - 1))
            && [2, 3, 5, 6, 8, 9]
                .into_iter()
                .all(|offset| digit(at + offset))
            && [4, 7].into_iter().all(|offset| separator(at + offset))
            && !digit(at + 10)
    })
}

/// A commit's hash (`abc1234`, `gabc1234`), a long number (`20240105`, `12345`), or a letter with
/// one (`b4719`).
fn is_commit_or_build(segment: &str) -> bool {
    let is_hash = |text: &str| {
        (7..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && text.bytes().any(|byte| byte.is_ascii_digit())
    };
    let lettered = segment
        .strip_prefix(['b', 'r'])
        .is_some_and(|number| is_number_of(number, 3));
    is_hash(segment)
        || segment.strip_prefix('g').is_some_and(is_hash)
        || is_number_of(segment, 5)
        || lettered
}

fn is_number_of(text: &str, digits: usize) -> bool {
    text.len() >= digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Three parts or more that begin with a digit: `1.2.3`, `v4.0.19.2995`, `1.2.3rc1`.
fn is_full(segment: &str) -> bool {
    version_parts(segment) >= 3
}

fn version_parts(segment: &str) -> usize {
    segment
        .strip_prefix(['v', 'V'])
        .unwrap_or(segment)
        .split('.')
        .take_while(|part| part.starts_with(|first: char| first.is_ascii_digit()))
        .count()
}

/// `cuda12.4.1` as `12.4.1`.
fn without_letters(segment: &str) -> &str {
    segment.trim_start_matches(|character: char| character.is_ascii_alphabetic())
}

fn is_partial_with_build(tag: &str) -> bool {
    let mut rest = segments(tag).skip_while(|segment| version_parts(segment) != 2);
    rest.next().is_some()
        && rest.any(|segment| {
            let number = without_letters(segment);
            let mark = &segment[..segment.len() - number.len()];
            is_number_of(number, 1) && is_one_of(BUILD_MARKS, mark)
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn assert_all(expected: Pin, tags: &[&str]) {
        for tag in tags {
            assert_eq!(classify(tag), expected, "{tag}");
        }
    }

    #[test]
    fn whole_versions_commits_dates_and_builds_are_exact() {
        assert_all(
            Pin::Exact,
            &[
                "1.2.3",
                "v1.2.3",
                "V3.0.1",
                "v1.2.3-alpine",
                "2024.10.3",
                "1.2.5.3",
                "3.3.1.0-full",
                "1.32.5.7349-8f4248874-ls219",
                "v1.0.0-beta-4",
                "1.2.3rc1",
                "version-8.6_p1-r3",
                "1.2-ls45",
                "3.13-rc1",
                "pg16-v0.3.0",
                "cuda12.4.1-base",
                "0f7fddf166f17d58107d9811b53bec74e4d52e7c",
                "sha-92c0c2c",
                "main-92c0c2c",
                "v1.2-34-gabcdef1",
                "20240105",
                "nightly-20240105",
                "2024-01-05-alpine",
                "nightly-2024-01-05",
                "RELEASE.2024-01-05T22-17-24Z",
                "stable-9823",
                "develop-4.0.1",
                "server-b4719",
                "1.2.3_build.5",
            ],
        );
    }

    #[test]
    fn parts_of_versions_are_partial() {
        assert_all(
            Pin::Partial,
            &[
                "17",
                "1.2",
                "v1",
                "2.x",
                "1.2.x",
                "3-alpine",
                "3.14-alpine",
                "2024.10",
                "24.04",
                "pg16",
                "8.2-fpm",
                "16-3.4",
                "fpm-alpine3.19.1",
                "pr-67",
                "20-lts",
                "1234",
            ],
        );
    }

    #[test]
    fn lines_of_development_move() {
        assert_all(
            Pin::Moving,
            &[
                "latest",
                "LATEST",
                "stable",
                "edge",
                "nightly",
                "main",
                "master",
                "rolling",
                "dev",
                "beta",
                "lts",
                "latest-alpine",
                "latest_cuda",
                "stable-alpine3.19",
                "latest-cuda-12.4.1",
                "lts-jdk17",
                "main-42",
                "arm64v8-latest",
                "16-latest",
                "master.amd64",
            ],
        );
        assert_all(
            Pin::Word,
            &["alpine", "jammy", "bookworm-slim", "server-cuda", "release"],
        );
    }

    #[test]
    fn placeholders_and_nothing_are_neither() {
        assert_all(
            Pin::Open,
            &[
                "${TAG}",
                "{{ .Values.tag }}",
                "1.2.3-${SUFFIX}",
                "${TAG:=1.2.3}",
            ],
        );
        assert_all(Pin::Empty, &["", "  "]);
    }

    #[test]
    fn numbers_are_partial_unless_they_count_builds_or_days() {
        for (value, expected) in [
            (json!(17), Pin::Partial),
            (json!(1.38), Pin::Partial),
            (json!(-1), Pin::Partial),
            (json!(20_240_105), Pin::Exact),
        ] {
            let number = value.as_number().expect("a number");
            assert_eq!(classify_number(number), expected, "{value}");
        }
    }

    #[test]
    fn shown_text_is_one_short_line() {
        assert_eq!(shown_text("a\nb"), "ab");
        assert_eq!(shown_text(&"é".repeat(200)).chars().count(), 81);
    }

    proptest! {
        #[test]
        fn any_text_is_classified(tag in ".*") {
            let is_empty = classify(&tag) == Pin::Empty;
            prop_assert_eq!(is_empty, tag.trim().is_empty());
            prop_assert!(!(is_branch(&tag) && is_empty));
        }

        #[test]
        fn three_numbers_are_exact_with_any_suffix(
            version in "v?[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}", suffix in "(-[a-z]{1,8}){0,2}"
        ) {
            prop_assert_eq!(classify(&format!("{version}{suffix}")), Pin::Exact);
        }
    }
}
