//! `cargo xtask test`: all rings, the quick ones first; what they need is built, and nothing is skipped.

use anyhow::Context as _;
use lockkeeper_testkit::crds;
use lockkeeper_testkit::tools::Tool;

use crate::cargo::{build, cargo, run as finish, step};

/// The crates whose tests start a control plane.
const RING: [&str; 2] = ["lockkeeper-testkit", "lockkeeper-control-plane"];

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(
        arguments.is_empty(),
        "`cargo xtask test` takes no arguments"
    );
    step("quick tests", || {
        let mut command = cargo(&["test", "--quiet", "--workspace"]);
        for name in RING {
            command.args(["--exclude", name]);
        }
        finish(command)
    })?;
    // The quick tests run the real binary, so it is there for the proofs.
    step("tools of the control plane", tools)?;
    for name in RING {
        step(&format!("tests of {name}"), || {
            finish(cargo(&["test", "--package", name]))
        })?;
    }
    Ok(())
}

/// Finds or builds every tool, the quick ones first, so that what is wrong shows early.
pub(crate) fn tools() -> anyhow::Result<()> {
    for (number, tool) in Tool::ALL.into_iter().enumerate() {
        let place = format!("{}/{}", number + 1, Tool::ALL.len());
        let path = tool
            .path()
            .with_context(|| format!("{place} {}", tool.name()))?;
        eprintln!("    {place} {}", path.display());
    }
    crds::paths().context("the definitions of Flux")?;
    Ok(())
}

/// `cargo xtask record`.
pub(crate) fn record(arguments: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(
        arguments.is_empty(),
        "`cargo xtask record` takes no arguments"
    );
    step("tools of the control plane", tools)?;
    step("build of lockkeeper", build)?;
    step("record", || {
        let mut command = cargo(&["test", "--package", RING[1], "--test", "recorded"]);
        command.env("UPDATE_REVIEWS", "1");
        finish(command)
    })?;
    Ok(())
}
