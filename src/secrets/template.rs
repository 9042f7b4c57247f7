//! Go, Jinja and Helm templates: which of their string literals become part of the value.

use super::bytes::is_name;

/// The literals within `{{ … }}` that become part of the value: `{{ "x" }}`, `default "x"`.
#[derive(Clone)]
pub(super) struct Template<'v> {
    rest: &'v str,
    function: &'v str,
}

impl<'v> Template<'v> {
    /// The literals of what stands between the braces.
    pub(super) fn of(inside: &'v str) -> Self {
        Self {
            rest: inside,
            function: "",
        }
    }
}

impl<'v> Iterator for Template<'v> {
    type Item = &'v str;

    fn next(&mut self) -> Option<&'v str> {
        loop {
            let bytes = self.rest.as_bytes();
            let &first = bytes.first()?;
            match first {
                b'"' | b'`' | b'\'' => {
                    let inside = &self.rest[1..];
                    let (literal, rest) = inside.split_once(first as char)?;
                    self.rest = rest;
                    if gives_its_argument(self.function)
                        && !literal.is_empty()
                        && !literal.contains('%')
                    {
                        return Some(literal);
                    }
                }
                b'|' | b'(' => {
                    // `default('x')` keeps its function; a pipe or a group begins anew.
                    if first == b'|' || self.rest.len() > 1 && !matches!(bytes[1], b'"' | b'\'') {
                        self.function = "";
                    }
                    self.rest = &self.rest[1..];
                }
                _ if is_name(first) || first == b'.' || first == b'$' => {
                    let length = bytes
                        .iter()
                        .take_while(|byte| is_name(**byte) || matches!(byte, b'.' | b'$'))
                        .count();
                    let word = &self.rest[..length];
                    if first == b'.' || first == b'$' || word.contains('.') {
                        if self.function.is_empty() {
                            self.function = ".";
                        }
                    } else if !word.bytes().all(|byte| byte.is_ascii_digit()) {
                        self.function = word;
                    }
                    self.rest = &self.rest[length..];
                }
                // `$x := "x"` gives its literal a name, and the value is what the name has.
                b':' if bytes.get(1) == Some(&b'=') => {
                    self.function = "";
                    self.rest = &self.rest[2..];
                }
                _ => {
                    let length = self.rest.chars().next().map_or(1, char::len_utf8);
                    self.rest = &self.rest[length..];
                }
            }
        }
    }
}

/// Whether a template function's string becomes the value, rather than a name that it looks up.
fn gives_its_argument(function: &str) -> bool {
    matches!(
        function,
        "" | "default"
            | "coalesce"
            | "ternary"
            | "b64enc"
            | "quote"
            | "squote"
            | "print"
            | "bcrypt"
            | "sha256sum"
            | "toString"
            | "d"
            | "printf"
            | "lower"
            | "upper"
            | "trim"
            | "nospace"
            | "cat"
            | "list"
            | "tpl"
    )
}
