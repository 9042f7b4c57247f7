//! The real helm on the chart of this checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lockkeeper::yaml;
use lockkeeper_testkit::ControlPlane;
use lockkeeper_testkit::archive::Archive;
use lockkeeper_testkit::kubectl::Output;
use lockkeeper_testkit::tools::Tool;
use serde_json::Value;

/// Helm with a home of its own, and with a cluster or without one.
#[derive(Clone, Debug)]
pub struct Helm {
    program: PathBuf,
    home: PathBuf,
    kubeconfig: Option<PathBuf>,
}

/// The chart of this checkout.
pub fn chart() -> String {
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/lockkeeper");
    let chart = chart.canonicalize().expect("the chart is there");
    chart.to_string_lossy().into_owned()
}

/// All files of the chart; its version changes with each push, so that it is an upgrade.
pub fn packed(version: &str, change: impl Fn(&str, String) -> String) -> Archive {
    fn walk(root: &Path, folder: &Path, each: &mut impl FnMut(&str, String)) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, each);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let name = path
                    .strip_prefix(root)
                    .expect("beneath")
                    .display()
                    .to_string();
                each(&name, text);
            }
        }
    }
    let root = chart();
    let mut archive = Archive::default();
    walk(Path::new(&root), Path::new(&root), &mut |name, text| {
        let text = match name {
            "Chart.yaml" => text
                .lines()
                .map(|line| match line.starts_with("version:") {
                    true => format!("version: {version}\n"),
                    false => format!("{line}\n"),
                })
                .collect(),
            _ => change(name, text),
        };
        archive = std::mem::take(&mut archive).file(&format!("lockkeeper/{name}"), &text);
    });
    archive
}

impl Helm {
    /// Helm that knows no cluster; its caches go below `home`.
    pub fn alone(home: &Path) -> Self {
        Self {
            program: Tool::Helm.path().expect("helm"),
            home: home.to_owned(),
            kubeconfig: None,
        }
    }

    /// Helm as the admin of a control plane.
    pub fn on(plane: &ControlPlane) -> Self {
        Self {
            kubeconfig: Some(plane.admin().config().to_owned()),
            ..Self::alone(&plane.folder().join("helm"))
        }
    }

    /// Runs helm with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().env("HOME", &self.home);
        for name in ["CACHE", "CONFIG", "DATA"] {
            let folder = self.home.join(name.to_lowercase());
            command.env(format!("HELM_{name}_HOME"), folder);
        }
        // Without one, helm must find no cluster of the person who runs this.
        let none = PathBuf::from("/dev/null");
        command.env("KUBECONFIG", self.kubeconfig.as_ref().unwrap_or(&none));
        let output = command.output().expect("helm runs");
        Output {
            command: format!("helm {}", arguments.join(" ")),
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// What the chart makes of a release `lockkeeper` in a namespace.
    pub fn template(&self, namespace: &str, values: &[&str]) -> String {
        let chart = chart();
        let template = ["template", "lockkeeper", &chart, "--namespace", namespace];
        let output = self.run(&[&template[..], values].concat());
        output.expect_accepted().stdout
    }
}

/// The text of deploy/kustomize/lockkeeper.yaml: what the chart makes with its default values, without the labels that say
/// that Helm made it.
pub fn base(home: &Path) -> String {
    let text = Helm::alone(home).template("lockkeeper", &[]);
    let lines = text.lines().filter(|line| {
        ![
            "helm.sh/chart:",
            "app.kubernetes.io/managed-by:",
            "# Source:",
        ]
        .iter()
        .any(|of_helm| line.trim_start().starts_with(of_helm))
    });
    let mut base =
        "# Made by `cargo xtask deploy` from charts/lockkeeper with its default values.\n"
            .to_owned();
    for line in lines {
        base.push_str(line.trim_end());
        base.push('\n');
    }
    base
}

/// The objects of a text in YAML.
pub fn objects(text: &str) -> Vec<Value> {
    yaml::load(text)
        .into_iter()
        .map(|document| document.expect("YAML").value)
        .filter(|value| !value.is_null())
        .collect()
}

/// The one object of a kind among those of a text in YAML.
pub fn object(text: &str, kind: &str) -> Value {
    let mut found = objects(text)
        .into_iter()
        .filter(|object| object["kind"] == kind);
    let first = found.next();
    assert!(found.next().is_none(), "more than one {kind}");
    first.unwrap_or_else(|| panic!("no {kind} in\n{text}"))
}
