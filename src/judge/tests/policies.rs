//! Rules that policies bring, their exemptions, and doubts about policies, as verdicts.

use super::*;
use crate::expression::Deadline;
use crate::judge::judge_until;
use crate::policy::By;

fn policy(documents: &[Value]) -> Policy {
    Policy::from_documents(documents).unwrap_or_else(|error| panic!("{error}"))
}

/// A policy with one rule: every controller has more than one replica.
fn replicas(more: &Value) -> Value {
    let mut spec = json!({"customRules": [{"name": "two-replicas",
        "expression": "object.spec.values.replicas > 1", "message": "ask for two replicas"}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    spec
}

fn of(replicas: &Value) -> Value {
    release(
        &json!({"chartRef": {"kind": "OCIRepository", "name": "app"}, "values": {"replicas": replicas}}),
    )
}

fn ours(verdict: &Verdict) -> Vec<(&str, Action)> {
    let findings = verdict.findings.iter();
    let told = findings.map(|ruled| (&*ruled.finding.rule, ruled.action));
    told.filter(|(rule, _)| *rule != "unpinned-chart").collect()
}

fn create(root: &Value) -> Case<'_> {
    let subject = Subject::new(root).expect("a kind that is judged");
    let mut case = Case::of_file(subject, Timestamp::UNIX_EPOCH);
    case.request.form = Form::Applied;
    case
}

#[test]
fn a_rule_of_ones_own_denies_where_its_expression_is_false() {
    let policy = policy(&[replicas(&json!({}))]);
    let judged = |root: &Value| judge(&create(root), &policy, &NoFacts);
    assert!(ours(&judged(&of(&json!(2)))).is_empty());
    let denied = judged(&of(&json!(1)));
    assert_eq!(ours(&denied), [("custom/two-replicas", Action::Deny)]);
    let finding = &denied.findings.last().expect("a finding").finding;
    assert_eq!(finding.message, "ask for two replicas");
    // Another kind is not its business.
    let source = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
        "metadata": {"name": "app", "namespace": "games"}, "spec": {"ref": {"tag": "1.2.3"}}});
    assert!(ours(&judged(&source)).is_empty());
}

#[test]
fn an_expression_without_an_answer_is_neither_a_pass_nor_a_denial() {
    let without = policy(&[replicas(&json!({}))]);
    let harder = policy(&[replicas(&json!({"onUnseen": "deny"}))]);
    let root = release(&json!({"values": {}}));
    let rule = "custom/two-replicas";
    let verdict = judge(&create(&root), &without, &NoFacts);
    assert_eq!(ours(&verdict), [(rule, Action::Warn)]);
    let verdict = judge(&create(&root), &harder, &NoFacts);
    assert_eq!(ours(&verdict), [(rule, Action::Deny)]);
    // One that asks for too long is told the same way.
    let deadline = Deadline::default();
    deadline.pass();
    let root = of(&json!(1));
    let verdict = judge_until(&create(&root), &without, &NoFacts, &deadline);
    assert_eq!(ours(&verdict), [(rule, Action::Warn)]);
    assert_eq!(
        verdict.findings.last().and_then(|ruled| ruled.note.clone()),
        Some(Note::Unverified)
    );
}

#[test]
fn no_message_tells_a_key_that_is_a_secret() {
    let secret = ["Otter", "Lantern", "83", "Quarry"].join("-");
    let policy = policy(&[json!({"customRules": [{"name": "a",
        "expression": "object.spec.values[object.spec.values.key] == 1", "message": "no"}]})]);
    let root = release(&json!({"values": {"key": secret}}));
    let verdict = judge(&create(&root), &policy, &NoFacts);
    assert_eq!(ours(&verdict), [("custom/a", Action::Warn)]);
    for ruled in &verdict.findings {
        assert!(
            !format!("{ruled:?}").contains(&secret),
            "a message tells a secret"
        );
    }
}

#[test]
fn the_ratchet_holds_for_rules_of_ones_own() {
    let policy = policy(&[replicas(&json!({}))]);
    let (good, bad) = (of(&json!(2)), of(&json!(1)));
    let rule = "custom/two-replicas";
    let judged = |new: &Value, old: &Value| {
        ours(&judge(&update(new, old), &policy, &NoFacts))
            .into_iter()
            .map(|(rule, action)| (rule.to_owned(), action))
            .collect::<Vec<_>>()
    };
    assert_eq!(judged(&bad, &bad), [(rule.to_owned(), Action::Warn)]);
    assert_eq!(judged(&bad, &good), [(rule.to_owned(), Action::Deny)]);
    assert!(judged(&good, &bad).is_empty());
}

#[test]
fn a_match_condition_decides_and_where_it_cannot_it_says_so() {
    let strict = |expression: &str| {
        policy(&[
            json!({"match": {"matchConditions": [{"name": "c", "expression": expression}]},
            "rules": {"missing-tmpfs": {"action": "deny"}},
            "customRules": [{"name": "never", "expression": "false", "message": "no"}]}),
        ])
    };
    let root = of(&json!(2));
    let verdict = judge(
        &create(&root),
        &strict("object.metadata.namespace == 'games'"),
        &NoFacts,
    );
    assert_eq!(ours(&verdict), [("custom/never", Action::Deny)]);
    let verdict = judge(
        &create(&root),
        &strict("object.metadata.namespace == 'media'"),
        &NoFacts,
    );
    assert!(ours(&verdict).is_empty());
    let verdict = judge(
        &create(&root),
        &strict("object.spec.no.such == 1"),
        &NoFacts,
    );
    assert_eq!(
        ours(&verdict),
        [
            ("custom/never", Action::Warn),
            ("policy-match", Action::Warn)
        ]
    );
}

#[test]
fn an_exempted_finding_says_by_whom_and_one_that_is_not_opened_says_that() {
    let line = "custom/two-replicas until 2999-01-01: one is enough";
    let mut root = of(&json!(1));
    root["metadata"]["annotations"] = json!({"lockkeeper.dev/exempt": line});
    let judged = |opens: &Value| {
        let policy = policy(&[replicas(opens)]);
        judge(&create(&root), &policy, &NoFacts)
    };
    let opened =
        judged(&json!({"allowExemptions": [{"rules": ["custom/*"], "by": ["Annotation"]}]}));
    assert_eq!(ours(&opened), [("custom/two-replicas", Action::Audit)]);
    let closed = judged(&json!({}));
    assert_eq!(ours(&closed), [("custom/two-replicas", Action::Deny)]);
    let note = closed.findings.last().and_then(|ruled| ruled.note.clone());
    assert_eq!(note, Some(Note::ExemptionNotOpened { by: By::Annotation }));
    // A line that cannot be read is told where something was found.
    root["metadata"]["annotations"] =
        json!({"lockkeeper.dev/exempt": "custom/two-replicas: for ever"});
    let policy = policy(&[replicas(&json!({}))]);
    let verdict = judge(&create(&root), &policy, &NoFacts);
    assert_eq!(
        ours(&verdict),
        [
            ("custom/two-replicas", Action::Deny),
            ("exemption", Action::Warn)
        ]
    );
}

#[test]
fn a_reason_that_repeats_a_secret_is_masked() {
    let secret = ["Otter", "Lantern", "83", "Quarry"].join("-");
    let opening = json!({"allowExemptions": [{"rules": ["literal-secret"], "by": ["Annotation"]}]});
    let mut root = release(&json!({"values": {"env": {"DB_PASSWORD": secret}}}));
    root["metadata"]["annotations"] = json!({"lockkeeper.dev/exempt":
        format!("literal-secret until 2999-01-01: it is {secret}, as ever")});
    let verdict = judge(&create(&root), &policy(&[opening]), &NoFacts);
    let notes: Vec<_> = verdict
        .findings
        .iter()
        .filter_map(|ruled| ruled.note.as_ref())
        .collect();
    assert!(
        notes.iter().any(|note| matches!(note, Note::Exempt { .. })),
        "{}",
        notes.len()
    );
    for note in notes {
        assert!(!note.to_string().contains(&secret), "a note tells a secret");
    }
}
