//! The judge's own behaviour, shown with rules made for it.

mod policies;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::facts::NoFacts;
use crate::judge::testing::{Panics, meta, setting};
use crate::model::{Form, Operation, Request, Subject};
use crate::policy::Policy;
use crate::rules::{Meta, NoParams, Rule};

/// Finds every scalar `bad` below `spec`; with `facts: true` beside it, it rests on facts.
struct FindsBad;

impl Rule for FindsBad {
    type Params = NoParams;
    const META: Meta = meta("finds-bad");
    const DOC: &'static str = "";

    fn check(&self, case: &Case<'_>, _: &NoParams, _: &dyn Facts, out: &mut Findings) {
        let tree = &case.subject.tree;
        let on_facts = case.subject.root["facts"] == json!(true);
        if let Some(spec) = case.subject.spec() {
            for id in tree.subtree(spec) {
                if tree.value(id) == "bad" {
                    let finding = out.at(tree, id, "this is bad");
                    if on_facts {
                        finding.on_facts();
                    }
                }
            }
        }
    }
}

struct Unsure;

impl Rule for Unsure {
    type Params = NoParams;
    const META: Meta = meta("unsure");
    const DOC: &'static str = "";

    fn check(&self, _: &Case<'_>, _: &NoParams, _: &dyn Facts, out: &mut Findings) {
        out.at_pointer(Pointer::root(), "nobody knows").unverified();
    }
}

/// Conceals `/spec/secret` and quotes it in another finding, as no rule should.
struct Careless;

impl Rule for Careless {
    type Params = NoParams;
    const META: Meta = meta("careless");
    const DOC: &'static str = "";

    fn check(&self, case: &Case<'_>, _: &NoParams, _: &dyn Facts, out: &mut Findings) {
        let secret = case.subject.root["spec"]["secret"].as_str().unwrap_or("");
        let place = Pointer::root().join("spec").join("secret");
        out.at_pointer(place, "a literal").conceal();
        out.at_pointer(Pointer::root(), format!("quotes {secret}"))
            .help(format!("replace {secret}"));
    }
}

fn release(spec: &Value) -> Value {
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
           "metadata": {"name": "romm", "namespace": "games"}, "spec": spec})
}

fn policy_of(settings: Vec<Setting>) -> Policy {
    policy_saying(&json!({}), settings)
}

/// A policy that says so beside a built-in one of these rules alone.
fn policy_saying(document: &Value, settings: Vec<Setting>) -> Policy {
    Policy::from_document(document)
        .unwrap_or_else(|error| panic!("{error}"))
        .with_builtin(settings)
}

fn update<'a>(new: &'a Value, old: &'a Value) -> Case<'a> {
    Case {
        subject: Subject::new(new).expect("a HelmRelease"),
        before: Some(old),
        request: Request {
            operation: Operation::Update,
            user: None,
            dry_run: false,
            form: Form::Applied,
        },
        now: Timestamp::UNIX_EPOCH,
        comments: None,
    }
}

fn actions(verdict: &Verdict) -> Vec<Action> {
    verdict.findings.iter().map(|ruled| ruled.action).collect()
}

#[test]
fn a_rule_that_panics_is_a_denial_that_names_it() {
    let root = release(&json!({}));
    let case = Case::of_file(
        Subject::new(&root).expect("a HelmRelease"),
        Timestamp::UNIX_EPOCH,
    );
    let policy = policy_of(vec![setting(&Panics), setting(&FindsBad)]);
    let verdict = judge(&case, &policy, &NoFacts);
    assert!(!verdict.is_allowed());
    assert_eq!(verdict.findings[0].finding.rule, "panics");
    assert!(verdict.findings[0].finding.message.contains("`panics`"));
}

#[test]
fn what_cannot_be_verified_is_a_warning_unless_the_policy_says_otherwise() {
    let root = release(&json!({}));
    let case = Case::of_file(
        Subject::new(&root).expect("a HelmRelease"),
        Timestamp::UNIX_EPOCH,
    );
    let policy = policy_of(vec![setting(&Unsure)]);
    assert_eq!(actions(&judge(&case, &policy, &NoFacts)), [Action::Warn]);
    let policy = policy_saying(&json!({"onUnseen": "deny"}), vec![setting(&Unsure)]);
    assert_eq!(actions(&judge(&case, &policy, &NoFacts)), [Action::Deny]);
}

#[test]
fn a_finding_on_facts_is_not_denied_in_a_dry_run() {
    let mut root = release(&json!({"values": {"a": "bad"}}));
    let policy = policy_of(vec![setting(&FindsBad)]);
    for (facts, dry_run, expected) in [
        (true, true, Action::Warn),
        (true, false, Action::Deny),
        (false, true, Action::Deny),
    ] {
        root["facts"] = json!(facts);
        let mut case = Case::of_file(
            Subject::new(&root).expect("a HelmRelease"),
            Timestamp::UNIX_EPOCH,
        );
        case.request.dry_run = dry_run;
        let verdict = judge(&case, &policy, &NoFacts);
        assert_eq!(
            actions(&verdict),
            [expected],
            "facts {facts}, dry-run {dry_run}"
        );
    }
}

#[test]
fn the_ratchet_lets_old_violations_pass_and_stops_new_ones() {
    let policy = policy_of(vec![setting(&FindsBad)]);
    let list = |names: &[&str]| {
        let items: Vec<_> = names
            .iter()
            .map(|name| json!({"name": name, "v": "bad"}))
            .collect();
        release(&json!({"values": {"list": items}}))
    };
    let judged = |new: &Value, old: &Value| actions(&judge(&update(new, old), &policy, &NoFacts));
    let old = list(&["a", "b"]);
    assert_eq!(
        judged(&old, &old),
        [Action::Warn, Action::Warn],
        "nothing changed"
    );
    assert_eq!(
        judged(&list(&["b"]), &old),
        [Action::Warn],
        "item 0 deleted"
    );
    assert_eq!(
        judged(&list(&["b", "a"]), &old),
        [Action::Warn, Action::Warn],
        "order changed"
    );
    assert_eq!(
        judged(&list(&["a", "b", "b"]), &old),
        [Action::Warn, Action::Warn, Action::Deny],
        "a count rose"
    );
    assert_eq!(
        judged(&list(&["c"]), &old),
        [Action::Deny],
        "moved to another name"
    );
    let moved = release(&json!({"values": {"x": "bad"}}));
    let before = release(&json!({"values": {"y": "bad"}}));
    assert_eq!(
        judged(&moved, &before),
        [Action::Deny],
        "moved to another key"
    );
}

#[test]
fn the_ratchet_can_be_switched_off() {
    let policy = policy_saying(&json!({"ratchet": false}), vec![setting(&FindsBad)]);
    let root = release(&json!({"values": {"a": "bad"}}));
    assert_eq!(
        actions(&judge(&update(&root, &root), &policy, &NoFacts)),
        [Action::Deny]
    );
}

#[test]
fn a_concealed_value_is_masked_wherever_a_rule_quotes_it() {
    let root = release(&json!({"secret": "correct-horse-battery"}));
    let case = Case::of_file(
        Subject::new(&root).expect("a HelmRelease"),
        Timestamp::UNIX_EPOCH,
    );
    let policy = policy_of(vec![setting(&Careless)]);
    let verdict = judge(&case, &policy, &NoFacts);
    assert_eq!(
        verdict.findings[1].finding.message,
        format!("quotes {MASK}")
    );
    assert_eq!(verdict.findings[1].finding.help, format!("replace {MASK}"));
}

#[test]
fn what_a_rule_quotes_of_a_concealed_value_is_masked_too() {
    let secret = ["Zq8", "vR2", "mLx", "9Tw", "4Kd"].concat();
    for (values, what) in [
        (
            json!({"controllers": {"app": {"containers": {"app": {
                "image": format!("https://bob:{secret}@example.org/a/b:latest")}}}}}),
            "a part of the value",
        ),
        (
            json!({"image": {"repository": "a/b", "tag": format!("latest\npassword: {secret}\n")}}),
            "the value without its line breaks",
        ),
        (
            json!({"controllers": {"app": {}}, "persistence": {"config": {
                "existingClaim": format!("{{{{ .Release.Name }}}}-password={secret}")}}}),
            "the value as Helm renders it",
        ),
    ] {
        let root = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "romm", "namespace": "games"},
            "spec": {"values": values}
        });
        let case = Case::of_file(
            Subject::new(&root).expect("a HelmRelease"),
            Timestamp::UNIX_EPOCH,
        );
        let policy = Policy::builtin();
        let verdict = judge(&case, &policy, &NoFacts);
        assert!(verdict.findings.len() > 1, "{what}");
        for ruled in &verdict.findings {
            assert!(!ruled.finding.message.contains(&secret), "{what}");
            assert!(!ruled.finding.help.contains(&secret), "{what}");
        }
    }
}

fn policy_with_exemption(expires: &str) -> Policy {
    Policy::from_document(&json!({"exemptions": [{
        "rules": ["unpinned-chart"], "namespaces": ["games"], "releases": ["ro*"],
        "reason": "waits for upstream", "expiresAt": expires
    }]}))
    .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_exemption_makes_an_audit_until_it_expires_and_then_no_ratchet() {
    let root = release(&json!({"chart": {"spec": {"chart": "c", "version": "1.x",
        "sourceRef": {"kind": "HelmRepository", "name": "r"}}}}));
    let valid = policy_with_exemption("2999-01-01");
    let case = update(&root, &root);
    let verdict = judge(&case, &valid, &NoFacts);
    assert_eq!(actions(&verdict), [Action::Audit]);
    assert!(
        matches!(&verdict.findings[0].note, Some(Note::Exempt { reason, .. }) if &**reason == "waits for upstream")
    );

    let ended = policy_with_exemption("1969-01-01");
    let verdict = judge(&case, &ended, &NoFacts);
    assert_eq!(
        actions(&verdict),
        [Action::Deny],
        "what an expired exemption covered is not ratcheted"
    );
}
