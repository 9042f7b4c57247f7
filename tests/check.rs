//! `lockkeeper check`, as the real binary in scratch folders: exit codes, formats, what is found where.

mod check_cases;

use std::fs;

use check_cases::{BAD, GOOD, Scratch, release};

#[test]
fn exit_codes_mean_what_help_says() {
    let scratch = Scratch::new();
    scratch.write("good/a.yaml", &release(GOOD));
    scratch.write("bad/a.yaml", &release(BAD));
    scratch.write("broken/a.yaml", "a: [\n");
    assert_eq!(scratch.run(&["check", "good"]).code, 0);
    assert_eq!(scratch.run(&["check", "bad"]).code, 1);
    assert_eq!(scratch.run(&["check", "bad", "--exit-zero"]).code, 0);
    // What could not be judged wins over what is denied, and does not stop the others.
    for path in ["broken", "missing"] {
        let ran = scratch.run(&["check", path, "bad"]);
        assert_eq!(ran.code, 2, "{path}");
        assert!(ran.stdout.contains("unpinned-chart"), "{path}");
        assert_eq!(scratch.run(&["check", path, "--exit-zero"]).code, 2);
    }
    assert_eq!(scratch.run(&["check"]).code, 2);
    assert_eq!(scratch.run(&["check", "--format", "yaml"]).code, 2);
}

#[test]
fn a_broken_file_is_told_with_its_place() {
    let scratch = Scratch::new();
    scratch.write("a.yaml", &format!("{}---\na:\n  b: [1\n", release(BAD)));
    let ran = scratch.run(&["check", "a.yaml"]);
    assert!(ran.stdout.contains("a.yaml:12:6"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 denied"));
    let bytes = [b"a: 1\nb: \xff\n".as_slice(), b""].concat();
    fs::write(scratch.path("latin.yaml"), bytes).expect("it can be written");
    let ran = scratch.run(&["check", "latin.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.contains("latin.yaml:2:4"), "{}", ran.stdout);
}

#[test]
fn folders_are_searched_for_manifests_that_git_knows() {
    let scratch = Scratch::new();
    scratch.write(".gitignore", "out/\n*.tmp.yaml\n");
    for path in [
        "apps/b.yaml",
        "apps/a.yml",
        "apps/.hidden/c.json",
        "apps/out/d.yaml",
        "apps/e.tmp.yaml",
        "apps/readme.md",
        "apps/.git/f.yaml",
    ] {
        scratch.write(path, &release(BAD));
    }
    scratch.write("apps/g.yaml.j2", "{% if x %}\n");
    let ran = scratch.run(&["check", "-f", "json", "apps", "apps/b.yaml"]);
    assert_eq!(
        ran.files(),
        ["apps/.hidden/c.json", "apps/a.yml", "apps/b.yaml"]
    );
    let report = ran.json();
    assert_eq!(report["summary"]["files"], 4);
    assert_eq!(report["skipped"][0]["file"], "apps/g.yaml.j2");
    #[cfg(unix)]
    std::os::unix::fs::symlink("b.yaml", scratch.path("apps/link.yaml")).expect("a link");
    assert_eq!(
        scratch.run(&["check", "-f", "json", "apps"]).files().len(),
        3
    );
    // A file that is named is judged whatever its name is.
    let ran = scratch.run(&["check", "-f", "json", "apps/readme.md", "apps/out/d.yaml"]);
    assert_eq!(ran.files(), ["apps/readme.md", "apps/out/d.yaml"]);
    // `.` is where it looks without a path.
    let ran = scratch.run(&["check", "-f", "json"]);
    assert_eq!(ran.files().len(), 3);
    assert_eq!(ran.files()[0], "apps/.hidden/c.json");
}

#[test]
fn what_lies_around_a_repository_hides_nothing_in_it() {
    let scratch = Scratch::new();
    scratch.write(".gitignore", "*\n");
    scratch.write("repo/.git/HEAD", "ref: refs/heads/main\n");
    scratch.write("repo/apps/a.yaml", &release(BAD));
    // Flux applies what only ripgrep and its like pass by.
    scratch.write("repo/.ignore", "*\n");
    assert_eq!(scratch.run(&["check", "repo"]).code, 1);
    assert_eq!(scratch.run(&["check", "repo/apps"]).code, 1);
}

#[test]
fn standard_input_is_read_under_a_name() {
    let scratch = Scratch::new();
    scratch.write(
        "apps/lockkeeper.yaml",
        "replacesDefault: true\nrules: {unpinned-chart: {action: warn}}\n",
    );
    let ran = scratch.run_with(&["check", "-f", "json", "-"], release(BAD).as_bytes());
    assert_eq!((ran.code, ran.files()), (1, vec!["<stdin>".to_owned()]));
    let named = [
        "check",
        "-f",
        "json",
        "--stdin-filename",
        "apps/x.yaml",
        "-",
    ];
    let ran = scratch.run_with(&named, release(BAD).as_bytes());
    assert_eq!((ran.code, ran.files()), (0, vec!["apps/x.yaml".to_owned()]));
    assert_eq!(ran.json()["findings"][0]["action"], "warn");
    assert_eq!(scratch.run_with(&["check", "-"], b"\xff").code, 2);
}

#[test]
fn the_policy_is_found_upwards_from_each_path() {
    let scratch = Scratch::new();
    scratch.write(
        "lab/lockkeeper.yaml",
        "replacesDefault: true\nrules: {unpinned-chart: {action: off}}\n",
    );
    scratch.write("lab/apps/a.yaml", &release(BAD));
    scratch.write("prod/a.yaml", &release(BAD));
    let ran = scratch.run(&["check", "-f", "json", "lab/apps/a.yaml", "prod"]);
    assert_eq!(ran.files(), ["prod/a.yaml"]);
    assert_eq!(scratch.run(&["check", "lab"]).code, 0);
    let config = ["check", "prod", "--config", "lab/lockkeeper.yaml"];
    assert_eq!(scratch.run(&config).code, 0);
}

#[test]
fn an_exemption_is_an_audit_with_its_reason() {
    let scratch = Scratch::new();
    scratch.write(
        "lockkeeper.yaml",
        "exemptions:\n- {rules: [unpinned-chart], reason: waits for 2.0, expiresAt: 2999-01-31}\n",
    );
    scratch.write("a.yaml", &release(BAD));
    let ran = scratch.run(&["check", "a.yaml", "-f", "json"]);
    assert_eq!(ran.code, 0);
    let found = &ran.json()["findings"][0];
    assert_eq!(found["action"], "audit");
    assert_eq!(found["note"]["kind"], "exempt");
    let quiet = scratch.run(&["check", "a.yaml"]);
    assert!(!quiet.stdout.contains("waits for 2.0"));
    assert!(quiet.stdout.contains("1 audited"));
    let verbose = scratch.run(&["check", "a.yaml", "-v"]);
    assert!(verbose.stdout.contains("waits for 2.0"));
    let github = scratch.run(&["check", "a.yaml", "-f", "github"]).stdout;
    assert!(!github.contains("unpinned-chart"), "{github}");
}

#[test]
fn a_broken_policy_shows_its_place() {
    let scratch = Scratch::new();
    scratch.write("a.yaml", &release(BAD));
    for (policy, place, words) in [
        (
            "rules:\n  unpinned-chrt:\n    action: warn\n",
            ":2:3",
            "did you mean `unpinned-chart`",
        ),
        (
            "rules:\n  unpinned-chart:\n    requires: tag\n",
            ":3:5",
            "did you mean `require`",
        ),
        (
            "rules:\n  unpinned-chart:\n    action: refuse\n",
            ":3:13",
            "unknown variant",
        ),
        (
            "rules: {}\nratchett: true\n",
            ":2:1",
            "did you mean `ratchet`",
        ),
        ("rules: [\n", "line 1", "unclosed"),
        ("ratchet: true\nratchet: false\n", ":2:1", "set twice"),
        (
            "ratchet: true\n---\nratchet: true\n",
            "lockkeeper.yaml:3:1",
            "a second ReleasePolicy",
        ),
        (
            "ratchet: true\n---\napiVersion: lockkeeper.dev/v1alpha1\nkind: TmpfsPolicy\nspec:\n  mounts:\n    - {path: /tmp, sizeLimit: 64MB}\n",
            "lockkeeper.yaml:7:31",
            "a quantity such as 64Mi",
        ),
    ] {
        scratch.write("lockkeeper.yaml", policy);
        let ran = scratch.run(&["check", "a.yaml"]);
        assert_eq!(ran.code, 2, "{policy}");
        assert_eq!(ran.stdout, "", "{policy}");
        for expected in [place, words] {
            assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
        }
    }
    scratch.write("lockkeeper.yaml", "# nothing yet\n");
    assert_eq!(scratch.run(&["check", "a.yaml"]).code, 1);
    let ran = scratch.run(&["check", "a.yaml", "--config", "missing.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("missing.yaml"));
}

#[test]
fn rules_can_be_selected_and_ignored() {
    let scratch = Scratch::new();
    scratch.write("a.yaml", &release(BAD));
    for (args, code) in [
        (&["--select", "unpinned-chart"][..], 1),
        (&["--select", "unpinned-image,literal-secret"], 0),
        (&["--ignore", "unpinned-chart"], 0),
        (
            &["--ignore", "literal-secret", "--ignore", "unpinned-chart"],
            0,
        ),
        (
            &["--select", "unpinned-chart", "--ignore", "unpinned-chart"],
            0,
        ),
    ] {
        let ran = scratch.run(&[&["check", "a.yaml"], args].concat());
        assert_eq!(ran.code, code, "{args:?}");
    }
    let ran = scratch.run(&["check", "a.yaml", "--ignore", "unpined-chart"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("did you mean `unpinned-chart`"));
}

#[test]
fn colour_is_for_terminals() {
    let scratch = Scratch::new();
    scratch.write("a.yaml", &release(BAD));
    assert!(!scratch.run(&["check", "a.yaml"]).stdout.contains('\x1b'));
    let always = ["check", "a.yaml", "--color", "always"];
    assert!(scratch.run(&always).stdout.contains('\x1b'));
}

#[test]
fn output_is_the_same_every_time() {
    let scratch = Scratch::new();
    for index in 0..60 {
        scratch.write(&format!("apps/{index}/a.yaml"), &release(BAD));
    }
    let findings = || scratch.run(&["check", "-f", "json"]).json()["findings"].clone();
    let first = findings();
    assert_eq!(first.as_array().map(Vec::len), Some(60));
    for _ in 0..5 {
        assert_eq!(findings(), first);
    }
}

#[test]
#[cfg(unix)]
fn a_closed_pipe_ends_it_quietly() {
    let scratch = Scratch::new();
    for index in 0..400 {
        scratch.write(&format!("apps/{index}.yaml"), &release(BAD));
    }
    let ran = scratch.run_and_close(&["check", "apps"]);
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.code, 1);
}

#[test]
fn explain_tells_every_rule() {
    let scratch = Scratch::new();
    let list = scratch.run(&["explain"]);
    for rule in lockkeeper::rules::RULES {
        let name = rule.meta().name;
        assert!(list.stdout.contains(name), "{name}");
        let page = scratch.run(&["explain", name]);
        assert!(page.stdout.contains("## Why is this bad"), "{name}");
        let json = scratch.run(&["explain", name, "--format", "json"]).json();
        assert_eq!(json["name"], name);
        assert_eq!(json["parameters"], rule.defaults());
    }
    let all = scratch.run(&["explain", "--format", "json"]).json();
    assert_eq!(
        all.as_array().map(Vec::len),
        Some(lockkeeper::rules::RULES.len())
    );
    let ran = scratch.run(&["explain", "unpinned-chat"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("did you mean `unpinned-chart`"));
}

#[test]
fn completions_are_for_shells() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = scratch.run(&["completions", shell]);
        assert_eq!(ran.code, 0, "{shell}");
        assert!(ran.stdout.contains("--stdin-filename") || ran.stdout.contains("stdin-filename"));
    }
}
