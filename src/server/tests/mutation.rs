//! Pods through the router.

use super::*;

#[tokio::test]
async fn a_panic_on_the_way_to_a_patch_refuses_no_pod() {
    let policy = Policy::from_document(
        &json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "TmpfsPolicy",
        "spec": {"when": "always", "namespaceSelector": {"matchLabels": {"tier": "lab"}},
            "mounts": [{"path": "/tmp", "sizeLimit": "1Mi"}]}}),
    );
    let policy = policy.unwrap_or_else(|error| panic!("{error}"));
    let router = router(Arc::new(App::new(
        policy,
        Arc::new(PanickingFacts),
        limits(),
    )));
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "romm"},
        "spec": {"containers": [{"name": "app"}]}});
    let body = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u-1", "operation": "CREATE", "name": "romm", "namespace": "games",
        "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": pod}});
    for _ in 0..2 {
        let response = answered(&router, "/mutate", &body).await;
        assert_eq!(response["allowed"], true);
        assert!(
            response["warnings"][0]
                .as_str()
                .is_some_and(|text| text.contains("report this"))
        );
        assert!(response.get("patch").is_none());
    }
}
