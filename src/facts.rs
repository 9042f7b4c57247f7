//! Questions that rules ask about objects other than the judged one, and the three kinds of answer.

mod gathered;
mod population;
mod scoped;
#[cfg(test)]
pub(crate) mod testing;
mod unseen;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use gathered::{Age, Gathered, Knowledge, Missing, Name, Question, Replies, Reply, Watch};
pub use population::{Inhabitant, Labels, Population};
pub use scoped::Scoped;
pub use unseen::Unseen;

use crate::model::Hidden;

/// Names an object of a kind that the question implies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// An answer: what is so, that nothing is there, or why nobody could look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// It is there.
    Known(T),
    /// It was looked for and is not there.
    Absent,
    /// Nobody could look. Never a pass, never a denial.
    Unseen(Unseen),
}

/// What is known of a PersistentVolumeClaim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Whether it has a deletionTimestamp: its pods will not start.
    pub terminating: bool,
}

/// The kinds that a chart can come from, whose own objects say how firmly it is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// `source.toolkit.fluxcd.io` OCIRepository.
    OciRepository,
    /// `source.toolkit.fluxcd.io` GitRepository.
    GitRepository,
    /// `source.toolkit.fluxcd.io` HelmChart.
    HelmChart,
}

/// The source that a Kustomization applies from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourceName {
    /// Its kind, such as `GitRepository`.
    pub kind: String,
    /// Its namespace: the Kustomization's own where `sourceRef` leaves it out.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Whether a Secret is there, or is being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Its name was seen, or that of what makes it: an ExternalSecret that is ready, a SealedSecret, or a
    /// Kustomization whose inventory names it.
    Exists,
    /// An ExternalSecret has it as its target, and is not ready.
    NotReady {
        /// The ExternalSecret's name.
        external_secret: String,
        /// Why, as its condition `Ready` says itself: `SecretSyncedError`; or that it has none yet.
        status: String,
    },
}

/// What a ConfigMap keeps as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigMap {
    /// `data`.
    pub data: BTreeMap<String, String>,
}

/// How the Kustomization that applied an object made it from Git.
#[derive(Clone, Default)]
pub struct Substitution {
    /// `spec.serviceAccountName`: who it writes as, in its own namespace.
    pub service_account: Option<String>,
    /// Whether `spec.kubeConfig` is set: then it does not apply to this cluster at all.
    pub is_remote: bool,
    /// Whether `spec.decryption` is set: what arrives in plain text may be encrypted in Git.
    pub decrypts: bool,
    /// The variables of `spec.postBuild.substituteFrom`, as far as they may be read.
    pub variables: Arc<[Variable]>,
    /// Why some of the variables could not be read.
    pub unread: Option<Unseen>,
}

/// A variable that Flux substitutes.
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it is kept in. Only a Secret keeps it out of Git.
    pub store: Store,
    /// Its value.
    pub value: Hidden,
}

/// The kinds of objects that keep variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A Secret that `substituteFrom` names.
    Secret,
    /// A ConfigMap that `substituteFrom` names.
    ConfigMap,
    /// `postBuild.substitute`, in the Kustomization itself.
    Inline,
}

/// What is known of the world around the judged object. Answers are given at once: who must wait
/// for them gathers first and judges again. What is not overridden is not known.
pub trait Facts {
    /// The PersistentVolumeClaim of that name.
    fn claim(&self, key: Key<'_>) -> Answer<Claim> {
        let _ = key;
        Answer::Unseen(Unseen::NoCluster)
    }

    /// Whether any HelmRelease's `chartRef` names this OCIRepository.
    fn feeds_a_release(&self, source: Key<'_>) -> Answer<bool> {
        let _ = source;
        Answer::Unseen(Unseen::NoCluster)
    }

    /// The source of a chart: `apiVersion`, `kind`, `metadata` with name and namespace, and what its
    /// `spec` says of versions.
    fn source(&self, kind: SourceKind, key: Key<'_>) -> Answer<Arc<Value>> {
        let _ = (kind, key);
        Answer::Unseen(Unseen::NoCluster)
    }

    /// Whether the Secret of that name is there or being made. [`Answer::Absent`] only from who has seen
    /// all their names.
    fn secret(&self, key: Key<'_>) -> Answer<SecretSource> {
        let _ = key;
        Answer::Unseen(Unseen::NoCluster)
    }

    /// The ConfigMap of that name.
    fn config_map(&self, key: Key<'_>) -> Answer<Arc<ConfigMap>> {
        let _ = key;
        Answer::Unseen(Unseen::NoCluster)
    }

    /// What the Kustomization of that name substituted into what it applied. Reading Secrets is
    /// opt-in, so most know nothing of them.
    fn substitution(&self, kustomization: Key<'_>) -> Answer<Substitution> {
        let _ = kustomization;
        Answer::Unseen(Unseen::NoCluster)
    }

    /// The labels of the namespace of that name.
    fn namespace_labels(&self, namespace: &str) -> Answer<Arc<BTreeMap<String, String>>> {
        let _ = namespace;
        Answer::Unseen(Unseen::NoCluster)
    }

    /// What the Kustomization of that name applies from: its `spec.sourceRef`.
    fn kustomization_source(&self, kustomization: Key<'_>) -> Answer<Arc<SourceName>> {
        let _ = kustomization;
        Answer::Unseen(Unseen::NoCluster)
    }
}

/// The facts of whoever knows nothing but the object.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFacts;

impl Facts for NoFacts {}
