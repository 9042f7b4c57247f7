//! The same object has the same findings at admission and as a file.

use std::path::Path;

use jiff::Timestamp;
use lockkeeper::admission::Review;
use lockkeeper::facts::NoFacts;
use lockkeeper::judge::{Ruled, Verdict, judge};
use lockkeeper::model::{Action, Case, Form, Subject};
use lockkeeper::policy::Policy;
use lockkeeper::yaml;
use serde_json::{Value, json};

/// All that a reader of the verdict sees.
fn told(verdict: &Verdict) -> Vec<String> {
    verdict
        .findings
        .iter()
        .map(|ruled| {
            let finding = &ruled.finding;
            format!(
                "{} {} {:?} {} {} {:?}",
                ruled.action.as_str(),
                finding.rule,
                finding.certainty,
                finding.pointer,
                finding.message,
                ruled.note
            )
        })
        .collect()
}

fn as_file(object: &Value, policy: &Policy, form: Form) -> Verdict {
    let subject = Subject::new(object).expect("a kind that is judged");
    let mut case = Case::of_file(subject, Timestamp::UNIX_EPOCH);
    case.request.form = form;
    judge(&case, policy, &NoFacts)
}

/// The denials of a file as it stands in Git, whose placeholders nobody has filled.
fn denied_in_git(object: &Value, policy: &Policy) -> Vec<String> {
    let mut verdict = as_file(object, policy, Form::Source);
    verdict
        .findings
        .retain(|ruled| ruled.action == Action::Deny);
    told(&verdict)
}

fn at_admission(object: &Value, policy: &Policy) -> Verdict {
    let api_version = object["apiVersion"].as_str().expect("text");
    let (group, version) = api_version.split_once('/').expect("a group");
    let body = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "object": object,
        "kind": {"group": group, "version": version, "kind": object["kind"]}}})
    .to_string();
    let review = Review::read(body.as_bytes()).expect("a review");
    let answer = review
        .validate(policy, &NoFacts, Timestamp::UNIX_EPOCH)
        .expect("an answer");
    answer.verdict
}

/// The objects of the written and of the recorded reviews.
fn objects() -> Vec<Value> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut objects = Vec::new();
    let entries = ["reviews", "recorded-reviews"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(fixtures.join(folder)).expect("the folder"));
    for entry in entries {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(path).expect("text");
        let mut review: Value = serde_json::from_str(&text).expect("JSON");
        let object = review["request"]["object"].take();
        if Subject::new(&object).is_some() {
            objects.push(object);
        }
    }
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/rules");
    for rule in std::fs::read_dir(rules).expect("the folder of rules") {
        let folder = rule.expect("an entry").path();
        for entry in std::fs::read_dir(folder).expect("a rule's folder") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("text");
            let documents = yaml::load(&text).into_iter().filter_map(Result::ok);
            objects.extend(
                documents
                    .map(|document| document.value)
                    .filter(|object| Subject::new(object).is_some()),
            );
        }
    }
    for reference in [
        json!({"tag": "latest"}),
        json!({"semver": "1.x"}),
        json!({}),
    ] {
        objects.push(
            json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
            "metadata": {"name": "romm", "namespace": "games"}, "spec": {"ref": reference}}),
        );
    }
    objects
}

/// Policies with everything that decides by the object: labels, expressions, exemptions, rules of their own.
fn policies() -> Policy {
    let policy = |name: &str, spec: Value| json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "ReleasePolicy", "metadata": {"name": name}, "spec": spec});
    let documents = [
        policy(
            "relaxed",
            json!({
                "match": {"matchConditions": [{"name": "games", "expression": "object.metadata.namespace == 'games'"}]},
                "replacesDefault": true,
                "rules": {"unpinned-chart": {"action": "warn"}, "undeclared-storage": {"action": "off"}},
                "allowExemptions": [{"rules": ["unpinned-image"]}],
            }),
        ),
        policy(
            "own",
            json!({"customRules": [
                {"name": "no-latest", "expression": "images.all(i, i.tag != 'latest')", "message": "name a version"},
                {"name": "few-claims", "kinds": ["HelmRelease", "OCIRepository"],
                    "expression": "size(claims) < 2 && has(object.spec.interval)", "message": "too many claims"}]}),
        ),
        policy(
            "unknown",
            json!({"match": {"namespaceSelector": {"matchLabels": {"a": "b"}}}, "rules": {"missing-tmpfs": {"action": "deny"}}}),
        ),
        json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": "all", "namespace": "games"},
            "spec": {"rules": ["unpinned-image"], "releases": ["*"], "reason": "a test", "expiresAt": "2999-01-01"}}),
    ];
    Policy::from_documents(&documents).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_file_and_a_review_of_the_same_object_have_the_same_findings() {
    alike(&Policy::builtin());
}

#[test]
fn they_have_the_same_findings_by_policies_too() {
    let policy = policies();
    alike(&policy);
    let rules: Vec<String> = objects()
        .iter()
        .flat_map(|object| at_admission(object, &policy).findings)
        .map(|ruled| ruled.finding.rule.into_owned())
        .collect();
    for rule in ["custom/no-latest", "custom/few-claims", "policy-match"] {
        assert!(
            rules.iter().any(|other| other == rule),
            "{rule} found nothing"
        );
    }
}

fn alike(policy: &Policy) {
    let objects = objects();
    assert!(objects.len() > 100, "reviews and fixtures are read");
    let mut kustomizations = 0;
    for object in objects {
        let mut at_admission = at_admission(&object, policy);
        let applied = as_file(&object, policy, Form::Applied);
        assert_eq!(told(&applied), told(&at_admission));
        // Only what is not there yet may differ in Git, and that is never denied.
        at_admission
            .findings
            .retain(|ruled| ruled.action == Action::Deny);
        let missing_chart =
            object["spec"].get("chart").is_none() && object["spec"].get("chartRef").is_none();
        if object["kind"] == "Kustomization" {
            // Denied in Git, where that holds up nobody; else a warning.
            assert_eq!(told(&at_admission), Vec::<String>::new());
            let denied = denied_in_git(&object, policy).len();
            let doubts = |ruled: &&Ruled| ruled.finding.rule == "policy-match";
            let doubts = applied.findings.iter().filter(doubts).count();
            assert_eq!(applied.findings.len() - doubts, denied);
            kustomizations += usize::from(denied > 0);
        } else if !missing_chart {
            assert_eq!(denied_in_git(&object, policy), told(&at_admission));
        }
    }
    assert!(kustomizations > 1, "bad Kustomizations are among them");
}
