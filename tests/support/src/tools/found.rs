//! Tools that a person has already: in `$KUBEBUILDER_ASSETS`, then on `$PATH`, if the version fits.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Tool, Version, say};

/// The first of the person's own binaries whose version is of the wanted minor.
pub(super) fn find(tool: Tool, wanted: Version) -> Option<PathBuf> {
    let asks = tool.facts().version?;
    let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    assets
        .into_iter()
        .chain(env::split_paths(&path))
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
