//! `lockkeeper review`: exit codes, both formats, and no secret in either.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn review(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .arg("review")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // A review that is not read from standard input closes the pipe early.
    let _ = child.stdin.take().expect("piped").write_all(input);
    child.wait_with_output().expect("it ends")
}

fn path(name: &str) -> String {
    format!(
        "{}/tests/fixtures/reviews/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn the_exit_code_is_the_verdict() {
    for (name, code, expected) in [
        (
            "create-bad",
            1,
            "denied: HelmRelease games/romm (CREATE by system:serviceaccount:flux-system:kustomize-controller)",
        ),
        ("create-bad-dryrun", 1, "dry-run)"),
        ("create-clean", 0, "allowed: HelmRelease games/romm"),
        (
            "update-suspend",
            0,
            "not judged: nothing that is judged differs",
        ),
        ("delete", 0, "not judged: this operation stores no object"),
    ] {
        let output = review(&[&path(name)], b"");
        let out = text(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{name}: {out}");
        assert!(out.contains(expected), "{name}: {out}");
        assert!(!out.contains("Lantern-Quarry"), "{name} tells the secret");
    }
}

#[test]
fn json_is_what_the_webhook_would_answer() {
    let body = std::fs::read(path("create-bad")).expect("a fixture");
    let output = review(&["--format", "json", "-"], &body);
    assert_eq!(output.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["response"]["uid"], "u-create-bad");
    assert_eq!(answer["response"]["status"]["code"], 403);
    assert!(
        !text(&output.stdout).contains("Lantern-Quarry"),
        "it tells the secret"
    );
}

#[test]
fn a_policy_file_is_obeyed() {
    let scratch = tempfile::tempdir().expect("a folder");
    let file = scratch.path().join("policy.json");
    // Every rule off: nothing is left to say.
    let rules: serde_json::Map<_, _> = lockkeeper::rules::RULES
        .iter()
        .map(|rule| {
            (
                rule.meta().name.to_owned(),
                serde_json::json!({"action": "off"}),
            )
        })
        .collect();
    let policy = serde_json::json!({"replacesDefault": true, "rules": rules}).to_string();
    std::fs::write(&file, policy).expect("written");
    let policy = file.display().to_string();
    let output = review(&["--policy", &policy, &path("create-bad")], b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn a_pod_is_shown_with_its_mounts() {
    let scratch = tempfile::tempdir().expect("a folder");
    let file = scratch.path().join("policy.yaml");
    let policy = "apiVersion: lockkeeper.dev/v1alpha1\nkind: TmpfsPolicy\nmetadata: {name: scratch}\n\
        spec: {mounts: [{path: /tmp, sizeLimit: 64Mi}, {path: /var/run, sizeLimit: 1Mi}]}\n";
    std::fs::write(&file, policy).expect("written");
    let policy = file.display().to_string();
    let pod = format!(
        "{}/tests/fixtures/recorded-reviews/pod-create.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let output = review(&["--policy", &policy, &pod], b"");
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    for expected in [
        "allowed: Pod media/app (CREATE",
        "  adds to /spec/volumes/-\n",
        "  adds to /spec/containers/0/volumeMounts/-\n",
        "  warning: `/var/run` gets no tmpfs in container `app`",
    ] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    let output = review(&["--policy", &policy, "--format", "json", &pod], b"");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["response"]["patchType"], "JSONPatch");
    let output = review(&[&pod], b"");
    assert!(text(&output.stdout).contains("nothing is mutated"));
}

#[test]
fn what_cannot_be_done_is_exit_code_two() {
    for (args, input, expected) in [
        (
            ["/nowhere/at/all.json"],
            "",
            "cannot read /nowhere/at/all.json",
        ),
        (["-"], "{", "ends too early"),
        (["-"], "{}", "expected `apiVersion"),
    ] {
        let output = review(&args, input.as_bytes());
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        let errors = text(&output.stderr);
        assert!(errors.contains(expected), "{errors}");
    }
}
