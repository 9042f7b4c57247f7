//! The binary that is released, by `cargo dist`: one build for the image, the corpus and the figures.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::cargo::{cargo, root, run};

/// Builds it, with the list of its dependencies inside where cargo-auditable is installed.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let auditable = cargo(&["auditable", "--version"]).output();
    let has_auditable = auditable.is_ok_and(|output| output.status.success());
    let mut command = cargo(if has_auditable {
        &["auditable", "dist"]
    } else {
        &["dist"]
    });
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir()
            .context("no CARGO_HOME and no home")?
            .join(".cargo"),
    };
    // As the Dockerfile does it: nothing of this machine's folders is in the binary.
    command.arg("--config").arg(format!(
        "build.rustflags=['--remap-path-prefix={}=/cargo','--remap-path-prefix={}=/lockkeeper']",
        home.display(),
        root().display()
    ));
    run(command)?;
    Ok(root().join(format!("target/{}/release/lockkeeper", host()?)))
}

/// The target triple of this machine.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output()
        .context("rustc")?;
    ensure!(output.status.success(), "rustc does not tell its host");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
