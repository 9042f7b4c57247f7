//! Any JSON as a whole release, to all rules: no panic, and no message that holds what it conceals.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use lockkeeper::facts::NoFacts;
use lockkeeper::judge::judge;
use lockkeeper::model::{Case, Subject};
use lockkeeper::policy::Policy;
use serde_json::{Value, json};

fuzz_target!(|bytes: &[u8]| {
    let Ok(spec) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let root = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "games"}, "spec": spec});
    let Some(subject) = Subject::new(&root) else {
        return;
    };
    let case = Case::of_file(subject, Timestamp::UNIX_EPOCH);
    let policy = Policy::builtin();
    let verdict = judge(&case, &policy.effective(&case.subject), &NoFacts);
    for ruled in &verdict.findings {
        let finding = &ruled.finding;
        let value = finding.pointer.resolve(&root).and_then(Value::as_str);
        // Short values are words that messages use anyway.
        if let Some(value) = value.filter(|value| finding.conceals && value.len() >= 16) {
            assert!(!finding.message.contains(value));
        }
    }
});
