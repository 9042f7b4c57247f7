//! `lockkeeper webhooks`, the real binary: what it prints, and how it ends.

use std::process::{Command, Output};

fn lockkeeper(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .arg("webhooks")
        .args(arguments)
        .output()
        .expect("the binary runs")
}

#[test]
fn the_authority_is_printed_as_the_api_server_wants_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.crt");
    let pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    std::fs::write(&path, pem).expect("a file");
    let output = lockkeeper(&[
        "--url",
        "https://127.0.0.1:8443/",
        "--ca-file",
        &path.to_string_lossy(),
    ]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    // What `base64` makes of the PEM; four webhooks judge, one reads policies, and one mutates.
    let base64 = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
    assert_eq!(text.matches(base64).count(), 6, "{text}");
    assert!(
        text.contains("url: https://127.0.0.1:8443/validate"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_done_ends_with_two_and_a_sentence() {
    let output = lockkeeper(&["--url", "https://127.0.0.1", "--ca-file", "/nowhere/ca.crt"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("cannot read the authority /nowhere/ca.crt"),
        "{told}"
    );

    let output = lockkeeper(&[]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("--url") && told.contains("--service"),
        "{told}"
    );
}

#[test]
fn a_tmpfs_policy_that_the_scope_cannot_serve_is_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lockkeeper.yaml");
    let policy = |name: &str, when: &str| {
        format!(
            "apiVersion: lockkeeper.dev/v1alpha1\nkind: TmpfsPolicy\nmetadata: {{name: {name}}}\n\
             spec: {{when: {when}, mounts: [{{path: /tmp, sizeLimit: 64Mi}}]}}\n"
        )
    };
    let text = [
        policy("roots", "readOnlyRootFilesystem"),
        policy("every", "always"),
    ];
    std::fs::write(&path, text.join("---\n")).expect("a file");
    for (scope, told) in [
        ("all", &[][..]),
        ("readOnlyRoot", &["every"]),
        ("annotated", &["roots", "every"]),
    ] {
        let output = lockkeeper(&[
            "--url=https://127.0.0.1:8443",
            "--pod-scope",
            scope,
            "--policy",
            &path.to_string_lossy(),
        ]);
        assert!(output.status.success(), "{output:?}");
        let warnings = String::from_utf8_lossy(&output.stderr);
        assert_eq!(warnings.lines().count(), told.len(), "{scope}: {warnings}");
        for name in told {
            let words = format!("TmpfsPolicy `{name}` gets nothing for pods");
            assert!(warnings.contains(&words), "{scope}: {warnings}");
        }
    }
}
