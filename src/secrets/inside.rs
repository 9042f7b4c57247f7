//! Secrets within a text: one pass finds words and prefixes, and only there it looks closer.
//!
//! A text is a plain value, a command, a connection string or a whole file. The pass asks nothing
//! of its syntax: wherever a word such as `password` stands, it reads the key around the word, the
//! separator and the value after it, as YAML, JSON, TOML, INI, dotenv, XML, shell and HTTP write them.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::bytes::is_base64;
use super::formats::{self, Fixed};
use super::keys::speaks_of_snmp;
use super::prefilter::may_hold_secret;
use super::tokens::FORMATS;
use super::value::Grade;
use super::weak::Names;
use super::{base64, pairs};

/// What a found secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A value under a key that holds secrets.
    Value,
    /// The password in a URL.
    UrlPassword,
    /// A format that is a secret under any key; the text completes "holds …".
    Format(&'static str),
    /// The same, where it is the key of a map; the text completes "the key is …".
    Key(&'static str),
}

/// A secret within one scalar. It holds places only, and no text.
#[derive(Clone, Debug)]
pub struct Found {
    /// How bad it is.
    pub grade: Grade,
    /// What it is.
    pub what: What,
    /// Where the literal stands in the scalar; `None` within decoded text.
    pub literal: Option<Range<usize>>,
    /// Where the key stands in the scalar, when the scalar is a text with keys of its own.
    pub key: Option<Range<usize>>,
    /// The line within the scalar, from 1; 0 when the scalar is one line.
    pub line: u32,
}

/// What the scanners know beside the text.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) names: &'a Names<'a>,
    /// How many encodings were undone to get at the text.
    pub(super) depth: u8,
}

/// Encodings within encodings are undone this often.
const DEEPEST: u8 = 3;

/// Words that keys of secrets have in them.
const WORDS: [&str; 35] = [
    "pass",
    "pwd",
    "pw",
    "psk",
    "secret",
    "token",
    "key",
    "auth",
    "cred",
    "salt",
    "dsn",
    "pin",
    "cookie",
    "seed",
    "claim",
    "hash",
    "licen",
    "community",
    "otp",
    "mnemonic",
    "phrase",
    // For a password, in other languages; those that have `pass` in them are found by that.
    "contrase",
    "senha",
    "kennwort",
    "wachtwoord",
    "senord",
    "haslo",
    "hasło",
    "hasŁo",
    "пароль",
    "Пароль",
    "ПАРОЛЬ",
    "密码",
    "密碼",
    "パスワード",
];

/// `None` cannot be: the patterns are constants, and a test builds them.
static NEEDLES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let needles = WORDS
        .into_iter()
        .chain(Fixed::ALL.iter().map(|fixed| fixed.needle()))
        .chain(FORMATS.iter().map(|format| format.prefix));
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        .build(needles)
        .ok()
});

/// More secrets in one scalar are not told apart.
pub(super) const MOST: usize = 64;

/// Shorter values hold no token, URL or pair worth a look.
const SHORTEST: usize = 6;

/// Puts what is found in `text` into `out`.
pub(super) fn scan(text: &str, context: Context<'_>, out: &mut Vec<Found>) {
    if text.len() < SHORTEST || !may_hold_secret(text) {
        return;
    }
    let Some(needles) = NEEDLES.as_ref() else {
        return;
    };
    let mut scanner = Scanner {
        text,
        context,
        done: 0,
        manifests: 0,
        has_lines: None,
        speaks_of_snmp: None,
        out,
    };
    formats::discord_bot(&mut scanner);
    for hit in needles.find_iter(text) {
        let at = hit.start();
        let index = hit.pattern().as_usize();
        if let Some(format) = index
            .checked_sub(WORDS.len() + Fixed::ALL.len())
            .and_then(|index| FORMATS.get(index))
        {
            if !formats::token(&mut scanner, format, at) {
                // `secret_…` and `key-…` begin keys as well as tokens.
                pairs::at_word(&mut scanner, at, hit.end());
            }
        } else if let Some(fixed) = index
            .checked_sub(WORDS.len())
            .and_then(|index| Fixed::ALL.get(index))
        {
            formats::fixed(&mut scanner, *fixed, at);
        } else {
            pairs::at_word(&mut scanner, at, hit.end());
        }
    }
    // A file that was encoded to be carried in a value; what a key says of it matters less.
    if scanner.out.is_empty() && base64::is_of_text(text.as_bytes()) {
        scanner.scan_decoded(0..text.len());
    }
}

/// The state of one pass over one text.
pub(super) struct Scanner<'t, 'o> {
    pub(super) text: &'t str,
    pub(super) context: Context<'t>,
    /// Before this place all is judged.
    pub(super) done: usize,
    /// Before this place all Secret manifests are read.
    pub(super) manifests: usize,
    has_lines: Option<bool>,
    speaks_of_snmp: Option<bool>,
    out: &'o mut Vec<Found>,
}

impl<'t> Scanner<'t, '_> {
    /// The bytes of the text.
    pub(super) fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// Whether a token can begin at `at`: the byte before it belongs to no longer word.
    pub(super) fn is_boundary(&self, at: usize) -> bool {
        at == 0
            || !{
                let before = self.bytes()[at - 1];
                before.is_ascii_alphanumeric() || before == b'_'
            }
    }

    /// Adds a finding, unless it lies within one that is there.
    pub(super) fn add(
        &mut self,
        grade: Grade,
        what: What,
        literal: Range<usize>,
        key: Option<Range<usize>>,
    ) {
        if self.is_full(grade) {
            return;
        }
        let within = |found: &Found| {
            found
                .literal
                .as_ref()
                .is_some_and(|other| other.start <= literal.start && literal.end <= other.end)
        };
        if self.out.iter().rev().take(4).any(within) {
            return;
        }
        let line = self.line(literal.start);
        self.out.push(Found {
            grade,
            what,
            literal: Some(literal),
            key,
            line,
        });
    }

    fn line(&mut self, at: usize) -> u32 {
        if !self.has_lines() {
            return 0;
        }
        let before = memchr::memchr_iter(b'\n', &self.bytes()[..at]).count();
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }

    /// Whether the text has several lines.
    pub(super) fn has_lines(&mut self) -> bool {
        *self
            .has_lines
            .get_or_insert_with(|| self.text.trim_end().contains('\n'))
    }

    /// Whether the text is about SNMP.
    pub(super) fn speaks_of_snmp(&mut self) -> bool {
        *self
            .speaks_of_snmp
            .get_or_insert_with(|| speaks_of_snmp(self.text))
    }

    /// Whether there are so many findings that one more says nothing. A secret after many words does.
    fn is_full(&self, grade: Grade) -> bool {
        self.out.len() >= MOST
            && (grade < Grade::Literal
                || self.out.len() >= 2 * MOST
                || self.out.iter().any(|found| found.grade == Grade::Literal))
    }

    /// Scans what `range` of the text is base64 of. Places within it are that of the whole.
    pub(super) fn scan_decoded(&mut self, range: Range<usize>) {
        if self.context.depth >= DEEPEST {
            return;
        }
        if let Some(decoded) = base64::to_text(&self.bytes()[range.clone()]) {
            self.scan_inner(&decoded, range);
        }
    }

    /// Scans `inner`, which `range` of the text encodes.
    pub(super) fn scan_inner(&mut self, inner: &str, range: Range<usize>) {
        let mut found = Vec::new();
        let context = Context {
            depth: self.context.depth + 1,
            ..self.context
        };
        scan(inner, context, &mut found);
        if let Some(worst) = found.iter().max_by_key(|found| found.grade) {
            let line = self.line(range.start);
            self.out.push(Found {
                grade: worst.grade,
                what: worst.what,
                literal: None,
                key: None,
                line,
            });
        }
    }

    /// The range of `part`, which is a slice of the text.
    pub(super) fn range_of(&self, part: &str) -> Range<usize> {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        start..start + part.len()
    }

    /// The end of the base64 that begins at `at`.
    pub(super) fn base64_end(&self, at: usize) -> usize {
        at + super::bytes::run(&self.bytes()[at..], is_base64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_are_built_and_each_finds_its_place() {
        let needles = NEEDLES.as_ref().expect("constant patterns");
        assert_eq!(
            needles.patterns_len(),
            WORDS.len() + Fixed::ALL.len() + FORMATS.len()
        );
    }
}
