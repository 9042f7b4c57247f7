//! `lockkeeper policy test`, as a policy repository's CI runs it.

mod check_cases;

use check_cases::{BAD, GOOD, Ran, Scratch, release, secret};

fn test(scratch: &Scratch, arguments: &[&str]) -> Ran {
    scratch.run(&[&["policy", "test"], arguments].concat())
}

/// A ReleasePolicy with that spec.
fn policy(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: lockkeeper.dev/v1alpha1\nkind: ReleasePolicy\nmetadata: {{name: {name}}}\nspec: {spec}\n"
    )
}

/// A release with an image of that tag.
fn with_image(version: &str, tag: &str) -> String {
    let release = release(version);
    format!("{release}  values: {{image: {{repository: example.com/romm, tag: \"{tag}\"}}}}\n")
}

#[test]
fn expectations_that_hold_end_with_0_and_others_with_1() {
    for (version, expected, code) in [
        (GOOD, "allow", 0),
        (BAD, "deny unpinned-chart", 0),
        (BAD, "allow", 1),
        (GOOD, "deny unpinned-chart", 1),
        // A denial is no warning, and it is not listed.
        (BAD, "warn unpinned-chart", 1),
        (BAD, "deny unpinned-chart, deny literal-secret", 1),
    ] {
        let scratch = Scratch::new();
        scratch.write(
            "a.yaml",
            &format!("# expect: {expected}\n{}", release(version)),
        );
        let ran = test(&scratch, &["."]);
        assert_eq!(
            ran.code, code,
            "{version} {expected}: {}{}",
            ran.stdout, ran.stderr
        );
        let said = if code == 0 {
            "1 as expected, 0 not"
        } else {
            "0 as expected, 1 not"
        };
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
    }
}

#[test]
fn a_comment_is_that_of_its_document_and_text_in_a_value_is_none() {
    let scratch = Scratch::new();
    let text = format!(
        "# expect: deny unpinned-chart\n{}---\n# about the next\n# expect: allow\n{}  values:\n    note: |\n      # expect: deny literal-secret\n---\n{}  # expect: deny unpinned-chart\n---\n{}",
        release(BAD),
        release(GOOD),
        release(BAD),
        release(GOOD)
    );
    scratch.write("a.yaml", &text);
    let ran = test(&scratch, &[".", "--format", "json"]);
    assert_eq!((ran.code, &*ran.stderr), (0, ""), "{}", ran.stdout);
    let report = ran.json();
    let expected: Vec<_> = report["tests"]
        .as_array()
        .expect("tests")
        .iter()
        .map(|test| test["expected"].as_array().expect("a list").len())
        .collect();
    assert_eq!(expected, [1, 0, 1]);
    assert_eq!(report["summary"]["skipped"], 1, "{report}");
    assert_eq!(report["tests"][0]["line"], 2);
}

#[test]
fn the_policies_and_namespaces_of_the_folder_are_those_that_are_tested() {
    let scratch = Scratch::new();
    scratch.write(
        "policies/strict.yaml",
        &policy(
            "strict",
            "{match: {namespaceSelector: {matchLabels: {tier: production}}}, customRules: [{name: no-beta, \
             expression: \"images.all(image, !image.tag.contains('beta'))\", message: take a release}]}",
        ),
    );
    let object = with_image(GOOD, "1.0.0-beta.1");
    scratch.write(
        "tests/a.yaml",
        &format!("# expect: deny custom/no-beta\n{object}"),
    );
    // Without the labels nobody can say whether the policy is for it.
    let ran = test(&scratch, &["."]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("warn policy-match"), "{}", ran.stdout);
    scratch.write(
        "tests/namespaces.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: games, labels: {tier: production}}\n",
    );
    let ran = test(&scratch, &["."]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    // Another policy that is named counts alone: it does not even know the rule.
    scratch.write("other.yaml", "rules: {}\n");
    let ran = test(&scratch, &["tests", "--policy", "other.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("unknown rule `custom/no-beta`"),
        "{}",
        ran.stderr
    );
    let ran = test(&scratch, &["tests", "--policy", "policies"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn an_update_is_judged_with_the_object_before_it_and_the_request_has_its_user() {
    let scratch = Scratch::new();
    scratch.write("old/romm.yaml", &release(BAD));
    let changed = release(BAD) + "  interval: 2h\n";
    scratch.write(
        "update.yaml",
        &format!("# expect: warn unpinned-chart\n# old: old/romm.yaml\n{changed}"),
    );
    scratch.write(
        "policy.yaml",
        &policy(
            "flux-only",
            "{customRules: [{name: flux-only, expression: \"request.userInfo.username == 'flux' || request.dryRun\", message: let Flux apply it}]}",
        ),
    );
    scratch.write(
        "user.yaml",
        &format!("# expect: allow\n# user: flux\n{}", release(GOOD)),
    );
    scratch.write(
        "dry.yaml",
        &format!("# expect: allow\n# dry-run\n{}", release(GOOD)),
    );
    scratch.write(
        "nobody.yaml",
        &format!("# expect: deny custom/flux-only\n{}", release(GOOD)),
    );
    for (file, code) in [("user.yaml", 0), ("dry.yaml", 0), ("nobody.yaml", 0)] {
        let ran = test(&scratch, &[file, "--policy", "policy.yaml"]);
        assert_eq!(ran.code, code, "{file}: {}{}", ran.stdout, ran.stderr);
    }
    let ran = test(&scratch, &["update.yaml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn claims_of_the_folder_are_known() {
    let scratch = Scratch::new();
    let release = |claim: &str| {
        format!(
            "{}  values: {{persistence: {{data: {{type: persistentVolumeClaim, existingClaim: {claim}}}}}}}\n",
            release(GOOD)
        )
    };
    scratch.write(
        "claims.yaml",
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: games}\n",
    );
    scratch.write(
        "there.yaml",
        &format!("# expect: allow\n{}", release("data")),
    );
    scratch.write(
        "missing.yaml",
        &format!("# expect: deny missing-claim\n{}", release("date")),
    );
    let ran = test(&scratch, &["."]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn what_cannot_be_tested_is_an_error_with_its_place() {
    for (text, expected) in [
        (
            format!("# expect: deny literal-secrets\n{}", release(GOOD)),
            "a.yaml:1: unknown rule `literal-secrets`; did you mean `literal-secret`?",
        ),
        (
            format!("\n# operation: UPDATE\n# expect: allow\n{}", release(GOOD)),
            "needs `# old: FILE`",
        ),
        (
            format!("# old: gone.yaml\n# expect: allow\n{}", release(GOOD)),
            "gone.yaml could not be read",
        ),
        (
            "# expect: allow\nkind: ConfigMap\napiVersion: v1\n".to_owned(),
            "a document that nothing judges",
        ),
        ("a: [\n".to_owned(), "this is not YAML"),
        (release(GOOD), "no document says what is expected"),
    ] {
        let scratch = Scratch::new();
        scratch.write("a.yaml", &text);
        let ran = test(&scratch, &["."]);
        assert_eq!(ran.code, 2, "{text}: {}", ran.stdout);
        assert!(ran.stderr.contains(expected), "{text}: {}", ran.stderr);
    }
    let ran = test(&Scratch::new(), &["gone"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("gone: it could not be read"),
        "{}",
        ran.stderr
    );
}

#[test]
fn results_go_to_a_file_and_hold_no_secret() {
    let scratch = Scratch::new();
    let secret = secret();
    let object = format!(
        "{}  values: {{env: {{DB_PASSWORD: {secret}}}}}\n",
        release(GOOD)
    );
    scratch.write("a.yaml", &format!("# expect: allow\n{object}"));
    for format in ["junit", "json", "human"] {
        let ran = test(&scratch, &[".", "--format", format, "--output", "out"]);
        assert_eq!(ran.code, 1);
        let written = std::fs::read_to_string(scratch.path("out")).expect("a file");
        assert!(written.contains("literal-secret"), "{written}");
        assert!(
            ran.stdout.contains("0 as expected, 1 not"),
            "{}",
            ran.stdout
        );
        for text in [&written, &ran.stdout, &ran.stderr] {
            assert!(!text.contains(&secret), "{format} holds the secret");
        }
    }
    let ran = test(&scratch, &[".", "--format", "junit"]);
    assert!(
        ran.stdout
            .contains("tests=\"1\" skipped=\"0\" failures=\"1\"")
            && ran
                .stdout
                .contains("expected: allow; found: deny literal-secret"),
        "{}",
        ran.stdout
    );
}
