//! The names of the objects that a release makes. App-template's versions differ, so every name that one
//! of them would choose counts.

use std::collections::HashSet;

use serde_json::Value;

use super::template::{NameBuffer, Rendered, is_open, render};
use super::{AppTemplate, ChartSource, HelmRelease};

/// Whether Kubernetes takes the text as the name of most objects, claims and Secrets among them: a DNS-1123
/// subdomain.
#[must_use]
pub fn is_valid_name(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 253
        && name.split('.').all(|label| {
            label.bytes().all(is_inner)
                && !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// Whether the release makes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// Its values say so.
    Surely,
    /// Nobody here can tell.
    Perhaps,
    /// Nothing in its values does.
    No,
}

/// Names of objects that a release makes, and whether some could not be told.
#[derive(Debug, Default)]
pub(super) struct MadeNames {
    names: HashSet<String>,
    /// Some name could not be told.
    pub(super) vague: bool,
}

impl MadeNames {
    /// Adds a name as it is; a template is rendered first.
    pub(super) fn add(&mut self, name: &str, release: &HelmRelease<'_, '_>) {
        match render(name, release, &mut NameBuffer::default()) {
            Rendered::Text(name) => _ = self.names.insert(name.to_owned()),
            Rendered::Open(_) => self.vague = true,
        }
    }

    /// Adds the names that an entry of app-template's values may get, in a release whose full name
    /// is `full`.
    pub(super) fn add_entry(
        &mut self,
        full: &str,
        key: &str,
        entry: &Value,
        release: &HelmRelease<'_, '_>,
    ) {
        let text = |field: &str| {
            entry
                .get(field)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        if let Some(forced) = text("forceRename") {
            match render(forced, release, &mut NameBuffer::default()) {
                Rendered::Text(name) => _ = self.names.insert(name.to_lowercase()),
                Rendered::Open(_) => self.vague = true,
            }
            return;
        }
        let base = match text("prefix") {
            Some(prefix) => format!("{prefix}-{full}"),
            None => full.to_owned(),
        };
        for suffix in [Some(key), text("suffix"), text("nameOverride")] {
            let Some(suffix) = suffix else { continue };
            self.vague |= suffix.contains("{{");
            self.names.insert(format!("{base}-{suffix}").to_lowercase());
            self.names
                .insert(format!("{base}-{key}-{suffix}").to_lowercase());
        }
        self.names.insert(base.to_lowercase());
    }

    /// Whether the name is among them.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// The full name that app-template makes of the release's name and the values' overrides; `None`
/// where an override is still a template.
pub(super) fn full_name(values: &Value, name: &str) -> Option<String> {
    let over = |key: &str| {
        [values.get("global"), Some(values)]
            .into_iter()
            .flatten()
            .find_map(|map| map.get(key)?.as_str().filter(|text| !text.is_empty()))
    };
    let full = match (over("fullnameOverride"), over("nameOverride")) {
        (Some(full), _) => full.to_owned(),
        (None, Some(part)) if !name.contains(part) => format!("{name}-{part}"),
        (None, _) => name.to_owned(),
    };
    (!is_open(&full)).then(|| full.chars().take(63).collect())
}

/// The release's name where its chart has objects that no values show, named after it. App-template has
/// none.
pub(super) fn name_in_own(
    release: &HelmRelease<'_, '_>,
    app: Option<&AppTemplate<'_, '_>>,
) -> Option<String> {
    let is_named_otherwise = matches!(release.chart(), ChartSource::Template { .. })
        && !release.chart_name().contains("app-template");
    let name = release.release_name();
    ((app.is_none() || is_named_otherwise) && !name.is_empty()).then(|| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_subdomains() {
        for name in ["romm", "romm-2.data", "0"] {
            assert!(is_valid_name(name), "{name}");
        }
        for name in [
            "",
            "Romm",
            "romm_data",
            "-romm",
            "romm-",
            "a..b",
            "a b",
            &"a".repeat(254),
        ] {
            assert!(!is_valid_name(name), "{name}");
        }
    }
}
