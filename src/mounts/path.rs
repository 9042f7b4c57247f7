//! Paths in a container: what a tmpfs can be mounted at, and what lies within what.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::mounts::segments;

/// What the runtime makes in `/dev`: a folder over a device keeps the container from starting.
const DEVICES: [&str; 15] = [
    "console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "stderr", "stdin",
    "stdout", "tty", "urandom", "zero",
];

/// An absolute path without `.`, `..` and doubled slashes, at which a tmpfs makes sense.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct MountPath(String);

impl TryFrom<String> for MountPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        Self::parse(&text)
    }
}

impl From<MountPath> for String {
    fn from(path: MountPath) -> Self {
        path.0
    }
}

/// A path at which no tmpfs can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with a slash.
    #[error("a path begins with `/`")]
    Relative,
    /// The whole file system would be hidden.
    #[error("a tmpfs at `/` would hide the image")]
    Root,
    /// Who reads it could not say where it ends.
    #[error("a path goes nowhere up: write it without `..`")]
    Ascends,
    /// Kubernetes' own rule for mount paths.
    #[error("a path holds no `:` and no control characters")]
    Character,
    /// The runtime mounts there, and refuses or breaks under another mount.
    #[error(
        "the container runtime owns `/proc`, `/sys` and `/dev`; of these only `/dev/shm` and what is no device can be mounted"
    )]
    Runtime,
    /// The kubelet writes these files.
    #[error("the kubelet mounts a file there")]
    File,
    /// More than Linux takes.
    #[error("a path has at most 4095 bytes")]
    Long,
}

impl MountPath {
    /// Reads a path.
    ///
    /// # Errors
    /// When no tmpfs can be there.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        Self::check(text)?;
        let mut path = String::with_capacity(text.len());
        for segment in segments(text) {
            path.push('/');
            path.push_str(segment);
        }
        Ok(Self(path))
    }

    /// Whether a tmpfs can be there; nothing is allocated.
    pub(super) fn check(text: &str) -> Result<(), PathError> {
        if !text.starts_with('/') {
            return Err(PathError::Relative);
        }
        if text.len() > 4095 {
            return Err(PathError::Long);
        }
        if text.contains(|character: char| character == ':' || character.is_control()) {
            return Err(PathError::Character);
        }
        if text.split('/').any(|segment| segment == "..") {
            return Err(PathError::Ascends);
        }
        let mut segments = segments(text);
        match [segments.next(), segments.next(), segments.next()] {
            [None, ..] => Err(PathError::Root),
            [Some("dev"), Some("termination-log"), None]
            | [
                Some("etc"),
                Some("hosts" | "hostname" | "resolv.conf"),
                None,
            ] => Err(PathError::File),
            [Some("proc" | "sys"), ..] | [Some("dev"), None, _] => Err(PathError::Runtime),
            [Some("dev"), Some(device), _] if DEVICES.contains(&device) => Err(PathError::Runtime),
            _ => Ok(()),
        }
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MountPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The segments of a path, taken from the root where it is relative, as the kubelet does.
fn lexical(path: &str) -> Vec<&str> {
    let mut segments = Vec::with_capacity(6);
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    segments
}

/// The place of a path in a container, for comparison only. `/var/run` is a link to `/run` in nearly
/// every image, and `/var/lock` to `/run/lock`, so that one mounted over the other would hide it: both
/// the path as it is written and the one behind the links count.
#[derive(Clone, Debug)]
pub(super) struct Place<'a>(Cow<'a, str>);

impl<'a> Place<'a> {
    pub(super) fn of(path: &'a str) -> Self {
        if path.contains("..") {
            Self(Cow::Owned(lexical(path).join("/")))
        } else {
            Self(Cow::Borrowed(path))
        }
    }

    /// Whether `other` is this very place.
    pub(super) fn is(&self, other: &Place<'_>) -> bool {
        real(&self.0).eq(real(&other.0))
    }

    /// One text for the place, however it is written.
    pub(super) fn key(&self) -> String {
        real(&self.0).fold(String::new(), |key, segment| key + "/" + segment)
    }

    /// Whether `other` is this place or within it.
    pub(super) fn holds(&self, other: &Place<'_>) -> bool {
        begins_with(real(&other.0), real(&self.0))
            || begins_with(segments(&other.0), segments(&self.0))
    }

    /// Sorts what holds before what is held.
    pub(super) fn depth(&self) -> (usize, usize) {
        (real(&self.0).count(), segments(&self.0).count())
    }
}

/// Whether a mount at `mount` makes `path` writable: it is at the path or above it. Nothing is
/// allocated where no path goes up.
#[must_use]
pub fn covers(mount: &str, path: &str) -> bool {
    Place::of(mount).holds(&Place::of(path))
}

fn begins_with<'a>(
    mut path: impl Iterator<Item = &'a str>,
    mut start: impl Iterator<Item = &'a str>,
) -> bool {
    start.all(|segment| path.next() == Some(segment))
}

/// The segments without links.
fn real(path: &str) -> impl Iterator<Item = &str> {
    let mut all = segments(path);
    let (mut ahead, mut first) = (segments(path), None);
    match (ahead.next(), ahead.next()) {
        (Some("var"), Some("run")) => drop(all.next()),
        (Some("var"), Some("lock")) => {
            all.next();
            first = Some("run");
        }
        _ => {}
    }
    first.into_iter().chain(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_or_refused() {
        for (text, expected) in [
            ("/tmp", "/tmp"),
            ("//tmp/./a//", "/tmp/a"),
            ("/dev/shm", "/dev/shm"),
            ("/etc/hosts.d", "/etc/hosts.d"),
        ] {
            assert_eq!(MountPath::parse(text).expect(text).as_str(), expected);
        }
        for (text, expected) in [
            ("tmp", PathError::Relative),
            ("", PathError::Relative),
            ("/", PathError::Root),
            ("/./", PathError::Root),
            ("/a/../b", PathError::Ascends),
            ("/a:b", PathError::Character),
            ("/a\nb", PathError::Character),
            ("/proc", PathError::Runtime),
            ("/sys/fs", PathError::Runtime),
            ("/dev/", PathError::Runtime),
            ("/dev/null", PathError::Runtime),
            ("/dev/pts/0", PathError::Runtime),
            ("/etc//hosts", PathError::File),
            ("/dev/termination-log", PathError::File),
        ] {
            assert_eq!(MountPath::parse(text), Err(expected), "{text}");
        }
        assert_eq!(
            MountPath::parse(&format!("/{}", "a".repeat(4095))),
            Err(PathError::Long)
        );
    }

    #[test]
    fn what_lies_within_what_is_told_by_segments() {
        for (mount, path) in [
            ("/tmp", "/tmp"),
            ("tmp/", "/tmp/a"),
            ("/a/../tmp", "/tmp"),
            ("/../tmp", "/tmp"),
            ("/", "/tmp"),
            ("/run", "/var/run"),
            ("/var/run", "/run/app"),
            ("/run/lock", "/var/lock"),
            ("/var", "/var/run"),
        ] {
            assert!(covers(mount, path), "{mount} {path}");
        }
        for (mount, path) in [
            ("/tmp", "/tmpfs"),
            ("/tmp/a", "/tmp"),
            ("/var", "/run"),
            ("/var/lib", "/var/run"),
        ] {
            assert!(!covers(mount, path), "{mount} {path}");
        }
    }
}
