//! The policies of the cluster: each kind listed and watched, kept whole for whoever compiles them, and their statuses
//! written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use kube::Api;
use kube::api::{Patch, PatchParams};
use kube::core::DynamicObject;
use kube::runtime::watcher::watcher;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::connect::{Cluster, in_time, whole};
use super::kinds::{Lenient, Served};
use super::store::{Followed, Store};
use super::watch::{config, follow};
use crate::facts::Unseen;

/// Who owns the statuses in the policies' managedFields.
const MANAGER: &str = "lockkeeper-policies";

/// How often definitions that are not there are looked for: whoever has just installed them waits.
const LATER: Duration = Duration::from_secs(2);

const GROUP: &str = "lockkeeper.dev";
const VERSIONS: &[&str] = &["v1alpha1"];

pub(super) const RELEASE_POLICIES: Served = Served {
    group: GROUP,
    versions: VERSIONS,
    kind: "ReleasePolicy",
    plural: "releasepolicies",
    resource: "releasepolicies.lockkeeper.dev",
};

const TMPFS_POLICIES: Served = Served {
    group: GROUP,
    versions: VERSIONS,
    kind: "TmpfsPolicy",
    plural: "tmpfspolicies",
    resource: "tmpfspolicies.lockkeeper.dev",
};

pub(super) const EXEMPTIONS: Served = Served {
    group: GROUP,
    versions: VERSIONS,
    kind: "Exemption",
    plural: "exemptions",
    resource: "exemptions.lockkeeper.dev",
};

const KINDS: [&Served; 3] = [&RELEASE_POLICIES, &TMPFS_POLICIES, &EXEMPTIONS];

/// A policy as the API server has it.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyObject {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace; empty where its kind has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What no object has that is made again under the same name.
    pub uid: String,
    /// Counts the changes of its spec.
    pub generation: i64,
    /// Changes with every change, of its status too.
    pub version: String,
    /// The whole document: `apiVersion`, `kind`, `metadata` with name, namespace and labels, and `spec`.
    pub document: Value,
    /// Its status; null where it has none.
    pub status: Value,
}

/// What is known of all policies.
#[derive(Clone, Debug, Default)]
pub struct PolicySnapshot {
    /// In the order of kind, namespace and name.
    pub objects: Vec<Arc<PolicyObject>>,
    /// Whether every kind was listed once, or is known not to be there.
    pub is_settled: bool,
    /// Why what is known may not be what is there.
    pub doubts: Vec<Unseen>,
}

/// Watches the policies.
pub struct Policies {
    cluster: Cluster,
    stores: [Arc<Store<Arc<PolicyObject>>>; 3],
    changes: watch::Sender<u64>,
}

impl Policies {
    pub(super) fn new(cluster: Cluster) -> Self {
        let changes = watch::Sender::new(0);
        let stores = KINDS.map(|served| Arc::new(Store::lasting(served.resource, changes.clone())));
        Self {
            cluster,
            stores,
            changes,
        }
    }

    /// Watches them for ever; dropping the future ends it.
    pub(super) async fn follow(&self) {
        let watches = KINDS.into_iter().zip(&self.stores).map(|(served, store)| {
            let client = self.cluster.client();
            let start = move |attempt| {
                let api = Api::<Document>::all_with(client.clone(), &served.api(attempt));
                watcher(api, config())
            };
            let keep = move |object: &Document| Some(Arc::new(kept(served, object)));
            follow(Arc::clone(store), VERSIONS.len(), LATER, start, keep)
        });
        join_all(watches).await;
    }

    pub(super) fn stores(&self) -> impl Iterator<Item = &dyn Followed> {
        self.stores.iter().map(|store| &**store as &dyn Followed)
    }

    /// Tells of every change at once: of a policy, of its status, and of how the watches fare.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What is known now. Where a watch is lost, that is what it said last.
    #[must_use]
    pub fn snapshot(&self) -> PolicySnapshot {
        let alive: Instant = self.cluster.alive();
        let mut objects: Vec<Arc<PolicyObject>> = Vec::new();
        for store in &self.stores {
            let from = objects.len();
            store.last_known(|known| objects.extend(known.all().map(Arc::clone)));
            objects[from..].sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        }
        PolicySnapshot {
            objects,
            is_settled: self.stores.iter().all(|store| store.is_settled()),
            doubts: self
                .stores
                .iter()
                .filter_map(|store| store.doubt(alive))
                .collect(),
        }
    }

    /// Writes the status of a policy, which must still be the one that was seen. Fields that were written before and
    /// are not in `status` go; those of others stay. Returns the object's new `resourceVersion`.
    ///
    /// # Errors
    /// What the API server says, with what to do.
    pub async fn write_status(
        &self,
        object: &PolicyObject,
        status: &Map<String, Value>,
    ) -> Result<String, String> {
        let Some(served) = KINDS.into_iter().find(|served| served.kind == object.kind) else {
            return Err(format!("there is no kind {}", object.kind));
        };
        let resource = served.api(0);
        let client = self.cluster.client();
        let api: Api<DynamicObject> = match object.namespace.as_str() {
            "" => Api::all_with(client, &resource),
            namespace => Api::namespaced_with(client, namespace, &resource),
        };
        let patch = json!({
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            // Another of the same name is not written to.
            "metadata": { "name": object.name, "uid": object.uid },
            "status": status,
        });
        let params = PatchParams::apply(MANAGER).force();
        let patch = Patch::Apply(&patch);
        match in_time(api.patch_status(&object.name, &params, &patch)).await {
            Ok(written) => Ok(written.metadata.resource_version.unwrap_or_default()),
            Err(kube::Error::Api(status)) if status.code == 403 => {
                Err(format!("grant `patch` on {}/status", served.resource))
            }
            Err(error) => Err(whole(&error)),
        }
    }
}

type Document = Lenient<Value, Value>;

fn kept(served: &Served, object: &Document) -> PolicyObject {
    let metadata = &object.metadata;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut told = json!({ "name": metadata.name });
    if let Some(namespace) = &metadata.namespace {
        told["namespace"] = json!(namespace);
    }
    if let Some(labels) = &metadata.labels {
        told["labels"] = json!(labels);
    }
    PolicyObject {
        kind: served.kind,
        namespace: text(&metadata.namespace),
        name: text(&metadata.name),
        uid: text(&metadata.uid),
        generation: metadata.generation.unwrap_or_default(),
        version: text(&metadata.resource_version),
        document: json!({
            "apiVersion": served.api(0).api_version,
            "kind": served.kind,
            "metadata": told,
            "spec": object.spec.clone().unwrap_or_else(|| json!({})),
        }),
        status: object.status.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::store::Objects;
    use crate::facts::Key;

    fn object(namespace: Option<&str>, name: &str) -> Document {
        serde_json::from_value(json!({
            "apiVersion": "lockkeeper.dev/v1alpha1", "kind": "Exemption",
            "metadata": {"name": name, "namespace": namespace, "uid": "u", "generation": 3,
                "resourceVersion": "7", "labels": {"team": "games"}, "managedFields": [{"manager": "m"}]},
            "spec": {"rules": ["literal-secret"]}, "status": {"observedGeneration": 2},
        }))
        .expect("an object")
    }

    #[test]
    fn a_policy_is_kept_whole_but_for_what_the_api_server_notes() {
        let kept = kept(&EXEMPTIONS, &object(Some("games"), "a"));
        assert_eq!(
            kept.document,
            json!({
                "apiVersion": "lockkeeper.dev/v1alpha1", "kind": "Exemption",
                "metadata": {"name": "a", "namespace": "games", "labels": {"team": "games"}},
                "spec": {"rules": ["literal-secret"]},
            })
        );
        assert_eq!((kept.generation, &*kept.version, &*kept.uid), (3, "7", "u"));
        assert_eq!(kept.status["observedGeneration"], 2);
    }

    #[tokio::test]
    async fn all_kinds_must_be_known_and_come_in_one_order() {
        let policies = Policies::new(Cluster::of_nobody().await);
        let changes = policies.changes();
        let [release, tmpfs, exemptions] = &policies.stores;
        for (namespace, name) in [("b", "a"), ("a", "z"), ("a", "b")] {
            let kept = kept(&EXEMPTIONS, &object(Some(namespace), name));
            exemptions.put(Key { namespace, name }, Some(Arc::new(kept)));
        }
        assert!(changes.has_changed().expect("somebody who tells"));
        for store in [exemptions, tmpfs] {
            store.fail(super::super::store::State::NotServed);
            assert!(!policies.snapshot().is_settled);
        }
        release.replace(Objects::default());
        for (namespace, name) in [("b", "a"), ("a", "z"), ("a", "b")] {
            let kept = kept(&EXEMPTIONS, &object(Some(namespace), name));
            exemptions.put(Key { namespace, name }, Some(Arc::new(kept)));
        }
        let snapshot = policies.snapshot();
        assert!(snapshot.is_settled && snapshot.doubts.is_empty());
        let names: Vec<_> = snapshot
            .objects
            .iter()
            .map(|object| (&*object.namespace, &*object.name))
            .collect();
        assert_eq!(names, [("a", "b"), ("a", "z"), ("b", "a")]);
    }
}
