//! The Helm chart and `deploy` beside the code, as far as no helm is needed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use lockkeeper::policy::crd;
use lockkeeper::{cluster, registration};

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

#[test]
fn the_files_that_templates_read_are_made_from_the_code() {
    let mut made: Vec<_> = cluster::chart_files().expect("YAML").into();
    made.extend(registration::chart_files().expect("YAML"));
    made.push(crd::chart_file().expect("YAML"));
    for (name, text) in &made {
        let path = format!("charts/lockkeeper/files/{name}");
        let is_made = fs::read_to_string(&path).is_ok_and(|found| found == *text);
        assert!(is_made, "{path} is out of date: run `cargo xtask docs`");
        // Who injects it owns it.
        assert!(!text.contains("caBundle"), "{path}");
    }
    // None is left of what was made before; the dashboard is written by hand.
    let known = |name: &str| name == "dashboard.json" || made.iter().any(|(made, _)| *made == name);
    for entry in fs::read_dir("charts/lockkeeper/files").expect("a folder") {
        let name = entry.expect("an entry").file_name();
        assert!(known(&name.to_string_lossy()), "{name:?} is made by nobody");
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

/// The words of a text that begin with `lockkeeper_`.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|word| word.starts_with("lockkeeper_"))
        .collect()
}

/// What the server registers, as Prometheus sees it: a counter's name ends in `_total`, a histogram has three.
fn exported() -> BTreeSet<String> {
    let code = ["src/server/metrics.rs", "src/server/metrics/policies.rs"]
        .map(read)
        .concat();
    let mut names = BTreeSet::new();
    for call in code.split("registry.register").skip(1) {
        let name = call.split('"').nth(1).expect("a name");
        let unit = if call.starts_with("_with_unit") {
            "_seconds"
        } else {
            ""
        };
        for end in ["", "_total", "_bucket", "_count", "_sum"] {
            names.insert(format!("lockkeeper_{name}{unit}{end}"));
        }
    }
    assert!(names.contains("lockkeeper_watch_age_seconds"), "{names:?}");
    names
}

#[test]
fn alerts_and_dashboard_ask_for_what_the_server_exports() {
    let exported = exported();
    for path in [
        "charts/lockkeeper/templates/prometheus-rule.yaml",
        "charts/lockkeeper/files/dashboard.json",
    ] {
        let text = read(path);
        let asked = metrics_in(&text);
        assert!(asked.len() > 5, "{path}: {asked:?}");
        for name in asked {
            assert!(exported.contains(name), "{path}: {name}");
        }
        // Only what counts up can have a rate.
        for function in ["rate(", "increase("] {
            for rest in text.split(function).skip(1) {
                let name = metrics_in(rest.split('{').next().unwrap_or_default());
                let counts = name
                    .iter()
                    .any(|name| name.ends_with("_total") || name.ends_with("_bucket"));
                assert!(counts, "{path}: {function}{name:?}");
            }
        }
    }
}

/// An argument that `serve` does not know would keep every pod from starting.
#[test]
fn the_pods_are_given_flags_that_serve_knows() {
    let deployment = read("charts/lockkeeper/templates/deployment.yaml");
    let help = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .args(["serve", "--help"])
        .output()
        .expect("the binary runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let known: BTreeSet<&str> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"))
        .collect();
    let given: BTreeSet<&str> = deployment
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .filter(|argument| argument.starts_with("--"))
        .filter_map(|argument| argument.split(['=', ' ']).next())
        .collect();
    assert!(given.len() > 10, "{given:?}");
    let unknown: Vec<_> = given.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
