//! A clean release costs no allocation between the walk and the verdict.

use jiff::Timestamp;
use lockkeeper::facts::{Answer, Facts, Key, NoFacts, SecretSource};
use lockkeeper::judge::judge;
use lockkeeper::model::{Case, Form, Operation, Request, Subject};
use lockkeeper::policy::Policy;
use serde_json::Value;

/// A cluster in which the release's Secret is there.
struct Cluster;

impl Facts for Cluster {
    fn secret(&self, key: Key<'_>) -> Answer<SecretSource> {
        match (key.namespace, key.name) {
            ("games", "romm-secret") => Answer::Known(SecretSource::Exists),
            _ => Answer::Absent,
        }
    }
}

fn clean_review() -> Value {
    let text = include_str!("fixtures/reviews/create-clean.json");
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_clean_release_is_judged_without_allocating() {
    assert_costs_nothing(&clean_review(), &Cluster);
}

#[test]
fn a_release_that_reads_no_secret_is_judged_without_allocating_and_without_a_cluster() {
    let mut review = clean_review();
    let values = &mut review["request"]["object"]["spec"]["values"];
    let app = &mut values["controllers"]["romm"]["containers"]["app"];
    let removed = app.as_object_mut().and_then(|app| app.remove("envFrom"));
    assert!(removed.is_some());
    assert_costs_nothing(&review, &NoFacts);
}

fn assert_costs_nothing(review: &Value, facts: &dyn Facts) {
    let policy = Policy::builtin();
    let subject = Subject::new(&review["request"]["object"]).expect("a HelmRelease");
    let case = Case {
        subject,
        before: None,
        request: Request {
            operation: Operation::Create,
            user: Some("system:serviceaccount:flux-system:kustomize-controller"),
            dry_run: false,
            form: Form::Applied,
        },
        now: Timestamp::UNIX_EPOCH,
        comments: None,
    };
    // What is made once a process, such as compiled patterns, is made here.
    let clean = judge(&case, &policy, facts);
    assert!(clean.findings.is_empty(), "the release is clean: {clean:?}");
    let mut findings = 0;
    let counted = allocation_counter::measure(|| {
        findings = judge(&case, &policy, facts).findings.len();
    });
    assert_eq!(findings, 0);
    assert_eq!(
        counted.count_total, 0,
        "{} bytes were allocated",
        counted.bytes_total
    );
}

#[test]
fn the_counter_counts() {
    // Else the test above could not fail.
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!(counted.count_total, 1);
}
