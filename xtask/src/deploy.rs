//! `cargo xtask deploy`: writes the kustomize base from the chart.

use anyhow::Context as _;
use lockkeeper_control_plane::helm;

use crate::cargo::root;

/// Runs the task.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(
        arguments.is_empty(),
        "`cargo xtask deploy` takes no arguments"
    );
    let path = root().join("deploy/kustomize/lockkeeper.yaml");
    let base = helm::base(&root().join("target/helm"));
    std::fs::write(&path, base).with_context(|| format!("{} could not be written", path.display()))
}
