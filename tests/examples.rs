//! The examples: the good ones pass, and each bad one is refused by the rule that it is named after.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn check(path: &Path) -> (Option<i32>, Vec<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .args(["check", "--format", "json"])
        .arg(path)
        .output()
        .expect("lockkeeper runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let denied = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["action"] == "deny")
        .map(|finding| finding["rule"].as_str().expect("a rule").to_owned())
        .collect();
    (output.status.code(), denied)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of examples")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

#[test]
fn good_examples_pass() {
    for path in files("examples/good") {
        assert_eq!(check(&path), (Some(0), Vec::new()), "{}", path.display());
    }
}

#[test]
fn bad_examples_are_refused_by_the_rule_of_their_name() {
    let mut broken = Vec::new();
    for path in files("examples/bad") {
        let rule = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name")
            .to_owned();
        assert_eq!(
            check(&path),
            (Some(1), vec![rule.clone()]),
            "{}",
            path.display()
        );
        broken.push(rule);
    }
    let mut all: Vec<_> = lockkeeper::rules::RULES
        .iter()
        .filter(|rule| rule.meta().action == lockkeeper::model::Action::Deny)
        .map(|rule| rule.meta().name)
        .collect();
    all.sort_unstable();
    assert_eq!(broken, all, "every rule that denies has its bad example");
}

#[test]
fn the_example_of_a_policy_is_one() {
    let output = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .args([
            "check",
            "--config",
            "examples/lockkeeper.yaml",
            "examples/good",
        ])
        .output()
        .expect("lockkeeper runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[test]
fn the_example_of_a_policy_repository_is_as_it_expects() {
    let output = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .args(["policy", "test", "examples/policies", "--format", "json"])
        .output()
        .expect("lockkeeper runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), &*complained),
        (Some(0), ""),
        "{said}"
    );
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["summary"]["passed"], 7, "{said}");
}
