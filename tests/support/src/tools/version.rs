//! A tool's version: read from a `go.mod` line or from what the tool prints, compared by minor.

use std::fmt;

/// Three numbers; whatever follows them (`-rc.1`, `+build`) is of no matter here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number.
    pub patch: u32,
}

impl Version {
    /// Whether tests written for `self` hold on `other` too.
    pub fn same_minor(self, other: Self) -> bool {
        (self.major, self.minor) == (other.major, other.minor)
    }

    /// The first version that stands in a text, with or without a `v`.
    pub fn first_in(text: &str) -> Option<Self> {
        text.split(|c: char| {
            c.is_whitespace() || matches!(c, ',' | '"' | '{' | '}' | '(' | ')' | '/')
        })
        .find_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let word = word.strip_prefix('v').unwrap_or(word);
        let word = word.split(['-', '+']).next()?;
        let mut numbers = word.split('.').map(|number| number.parse().ok());
        let version = Self {
            major: numbers.next()??,
            minor: numbers.next()??,
            patch: numbers.next()??,
        };
        numbers.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The version of `module` that a `go.mod` requires.
pub(super) fn required(go_mod: &str, module: &str) -> Option<Version> {
    go_mod
        .lines()
        .filter(|line| !line.contains("=>"))
        .find_map(|line| {
            let mut words = line
                .split_whitespace()
                .skip_while(|word| *word == "require");
            (words.next()? == module)
                .then(|| Version::parse(words.next()?))
                .flatten()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const V: Version = Version {
        major: 1,
        minor: 36,
        patch: 3,
    };

    #[test]
    fn reads_what_the_tools_print() {
        for text in [
            "Kubernetes v1.36.3\n",
            "Client Version: v1.36.3-dispatcher\nKustomize Version: v5.5.0",
            "v1.36.3+g8f5",
            "etcd Version: 1.36.3\n",
            "{kustomize/v1.36.3 now}",
        ] {
            assert_eq!(Version::first_in(text), Some(V), "{text}");
        }
        assert_eq!(Version::first_in("(devel)"), None);
        assert_eq!(Version::first_in("1.36"), None);
        assert_eq!(Version::first_in("1.36.3.4"), None);
    }

    #[test]
    fn reads_a_requirement_and_no_replacement() {
        let text = "module x\nrequire a/b v9.9.9\nrequire (\n\tk8s.io/kubernetes v1.36.3 // indirect\n)\nreplace (\n\tk8s.io/api => k8s.io/api v0.36.3\n)\n";
        assert_eq!(required(text, "k8s.io/kubernetes"), Some(V));
        assert_eq!(required(text, "k8s.io/api"), None);
        assert_eq!(
            required(text, "a/b").map(|v| v.to_string()),
            Some("v9.9.9".to_owned())
        );
    }

    #[test]
    fn minors_must_agree() {
        assert!(V.same_minor(Version { patch: 1, ..V }));
        assert!(!V.same_minor(Version { minor: 35, ..V }));
    }
}
