//! Globs of the names of objects that something outside of the tree makes.

use std::borrow::Cow;

use globset::{GlobSet, GlobSetBuilder};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Stricter;
use crate::model::{GlobError, glob};

/// Globs over the names of objects, compiled when the policy is read. One with a `/` is matched
/// against `namespace/name`.
#[derive(Clone, Debug, Default)]
pub struct NameGlobs {
    patterns: Vec<String>,
    names: GlobSet,
    qualified: GlobSet,
    /// Others that must match too.
    also: Option<Box<NameGlobs>>,
}

impl NameGlobs {
    /// Compiles patterns.
    ///
    /// # Errors
    /// The first pattern that is not a glob.
    pub fn compile(patterns: Vec<String>) -> Result<Self, GlobError> {
        let (mut names, mut qualified) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in &patterns {
            let glob = glob(pattern, true)?;
            if pattern.contains('/') {
                qualified.add(glob);
            } else {
                names.add(glob);
            }
        }
        Ok(Self {
            names: names.build()?,
            qualified: qualified.build()?,
            patterns,
            also: None,
        })
    }

    /// Whether a glob is for the object of that name.
    #[must_use]
    pub fn matches(&self, namespace: &str, name: &str) -> bool {
        let own = (!self.names.is_empty() && self.names.is_match(name))
            || (!self.qualified.is_empty()
                && self.qualified.is_match(format!("{namespace}/{name}")));
        own && self
            .also
            .as_ref()
            .is_none_or(|also| also.matches(namespace, name))
    }
}

impl Stricter for NameGlobs {
    /// Only objects that both are for.
    fn stricter(mut self, other: Self) -> Self {
        if self.patterns == other.patterns && self.also.is_none() {
            return other;
        }
        self.also = Some(Box::new(match self.also {
            Some(also) => also.stricter(other),
            None => other,
        }));
        self
    }
}

impl JsonSchema for NameGlobs {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NameGlobs".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<String>::json_schema(generator)
    }
}

impl Serialize for NameGlobs {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.patterns.serialize(to)
    }
}

impl<'de> Deserialize<'de> for NameGlobs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let patterns = Vec::<String>::deserialize(from)?;
        Self::compile(patterns).map_err(|error| D::Error::custom(format!("not a glob: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_read_matched_and_written_back() {
        let globs: NameGlobs = serde_json::from_str(r#"["data-*", "media/*"]"#).expect("globs");
        assert!(globs.matches("games", "data-romm-0"));
        assert!(globs.matches("media", "anything"));
        assert!(!globs.matches("games", "romm"));
        let written = serde_json::to_string(&globs).expect("written");
        assert_eq!(written, r#"["data-*","media/*"]"#);
    }

    #[test]
    fn of_two_lists_only_what_both_are_for_counts() {
        let globs = |patterns: &[&str]| {
            NameGlobs::compile(patterns.iter().map(|&text| text.to_owned()).collect())
                .expect("globs")
        };
        let both = globs(&["data-*", "other"])
            .stricter(globs(&["*-romm", "other"]))
            .stricter(globs(&["data-*"]));
        assert!(both.matches("games", "data-romm"));
        for name in ["data-plex", "x-romm", "other"] {
            assert!(!both.matches("games", name), "{name}");
        }
        assert!(!globs(&["*"]).stricter(globs(&[])).matches("games", "romm"));
    }

    #[test]
    fn a_broken_glob_is_an_error() {
        let error = serde_json::from_str::<NameGlobs>(r#"["a[", "b"]"#).expect_err("not a glob");
        assert!(error.to_string().contains("not a glob"), "{error}");
    }
}
