//! The programs of the control plane: found where a person has them, else built once into a cache.

mod build;
mod found;
mod version;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(crate) use build::hex;
pub use build::{Go, cache_folder};
pub use version::Version;

use crate::{Error, Result};

/// A program that the tests run.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Tool {
    /// The API server's store.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// Namespaces' deletion, garbage collection, Deployments to pods.
    KubeControllerManager,
    /// What people use.
    Kubectl,
    /// Flux's applier.
    KustomizeController,
    /// Flux's Helm.
    HelmController,
    /// Helm on the command line.
    Helm,
    /// Kustomize on the command line.
    Kustomize,
    /// Nodes and pods that become Ready without a kubelet.
    Kwok,
}

/// How a tool is named, built and recognised.
struct Facts {
    /// The binary's name.
    binary: &'static str,
    /// The folder under `tests/control-plane/tools`.
    folder: &'static str,
    /// The Go module whose version is the tool's.
    module: &'static str,
    /// The main package, as a path beneath the module.
    package: &'static str,
    /// What makes it print its version; `None` where nothing does, and then a stranger's binary is never trusted.
    version: Option<&'static [&'static str]>,
}

impl Tool {
    /// All tools, the quick and likely-to-fail ones first so that a failure shows early.
    pub const ALL: [Self; 9] = [
        Self::Etcd,
        Self::Kustomize,
        Self::Kwok,
        Self::Helm,
        Self::KustomizeController,
        Self::HelmController,
        Self::Kubectl,
        Self::KubeApiserver,
        Self::KubeControllerManager,
    ];

    const fn facts(self) -> Facts {
        const KUBERNETES: &str = "k8s.io/kubernetes";
        match self {
            Self::Etcd => Facts {
                binary: "etcd",
                folder: "etcd",
                module: "go.etcd.io/etcd/server/v3",
                package: "",
                version: Some(&["--version"]),
            },
            Self::KubeApiserver => Facts {
                binary: "kube-apiserver",
                folder: "kubernetes",
                module: KUBERNETES,
                package: "/cmd/kube-apiserver",
                version: Some(&["--version"]),
            },
            Self::KubeControllerManager => Facts {
                binary: "kube-controller-manager",
                folder: "kubernetes",
                module: KUBERNETES,
                package: "/cmd/kube-controller-manager",
                version: Some(&["--version"]),
            },
            Self::Kubectl => Facts {
                binary: "kubectl",
                folder: "kubernetes",
                module: KUBERNETES,
                package: "/cmd/kubectl",
                version: Some(&["version", "--client"]),
            },
            Self::KustomizeController => Facts {
                binary: "kustomize-controller",
                folder: "kustomize-controller",
                module: "github.com/fluxcd/kustomize-controller",
                package: "",
                version: None,
            },
            Self::HelmController => Facts {
                binary: "helm-controller",
                folder: "helm-controller",
                module: "github.com/fluxcd/helm-controller",
                package: "",
                version: None,
            },
            Self::Helm => Facts {
                binary: "helm",
                folder: "helm",
                module: "helm.sh/helm/v4",
                package: "/cmd/helm",
                version: Some(&["version", "--short"]),
            },
            Self::Kustomize => Facts {
                binary: "kustomize",
                folder: "kustomize",
                module: "sigs.k8s.io/kustomize/kustomize/v5",
                package: "",
                version: Some(&["version"]),
            },
            Self::Kwok => Facts {
                binary: "kwok",
                folder: "kwok",
                module: "sigs.k8s.io/kwok",
                package: "/cmd/kwok",
                version: Some(&["--version"]),
            },
        }
    }

    /// The binary's name.
    pub const fn name(self) -> &'static str {
        self.facts().binary
    }

    /// The folder of the module that builds it.
    pub fn folder(self) -> PathBuf {
        tools_folder().join(self.facts().folder)
    }

    /// The version that the tool's `go.mod` asks for: the only place where it is written.
    pub fn wanted(self) -> Result<Version> {
        let facts = self.facts();
        let path = self.folder().join("go.mod");
        let text = std::fs::read_to_string(&path)
            .map_err(Error::io(format!("reading {}", path.display())))?;
        version::required(&text, facts.module).ok_or(Error::NoVersion(path, facts.module))
    }

    /// The path of the tool, found or built, the same one as long as this process lives.
    ///
    /// Building a tool for the first time takes up to some minutes and says so on standard error.
    pub fn path(self) -> Result<PathBuf> {
        static PATHS: [OnceLock<PathBuf>; Tool::ALL.len()] = [const { OnceLock::new() }; _];
        let known = &PATHS[self as usize];
        if let Some(path) = known.get() {
            return Ok(path.clone());
        }
        let wanted = self.wanted()?;
        let path = match found::find(self, wanted) {
            Some(path) => path,
            None => build::built(self, wanted)?,
        };
        Ok(known.get_or_init(|| path).clone())
    }
}

/// Where the tools' modules lie in the checkout.
pub fn tools_folder() -> PathBuf {
    let support = Path::new(env!("CARGO_MANIFEST_DIR"));
    support.with_file_name("control-plane").join("tools")
}

/// Says on standard error how far a long step is, past the test runner's capture: a silent wait of minutes looks like a hang.
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    // Nobody reads standard error: then there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "control-plane: {line}");
}
