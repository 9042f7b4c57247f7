//! What may be shown of a file, and where findings are told to be.

mod allowances;

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
fn a_key_that_is_a_token_is_found_and_not_shown() {
    let token = ["gh", "p_", "aZ4kQ9wLx2Rv7TnB", "5mYc8HdJ3sKfP6gE1uWo"].concat();
    for values in [
        format!("    tokens:\n      {token}: alice\n"),
        format!("    tokens: {{{token}: {{user: alice}}}}\n"),
        format!(
            "    hosts:\n      https://alice:{}@romm.example.org: 1\n",
            secret()
        ),
    ] {
        let report = checked(&release(&values));
        let found = report
            .findings
            .iter()
            .find(|found| found.rule == "literal-secret");
        assert!(found.is_some_and(|found| found.message.starts_with("the key itself is a ")));
        for text in everything(report) {
            assert!(
                !text.contains(&token) && !text.contains(&secret()),
                "a secret is shown"
            );
        }
    }
    let names =
        "    kustomize.toolkit.fluxcd.io/v1beta2-name: a\n    x86_64-unknown-linux-gnu-2024: b\n";
    let report = checked(&release(names));
    assert!(
        report
            .findings
            .iter()
            .all(|found| found.rule != "literal-secret")
    );
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
fn a_key_in_bytes_is_masked_and_what_follows_is_not() {
    let bytes: Vec<String> = (0..16).map(|byte| (byte * 7 + 101).to_string()).collect();
    let block = format!("    network_key:\n      - {}\n", bytes.join("\n      - "));
    let flow = format!("    a: {{network_key: [{}], x: y}}\n", bytes.join(","));
    let report = checked(&release(&(block + &flow)));
    let lines: Vec<_> = report
        .findings
        .iter()
        .filter(|found| found.rule == "literal-secret")
        .map(|found| found.excerpt.as_ref().expect("in the text").line.clone())
        .collect();
    assert_eq!(
        lines,
        ["    network_key:", "    a: {network_key: ********, x: y}"]
    );
    for text in everything(report) {
        assert!(!text.contains(&bytes[14..].join(",")), "bytes are shown");
    }
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
