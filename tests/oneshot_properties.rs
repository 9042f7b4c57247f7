//! Whatever comes in: no panic, the uid comes back, and a denial has a finding that denies.

use jiff::Timestamp;
use lockkeeper::admission::{Answer, Review, Unreadable};
use lockkeeper::facts::NoFacts;
use lockkeeper::model::Action;
use lockkeeper::policy::Policy;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Any JSON, some levels deep, with the keys that rules look for among others.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(word(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn word() -> impl Strategy<Value = String> {
    let known: &[&str] = &[
        "spec",
        "values",
        "chart",
        "chartRef",
        "version",
        "sourceRef",
        "kind",
        "HelmRepository",
        "image",
        "repository",
        "tag",
        "digest",
        "latest",
        "4.x",
        "${NAME}",
        "{{ .Release.Name }}",
        "persistence",
        "existingClaim",
        "type",
        "nfs",
        "controllers",
        "containers",
        "env",
        "name",
        "value",
        "DB_PASSWORD",
        "postRenderers",
        "ref",
        "semver",
        "metadata",
        "annotations",
        "is immutable",
        "immutable field",
        "suspend",
        "",
        "~/",
        "\u{0}\n\u{202e}",
    ];
    prop_oneof![
        4 => proptest::sample::select(known).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

/// An object of a kind that is judged, with anything within.
fn any_object() -> impl Strategy<Value = Value> {
    let kinds: &[(&str, &str)] = &[
        ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
        ("source.toolkit.fluxcd.io/v1", "OCIRepository"),
        ("source.toolkit.fluxcd.io/v1", "HelmChart"),
        ("v1", "Pod"),
    ];
    let annotations = btree_map(word(), word(), 0..3);
    let spec = btree_map(word(), any_json(), 0..6);
    (proptest::sample::select(kinds), annotations, spec).prop_map(
        |((api_version, kind), annotations, spec)| {
            json!({"apiVersion": api_version, "kind": kind, "spec": spec,
                "metadata": {"name": "romm", "annotations": annotations}})
        },
    )
}

fn any_request() -> impl Strategy<Value = Value> {
    let operation = proptest::sample::select(&["CREATE", "UPDATE", "DELETE", "CONNECT", "other"]);
    let object = prop_oneof![8 => any_object(), 1 => any_json()];
    let old = prop_oneof![any_object(), Just(Value::Null), any_json()];
    (".{1,40}", operation, object, old, any::<bool>(), any_json()).prop_map(
        |(uid, operation, object, old, dry_run, options)| {
            let api_version = object["apiVersion"].as_str().unwrap_or("");
            let group = api_version.split_once('/').map_or("", |(group, _)| group);
            json!({"uid": uid, "operation": operation, "dryRun": dry_run, "options": options,
                "kind": {"group": group, "version": "v1", "kind": object["kind"]},
                "namespace": "games", "object": object, "oldObject": old})
        },
    )
}

fn answer(body: &[u8]) -> Result<(Answer, Vec<u8>), Unreadable> {
    let review = Review::read(body)?;
    let answer = review.validate(&Policy::builtin(), &NoFacts, Timestamp::UNIX_EPOCH)?;
    let bytes = answer.to_bytes(review.uid());
    Ok((answer, bytes))
}

/// What holds for every answer.
fn check(answer: &Answer, bytes: &[u8], uid: &Value) -> Result<(), TestCaseError> {
    let out: Value = serde_json::from_slice(bytes).expect("an answer is JSON");
    let response = &out["response"];
    prop_assert_eq!(&response["uid"], uid);
    let denying = answer.verdict.with(Action::Deny).count();
    prop_assert_eq!(response["allowed"] == false, denying > 0);
    prop_assert!(response.get("patch").is_none());
    if denying > 0 {
        prop_assert_eq!(&response["status"]["code"], 403);
        prop_assert_eq!(&response["status"]["reason"], "Forbidden");
        let message = response["status"]["message"].as_str().expect("a message");
        prop_assert!(!message.is_empty() && message.len() <= 8192);
        prop_assert!(
            !message
                .chars()
                .any(|character| character.is_control() && character != '\n')
        );
    }
    prop_assert!(
        !String::from_utf8_lossy(bytes)
            .to_lowercase()
            .contains("immutable")
    );
    let warnings: Vec<&str> = response["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let lengths = warnings.iter().map(|warning| warning.chars().count());
    prop_assert!(lengths.clone().all(|length| length <= 256));
    prop_assert!(lengths.sum::<usize>() <= 4096);
    prop_assert!(
        !warnings
            .iter()
            .any(|warning| warning.chars().any(char::is_control))
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered_or_refused(body in vec(any::<u8>(), 0..200)) {
        if let Err(wrong) = answer(&body) {
            prop_assert_eq!(wrong.status, 400);
        }
    }

    #[test]
    fn any_json_is_answered_or_refused(value in any_json()) {
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": value});
        for body in [value.to_string(), review.to_string()] {
            match answer(body.as_bytes()) {
                Err(wrong) => prop_assert_eq!(wrong.status, 400),
                Ok((answer, bytes)) => check(&answer, &bytes, &value["uid"])?,
            }
        }
    }

    #[test]
    fn any_request_is_answered_with_its_uid(request in any_request()) {
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
        match answer(review.to_string().as_bytes()) {
            Err(wrong) => {
                prop_assert_eq!(wrong.status, 400);
                let known = ["CREATE", "UPDATE", "DELETE", "CONNECT"];
                let complete = known.iter().any(|known| request["operation"] == *known)
                    && request["object"].is_object() && request["kind"]["kind"].is_string();
                prop_assert!(!complete, "a complete request is answered: {}", wrong);
            }
            Ok((answer, bytes)) => check(&answer, &bytes, &request["uid"])?,
        }
    }

    #[test]
    fn an_update_to_itself_is_never_denied(object in any_object()) {
        let api_version = object["apiVersion"].as_str().unwrap_or("");
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        // Written differently, so that the comparison has to read it.
        let pretty = serde_json::to_string_pretty(&object).expect("JSON");
        let body = format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u",
            "operation":"UPDATE","kind":{{"group":"{group}","kind":{}}},"object":{object},"oldObject":{pretty}}}}}"#,
            object["kind"]
        );
        let (answer, _) = answer(body.as_bytes()).expect("a review");
        prop_assert!(answer.is_allowed() && answer.warnings.is_empty());
    }
}
