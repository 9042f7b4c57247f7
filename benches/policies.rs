//! What 100 policies with 10 exemptions each add to a judgement, and what it takes to compile them.
//! `cargo bench --bench policies`; what to reach is in docs/performance.md.

use divan::Bencher;
use jiff::Timestamp;
use lockkeeper::facts::NoFacts;
use lockkeeper::judge::judge;
use lockkeeper::model::{Case, Form, Subject};
use lockkeeper::policy::Policy;
use serde_json::{Value, json};

const POLICIES: usize = 100;
const EXEMPTIONS: usize = 10;

fn main() {
    divan::main();
}

/// Policies as a large cluster may have them: by name, by glob, by label, and for everything.
fn documents(with_expressions: bool) -> Vec<Value> {
    (0..POLICIES)
        .map(|number| {
            let mut matches = match number % 4 {
                0 => json!({"namespaces": [format!("team-{number}"), "games"]}),
                1 => json!({"namespaces": [format!("team-{number}-*"), "game?"], "releases": ["ro*"]}),
                2 => json!({"releaseSelector": {"matchLabels": {"team": format!("t{number}")}}}),
                _ => json!({}),
            };
            let mut spec = json!({
                "rules": {"unpinned-image": {"require": "tag"}, "missing-tmpfs": {"action": "audit"}},
                "exemptions": (0..EXEMPTIONS).map(|other| json!({
                    "rules": ["unpinned-image"], "releases": [format!("other-{number}-{other}*")],
                    "reason": "upstream has no versions", "expiresAt": "2999-01-01",
                })).collect::<Vec<_>>(),
            });
            if with_expressions {
                matches = json!({"matchConditions": [{"name": "in-use",
                    "expression": "object.metadata.namespace != 'kube-system' && has(object.spec.chartRef)"}]});
                spec["customRules"] = json!([{"name": format!("rule-{number}"),
                    "expression": format!("images.all(i, i.repository != 'example.com/{number}')"),
                    "message": "this image is not ours"}]);
            }
            spec["match"] = matches;
            json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "ReleasePolicy",
                "metadata": {"name": format!("policy-{number}")}, "spec": spec})
        })
        .collect()
}

fn policy(documents: &[Value]) -> Policy {
    Policy::from_documents(documents).unwrap_or_else(|error| panic!("{error}"))
}

/// A release of about 6 KiB: clean, or with one image that is not pinned.
fn release(is_clean: bool) -> Value {
    let text = include_str!("../tests/fixtures/reviews/create-clean.json");
    let review: Value = serde_json::from_str(text).expect("JSON");
    let mut object = review["request"]["object"].clone();
    let app = object["spec"]["values"]["controllers"]["romm"].clone();
    for name in ["worker", "scheduler", "sync"] {
        object["spec"]["values"]["controllers"][name] = app.clone();
    }
    if !is_clean {
        object["spec"]["values"]["other"] =
            json!({"image": {"repository": "example.com/app", "tag": "latest"}});
    }
    object
}

fn judged(bencher: Bencher<'_, '_>, policy: &Policy, object: &Value) {
    bencher.bench_local(|| {
        let subject = Subject::new(object).expect("a HelmRelease");
        let mut case = Case::of_file(subject, Timestamp::UNIX_EPOCH);
        case.request.form = Form::Applied;
        judge(&case, policy, &NoFacts)
    });
}

#[divan::bench(args = [true, false])]
fn a_built_in(bencher: Bencher<'_, '_>, is_clean: bool) {
    judged(bencher, &Policy::builtin(), &release(is_clean));
}

#[divan::bench(args = [true, false])]
fn b_hundred(bencher: Bencher<'_, '_>, is_clean: bool) {
    judged(bencher, &policy(&documents(false)), &release(is_clean));
}

#[divan::bench(args = [true, false])]
fn c_hundred_with_expressions(bencher: Bencher<'_, '_>, is_clean: bool) {
    judged(bencher, &policy(&documents(true)), &release(is_clean));
}

#[divan::bench(args = [false, true])]
fn d_compile(bencher: Bencher<'_, '_>, with_expressions: bool) {
    let documents = documents(with_expressions);
    bencher.bench_local(|| policy(&documents));
}
