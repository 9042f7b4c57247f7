//! Any text, under a key that holds secrets and under one that says nothing, to the value scanners.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::model::Subject;
use lockkeeper::secrets::{looks_like_secret, scan_subject};
use serde_json::json;

fuzz_target!(|text: &str| {
    let root = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "annotations": {"note": text}},
        "spec": {"values": {"config": text, "password": text, "token": text, "args": ["-p", text, text],
            "extra": [{"kind": "Secret", "data": {"x": text}}]}}});
    let Some(subject) = Subject::new(&root) else {
        return;
    };
    scan_subject(&subject, |hit| {
        assert!(!hit.found.is_empty());
        let value = subject.tree.value(hit.node).as_str().unwrap_or("");
        for found in &hit.found {
            // Places are places of the text, and fall between its characters.
            for range in [&found.literal, &found.key].into_iter().flatten() {
                assert!(value.get(range.clone()).is_some());
            }
        }
    });
    let _ = looks_like_secret(text);
});
