//! RFC 6901 JSON Pointers: how a finding names its place.

use std::fmt;

use serde_json::Value;

/// A JSON Pointer (RFC 6901) from the root of an object, such as `/spec/values/image/tag`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(String);

impl Pointer {
    /// The pointer to the whole object.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Takes text that is a pointer already: empty, or beginning with `/`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.is_empty() || text.starts_with('/')).then(|| Self(text.to_owned()))
    }

    /// Appends one segment, escaping `~` and `/`.
    pub fn push(&mut self, segment: &str) {
        self.0.push('/');
        for character in segment.chars() {
            match character {
                '~' => self.0.push_str("~0"),
                '/' => self.0.push_str("~1"),
                other => self.0.push(other),
            }
        }
    }

    /// The same pointer, of a part that stands at `above`.
    #[must_use]
    pub fn below(&self, above: &Self) -> Self {
        Self(format!("{}{}", above.0, self.0))
    }

    /// The same pointer with one more segment.
    #[must_use]
    pub fn join(mut self, segment: &str) -> Self {
        self.push(segment);
        self
    }

    /// The segments, unescaped.
    pub fn segments(&self) -> impl Iterator<Item = String> + '_ {
        self.0
            .split('/')
            .skip(1)
            .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
    }

    /// The value that this pointer names in `root`.
    #[must_use]
    pub fn resolve<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        root.pointer(&self.0)
    }

    /// The pointer to the parent; `None` at the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rfind('/').map(|at| Self(self.0[..at].to_owned()))
    }

    /// The text of the pointer.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_empty() { "/" } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn segments_are_escaped_and_read_back() {
        let pointer = Pointer::root()
            .join("annotations")
            .join("kustomize.toolkit.fluxcd.io/name")
            .join("a~b");
        assert_eq!(
            pointer.as_str(),
            "/annotations/kustomize.toolkit.fluxcd.io~1name/a~0b"
        );
        let segments: Vec<_> = pointer.segments().collect();
        assert_eq!(
            segments,
            ["annotations", "kustomize.toolkit.fluxcd.io/name", "a~b"]
        );
    }

    #[test]
    fn resolve_finds_the_value() {
        let root = json!({"a": [{"b/c": 1}]});
        let pointer = Pointer::parse("/a/0/b~1c").expect("a pointer");
        assert_eq!(pointer.resolve(&root), Some(&json!(1)));
        assert_eq!(Pointer::parse("a/0"), None);
    }
}
