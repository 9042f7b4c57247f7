//! Policies as tests want them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::cluster::PolicyObject;

pub(super) fn object(
    kind: &'static str,
    namespace: &str,
    name: &str,
    generation: i64,
    spec: &Value,
) -> Arc<PolicyObject> {
    let mut metadata = json!({"name": name});
    if !namespace.is_empty() {
        metadata["namespace"] = namespace.into();
    }
    Arc::new(PolicyObject {
        kind,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: format!("uid-of-{kind}-{namespace}-{name}"),
        generation,
        version: "7".to_owned(),
        document: json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}),
        status: Value::Null,
    })
}

pub(super) fn release_policy(name: &str, generation: i64, spec: &Value) -> Arc<PolicyObject> {
    object("ReleasePolicy", "", name, generation, spec)
}
