//! Tools that a person has already: in `$KUBEBUILDER_ASSETS`, then on `$PATH`, if the version fits.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Tool, Version, say};

/// The first of the person's own binaries whose version is of the wanted minor.
pub(super) fn find(tool: Tool, wanted: Version) -> Option<PathBuf> {
    let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    find_in(
        assets.into_iter().chain(env::split_paths(&path)),
        tool,
        wanted,
    )
}

fn find_in(folders: impl Iterator<Item = PathBuf>, tool: Tool, wanted: Version) -> Option<PathBuf> {
    let asks = tool.facts().version?;
    folders
        .map(|folder| folder.join(tool.name()))
        .filter(|path| path.is_file())
        .find(|path| {
            let has = version_of(path, asks);
            let fits = has.is_some_and(|has| has.same_minor(wanted));
            if !fits {
                let has =
                    has.map_or_else(|| "an unknown version".to_owned(), |has| has.to_string());
                say(format_args!(
                    "{} is {has}, the tests want {wanted}: passed over",
                    path.display()
                ));
            }
            fits
        })
}

fn version_of(path: &Path, asks: &[&str]) -> Option<Version> {
    let output = Command::new(path)
        .args(asks)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    Version::first_in(&String::from_utf8_lossy(&output.stdout))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const WANTED: Version = Version {
        major: 1,
        minor: 36,
        patch: 3,
    };

    /// A folder with a program of this name that prints this.
    fn folder(name: &str, prints: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\necho '{prints}'\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script to run");
        folder
    }

    fn found(folders: &[&tempfile::TempDir], tool: Tool) -> Option<PathBuf> {
        find_in(
            folders.iter().map(|folder| folder.path().to_owned()),
            tool,
            WANTED,
        )
    }

    #[test]
    fn another_minor_is_passed_over() {
        let empty = tempfile::tempdir().expect("a folder");
        let old = folder("kubectl", "Client Version: v1.32.4");
        let mute = folder("kubectl", "");
        let new = folder("kubectl", "Client Version: v1.36.1");
        assert_eq!(
            found(&[&empty, &old, &mute, &new], Tool::Kubectl),
            Some(new.path().join("kubectl"))
        );
        assert_eq!(found(&[&old, &mute], Tool::Kubectl), None);
    }

    #[test]
    fn a_program_that_cannot_tell_its_version_is_not_trusted() {
        let controller = folder("helm-controller", "v1.36.3");
        assert_eq!(found(&[&controller], Tool::HelmController), None);
    }
}
