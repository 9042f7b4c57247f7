//! Lists of names and globs.

use globset::{GlobSet, GlobSetBuilder};

use crate::model::{GlobError, glob};

/// Names and globs of which one must match; an absent list matches everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Globs(Option<Patterns>);

#[derive(Clone, Debug)]
struct Patterns {
    /// Most entries are names, or a name with one `*` at an end: comparing those is many times faster than matching.
    simple: Vec<Simple>,
    globs: GlobSet,
}

#[derive(Clone, Debug)]
enum Simple {
    Name(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
}

impl Simple {
    fn of(pattern: &str) -> Option<Self> {
        if is_name(pattern) {
            return Some(Self::Name(pattern.into()));
        }
        let prefix = pattern.strip_suffix('*').filter(|rest| is_name(rest));
        let suffix = pattern.strip_prefix('*').filter(|rest| is_name(rest));
        prefix
            .map(|prefix| Self::Prefix(prefix.into()))
            .or_else(|| suffix.map(|suffix| Self::Suffix(suffix.into())))
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Name(name) => **name == *text,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Suffix(suffix) => text.ends_with(&**suffix),
        }
    }
}

impl Globs {
    pub(super) fn compile(patterns: Option<&[String]>) -> Result<Self, GlobError> {
        let Some(patterns) = patterns else {
            return Ok(Self(None));
        };
        let mut simple = Vec::new();
        let mut globs = GlobSetBuilder::new();
        for pattern in patterns {
            match Simple::of(pattern) {
                Some(pattern) => simple.push(pattern),
                None => {
                    globs.add(glob(pattern, false)?);
                }
            }
        }
        Ok(Self(Some(Patterns {
            simple,
            globs: globs.build()?,
        })))
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|patterns| {
            patterns.simple.iter().any(|simple| simple.matches(text))
                || (!patterns.globs.is_empty() && patterns.globs.is_match(text))
        })
    }

    /// Whether it is an empty list, which matches nothing.
    pub(super) fn is_nothing(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|patterns| patterns.simple.is_empty() && patterns.globs.is_empty())
    }
}

/// Whether the text can only match itself.
pub(super) fn is_name(text: &str) -> bool {
    !text.contains(['*', '?', '[', ']', '{', '}', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(patterns: &[&str]) -> Globs {
        let patterns: Vec<String> = patterns.iter().map(|&text| text.to_owned()).collect();
        Globs::compile(Some(&patterns)).expect("globs")
    }

    #[test]
    fn names_and_globs_stand_in_one_list() {
        let list = globs(&["romm", "media-*", "{a,b}"]);
        for name in ["romm", "media-1", "b"] {
            assert!(list.matches(name), "{name}");
        }
        for name in ["romm2", "media", "c", ""] {
            assert!(!list.matches(name), "{name}");
        }
        assert!(globs(&["*"]).matches("") && globs(&["*-x"]).matches("a-x"));
        assert!(!globs(&["*-x"]).matches("a-x-y"));
        assert!(globs(&[]).is_nothing() && !globs(&[]).matches("a"));
        assert!(Globs::default().matches("anything") && !Globs::default().is_nothing());
    }
}

#[cfg(test)]
mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What is compared says the same as what would be matched.
        #[test]
        fn simple_patterns_mean_what_globs_mean(pattern in "[*]?[a-b-]{0,3}[*]?", text in "[a-b-]{0,5}") {
            let glob = globset::GlobBuilder::new(&pattern).build().expect("a glob").compile_matcher();
            let list = Globs::compile(Some(std::slice::from_ref(&pattern))).expect("globs");
            prop_assert_eq!(list.matches(&text), glob.is_match(&text));
        }
    }
}
