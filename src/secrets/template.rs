//! Go, Jinja and Helm templates: which of their string literals become part of the value.

use super::bytes::is_name;

/// The literals within `{{ … }}` that become part of the value: `{{ "x" }}`, `default "x"`.
#[derive(Clone)]
pub(super) struct Template<'v> {
    rest: &'v str,
    call: Call<'v>,
    /// The calls around the innermost brackets; deeper ones are forgotten.
    outer: [Call<'v>; DEEPEST],
    depth: usize,
}

/// Deeper brackets than anyone nests by hand.
const DEEPEST: usize = 4;

/// A function, and how many of its arguments were read.
#[derive(Clone, Copy, Default)]
struct Call<'v> {
    function: &'v str,
    arguments: usize,
}

impl<'v> Template<'v> {
    /// The literals of what stands between the braces.
    pub(super) fn of(inside: &'v str) -> Self {
        Self {
            rest: inside,
            call: Call::default(),
            outer: [Call::default(); DEEPEST],
            depth: 0,
        }
    }

    /// Enters brackets. `default('x')` keeps its function; a group begins anew.
    fn open(&mut self, is_call: bool) {
        if let Some(place) = self.outer.get_mut(self.depth) {
            *place = self.call;
        }
        self.depth += 1;
        if !is_call {
            self.call = Call::default();
        }
    }

    /// Leaves brackets: the group is one argument of the call around it.
    fn close(&mut self) {
        if let Some(depth) = self.depth.checked_sub(1) {
            self.depth = depth;
            self.call = self.outer.get(depth).copied().unwrap_or_default();
            self.call.arguments += 1;
        }
    }

    /// Reads a name, a number or a field.
    fn word(&mut self, word: &'v str) {
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let is_field = word.starts_with(['.', '$']) || word.contains('.');
        if is_number || is_field && !self.call.function.is_empty() {
            self.call.arguments += 1;
        } else {
            self.call = Call {
                function: if is_field { "." } else { word },
                arguments: 0,
            };
        }
    }
}

impl<'v> Iterator for Template<'v> {
    type Item = &'v str;

    fn next(&mut self) -> Option<&'v str> {
        loop {
            let bytes = self.rest.as_bytes();
            let &first = bytes.first()?;
            let mut length = 1;
            match first {
                b'"' | b'`' | b'\'' => {
                    let inside = &self.rest[1..];
                    let (literal, rest) = inside.split_once(first as char)?;
                    self.rest = rest;
                    self.call.arguments += 1;
                    if self.call.gives(literal) {
                        return Some(literal);
                    }
                    continue;
                }
                b'|' => self.call = Call::default(),
                b'(' => self.open(matches!(bytes.get(1), Some(b'"' | b'\'')) || bytes.len() == 1),
                b')' => self.close(),
                _ if is_name(first) || first == b'.' || first == b'$' => {
                    length = bytes
                        .iter()
                        .take_while(|byte| is_name(**byte) || matches!(byte, b'.' | b'$'))
                        .count();
                    self.word(&self.rest[..length]);
                }
                // `$x := "x"` gives its literal a name, and the value is what the name has.
                b':' if bytes.get(1) == Some(&b'=') => {
                    self.call = Call::default();
                    length = 2;
                }
                _ => length = self.rest.chars().next().map_or(1, char::len_utf8),
            }
            self.rest = &self.rest[length..];
        }
    }
}

impl Call<'_> {
    /// Whether the literal that was just read becomes the value, rather than a name that the function
    /// looks up, or what it cuts off.
    fn gives(&self, literal: &str) -> bool {
        if literal.is_empty() {
            return false;
        }
        match self.function {
            "" | "default" | "coalesce" | "ternary" | "b64enc" | "b32enc" | "quote" | "squote"
            | "print" | "bcrypt" | "sha1sum" | "sha256sum" | "sha512sum" | "toString" | "d"
            | "lower" | "upper" | "title" | "untitle" | "swapcase" | "trim" | "nospace" | "cat"
            | "list" | "tpl" | "or" | "and" | "reverse" | "shuffle" | "toJson" | "toRawJson"
            | "toYaml" | "urlquery" | "encryptAES" => true,
            // The format itself is no value.
            "printf" => !(self.arguments == 1 && literal.contains('%')),
            // What is cut off or counted comes first.
            "trimSuffix"
            | "trimPrefix"
            | "trimAll"
            | "trunc"
            | "indent"
            | "nindent"
            | "repeat"
            | "abbrev"
            | "regexReplaceAll"
            | "regexReplaceAllLiteral"
            | "htpasswd" => self.arguments == 2,
            "replace" | "substr" | "derivePassword" => self.arguments == 3,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_that_becomes_the_value_is_given() {
        for (inside, expected) in [
            ("replace \"a\" \"b\" \"fnord\"", vec!["fnord"]),
            ("\"fnord\" | replace \"a\" \"b\"", vec!["fnord"]),
            ("replace \"a\" \"b\" .Values.x", vec![]),
            ("trimSuffix \"-x\" \"fnord\" | quote", vec!["fnord"]),
            ("\"fnord\" | trimSuffix \"-x\"", vec!["fnord"]),
            ("trunc 12 \"fnord\"", vec!["fnord"]),
            ("substr 0 12 \"fnord\"", vec!["fnord"]),
            ("regexReplaceAll \"[a-z]\" \"fnord\" \"x\"", vec!["fnord"]),
            ("htpasswd \"user\" \"fnord\"", vec!["fnord"]),
            ("htpasswd .user \"fnord\"", vec!["fnord"]),
            (
                "derivePassword 1 \"long\" \"fnord\" \"user\" \"site\"",
                vec!["fnord"],
            ),
            ("title \"fnord\"", vec!["fnord"]),
            ("or .Values.x \"fnord\"", vec!["fnord"]),
            ("default (include \"name\" .) \"fnord\"", vec!["fnord"]),
            (
                "printf \"%s\" (replace \"a\" \"b\" \"fnord\")",
                vec!["fnord"],
            ),
            ("x | default('fnord')", vec!["fnord"]),
            ("printf \"%s-%s\" .a \"fnord%\"", vec!["fnord%"]),
            ("\"fno%rd\" | b64enc", vec!["fno%rd"]),
            ("include \"name\" . | default \"fnord\"", vec!["fnord"]),
            ("required \"say a password\" .Values.x", vec![]),
            ("get .Values \"password\"", vec![]),
            ("index .Data \"password\" | toString", vec![]),
            ("if eq .Values.x \"password\"", vec![]),
            ("env \"NAME\"", vec![]),
            ("((((((\"fnord\"))))))", vec!["fnord"]),
            (") ) \"fnord\"", vec!["fnord"]),
        ] {
            let given: Vec<_> = Template::of(inside).collect();
            assert_eq!(given, expected, "{inside}");
        }
    }
}
