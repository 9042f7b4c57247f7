//! Comments that allow a literal, and those that do not.

use super::*;

fn opened() -> Policy {
    let open = serde_json::json!({"rules": {"literal-secret": {"allowAnnotation": true},
        "weak-default-secret": {"allowAnnotation": true}}});
    Policy::from_document(&open).expect("a policy")
}

fn findings(report: &FileReport) -> Vec<(Action, &str)> {
    let secrets = report
        .findings
        .iter()
        .filter(|found| found.rule != "unpinned-chart");
    secrets
        .map(|found| (found.action, &*found.message))
        .collect()
}

#[test]
fn a_comment_on_the_line_or_above_it_allows_with_its_reason() {
    let secret = secret();
    let policy = opened();
    let comment = "# lockkeeper.dev/allow-literal: a lab";
    for values in [
        format!("    password: {secret} {comment}\n"),
        format!("    password: \"{secret}\"  #lockkeeper.dev/allow-literal:a lab\n"),
        format!("    {comment}\n    password: {secret}\n"),
        format!("    a: 1\r\n{comment}\r\n    password: {secret}\r\n"),
        format!("    password: >- {comment}\n      {secret}\n"),
        format!("    {comment}\n    password:\n      {secret}\n"),
        format!("    password:\n      {comment}\n      {secret}\n"),
        format!("    args:\n      - serve\n      - --password={secret} {comment}\n"),
        format!("    env: {{USER: romm, PASSWORD: {secret}}} {comment}\n"),
        format!("    config: | {comment}\n      a: 1\n      password: {secret}\n"),
        format!("    password: admin {comment}\n"),
        format!("    x: &x\n      password: {secret} {comment}\n    y: {{<<: *x}}\n"),
    ] {
        let report = checked_by(&policy, &release(&values));
        let found = findings(&report);
        assert!(!found.is_empty(), "{values}");
        for (action, message) in found {
            assert_eq!(action, Action::Audit, "{values}");
            assert!(
                message.ends_with("the comment `lockkeeper.dev/allow-literal` allows it: a lab")
            );
        }
        assert_eq!(report.problems, [], "{values}");
    }
}

#[test]
fn a_comment_elsewhere_allows_nothing_and_is_told_of() {
    let secret = secret();
    let policy = opened();
    let comment = "# lockkeeper.dev/allow-literal: a lab";
    for values in [
        format!("    user: romm {comment}\n    password: {secret}\n"),
        format!("    password: {secret}\n    {comment}\n"),
        format!("    {comment}\n\n    password: {secret}\n"),
        format!("    {comment}\n    # more\n    password: {secret}\n"),
        format!("    {comment}\n    db:\n      password: {secret}\n"),
        format!("    db: {comment}\n      password: {secret}\n"),
        format!("    config: |\n      password: {secret} {comment}\n"),
        format!("    password: '{secret} {comment}'\n"),
        format!("    x: &x {secret} {comment}\n    password: *x\n"),
    ] {
        let report = checked_by(&policy, &release(&values));
        let found = findings(&report);
        assert_eq!(found.len(), 1, "{values}");
        assert_eq!(found[0].0, Action::Deny, "{values}");
        assert_eq!(report.problems.len(), 1, "{values}");
        assert!(report.problems[0].message.contains("allows nothing here"));
        assert!(!report.problems[0].is_error);
    }
    // Nothing is reported, so nothing is to be allowed.
    let report = checked_by(
        &policy,
        &release(&format!("    password: ${{X}} {comment}\n")),
    );
    assert_eq!(report.problems.len(), 1);
}

#[test]
fn a_comment_counts_with_a_reason_and_where_the_policy_opens_it() {
    let secret = secret();
    for (policy, comment, told) in [
        (opened(), "lockkeeper.dev/allow-literal", "gives no reason"),
        (opened(), "lockkeeper.dev/allow-literal:", "gives no reason"),
        (
            opened(),
            "lockkeeper.dev/allow-literal: ",
            "gives no reason",
        ),
        (
            Policy::builtin(),
            "lockkeeper.dev/allow-literal: a lab",
            "does not count",
        ),
    ] {
        let report = checked_by(
            &policy,
            &release(&format!("    password: {secret} # {comment}\n")),
        );
        let found = findings(&report);
        assert_eq!(found[0].0, Action::Deny, "{comment}");
        assert!(found[0].1.contains(told), "{}", found[0].1);
        assert_eq!(report.problems, []);
    }
}

#[test]
fn a_reason_does_not_show_the_value() {
    let secret = secret();
    let values = format!("    password: {secret} # lockkeeper.dev/allow-literal: still {secret}\n");
    for text in everything(checked_by(&opened(), &release(&values))) {
        assert!(!text.contains(&secret), "a secret is shown");
    }
}

#[test]
fn a_comment_is_about_its_own_object_of_a_list() {
    let secret = secret();
    let object = |comment: &str| {
        format!(
            "- apiVersion: helm.toolkit.fluxcd.io/v2\n  kind: HelmRelease\n  metadata: {{name: romm}}\n  spec:\n    \
             values:\n      password: {secret}{comment}\n"
        )
    };
    let text = format!(
        "apiVersion: v1\nkind: List\nitems:\n{}{}",
        object(" # lockkeeper.dev/allow-literal: a lab"),
        object("")
    );
    let report = checked_by(&opened(), &text);
    let actions: Vec<_> = findings(&report).iter().map(|found| found.0).collect();
    assert_eq!(actions, [Action::Audit, Action::Deny]);
}
