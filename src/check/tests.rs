//! What may be shown of a file, and where findings are told to be.

use proptest::prelude::*;

use super::*;
use crate::facts::NoFacts;
use crate::report::{Summary, github, human, json, junit, sarif};

/// Made here, as nothing in the repository may look like a credential that leaked.
fn secret() -> String {
    ["Zq8", "vR2", "mLx", "9Tw", "4Kd"].concat()
}

fn checked_by(policy: &Policy, text: &str) -> FileReport {
    let now = "2026-01-01T00:00:00Z".parse().expect("a time");
    check_text("a.yaml", text, &Engine::new(policy, &NoFacts, now))
}

fn checked(text: &str) -> FileReport {
    checked_by(&Policy::builtin(), text)
}

fn release(values: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: romm, namespace: games}}\n\
         spec:\n  chart:\n    spec: {{chart: romm, version: 1.x, sourceRef: {{kind: HelmRepository, name: r}}}}\n  \
         values:\n{values}"
    )
}

fn everything(file: FileReport) -> Vec<String> {
    let report = Report {
        files: vec![file],
        seconds: 0.0,
    };
    let verbose = human::Options {
        verbose: true,
        width: Some(400),
    };
    vec![
        human::render(&report, human::Options::default()),
        human::render(&report, verbose),
        json::render(&report),
        sarif::render(&report),
        junit::render(&report).expect("it can be written"),
        github::render(&report),
        format!("{:?}", report.files),
    ]
}

#[test]
fn a_place_is_told_by_line_and_column() {
    let report = checked(&release("    a: 1\n"));
    let found = &report.findings[0];
    assert_eq!(found.rule, "unpinned-chart");
    assert_eq!(
        found.start,
        Place {
            line: 6,
            column: 34
        }
    );
    assert_eq!(
        found.end,
        Place {
            line: 6,
            column: 37
        }
    );
    assert_eq!(found.pointer.as_str(), "/spec/chart/spec/version");
    let excerpt = found.excerpt.as_ref().expect("it is in the text");
    assert_eq!(&excerpt.line[excerpt.underline.clone()], "1.x");
}

#[test]
fn items_of_a_list_are_objects() {
    let text = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {{kind: Secret, apiVersion: v1}}\n- {}",
        release("    a: 1\n").trim_end().replace('\n', "\n  ")
    );
    let report = checked(&text);
    assert_eq!(report.objects.len(), 1);
    assert_eq!(report.findings[0].start.line, 10);
    assert_eq!(
        report.findings[0].pointer.as_str(),
        "/spec/chart/spec/version"
    );
}

#[test]
fn no_format_shows_a_secret() {
    let secret = secret();
    for values in [
        format!("    password: {secret}\n"),
        format!("    password: \"{secret}\" # {secret}\n"),
        format!(
            "    db: {{password: '{secret}', image: {{repository: a, tag: latest}}}} # was {secret}\n"
        ),
        format!("    password: >-\n      {secret}\n"),
        format!("    password:\n      {secret}\n"),
        format!("    password: \"{secret}\\\n      more\"\n"),
        format!("    x: &x {secret}\n    password: *x\n"),
        format!("    x: &x {{password: {secret}}}\n    y: {{<<: *x}}\n"),
        // The first of two equal keys is judged by nobody.
        format!("    image: {{repository: a, tag: latest, password: {secret}, password: ''}}\n"),
        // A tag that is the very secret that stands elsewhere.
        format!("    password: {secret}\n    image: {{repository: a, tag: {secret}-latest}}\n"),
        format!(
            "    image: {{repository: 'x', tag: latest, pullSecret: {{password: {secret}}}}}\n"
        ),
        format!("    url: postgres://romm:{secret}@db/romm\n"),
    ] {
        for policy in [off(&[]), off(&["literal-secret", "weak-default-secret"])] {
            let report = checked_by(&policy, &release(&values));
            assert!(!report.findings.is_empty(), "there is something to show");
            for text in everything(report) {
                assert!(!text.contains(&secret), "a secret is shown");
            }
        }
    }
}

fn off(rules: &[&str]) -> Policy {
    let mut policy = Policy::builtin();
    policy.keep_rules(|name| !rules.contains(&name));
    policy
}

#[test]
fn another_object_on_the_line_is_not_shown() {
    let secret = secret();
    let text = format!(
        "{{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [{{\"kind\": \"Secret\", \"apiVersion\": \"v1\", \
         \"stringData\": {{\"a\": \"{secret}\"}}}}, {{\"apiVersion\": \"helm.toolkit.fluxcd.io/v2\", \"kind\": \
         \"HelmRelease\", \"metadata\": {{\"name\": \"romm\"}}, \"spec\": {{\"chart\": {{\"spec\": {{\"chart\": \"a\", \
         \"version\": \"1.x\", \"sourceRef\": {{\"kind\": \"HelmRepository\"}}}}}}}}}}]}}"
    );
    let report = checked(&text);
    let excerpt = report.findings[0]
        .excerpt
        .as_ref()
        .expect("it is in the text");
    assert!(
        excerpt.line.starts_with("… {\"apiVersion\""),
        "cut before the object"
    );
    assert_eq!(&excerpt.line[excerpt.underline.clone()], "\"1.x\"");
    for text in everything(report) {
        assert!(!text.contains(&secret), "a secret is shown");
    }
}

#[test]
fn a_mask_tells_no_length() {
    let masked = |value: &str| {
        let report = checked(&release(&format!("    password: {value}\n")));
        let found = report
            .findings
            .into_iter()
            .find(|found| found.rule == "literal-secret")
            .expect("a secret");
        found.excerpt.expect("it is in the text").line
    };
    let short = masked(&secret());
    assert_eq!(short, masked(&secret().repeat(3)));
    assert_eq!(short.trim(), "password: ********");
}

#[test]
fn a_fingerprint_stays_when_lines_move() {
    let text = release("    a: 1\n");
    let fingerprint = |text: &str| checked(text).findings[0].fingerprint.clone();
    let moved = text.replace("metadata:", "# a comment\n\nmetadata:");
    assert_eq!(fingerprint(&text), fingerprint(&moved));
    assert_ne!(
        fingerprint(&text),
        fingerprint(&text.replace("romm,", "other,"))
    );
}

#[test]
fn templates_are_skipped_and_mistakes_are_told() {
    let text = format!(
        "a: {{{{ .Values.a }}}}\n---\na: [\n---\nb: 1\nb: 2\n---\n{}",
        release("    a: 1\n")
    );
    let report = checked(&text);
    assert_eq!(report.skipped.len(), 1);
    assert_eq!(report.objects.len(), 1);
    let problems: Vec<_> = report
        .problems
        .iter()
        .map(|problem| (problem.is_error, problem.place.map(|place| place.line)))
        .collect();
    assert_eq!(problems, [(true, Some(3)), (false, Some(6))]);
    let summary = Summary::of(&Report {
        files: vec![report],
        seconds: 0.0,
    });
    assert_eq!((summary.errors, summary.skipped, summary.denied), (1, 1, 1));
}

proptest! {
    /// Lines of any kind, and findings on them, can be rendered in every format.
    #[test]
    fn any_values_can_be_shown(
        key in "[a-zA-Z_\u{fc}\u{6f22}\u{1f600}]{1,8}",
        value in "(\\PC|[\t\u{1b}\u{200b}\u{feff}'\"#:&*!|>{}\\[\\],%-]){0,40}",
        style in 0_usize..6,
        crlf: bool,
    ) {
        let quoted = serde_json::to_string(&value).expect("a string is JSON");
        let values = match style {
            0 => format!("    image: {{repository: a, tag: latest, {key}: {quoted}}}\n"),
            1 => format!("    image: {{repository: {quoted}, tag: latest}}\n"),
            2 => format!("    {key}: {{image: {value}}}\n"),
            3 => format!("    {key}: |\n      {value}\n    image: {{repository: a, tag: {quoted}}}\n"),
            4 => format!("    password: {quoted} # {value}\n"),
            _ => format!("    {key}: &x {quoted}\n    password: *x\n    db: {{<<: {{password: *x}}}}\n"),
        };
        let text = release(&values);
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let report = checked(&text);
        for found in &report.findings {
            let excerpt = found.excerpt.as_ref().expect("it is in the text");
            prop_assert!(excerpt.line.get(excerpt.underline.clone()).is_some());
            prop_assert!(!excerpt.line.contains('\n'));
        }
        for text in everything(report) {
            prop_assert!(!text.is_empty());
        }
    }

    #[test]
    fn any_text_can_be_checked(text in "(\\PC|[\n\t:&*!|>{}\\[\\],'\"#%-]| |---\n|a: |kind: List\nitems: ){0,80}") {
        let _ = everything(checked(&text));
    }
}

mod allowances {
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
                    message
                        .ends_with("the comment `lockkeeper.dev/allow-literal` allows it: a lab")
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
        let values =
            format!("    password: {secret} # lockkeeper.dev/allow-literal: still {secret}\n");
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
}
