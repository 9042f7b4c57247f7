//! The Helm chart and `deploy` beside the code, as far as no helm is needed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_chart_has_the_version_of_the_package() {
    let chart = read("charts/lockkeeper/Chart.yaml");
    for key in ["version", "appVersion"] {
        let line = format!("\n{key}: {}\n", env!("CARGO_PKG_VERSION"));
        assert!(chart.contains(&line), "Chart.yaml has no line{line}");
    }
}

fn check(path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .arg("check")
        .arg(path)
        .output()
        .expect("the binary runs")
}

#[test]
fn what_installs_us_passes_our_own_rules() {
    let output = check(Path::new("deploy"));
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    // The HelmRelease, its OCIRepository and the Kustomization.
    assert!(
        told.starts_with("3 objects ")
            && told.contains(" 0 denied, 0 warnings, 0 unverified, 0 skipped"),
        "{told}"
    );
    // They are judged: with another tag it does not pass.
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["source.yaml", "release.yaml"] {
        let text = read(&format!("deploy/flux/lockkeeper/{name}"));
        let tag = format!("tag: {}", env!("CARGO_PKG_VERSION"));
        assert_eq!(text.contains(&tag), name == "source.yaml", "{name}: {tag}");
        fs::write(folder.path().join(name), text.replace(&tag, "tag: latest")).expect("a file");
    }
    let output = check(folder.path());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
