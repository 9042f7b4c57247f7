//! The judgement of one key with one value: stripped of placeholders, weighed by the key's class.

#[cfg(test)]
mod tests;

use super::base64::Decoded;
use super::harmless::{is_harmless, is_sentinel};
use super::keys::Class;
use super::placeholder::{Part, may_have, parts};
use super::random::{has_words, is_random, is_uuid};
use super::weak::{Names, is_stand_in, is_weak};

/// How bad a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// A guessable word that stands only where a placeholder has no value.
    WeakFallback,
    /// A guessable word.
    Weak,
    /// A secret.
    Literal,
}

/// A part of a value that is a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Judged<'v> {
    pub(super) grade: Grade,
    pub(super) literal: &'v str,
}

/// How a value stands in its text: what is quoted is meant as it is, a bare word may be code or prose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// A scalar of its own.
    Scalar,
    /// Between quotes, in a longer text.
    Quoted,
    /// Bare, in a longer text.
    Bare,
}

/// Judges `value` under `key`, whose class is `class`. Formats that are secrets under any key are
/// not looked for here.
pub(super) fn judge<'v>(
    class: Class,
    key: &str,
    value: &'v str,
    setting: Setting,
    names: &Names<'_>,
) -> Option<Judged<'v>> {
    let value = unquoted(value.trim());
    if !class.is_secret() || value.is_empty() {
        return None;
    }
    if is_byte_list(value) {
        return Some(Judged {
            grade: Grade::Literal,
            literal: value,
        });
    }
    if !may_have(value) {
        return literal(class, key, value, setting, names);
    }
    if is_harmless(value) {
        return None;
    }
    let is_whole =
        matches!(parts(value).next(), Some(Part::Literal(text)) if text.len() == value.len());
    if is_whole {
        return literal(class, key, value, setting, names);
    }
    let mut found: Option<Judged<'v>> = None;
    for part in parts(value) {
        let judged = match part {
            Part::Placeholder => None,
            Part::Default(text) => {
                judge(class, key, text, Setting::Quoted, names).map(|judged| Judged {
                    grade: match judged.grade {
                        Grade::Weak => Grade::WeakFallback,
                        other => other,
                    },
                    literal: judged.literal,
                })
            }
            Part::Literal(text) => rest(class, text),
        };
        if judged.map(|judged| judged.grade) > found.map(|found| found.grade) {
            found = judged;
        }
    }
    found
}

/// The literal beside a placeholder is a secret only when it looks like one: `Bearer ${X}` is none.
fn rest(class: Class, text: &str) -> Option<Judged<'_>> {
    let words = text.split(|mark: char| {
        mark.is_whitespace() || matches!(mark, ':' | '@' | '/' | '?' | '&' | ',' | ';')
    });
    // A shorter part counts under the key of a password, when it is not like `v1alpha1` or `k8s-gateway`.
    let is_short_secret = |word: &str| {
        let has = |fits: fn(&u8) -> bool| word.as_bytes().iter().any(fits);
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let is_mixed =
            digits > 2 || digits > 0 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        is_mixed && !word.contains(['-', '_', '.']) && is_random(word, 8)
    };
    words
        .into_iter()
        .map(|word| word.trim_matches(['-', '_', '.']))
        .find(|word| {
            (is_random(word, 12) || class.is_strong() && is_short_secret(word)) && !has_words(word)
        })
        .map(|literal| Judged {
            grade: Grade::Literal,
            literal,
        })
}

fn literal<'v>(
    class: Class,
    key: &str,
    value: &'v str,
    setting: Setting,
    names: &Names<'_>,
) -> Option<Judged<'v>> {
    if is_harmless(value) || is_code(value, setting) {
        return None;
    }
    let judged = |grade| {
        Some(Judged {
            grade,
            literal: value,
        })
    };
    match class {
        Class::Password | Class::Strong => {
            let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
            if is_number && class == Class::Strong && value.len() < 8 {
                return None;
            }
            if names_an_object(class, key, value, names) || is_usual(class, key, value) {
                return None;
            }
            if is_weak(value, key, names) {
                return judged(Grade::Weak);
            }
            judged(Grade::Literal)
        }
        Class::Opaque | Class::Ambiguous => {
            if is_uuid(value) {
                return if class == Class::Opaque {
                    judged(Grade::Literal)
                } else {
                    None
                };
            }
            if is_stand_in(value) || is_pin(key, value) {
                return judged(Grade::Weak);
            }
            if let Some(password) = basic_password(key, value) {
                return literal(Class::Password, "password", password, setting, names);
            }
            if is_random(without_scheme(value), 8) && !is_dns_name(value)
                || class == Class::Opaque && has_every_kind(value)
            {
                return judged(Grade::Literal);
            }
            None
        }
        Class::Weak => {
            if !is_uuid(value) && is_random(value, 16) {
                return judged(Grade::Literal);
            }
            None
        }
        Class::Setting => {
            if !is_uuid(value) && is_random(value, 20) && !has_words(value) || has_every_kind(value)
            {
                return judged(Grade::Literal);
            }
            None
        }
        Class::Not | Class::Unknown => None,
    }
}

/// `[204, 61, 75, …]`: a key as Zigbee writes it, byte by byte.
pub(super) fn is_byte_list(value: &str) -> bool {
    let inside = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_byte = |item: &str| item.trim().parse::<u8>().is_ok();
    value.len() < 256
        && value.contains(',')
        && inside.unwrap_or(value).split(',').all(is_byte)
        && value.split(',').count() >= 16
}

/// Letters of both cases, a digit and a mark that no name has: a password, though words may be in it.
fn has_every_kind(value: &str) -> bool {
    let has = |fits: fn(&u8) -> bool| value.as_bytes().iter().any(fits);
    let is_mark = |byte: &u8| matches!(byte, b'!' | b'#' | b'$' | b'^' | b'&' | b'~');
    (8..=64).contains(&value.len())
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && has(is_mark)
        && value.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || is_mark(&byte)
                || matches!(byte, b'-' | b'_' | b'.' | b'@' | b'+' | b'=' | b'%')
        })
}

/// Somebody's pin, as HomeKit's and an alarm's; one of fewer digits is the pin of a board.
fn is_pin(key: &str, value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    key.len() >= 3
        && key.as_bytes()[key.len() - 3..].eq_ignore_ascii_case(b"pin")
        && (4..=8).contains(&digits)
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// The password in `basicAuth: user:password`.
fn basic_password<'v>(key: &str, value: &'v str) -> Option<&'v str> {
    let tail = key.get(key.len().checked_sub(4)?..)?;
    let (user, password) = value.split_once(':')?;
    let fits = tail.eq_ignore_ascii_case("auth")
        && !user.is_empty()
        && !value.contains(char::is_whitespace)
        && !password.starts_with('/');
    fits.then_some(password)
}

/// Words in small letters with hyphens or dots: a DNS-1123 name, as of a Secret or a host. A random
/// string of these letters has more digits.
fn is_dns_name(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    digits < 3
        && value.contains(['-', '.'])
        && value.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
        })
}

/// `Bearer x`, `base64:x`: the word before says how to read it.
fn without_scheme(value: &str) -> &str {
    for scheme in ["Bearer ", "Basic ", "Token ", "token ", "base64:", "hex:"] {
        if let Some(rest) = value.strip_prefix(scheme) {
            return rest.trim();
        }
    }
    value
}

/// Charts have keys such as `webhookSecret: my-secret`, which name a Secret. Variables in capitals do not.
fn names_an_object(class: Class, key: &str, value: &str, names: &Names<'_>) -> bool {
    class == Class::Strong
        && key.bytes().any(|byte| byte.is_ascii_lowercase())
        && ends_as_secret(key)
        && is_object_name(value, names)
        && !is_stand_in(value)
}

/// Whether `value` can be the name of a Secret: small words with hyphens, one of which says so.
fn is_object_name(value: &str, names: &Names<'_>) -> bool {
    let words = [
        "secret",
        "secrets",
        "credentials",
        "creds",
        "auth",
        "tls",
        "oidc",
        "oauth",
        "oauth2",
        "client",
        "config",
        "env",
        "token",
        "webhook",
        "login",
    ];
    value.contains('-')
        && value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !is_uuid(value)
        && (value.split('-').any(|word| words.contains(&word)) || names.begin(value))
}

/// What only says to take the usual: Git's `SIGNING_KEY: default`, and `public`, by which every
/// device is asked over SNMP and may only be read.
fn is_usual(class: Class, key: &str, value: &str) -> bool {
    match value {
        "default" => class == Class::Strong,
        "public" => key.eq_ignore_ascii_case("community"),
        _ => false,
    }
}

fn ends_as_secret(key: &str) -> bool {
    let tail = &key.as_bytes()[key.len().saturating_sub(6)..];
    tail.eq_ignore_ascii_case(b"secret")
        || key.len() > 7 && key.as_bytes()[key.len() - 7..].eq_ignore_ascii_case(b"secrets")
}

/// Whether a bare value within a longer text is an expression, a type or prose.
fn is_code(value: &str, setting: Setting) -> bool {
    if setting == Setting::Scalar {
        return false;
    }
    let bytes = value.as_bytes();
    // A pattern that looks for secrets holds none.
    if value.contains("\\S")
        || value.contains("\\w")
        || value.contains("[^")
        || value.contains(".*")
        || value.starts_with("(?")
    {
        return true;
    }
    if setting == Setting::Quoted {
        return false;
    }
    matches!(
        bytes[0],
        b'(' | b'['
            | b'\\'
            | b'&'
            | b'*'
            | b'^'
            | b'~'
            | b'|'
            | b'>'
            | b'<'
            | b'{'
            | b'}'
            | b']'
            | b')'
    ) || (bytes.contains(&b'(') && !is_random(value, 8))
    // `os.environ['DB_PASSWORD']`
    || value.contains("['")
    || value.contains("[\"")
        || is_dotted(value)
        || matches!(
            value,
            "string" | "str" | "int" | "self" | "this" | "undefined" | "Optional" | "String"
        )
}

/// `config.password`: the path to a field of an object.
fn is_dotted(value: &str) -> bool {
    let mut parts = 0;
    for part in value.split('.') {
        let is_word = !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            && !is_random(part, 8);
        if !is_word || is_random(value, 8) {
            return false;
        }
        parts += 1;
    }
    parts > 1
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if value.len() >= 2
            && let Some(inside) = value
                .strip_prefix(quote)
                .and_then(|rest| rest.strip_suffix(quote))
        {
            return inside.trim();
        }
    }
    value
}

/// Whether `text` is base64 of `user:password`, as in a Docker configuration or a Basic header.
pub(super) fn is_basic(text: &str) -> bool {
    if text.len() < 8 {
        return false;
    }
    let Some(decoded) = Decoded::of(text.as_bytes()) else {
        return false;
    };
    let Some((user, password)) = decoded.text().and_then(|text| text.split_once(':')) else {
        return false;
    };
    !user.is_empty()
        && !user.contains(char::is_whitespace)
        && !is_sentinel(password)
        && parts(password).any(|part| matches!(part, Part::Literal(_) | Part::Default(_)))
}
