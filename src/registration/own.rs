//! The release that installs us: what the API server never asks us about.

use std::str::FromStr;

/// A HelmRelease, and the OCIRepository of the same name that it is installed from.
///
/// They mend us while we are down, so they cannot wait for us. Exempting a whole namespace instead would let every
/// release through that is put there with a `targetNamespace` elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRelease {
    pub(super) namespace: String,
    pub(super) name: String,
}

/// Why an [`OwnRelease`] could not be read.
#[derive(Debug, thiserror::Error)]
#[error("a HelmRelease is written as namespace/name, such as lockkeeper/lockkeeper")]
pub struct OwnReleaseError;

impl OwnRelease {
    /// The HelmRelease's namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Default for OwnRelease {
    fn default() -> Self {
        Self {
            namespace: super::NAME.to_owned(),
            name: super::NAME.to_owned(),
        }
    }
}

impl FromStr for OwnRelease {
    type Err = OwnReleaseError;

    /// Only what Kubernetes takes for names: it becomes part of expressions that decide what is judged.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (namespace, name) = text.split_once('/').ok_or(OwnReleaseError)?;
        if !is_name(namespace, false) || !is_name(name, true) {
            return Err(OwnReleaseError);
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// Whether it is a DNS label of RFC 1123, or with `dots` several of them.
pub(super) fn is_name(text: &str, dots: bool) -> bool {
    let (most, labels) = if dots {
        (253, text.split('.').count())
    } else {
        (63, 1)
    };
    text.len() <= most
        && text.splitn(labels, '.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_kubernetes_are_read() {
        let own: OwnRelease = "flux-system/our.own-1".parse().expect("a release");
        assert_eq!((own.namespace(), own.name()), ("flux-system", "our.own-1"));
        for wrong in [
            "lockkeeper",
            "/a",
            "a/",
            "a/b/c",
            "a.b/c",
            "-a/b",
            "a/b-",
            "a/b..c",
            "A/b",
            "a/b' || true || 'c",
            &format!("{}/b", "a".repeat(64)),
        ] {
            assert!(wrong.parse::<OwnRelease>().is_err(), "{wrong}");
        }
    }
}
