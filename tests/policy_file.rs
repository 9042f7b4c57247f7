//! The policy file of `check`, `review` and `mutate`: what has no effect is told with its line, and errors show theirs.

mod check_cases;

use check_cases::{GOOD, Scratch, release};

const MILD: &str = "# Two policies.\napiVersion: lockkeeper.dev/v1alpha1\nkind: ReleasePolicy\nmetadata: {name: mild}\nspec:\n  rules:\n    unpinned-chart:\n      action: warn\n---\napiVersion: lockkeeper.dev/v1alpha1\nkind: ReleasePolicy\nmetadata: {name: other}\nspec: {}\n";

#[test]
fn what_has_no_effect_is_told_once_with_its_line_and_formats_stay_clean() {
    let scratch = Scratch::new();
    scratch.write("lockkeeper.yaml", MILD);
    scratch.write("a/a.yaml", &release(GOOD));
    scratch.write("b/b.yaml", &release(GOOD));
    for format in ["human", "json", "sarif", "junit", "github"] {
        let ran = scratch.run(&["check", "--format", format, "a", "b"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let lines: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|line| line.contains("milder"))
            .collect();
        assert_eq!(lines.len(), 1, "{format}: {}", ran.stderr);
        assert!(lines[0].starts_with("warning: "), "{}", lines[0]);
        assert!(
            lines[0].ends_with(
                "lockkeeper.yaml:8: `warn` is milder than the built-in `deny` and has no effect without `replacesDefault: true`"
            ),
            "{}",
            lines[0]
        );
        assert!(!ran.stdout.contains("milder"), "{format}");
    }
    scratch.write(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a}]}\n",
    );
    let ran = scratch.run(&["mutate", "--policy", "lockkeeper.yaml", "pod.yaml"]);
    assert!(ran.stderr.contains("lockkeeper.yaml:8: "), "{}", ran.stderr);
    let review = serde_json::json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "games", "name": "romm",
        "kind": {"group": "helm.toolkit.fluxcd.io", "version": "v2", "kind": "HelmRelease"},
        "object": {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "romm"}, "spec": {}}}});
    scratch.write("review.json", &review.to_string());
    let ran = scratch.run(&["review", "--policy", "lockkeeper.yaml", "review.json"]);
    assert!(ran.stderr.contains("lockkeeper.yaml:8: "), "{}", ran.stderr);
}

#[test]
fn an_error_in_an_expression_shows_the_line_of_the_expression() {
    let head = "customRules:\n  - name: a\n    message: b\n    expression: ";
    for (expression, line, shown) in [
        (
            "|\n      has(object.spec) &&\n        objekt.spec.suspend\n",
            6,
            "objekt.spec.suspend",
        ),
        ("objekt.spec == 1\n", 4, "objekt.spec"),
        ("'true && objekt.spec == 1'\n", 4, "objekt.spec"),
        // What is folded stands elsewhere in the file.
        (
            ">\n      true &&\n      objekt.spec == 1\n",
            4,
            "expression",
        ),
    ] {
        let scratch = Scratch::new();
        scratch.write("lockkeeper.yaml", &format!("{head}{expression}"));
        scratch.write("a.yaml", &release(GOOD));
        let ran = scratch.run(&["check", "--config", "lockkeeper.yaml", "a.yaml"]);
        assert_eq!(ran.code, 2);
        let place = format!("lockkeeper.yaml:{line}:");
        assert!(
            ran.stderr.contains(&place)
                && ran.stderr.contains(shown)
                && ran.stderr.contains("`objekt`"),
            "{expression}: {}",
            ran.stderr
        );
    }
}

#[test]
fn several_policies_and_exemptions_of_one_file_count_together() {
    let scratch = Scratch::new();
    let exemption = "apiVersion: lockkeeper.dev/v1alpha1\nkind: Exemption\nmetadata: {name: e, namespace: games}\nspec: {rules: [unpinned-chart], releases: [romm], reason: r, expiresAt: 2099-01-01}\n";
    let opens = "apiVersion: lockkeeper.dev/v1alpha1\nkind: ReleasePolicy\nmetadata: {name: opens}\nspec: {allowExemptions: [{rules: ['*']}]}\n";
    scratch.write("a.yaml", &release(check_cases::BAD));
    for (text, code) in [
        (exemption.to_owned(), 1),
        (format!("{MILD}---\n{exemption}"), 1),
        (format!("{exemption}---\n{opens}"), 0),
    ] {
        scratch.write("lockkeeper.yaml", &text);
        let ran = scratch.run(&["check", "a.yaml"]);
        assert_eq!(ran.code, code, "{text}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn serve_tells_what_has_no_effect_in_its_log() {
    let scratch = Scratch::new();
    scratch.write("p.yaml", MILD);
    // Nobody has this address, so it ends by itself behind the policy.
    let arguments = ["serve", "--policy", "p.yaml", "--log-format", "json"];
    let ran = scratch.run(&[&arguments[..], &["--listen", "192.0.2.1:1"]].concat());
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let all = ran.stdout + &ran.stderr;
    let line = all.lines().find(|line| line.contains("milder"));
    let line: serde_json::Value =
        serde_json::from_str(line.expect("it is told")).expect("a line of JSON");
    assert_eq!(line["level"], "WARN", "{line}");
    assert!(line.to_string().contains("p.yaml:8: "), "{line}");
}
