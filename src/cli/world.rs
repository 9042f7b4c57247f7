//! What documents of a file tell of the cluster: Namespaces their labels, PersistentVolumeClaims that they are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::facts::{Answer, Claim, Facts, Key, Unseen};

type Labels = BTreeMap<String, String>;

/// Facts from documents. Of a namespace with any PersistentVolumeClaim all are known.
#[derive(Default)]
pub(super) struct World {
    namespaces: BTreeMap<String, Answer<Arc<Labels>>>,
    claims: BTreeMap<String, BTreeSet<String>>,
}

impl World {
    /// Takes over what a document tells; whether it tells anything.
    pub(super) fn take(&mut self, document: &Value) -> bool {
        let is = |version: &str, kind: &str| {
            document.get("apiVersion").and_then(Value::as_str) == Some(version)
                && document.get("kind").and_then(Value::as_str) == Some(kind)
        };
        let name = text_at(document, "/metadata/name").to_owned();
        if is("v1", "Namespace") {
            let labels = labels_of(&name, document.pointer("/metadata/labels"));
            self.namespace(name, Answer::Known(labels));
            return true;
        }
        if is("v1", "PersistentVolumeClaim") {
            let namespace = match text_at(document, "/metadata/namespace") {
                "" => "default",
                namespace => namespace,
            };
            let claims = self.claims.entry(namespace.to_owned()).or_default();
            claims.insert(name);
            return true;
        }
        false
    }

    /// Sets what is known of a namespace's labels.
    pub(super) fn namespace(&mut self, name: String, labels: Answer<Labels>) {
        let labels = match labels {
            Answer::Known(labels) => Answer::Known(Arc::new(labels)),
            Answer::Absent => Answer::Absent,
            Answer::Unseen(why) => Answer::Unseen(why),
        };
        self.namespaces.insert(name, labels);
    }

    /// Whether the labels of a namespace are known.
    pub(super) fn knows(&self, namespace: &str) -> bool {
        self.namespaces.contains_key(namespace)
    }
}

/// The labels of a namespace, with the one that the API server sets.
pub(super) fn labels_of(name: &str, written: Option<&Value>) -> Labels {
    let written = written.and_then(Value::as_object).into_iter().flatten();
    let mut labels: Labels = written
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    labels.insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
    labels
}

pub(super) fn text_at<'a>(object: &'a Value, pointer: &str) -> &'a str {
    let value = object.pointer(pointer);
    value.and_then(Value::as_str).unwrap_or_default()
}

impl Facts for World {
    fn claim(&self, key: Key<'_>) -> Answer<Claim> {
        match self.claims.get(key.namespace) {
            None => Answer::Unseen(Unseen::NoCluster),
            Some(claims) if claims.contains(key.name) => Answer::Known(Claim::default()),
            Some(_) => Answer::Absent,
        }
    }

    fn namespace_labels(&self, namespace: &str) -> Answer<Arc<Labels>> {
        let known = self.namespaces.get(namespace);
        known.cloned().unwrap_or(Answer::Unseen(Unseen::NoCluster))
    }
}
