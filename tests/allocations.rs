//! A clean release costs no allocation between the walk and the verdict.

use jiff::Timestamp;
use lockkeeper::facts::NoFacts;
use lockkeeper::judge::judge;
use lockkeeper::model::{Case, Form, Operation, Request, Subject};
use lockkeeper::policy::Policy;
use serde_json::Value;

#[test]
fn a_clean_release_is_judged_without_allocating() {
    let text = include_str!("fixtures/reviews/create-clean.json");
    let review: Value = serde_json::from_str(text).expect("JSON");
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
    let clean = judge(&case, &policy.effective(&case.subject), &NoFacts);
    assert!(clean.findings.is_empty(), "the release is clean: {clean:?}");
    let mut findings = 0;
    let counted = allocation_counter::measure(|| {
        let effective = policy.effective(&case.subject);
        findings = judge(&case, &effective, &NoFacts).findings.len();
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
