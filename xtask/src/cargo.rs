//! Steps of a task: each is named, timed, and ends the task where it fails.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail};

/// The checkout.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Runs a step and prints its seconds.
pub(crate) fn step(name: &str, act: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    eprintln!("==> {name}");
    let began = Instant::now();
    let done = act();
    let seconds = began.elapsed().as_secs_f64();
    eprintln!("<== {name}: {seconds:.1} s");
    done.with_context(|| name.to_owned())
}

/// The cargo that runs this task, in the checkout.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    // The cargo that runs this task says of its package what build scripts (ring's) look at: they would run
    // again, and all that stands on them, whenever tasks and plain `cargo` take turns.
    for (name, _) in std::env::vars_os() {
        let is_ours = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if is_ours {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command whose output goes to the terminal.
pub(crate) fn run(mut command: Command) -> anyhow::Result<()> {
    let shown = format!("{command:?}");
    let status = command
        .status()
        .with_context(|| format!("{shown} could not be started"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    Ok(())
}

/// Builds the binary that the proofs run.
pub(crate) fn build() -> anyhow::Result<()> {
    run(cargo(&["build", "--quiet", "--package", "lockkeeper"]))
}
