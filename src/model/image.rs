//! A reference to a container image as text: `registry:5000/name:tag@sha256:…`.

use container_image_dist_ref::ImgRef;

/// The longest reference that a registry can serve, with room for a sha512 digest.
const LONGEST: usize = 640;

/// The parts of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageReference<'a> {
    /// Registry and repository.
    pub name: &'a str,
    /// The tag; empty when there is none.
    pub tag: &'a str,
    /// The digest with its algorithm; empty when there is none.
    pub digest: &'a str,
}

impl<'a> ImageReference<'a> {
    /// Parses text that is a reference by the grammar of distribution/reference.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/@+".contains(&byte);
        // The parser counts in 16 bits and is not meant for arbitrary text.
        if text.len() > LONGEST
            || !text.starts_with(|first: char| first.is_ascii_alphanumeric())
            || !text.bytes().all(plain)
        {
            return None;
        }
        ImgRef::new(text).ok()?;
        Some(Self::split(text))
    }

    /// Splits text at the places where a reference has its tag and digest, reference or not: for
    /// where a chart takes any text as an image.
    #[must_use]
    pub fn split(text: &'a str) -> Self {
        let (named, digest) = text.split_once('@').unwrap_or((text, ""));
        let path = named.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match named[path..].find(':') {
            Some(colon) => (&named[..path + colon], &named[path + colon + 1..]),
            None => (named, ""),
        };
        Self { name, tag, digest }
    }
}

/// Whether text is a digest: `sha256:` and 64 hexadecimal digits, another algorithm's, or, as some
/// charts want it, the digits alone.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    let (algorithm, encoded) = text.split_once(':').unwrap_or(("sha256", text));
    let length = match algorithm {
        "sha256" => encoded.len() == 64,
        "sha512" => encoded.len() == 128,
        other => !other.is_empty() && encoded.len() >= 32,
    };
    length && encoded.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        let pinned = format!("ghcr.io/home/app:1.2.3@{digest}");
        let bare = format!("app@{digest}");
        for (text, name, tag, found) in [
            ("nginx", "nginx", "", ""),
            ("nginx:1.27", "nginx", "1.27", ""),
            ("host:5000/app", "host:5000/app", "", ""),
            ("host:5000/app:v1", "host:5000/app", "v1", ""),
            (
                pinned.as_str(),
                "ghcr.io/home/app",
                "1.2.3",
                digest.as_str(),
            ),
            (bare.as_str(), "app", "", digest.as_str()),
        ] {
            let reference = ImageReference::parse(text).expect(text);
            assert_eq!(
                (reference.name, reference.tag, reference.digest),
                (name, tag, found),
                "{text}"
            );
        }
    }

    #[test]
    fn other_text_is_no_reference() {
        let long = format!("a/{}", "b".repeat(LONGEST));
        for text in [
            "",
            "https://example.com/logo.png",
            "data:image/png;base64,AAAA",
            "/img/logo.png",
            "git@example.com:org/repo.git",
            "s3:https://example.com/bucket",
            "!*:latest",
            "an image",
            "ghcr.io/Org/App:1.0",
            "${IMAGE}",
            "nginx:",
            "é:1",
            &long,
        ] {
            assert_eq!(ImageReference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn digests_are_whole() {
        for (text, whole) in [
            (format!("sha256:{}", "a1".repeat(32)), true),
            ("a1".repeat(32), true),
            (format!("sha512:{}", "a1".repeat(64)), true),
            (format!("sha256:{}", "a1".repeat(31)), false),
            ("sha256:".to_owned(), false),
            (String::new(), false),
            ("latest".to_owned(), false),
        ] {
            assert_eq!(is_digest(&text), whole, "{text}");
        }
    }

    /// The two ways of taking a reference apart agree.
    fn agrees(text: &str) -> Result<(), TestCaseError> {
        let _ = is_digest(text);
        let parts = ImageReference::split(text);
        prop_assert!(text.starts_with(parts.name));
        if ImageReference::parse(text).is_some() {
            let known = ImgRef::new(text)
                .ok()
                .and_then(|known| known.tag().map(str::to_owned));
            prop_assert_eq!(known.unwrap_or_default(), parts.tag);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".*") {
            agrees(&text)?;
        }

        #[test]
        fn text_of_the_right_letters_is_read(text in "[a-zA-Z0-9._:/@+-]{0,300}") {
            agrees(&text)?;
        }

        #[test]
        fn near_references_are_read(
            text in "([a-z0-9.-]{1,9}(:[0-9a-z]{0,5})?/)?[a-z0-9_./]{1,12}(:[A-Za-z0-9_.-]{0,9})?(@[a-z0-9+]{0,8}:?[a-fg0-9]{0,80})?"
        ) {
            agrees(&text)?;
        }

        #[test]
        fn long_references_are_read(
            text in "[a-z]{0,300}(/[a-z]{0,280})?(:[a-z0-9]{0,140})?(@[a-z+]{0,270}:[a-f0-9]{0,300})?"
        ) {
            agrees(&text)?;
        }
    }
}
