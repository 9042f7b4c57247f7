//! Where the custom resource definitions lie that the tests install: in the Go modules that define them, nowhere in this repository.

use std::path::PathBuf;

use crate::Result;
use crate::tools::{Go, tools_folder};

/// What is installed of each module: its folder of definitions, or single files of it.
const MODULES: [(&str, &[&str]); 4] = [
    ("github.com/fluxcd/source-controller", &["config/crd/bases"]),
    (
        "github.com/fluxcd/kustomize-controller",
        &["config/crd/bases"],
    ),
    ("github.com/fluxcd/helm-controller", &["config/crd/bases"]),
    // Only the one kind that Lockkeeper reads; the module has more than twenty.
    (
        "github.com/external-secrets/external-secrets",
        &["config/crds/bases/external-secrets.io_externalsecrets.yaml"],
    ),
];

/// What only a test of the chart installs: of cert-manager and of the Prometheus operator, the kinds that it renders.
const OPTIONAL: [(&str, &[&str]); 2] = [
    (
        "github.com/cert-manager/cert-manager",
        &[
            "deploy/crds/cert-manager.io_certificates.yaml",
            "deploy/crds/cert-manager.io_issuers.yaml",
        ],
    ),
    (
        "github.com/prometheus-operator/prometheus-operator",
        &[
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
        ],
    ),
];

/// Files and folders to give to `kubectl apply -f`, downloaded by Go where they are not here yet.
pub fn paths() -> Result<Vec<PathBuf>> {
    of(&MODULES)
}

/// The same for kinds that Lockkeeper itself knows nothing of.
pub fn optional() -> Result<Vec<PathBuf>> {
    of(&OPTIONAL)
}

fn of(modules: &[(&'static str, &[&str])]) -> Result<Vec<PathBuf>> {
    let names: Vec<_> = modules.iter().map(|(module, _)| *module).collect();
    let folders = Go::folders(&tools_folder().join("crds"), &names)?;
    let of_each = modules.iter().zip(folders);
    Ok(of_each
        .flat_map(|((_, files), folder)| files.iter().map(move |file| folder.join(file)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::Tool;

    /// The definitions must be those of the controllers that run.
    #[test]
    fn definitions_and_controllers_are_of_one_version() {
        let text = std::fs::read_to_string(tools_folder().join("crds/go.mod"))
            .expect("the module is here");
        for tool in [Tool::KustomizeController, Tool::HelmController] {
            let wanted = tool.wanted().expect("go.mod names a version");
            let line = format!("github.com/fluxcd/{} {wanted}", tool.name());
            assert!(text.contains(&line), "crds/go.mod has no line `{line}`");
        }
    }
}
