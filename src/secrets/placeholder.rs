//! Placeholders of every dialect: what remains of a value once they are taken out.

#[cfg(test)]
mod tests;

use super::bytes::{find_near, is_name};
use super::random::{has_words, is_random};
use super::template::Template;

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'v> {
    /// Text that is there as it stands.
    Literal(&'v str),
    /// Text that is used where the placeholder has no value, or a literal within a template.
    Default(&'v str),
    /// A placeholder.
    Placeholder,
}

/// The parts of a value, in its order.
#[derive(Clone)]
pub(super) struct Parts<'v> {
    rest: &'v str,
    /// What the last placeholder still has to give.
    inner: Option<Template<'v>>,
    default: Option<&'v str>,
}

/// Takes `value` apart.
pub(super) fn parts(value: &str) -> Parts<'_> {
    Parts {
        rest: value,
        inner: None,
        default: None,
    }
}

/// Whether there is any byte that could begin a placeholder.
pub(super) fn may_have(value: &str) -> bool {
    value
        .bytes()
        .any(|byte| matches!(byte, b'$' | b'{' | b'%' | b'<' | b'[' | b'@' | b'!' | b'#'))
}

impl<'v> Iterator for Parts<'v> {
    type Item = Part<'v>;

    fn next(&mut self) -> Option<Part<'v>> {
        if let Some(default) = self.default.take() {
            return Some(Part::Default(default));
        }
        if let Some(template) = &mut self.inner {
            if let Some(literal) = template.next() {
                return Some(Part::Default(literal));
            }
            self.inner = None;
        }
        if self.rest.is_empty() {
            return None;
        }
        let bytes = self.rest.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if let Some(found) = placeholder_at(self.rest, at) {
                if at > 0 {
                    let literal = &self.rest[..at];
                    self.rest = &self.rest[at..];
                    return Some(Part::Literal(literal));
                }
                self.rest = &self.rest[found.end..];
                self.default = found.default;
                self.inner = found.template;
                return Some(Part::Placeholder);
            }
            at += 1;
        }
        Some(Part::Literal(std::mem::take(&mut self.rest)))
    }
}

/// One placeholder.
struct Found<'v> {
    end: usize,
    default: Option<&'v str>,
    template: Option<Template<'v>>,
}

fn plain<'v>(end: usize) -> Found<'v> {
    Found {
        end,
        default: None,
        template: None,
    }
}

/// The end of the placeholder that begins at `at`; `None` when none does.
pub(super) fn end_at(text: &str, at: usize) -> Option<usize> {
    placeholder_at(text, at).map(|found| found.end)
}

fn placeholder_at(text: &str, at: usize) -> Option<Found<'_>> {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'$' => dollar(text, at),
        b'{' => brace(text, at),
        b'[' if bytes.get(at + 1) == Some(&b'[') => {
            let length = find_near(&bytes[at..], b"]]")?;
            is_named(text[at + 2..at + length].trim()).then(|| plain(at + length + 2))
        }
        b'%' => percent(text, at),
        // Nothing but the whole text can be one.
        b'<' if at == 0 => angle(text, at),
        b'@' => enclosed_name(text, at, b'@'),
        b'#' if bytes.get(at + 1) == Some(&b'{') => {
            let end = balanced(bytes, at + 1)?;
            Some(plain(end + usize::from(bytes.get(end) == Some(&b'#'))))
        }
        // A YAML tag that reads the value from elsewhere: Home Assistant, ESPHome, mkdocs; Zigbee2MQTT
        // names the file in it, as in `!secret.yaml password`.
        b'!' if at == 0 => {
            let tag = text[1..].split([' ', '\t']).next()?;
            let tag = tag.strip_suffix(".yaml").unwrap_or(tag);
            let reads_elsewhere = [
                "secret", "env_var", "env", "include", "vault", "file", "ref", "sub", "getatt",
            ];
            reads_elsewhere
                .iter()
                .any(|known| known.eq_ignore_ascii_case(tag))
                .then(|| plain(text.len()))
        }
        _ => None,
    }
}

/// `${X}` with its defaults, `$${X}`, `$(X)`, `$X`, `$__file{…}`, `${{ x }}`.
fn dollar(text: &str, at: usize) -> Option<Found<'_>> {
    let bytes = text.as_bytes();
    match bytes.get(at + 1)? {
        b'$' if matches!(bytes.get(at + 2), Some(b'{' | b'(')) => dollar(text, at + 1),
        b'{' if bytes.get(at + 2) == Some(&b'{') => {
            let end = at + 2 + find_near(&bytes[at + 2..], b"}}")?;
            Some(Found {
                template: Some(Template::of(&text[at + 3..end])),
                ..plain(end + 2 + usize::from(bytes.get(end + 2) == Some(&b'}')))
            })
        }
        b'{' => {
            let end = balanced(bytes, at + 1)?;
            let inside = &text[at + 2..end - 1];
            Some(Found {
                default: default_of(inside),
                ..plain(end)
            })
        }
        b'(' => balanced(bytes, at + 1).map(plain),
        b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'@' | b'*' => {
            let name = bytes[at + 1..]
                .iter()
                .take_while(|byte| is_name(**byte))
                .count()
                .max(1);
            let after = at + 1 + name;
            // Grafana's `$__file{/run/secret}`.
            if bytes.get(after) == Some(&b'{') && bytes[at + 1..].starts_with(b"__") {
                return balanced(bytes, after).map(plain);
            }
            // `$2y$…` and `$apr1$…` are hashes; `$Xy` within a password is no variable.
            let is_variable = (at == 0
                || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'$'))
                && bytes.get(after) != Some(&b'$')
                && (!bytes[at + 1].is_ascii_digit() || name == 1)
                && is_named(&text[at + 1..after]);
            is_variable.then(|| plain(after))
        }
        _ => None,
    }
}

/// The default within `${…}`: `X:=lit`, `X:-lit`, `X=lit`, `X-lit`, and Spring's `x.y:lit`.
fn default_of(inside: &str) -> Option<&str> {
    let name = inside
        .bytes()
        .take_while(|byte| is_name(*byte) || *byte == b'.')
        .count();
    let rest = &inside[name..];
    let rest = match rest.as_bytes() {
        [b':', b'=' | b'-', ..] => &rest[2..],
        [b'=' | b'-', ..] => &rest[1..],
        // An alternative is mostly a flag or a word.
        [b':', b'+', ..] => Some(&rest[2..]).filter(|lit| is_random(lit, 8))?,
        [b'+', ..] => Some(&rest[1..]).filter(|lit| is_random(lit, 8))?,
        // A substring `:0:5` or a message `:?x` is no default.
        [b':', next, ..] if !matches!(next, b'0'..=b'9' | b'?') => &rest[1..],
        _ => return None,
    };
    Some(rest.trim_matches(['"', '\''])).filter(|default| !default.is_empty())
}

/// `{{ … }}`, `{% … %}`, `{FRIGATE_X}`, `{env.X}`, `{$X}`, `{file:…}`.
fn brace(text: &str, at: usize) -> Option<Found<'_>> {
    let bytes = text.as_bytes();
    match bytes.get(at + 1)? {
        b'{' => {
            let length = find_near(&bytes[at..], b"}}")?;
            Some(Found {
                template: Some(Template::of(&text[at + 2..at + length])),
                ..plain(at + length + 2)
            })
        }
        b'%' => Some(plain(at + find_near(&bytes[at..], b"%}")? + 2)),
        b'#' => Some(plain(at + find_near(&bytes[at..], b"#}")? + 2)),
        b'$' => balanced(bytes, at).map(plain),
        byte if byte.is_ascii_alphabetic() || *byte == b'_' => {
            let inside = bytes[at + 1..]
                .iter()
                .take_while(|byte| is_name(**byte) || matches!(byte, b'.' | b'-'))
                .count();
            let after = at + 1 + inside;
            match bytes.get(after)? {
                b'}' => Some(plain(after + 1)),
                // `{file:/run/x}`, `{env:X}`, `{secrets.X}`.
                b':' => {
                    let scheme = &text[at + 1..after];
                    matches!(scheme, "file" | "env" | "secret" | "vault")
                        .then(|| balanced(bytes, at).map(plain))?
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// `%(X)s`, `%X%`, `%env(X)%`.
fn percent(text: &str, at: usize) -> Option<Found<'_>> {
    let bytes = text.as_bytes();
    if bytes.get(at + 1) == Some(&b'(') {
        let end = balanced(bytes, at + 1)?;
        return Some(plain(
            end + usize::from(bytes.get(end).is_some_and(u8::is_ascii_alphabetic)),
        ));
    }
    if bytes[at..].starts_with(b"%env(") {
        let end = at + find_near(&bytes[at..], b")%")? + 2;
        return Some(plain(end));
    }
    enclosed_name(text, at, b'%')
}

/// `@X@`, `%X%`: a name in capitals between two marks.
fn enclosed_name(text: &str, at: usize, mark: u8) -> Option<Found<'_>> {
    let inside = text.as_bytes()[at + 1..]
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_')
        .count();
    let after = at + 1 + inside;
    let fits =
        inside >= 3 && text.as_bytes().get(after) == Some(&mark) && is_named(&text[at + 1..after]);
    fits.then(|| plain(after + 1))
}

/// `<path:secret/data/x#key>`, `<your-token>`: a plain text between angle brackets, and nothing else.
fn angle(text: &str, at: usize) -> Option<Found<'_>> {
    let length = find_near(&text.as_bytes()[at..], b">")?;
    let inside = &text[at + 1..at + length];
    let fits = !inside.is_empty()
        && inside.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b' ' | b'.' | b':' | b'/' | b'#' | b'|')
        });
    (fits && at == 0 && at + length + 1 == text.len() && is_named(inside))
        .then(|| plain(text.len()))
}

/// Whether what stands between odd brackets can be the name of something: a password may have any
/// bytes at its ends, and then looks like a placeholder.
fn is_named(inside: &str) -> bool {
    !is_random(inside, 12) || has_words(inside)
}

/// The end of the bracket that opens at `open`.
fn balanced(bytes: &[u8], open: usize) -> Option<usize> {
    let (opens, closes) = match bytes[open] {
        b'{' => (b'{', b'}'),
        _ => (b'(', b')'),
    };
    let mut depth = 0_usize;
    // A placeholder that does not close soon does not close: this keeps long texts linear.
    for (at, &byte) in bytes.iter().enumerate().skip(open).take(256) {
        if byte == opens {
            depth += 1;
        } else if byte == closes {
            depth -= 1;
            if depth == 0 {
                return Some(at + 1);
            }
        } else if byte == b'\n' {
            return None;
        }
    }
    None
}
