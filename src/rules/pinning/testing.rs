//! What the family's tests share: a rule's findings on one object, as short lines.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::facts::{Facts, NoFacts};
use crate::judge::judge;
use crate::model::{Case, Certainty, Form, Subject};
use crate::policy::Policy;

/// The findings of `rule` alone: action or `unverified`, and the pointer.
pub(super) fn found(
    rule: &str,
    params: &Value,
    object: &Value,
    form: Form,
    facts: &dyn Facts,
) -> Vec<String> {
    let mut policy = Policy::from_document(&json!({"rules": {rule: params}}))
        .expect("the parameters are the rule's");
    policy.keep_rules(|name| name == rule);
    let subject = Subject::new(object).expect("an object that is judged");
    let mut case = Case::of_file(subject, Timestamp::UNIX_EPOCH);
    case.request.form = form;
    let verdict = judge(&case, &policy, facts);
    verdict
        .findings
        .iter()
        .map(|ruled| {
            let message = &ruled.finding.message;
            assert!(!message.is_empty() && !ruled.finding.help.is_empty());
            // The judge catches a rule's panic and says so.
            assert!(!message.contains("failed on this object"), "{object}");
            let word = match ruled.finding.certainty {
                Certainty::Unverified => "unverified",
                Certainty::Definite => ruled.action.as_str(),
            };
            format!("{word} {}", ruled.finding.pointer)
        })
        .collect()
}

/// The findings of `unpinned-image` with those parameters.
pub(super) fn images_as(params: &Value, object: &Value, form: Form) -> Vec<String> {
    found("unpinned-image", params, object, form, &NoFacts)
}

/// The findings of `unpinned-image` as the built-in policy has it.
pub(super) fn images(object: &Value) -> Vec<String> {
    images_as(&json!({}), object, Form::Applied)
}

/// A release whose chart is the OCIRepository `chart`, with more of its spec.
pub(super) fn image_release(chart: &str, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "games"},
        "spec": {"chartRef": {"kind": "OCIRepository", "name": chart}}
    });
    for (key, value) in spec.as_object().expect("a map") {
        object["spec"][key] = value.clone();
    }
    object
}

/// A release of a chart that is not app-template.
pub(super) fn other_chart(values: &Value) -> Value {
    image_release("other", &json!({"values": values}))
}

/// A digest of the right length.
pub(super) fn digest() -> String {
    format!("sha256:{}", "a1".repeat(32))
}

/// The lines without their pointers.
pub(super) fn words(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line.split(' ').next().unwrap_or(""))
        .collect()
}
