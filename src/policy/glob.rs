//! Lists of globs over names and namespaces.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs of which one must match; an absent list matches everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Globs(Option<GlobSet>);

impl Globs {
    pub(super) fn compile(patterns: Option<&[String]>) -> Result<Self, globset::Error> {
        let Some(patterns) = patterns else {
            return Ok(Self(None));
        };
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            set.add(GlobBuilder::new(pattern).build()?);
        }
        set.build().map(|set| Self(Some(set)))
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|set| set.is_match(text))
    }
}
