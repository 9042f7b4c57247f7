//! Tests of what is kept.

use super::*;

fn object<S, U>(value: Value) -> Object<S, U>
where
    S: Clone + serde::de::DeserializeOwned,
    U: Clone + Default + serde::de::DeserializeOwned,
{
    serde_json::from_value(value).expect("an object")
}

#[test]
fn a_source_keeps_what_says_how_it_is_pinned() {
    let kept = oci_repository(&object(json!({
        "metadata": {"name": "app", "namespace": "games", "uid": "u"},
        "spec": {"interval": "5m", "url": "oci://example.com/app", "ref": {"tag": "1.2.3"}},
        "status": {"artifact": {}},
    })));
    assert_eq!(
        kept.as_deref(),
        Some(&json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
            "metadata": {"name": "app", "namespace": "games"}, "spec": {"ref": {"tag": "1.2.3"}},
        }))
    );
}

#[test]
fn a_helm_chart_keeps_the_labels_of_who_made_it() {
    let labels = json!({"helm.toolkit.fluxcd.io/name": "app"});
    let kept = helm_chart(&object(json!({
        "metadata": {"name": "games-app", "namespace": "flux-system", "labels": labels},
        "spec": {"chart": "app", "version": "1.x"},
    })));
    assert_eq!(kept.expect("kept")["metadata"]["labels"], labels);
}

#[test]
fn a_chart_reference_is_in_the_releases_namespace_unless_it_says_another() {
    let release = |chart_ref: Value| {
        chart_reference(&object(json!({
            "metadata": {"name": "app", "namespace": "games"},
            "spec": {"chartRef": chart_ref, "values": {"a": 1}},
        })))
    };
    let named = release(json!({"kind": "OCIRepository", "name": "app"})).expect("kept");
    assert_eq!((&*named.namespace, &*named.name), ("games", "app"));
    let named =
        release(json!({"kind": "OCIRepository", "name": "app", "namespace": "flux-system"}));
    assert_eq!(&*named.expect("kept").namespace, "flux-system");
    assert_eq!(release(Value::Null), None);
}

#[test]
fn a_kustomization_keeps_what_it_substitutes_and_which_secrets_it_made() {
    let kept = applier(&object(json!({
        "metadata": {"name": "apps", "namespace": "flux-system"},
        "spec": {
            "serviceAccountName": "deployer",
            "decryption": {"provider": "sops"},
            "sourceRef": {"kind": "GitRepository", "name": "home"},
            "postBuild": {"substitute": {"A": "b"}, "substituteFrom": [
                {"kind": "ConfigMap", "name": "plain"},
                {"kind": "Secret", "name": "hidden", "optional": true}]},
        },
        "status": {"inventory": {"entries": [
            {"id": "games_romm-secret__Secret", "v": "v1"},
            {"id": "games_romm_helm.toolkit.fluxcd.io_HelmRelease", "v": "v2"}]}},
    })))
    .expect("kept");
    assert_eq!(kept.service_account.as_deref(), Some("deployer"));
    assert!(kept.decrypts && !kept.is_remote);
    assert_eq!(kept.secrets, ["hidden"]);
    assert_eq!(
        kept.applied_secrets,
        [("games".into(), "romm-secret".into())]
    );
    let source = kept.source.expect("a source");
    assert_eq!((&*source.namespace, &*source.name), ("flux-system", "home"));
}

#[test]
fn an_external_secret_makes_its_target_and_tells_its_status() {
    let made = |spec: Value, status: Value| {
        target(&object(json!({
            "metadata": {"name": "romm", "namespace": "games"}, "spec": spec, "status": status,
        })))
        .expect("kept")
    };
    let ready =
        json!({"conditions": [{"type": "Ready", "status": "True", "reason": "SecretSynced"}]});
    assert_eq!(
        made(json!({}), ready.clone()),
        Target {
            secret: "romm".into(),
            not_ready: None
        }
    );
    let named = made(json!({"target": {"name": "romm-secret"}}), ready);
    assert_eq!(&*named.secret, "romm-secret");
    let failed = json!({"conditions": [{"type": "Ready", "status": "False", "reason": "SecretSyncedError"}]});
    assert_eq!(
        made(json!({}), failed).not_ready.as_deref(),
        Some("SecretSyncedError")
    );
    assert_eq!(
        made(json!({}), Value::Null).not_ready.as_deref(),
        Some("no status yet")
    );
}

#[test]
fn an_object_without_a_spec_spoils_no_list() {
    fn bare<S, U>() -> Lenient<S, U>
    where
        S: Clone + serde::de::DeserializeOwned,
        U: Clone + Default + serde::de::DeserializeOwned,
    {
        serde_json::from_value(json!({"metadata": {"name": "app", "namespace": "games"}}))
            .expect("an object")
    }
    let kept = oci_repository(&bare()).expect("kept");
    assert_eq!(kept["spec"], json!({}));
    assert_eq!(chart_reference(&bare()), None);
    assert!(applier(&bare()).is_none());
    assert_eq!(&*target(&bare()).expect("kept").secret, "app");
}
