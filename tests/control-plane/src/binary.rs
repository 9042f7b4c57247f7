//! The `lockkeeper` under proof: found, never built from here, as a build inside a test hides what is proved.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// The path of the binary: `$LOCKKEEPER_BIN`, else the debug build of this checkout.
pub fn path() -> PathBuf {
    let path = std::env::var_os("LOCKKEEPER_BIN").map_or_else(beside_this_program, PathBuf::from);
    assert!(
        path.is_file(),
        "the proofs run the real `lockkeeper`, but {} is not there; `cargo xtask test` builds it first, and so does \
         `cargo build`; LOCKKEEPER_BIN names another",
        path.display()
    );
    path
}

/// Tests lie in `target/debug/deps`, tasks in `target/debug`, also where `CARGO_TARGET_DIR` moves the target folder.
fn beside_this_program() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let folder = program.parent().expect("a program lies in a folder");
    let built = match folder.parent() {
        Some(parent) if folder.file_name() == Some(OsStr::new("deps")) => parent,
        _ => folder,
    };
    built.join("lockkeeper")
}

/// What `lockkeeper webhooks` prints with these arguments.
pub fn webhooks(arguments: &[&str]) -> String {
    run(&[&["webhooks"], arguments].concat())
}

/// What `lockkeeper` prints with these arguments; it must end well.
pub fn run(arguments: &[&str]) -> String {
    let output = Command::new(path())
        .args(arguments)
        .output()
        .expect("lockkeeper runs");
    assert!(
        output.status.success(),
        "lockkeeper {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("YAML is UTF-8")
}
