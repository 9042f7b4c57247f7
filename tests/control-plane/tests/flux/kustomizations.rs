//! A Kustomization with a secret in it is warned of, and never refused: Flux applies everything by them.

use serde_json::json;

use crate::{exists, namespace, plane};

#[test]
fn a_secret_in_a_kustomization_is_warned_of_and_passes() {
    let namespace = namespace("substitute");
    let spec =
        json!({"suspend": true, "postBuild": {"substitute": {"DB_PASSWORD": "Tr0ub4dor-and-3"}}});
    let output = plane()
        .flux()
        .kustomization(&namespace, "app", &spec)
        .expect("kubectl")
        .expect_accepted();
    assert!(
        output.stderr.contains("Warning: ") && output.stderr.contains("literal-secret"),
        "{output}"
    );
    assert!(!output.stderr.contains("Tr0ub4dor"), "the secret is shown");
    let kind = "kustomizations.kustomize.toolkit.fluxcd.io";
    assert!(exists(kind, &namespace, "app"));
}
