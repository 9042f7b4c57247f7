//! The definitions as a file of the Helm chart.

use super::{DefinitionError, yaml};

/// Its name below `charts/lockkeeper/files`, and what stands in it.
///
/// # Errors
/// When the definitions cannot be made.
pub fn chart_file() -> Result<(&'static str, String), DefinitionError> {
    let head =
        "# Made by `cargo xtask docs` from src/policy/crd.rs: what `lockkeeper crds` prints.\n";
    Ok(("crds.yaml", format!("{head}{}", yaml()?)))
}
