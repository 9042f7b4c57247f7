//! Without Go nothing is skipped: the test fails and says what to install.

use std::process::Command;

use lockkeeper_testkit::tools::Tool;

/// Set for the copy of this test binary that has neither Go nor any tool.
const ROLE: &str = "LOCKKEEPER_TESTKIT_ROLE";

/// The part of the copy; on its own it has nothing to do.
#[test]
fn the_copy() {
    if std::env::var_os(ROLE).is_some() {
        Tool::Etcd.path().expect("etcd is found or built");
    }
}

#[test]
fn missing_go_is_said_in_a_sentence() {
    let output = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "the_copy", "--nocapture"])
        .env_clear()
        .env("PATH", "/nonexistent")
        .env(ROLE, "no-go")
        .output()
        .expect("a copy of this binary");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains("etcd is found or built: the tests run a real Kubernetes control plane"),
        "{said}"
    );
    assert!(
        said.contains("install Go 1.26 or newer from https://go.dev/dl"),
        "{said}"
    );
}
