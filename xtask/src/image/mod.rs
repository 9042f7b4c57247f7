//! `cargo xtask image`: the image of the Dockerfile, built and run without Docker.

mod dockerfile;
mod layout;
mod names;
mod run;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;

use self::dockerfile::Dockerfile;
use crate::cargo::{root, step};
use crate::dist;

/// The bar of the compressed image, in bytes.
const LARGEST: usize = 15_000_000;

/// Runs the task; an error when the image is too large, or does not run as a cluster runs it.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(
        arguments.is_empty(),
        "`cargo xtask image` takes no arguments"
    );
    let mut binary = PathBuf::new();
    step("build of the released binary", || {
        binary = dist::build()?;
        Ok(())
    })?;
    let created = created()?;
    let given = BTreeMap::from([
        ("VERSION".to_owned(), version()?),
        ("REVISION".to_owned(), git(&["rev-parse", "HEAD"])?),
        ("CREATED".to_owned(), created.to_string()),
    ]);
    let text = fs::read_to_string(root().join("Dockerfile")).context("Dockerfile")?;
    let image = Dockerfile::parse(&text)?.image(&given)?;
    let binary = fs::read(&binary).with_context(|| binary.display().to_string())?;
    let layout = layout::pack(&binary, &image, created, "lockkeeper:dev")?;
    let path = root().join("target/image.tar");
    fs::write(&path, &layout.tar).with_context(|| path.display().to_string())?;
    println!("{} of {}", path.display(), layout.digest);
    println!(
        "compressed: {} bytes; the binary: {} bytes{}",
        layout.size,
        binary.len(),
        if has_dependencies(&binary) {
            ", with the list of its dependencies"
        } else {
            "; cargo-auditable is not installed, so it holds no list of its dependencies"
        }
    );
    ensure!(layout.size <= LARGEST, "it is larger than {LARGEST} bytes");
    step("run of the image", || run::proof(&layout.layer, &image))
}

/// Whether cargo-auditable has put its section into the binary.
fn has_dependencies(binary: &[u8]) -> bool {
    let name = b".dep-v0\0";
    binary.windows(name.len()).any(|window| window == name)
}

/// The package's version.
fn version() -> anyhow::Result<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).context("Cargo.toml")?;
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    Ok(version.context("Cargo.toml names no version")?.to_owned())
}

/// `SOURCE_DATE_EPOCH`, else the time of the commit: the same for the same sources.
fn created() -> anyhow::Result<Timestamp> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds,
        Err(_) => git(&["log", "-1", "--format=%ct"])?,
    };
    Ok(Timestamp::from_second(seconds.parse()?)?)
}

fn git(arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root())
        .output()
        .context("git")?;
    ensure!(output.status.success(), "git {} fails", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
