//! Words of a key: `DB_PASSWORD`, `dbPassword` and `db.password` all read as `db`, `password`.

/// Longer keys keep their last words: the head noun stands at the end.
const KEPT: usize = 12;

/// The longest word that can be in a table; longer ones are compared by their end only.
pub(super) const LONGEST: usize = 32;

/// The words of one key, borrowed from it.
#[derive(Clone, Copy)]
pub(super) struct Words<'k> {
    words: [&'k str; KEPT],
    len: usize,
    /// The first word of the key, even when it is no longer kept.
    first: &'k str,
}

impl<'k> Words<'k> {
    /// Splits at every byte that is no letter or digit, and at the humps of camelCase.
    pub(super) fn of(key: &'k str) -> Self {
        let mut words = Self {
            words: [""; KEPT],
            len: 0,
            first: "",
        };
        let bytes = key.as_bytes();
        let mut start = 0;
        for at in 0..bytes.len() {
            let byte = bytes[at];
            if !(byte.is_ascii_alphanumeric() || byte >= 0x80) {
                words.push(&key[start..at]);
                start = at + 1;
            } else if at > start && is_hump(bytes, at) {
                words.push(&key[start..at]);
                start = at;
            }
        }
        words.push(&key[start..]);
        words.drop_numbers();
        words
    }

    fn push(&mut self, word: &'k str) {
        if word.is_empty() {
            return;
        }
        if self.first.is_empty() {
            self.first = word;
        }
        if self.len == KEPT {
            self.words.rotate_left(1);
            self.len -= 1;
        }
        self.words[self.len] = word;
        self.len += 1;
    }

    /// `PASSWORD_2` is a password: a number at the end says only which.
    fn drop_numbers(&mut self) {
        while self.len > 1
            && self.words[self.len - 1]
                .bytes()
                .all(|byte| byte.is_ascii_digit())
        {
            self.len -= 1;
        }
    }

    /// The number of words that are kept.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The first word of the key.
    pub(super) fn first(&self) -> &'k str {
        self.first
    }

    /// The word at `back` places before the last; empty where there is none.
    pub(super) fn back(&self, back: usize) -> &'k str {
        match self.len.checked_sub(back + 1) {
            Some(at) => self.words[at],
            None => "",
        }
    }

    /// The same key without its last word.
    pub(super) fn without_last(mut self) -> Self {
        self.len = self.len.saturating_sub(1);
        self
    }

    /// The same key without its first word.
    pub(super) fn without_first(mut self) -> Self {
        if self.words[0] == self.first && self.len > 0 {
            self.words.rotate_left(1);
            self.len -= 1;
        }
        self.first = self.words[..self.len].first().copied().unwrap_or("");
        self
    }

    /// The words, in the key's order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'k str> + '_ {
        self.words[..self.len].iter().copied()
    }
}

/// Whether a camelCase word begins at `at`: `apiKey`, `APIKey`.
fn is_hump(bytes: &[u8], at: usize) -> bool {
    if !bytes[at].is_ascii_uppercase() {
        return false;
    }
    let before = bytes[at - 1];
    let is_small = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
    if before.is_ascii_uppercase() {
        // The plural of an acronym, as in `APIs`, is no word of its own.
        let is_plural = bytes.get(at + 1) == Some(&b's') && !is_small(at + 2);
        return is_small(at + 1) && !is_plural;
    }
    // `s3Key`, but not the digits within `A1B2`.
    before.is_ascii_lowercase() || (before.is_ascii_digit() && is_small(at + 1))
}

/// A word in small letters on the stack, to be looked up in a table.
pub(super) struct Lower {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Lower {
    /// The word in small letters, without digits at its end; of a longer word, its last letters.
    pub(super) fn of(word: &str) -> Self {
        let whole = word.as_bytes();
        let mut end = whole.len();
        while end > 1 && whole[end - 1].is_ascii_digit() {
            end -= 1;
        }
        let start = end.saturating_sub(LONGEST);
        let mut lower = Self {
            bytes: [0; LONGEST],
            len: end - start,
        };
        let kept = &mut lower.bytes[..end - start];
        kept.copy_from_slice(&whole[start..end]);
        kept.make_ascii_lowercase();
        lower
    }

    /// The letters.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Whether the word ends with `tail` and has more before it.
    pub(super) fn is_glued(&self, tail: &[u8]) -> bool {
        self.len > tail.len() && self.bytes().ends_with(tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_split_at_humps_and_marks() {
        for (key, expected) in [
            ("DB_PASSWORD", vec!["DB", "PASSWORD"]),
            ("dbPassword", vec!["db", "Password"]),
            ("db.password-2", vec!["db", "password"]),
            ("APIKey", vec!["API", "Key"]),
            ("apiKEY", vec!["api", "KEY"]),
            (
                "AUTHENTIK_POSTGRESQL__PASSWORD",
                vec!["AUTHENTIK", "POSTGRESQL", "PASSWORD"],
            ),
            ("s3SecretKey", vec!["s3", "Secret", "Key"]),
            ("allowedIPs", vec!["allowed", "IPs"]),
            ("", vec![]),
        ] {
            let words: Vec<_> = Words::of(key).iter().collect();
            assert_eq!(words, expected, "{key}");
        }
    }

    #[test]
    fn long_keys_keep_their_end_and_their_first_word() {
        let words = Words::of("a.b.c.d.e.f.g.h.i.j.k.l.m.password");
        assert_eq!(words.first(), "a");
        assert_eq!(words.back(0), "password");
        assert_eq!(words.back(40), "");
    }
}
