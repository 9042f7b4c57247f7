//! Questions that rules ask about objects other than the judged one, and the three kinds of answer.

use std::fmt;
use std::sync::Arc;

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

/// Why a question has no answer; its text completes "could not be verified: …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Files are judged, or the server was started without a cluster.
    NoCluster,
    /// `spec.kubeConfig` installs to a cluster that is not this one.
    RemoteCluster,
}

impl fmt::Display for Unseen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Unseen::NoCluster => "no cluster is at hand to ask",
            Unseen::RemoteCluster => "spec.kubeConfig installs it to another cluster",
        })
    }
}

/// What is known of a PersistentVolumeClaim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Whether it has a deletionTimestamp: its pods will not start.
    pub terminating: bool,
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
/// for them gathers first and judges again.
pub trait Facts {
    /// The PersistentVolumeClaim of that name.
    fn claim(&self, key: Key<'_>) -> Answer<Claim>;

    /// Whether any HelmRelease's `chartRef` names this OCIRepository.
    fn feeds_a_release(&self, source: Key<'_>) -> Answer<bool>;

    /// What the Kustomization of that name substituted into what it applied. Whoever answers reads
    /// the Secrets anew rather than from a cache: one may have rotated a moment ago.
    fn substitution(&self, kustomization: Key<'_>) -> Answer<Substitution> {
        // Reading Secrets is opt-in, so most know nothing of them.
        let _ = kustomization;
        Answer::Unseen(Unseen::NoCluster)
    }
}

/// The facts of whoever knows nothing but the object.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn claim(&self, _: Key<'_>) -> Answer<Claim> {
        Answer::Unseen(Unseen::NoCluster)
    }

    fn feeds_a_release(&self, _: Key<'_>) -> Answer<bool> {
        Answer::Unseen(Unseen::NoCluster)
    }
}
