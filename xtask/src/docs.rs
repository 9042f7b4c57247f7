//! `cargo xtask docs`: writes what is made from the code: the rules' pages, files of the Helm chart, the
//! tables of rights.

use std::path::Path;

use anyhow::Context as _;
use lockkeeper::policy::crd;
use lockkeeper::report::pages;
use lockkeeper::{cluster, registration};

use crate::cargo::root;

/// Runs the task.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(
        arguments.is_empty(),
        "`cargo xtask docs` takes no arguments"
    );
    for (name, page) in pages::all() {
        write(&root().join("docs/rules").join(name), &page)?;
    }
    let files = root().join("charts/lockkeeper/files");
    for (name, text) in registration::chart_files()?
        .into_iter()
        .chain(cluster::chart_files()?)
        .chain([crd::chart_file()?])
    {
        write(&files.join(name), &text)?;
    }
    let security = root().join("docs/security.md");
    let text = std::fs::read_to_string(&security)
        .with_context(|| format!("{} could not be read", security.display()))?;
    let text = with_table(&text, &cluster::table())
        .and_then(|text| with_table(&text, &cluster::own_table()))
        .with_context(|| format!("{} lacks a table of rights", security.display()))?;
    write(&security, &text)
}

/// The text with `table` in the place of the table that has the same head.
fn with_table(text: &str, table: &str) -> Option<String> {
    let head = table.lines().next()?;
    let (before, rest) = text.split_at(text.find(head)?);
    let end = rest.find("\n\n")?;
    Some(format!("{before}{}{}", table.trim_end(), &rest[end..]))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} could not be written", path.display()))
}
