//! Lists of names and globs.

use globset::{GlobSet, GlobSetBuilder};

use crate::model::{GlobError, glob};

/// Names and globs of which one must match; an absent list matches everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Globs(Option<Patterns>);

#[derive(Clone, Debug)]
struct Patterns {
    /// What is no glob: comparing is faster than matching, and most entries are names.
    names: Vec<Box<str>>,
    globs: GlobSet,
}

impl Globs {
    pub(super) fn compile(patterns: Option<&[String]>) -> Result<Self, GlobError> {
        let Some(patterns) = patterns else {
            return Ok(Self(None));
        };
        let mut names = Vec::new();
        let mut globs = GlobSetBuilder::new();
        for pattern in patterns {
            if is_name(pattern) {
                names.push(pattern.as_str().into());
            } else {
                globs.add(glob(pattern, false)?);
            }
        }
        Ok(Self(Some(Patterns {
            names,
            globs: globs.build()?,
        })))
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|patterns| {
            patterns.names.iter().any(|name| **name == *text)
                || (!patterns.globs.is_empty() && patterns.globs.is_match(text))
        })
    }

    /// Whether it is an empty list, which matches nothing.
    pub(super) fn is_nothing(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|patterns| patterns.names.is_empty() && patterns.globs.is_empty())
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
        assert!(globs(&[]).is_nothing() && !globs(&[]).matches("a"));
        assert!(Globs::default().matches("anything") && !Globs::default().is_nothing());
    }
}
