//! Text that is read from a review, and text that goes back: borrowed in, harmless out.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A string of the review, borrowed where nothing is escaped; null reads as empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }

        from.deserialize_any(TextVisitor)
    }
}

/// The word that makes Flux delete a release with `spec.force`, when it stands in "is immutable" or
/// "immutable field" with any white space between. It is broken wherever it stands, as names from
/// the object could complete the phrase.
const FORBIDDEN: &str = "immutable";
const REWRITTEN: &str = "im-mutable";

/// One line that is safe in a terminal, a header and Flux's log: control and direction characters
/// become spaces, and the word that Flux acts on is broken.
pub(super) fn harmless(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|character| {
            if is_invisible(character) {
                ' '
            } else {
                character
            }
        })
        .collect();
    // ASCII lowering keeps every byte offset.
    let lowered = spaced.to_ascii_lowercase();
    if !lowered.contains(FORBIDDEN) {
        return spaced;
    }
    let mut rewritten = String::with_capacity(spaced.len() + 8);
    let mut from = 0;
    for (at, word) in lowered.match_indices(FORBIDDEN) {
        rewritten.push_str(&spaced[from..at]);
        rewritten.push_str(REWRITTEN);
        from = at + word.len();
    }
    rewritten.push_str(&spaced[from..]);
    rewritten
}

fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// At most `most` characters, cut on a word and ended with `…` when something is left out.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    let Some((end, _)) = text.char_indices().nth(most) else {
        return Cow::Borrowed(text);
    };
    // One character less makes room for the ellipsis.
    let end = text[..end]
        .char_indices()
        .next_back()
        .map_or(0, |(at, _)| at);
    let kept = &text[..end];
    let on_word = match kept.rfind(' ') {
        // A text without spaces is cut where it must be.
        Some(space) if space * 2 > kept.len() => &kept[..space],
        _ => kept,
    };
    Cow::Owned(format!("{}…", on_word.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_flux_acts_on_is_broken_however_it_is_written() {
        for text in [
            "the field is immutable",
            "IS IMMUTABLE",
            "is\timmutable",
            "is\nimmutable",
            "is immu\u{0}table",
            "an Immutable\u{200b}field",
            "tag `is immutable field`",
        ] {
            let shown = harmless(text).to_lowercase();
            assert!(!shown.contains("immutable"), "{shown}");
            assert!(!shown.contains('\n'));
        }
        assert_eq!(harmless("tag Immutable!"), "tag im-mutable!");
        assert_eq!(harmless("Größe …"), "Größe …");
    }

    #[test]
    fn cuts_fall_on_words_and_keep_the_limit() {
        assert_eq!(cut("one two", 7), "one two");
        assert_eq!(cut("one two three", 9), "one two…");
        let long = "ü".repeat(300);
        assert_eq!(cut(&long, 256).chars().count(), 256);
        assert!(cut(&long, 256).ends_with('…'));
    }
}
