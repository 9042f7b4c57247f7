//! `cargo xtask docs`: writes the rules' pages into docs/rules, from the rules' own doc comments.

use anyhow::Context as _;
use lockkeeper::report::pages;

use crate::cargo::root;

/// Runs the task.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(
        arguments.is_empty(),
        "`cargo xtask docs` takes no arguments"
    );
    for (name, page) in pages::all() {
        let path = root().join("docs/rules").join(name);
        std::fs::write(&path, page)
            .with_context(|| format!("{} could not be written", path.display()))?;
    }
    Ok(())
}
