//! Where the custom resource definitions lie that the tests install: in the Go modules that define them, nowhere in this repository.

use std::path::PathBuf;

use serde_json::Value;

use crate::tools::{Go, tools_folder};
use crate::{Error, Result};

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

/// Files and folders to give to `kubectl apply -f`, downloaded by Go where they are not here yet.
pub fn paths() -> Result<Vec<PathBuf>> {
    Go::installed()?;
    let folder = tools_folder().join("crds");
    let modules: Vec<_> = MODULES.iter().map(|(module, _)| *module).collect();
    // Checked against go.sum, as a build would.
    let output = Go::command(&folder)
        .args(["mod", "download", "-json"])
        .args(&modules)
        .output()
        .map_err(Error::NoGo)?;
    if !output.status.success() {
        let command = format!("go mod download -json {}", modules.join(" "));
        let said = [output.stdout, output.stderr].concat();
        return Err(Error::Go {
            command,
            folder,
            stderr: String::from_utf8_lossy(&said).into_owned(),
        });
    }
    let mut paths = Vec::new();
    for module in serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>() {
        let module = module.map_err(|source| Error::Json {
            what: "the answer of go mod download".to_owned(),
            source,
        })?;
        let files = MODULES
            .iter()
            .find(|(path, _)| module["Path"] == **path)
            .map(|(_, files)| *files);
        let folder = PathBuf::from(module["Dir"].as_str().unwrap_or_default());
        paths.extend(files.into_iter().flatten().map(|file| folder.join(file)));
    }
    Ok(paths)
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
