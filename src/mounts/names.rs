//! Names of new volumes: DNS labels, each its own in the pod.

use std::collections::{BTreeMap, BTreeSet};

/// The most characters of a volume's name.
const MOST: usize = 63;

/// The names that a pod's volumes have, and those that were given out.
pub(super) struct Names<'a> {
    there: BTreeSet<&'a str>,
    given: BTreeSet<String>,
    /// The number to go on with where a name is asked for once more: a pod of many containers of one
    /// name would cost its square else.
    next: BTreeMap<String, u32>,
}

impl<'a> Names<'a> {
    pub(super) fn beside(there: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            there: there.into_iter().collect(),
            given: BTreeSet::new(),
            next: BTreeMap::new(),
        }
    }

    /// A name of its own for the volume of `container` at `path`, or of all containers.
    pub(super) fn give(&mut self, container: Option<&str>, path: &str) -> String {
        let base = base(container, path);
        let mut name = cut(&base, MOST).to_owned();
        let number = self.next.entry(base.clone()).or_insert(2);
        while self.there.contains(&*name) || self.given.contains(&name) {
            let ending = format!("-{number}");
            name = format!("{}{ending}", cut(&base, MOST - ending.len()));
            *number += 1;
        }
        self.given.insert(name.clone());
        name
    }
}

/// The name that the volume of all containers at `path` has unless something else has it.
pub(super) fn usual(path: &str) -> String {
    cut(&base(None, path), MOST).to_owned()
}

fn base(container: Option<&str>, path: &str) -> String {
    let mut base = "tmpfs".to_owned();
    for part in container.into_iter().chain([path]) {
        append(&mut base, part);
    }
    base
}

/// Appends the letters and digits of `part`, with a hyphen for whatever is between them.
fn append(base: &mut String, part: &str) {
    base.push('-');
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() {
            base.push(char::from(byte.to_ascii_lowercase()));
        } else if !base.ends_with('-') {
            base.push('-');
        }
    }
    if base.ends_with('-') {
        base.pop();
    }
}

/// The first characters, all of them ASCII, without a hyphen at the end.
fn cut(text: &str, most: usize) -> &str {
    text.get(..most).unwrap_or(text).trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_whose_and_where() {
        for (container, path, expected) in [
            (Some("app"), "/tmp", "tmpfs-app-tmp"),
            (None, "/var/run", "tmpfs-var-run"),
            (Some("app"), "/.cache/Ünï_x/", "tmpfs-app-cache-n-x"),
            (Some("app"), "/…", "tmpfs-app"),
        ] {
            assert_eq!(Names::beside([]).give(container, path), expected);
        }
        assert_eq!(usual("/var/run"), "tmpfs-var-run");
    }

    #[test]
    fn names_are_short_and_their_own() {
        let long = "a".repeat(63);
        let mut names = Names::beside(["tmpfs-app-tmp", "tmpfs-app-tmp-2"]);
        assert_eq!(names.give(Some("app"), "/tmp"), "tmpfs-app-tmp-3");
        let mut given = BTreeSet::new();
        for _ in 0..12 {
            let next = names.give(Some(&long), "/tmp");
            assert!(next.len() <= 63 && !next.ends_with('-'), "{next}");
            assert!(given.insert(next));
        }
        let twelfth = |name: &String| name.ends_with("-12");
        assert!(given.iter().any(twelfth), "{given:?}");
    }
}
