//! The text as the parser gets it. YAML 1.2 reads `*app:` as an alias of the name `app:`; libyaml, and so
//! Kubernetes, as the key that the alias `app` names. A space before such a colon makes both agree.

use std::borrow::Cow;

/// Each repair parses the text again, so a crafted text may not ask for many.
const MAX_REPAIRS: usize = 64;

/// A text, and where spaces were put into it.
#[derive(Clone, Debug)]
pub(super) struct Source<'a> {
    text: Cow<'a, str>,
    /// The bytes of the repaired text that the author did not write, in their order.
    spaces: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            spaces: Vec::new(),
        }
    }

    /// The text to parse.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The byte of the author's text behind a byte of [`Source::text`].
    pub(super) fn original(&self, at: usize) -> usize {
        at - self.spaces.partition_point(|space| *space < at)
    }

    /// The colon of an alias at the byte `at` that is unknown because of it.
    pub(super) fn colon_of_alias(&self, at: usize) -> Option<usize> {
        if self.spaces.len() >= MAX_REPAIRS {
            return None;
        }
        let name = self.text.get(at..)?.strip_prefix('*')?;
        let length = name
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            .count();
        let rest = name.get(length..)?.strip_prefix(':')?;
        let ends = rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']);
        (length > 0 && ends).then_some(at + 1 + length)
    }

    /// Puts a space before the colon.
    pub(super) fn separate(&mut self, colon: usize) {
        self.text.to_mut().insert(colon, ' ');
        let index = self.spaces.partition_point(|space| *space < colon);
        for later in &mut self.spaces[index..] {
            *later += 1;
        }
        self.spaces.insert(index, colon);
    }
}
