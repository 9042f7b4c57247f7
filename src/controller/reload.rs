//! Puts the policies of the cluster in force as they change.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::Controller;
use super::compiled::{Compiled, Outcome, Workshop, assembled};
use crate::cluster::PolicySnapshot;
use crate::policy::{Document, KINDS, Policy, PolicyHealth};

/// Why no reviews should come at first.
pub(super) const UNREADY: &str = "the policies of the cluster have not been read yet";

/// How long others are waited for once one has changed: Flux applies several at a time.
const DEBOUNCE: Duration = Duration::from_millis(20);
/// How often it is looked whether what is known is still to be believed.
const LOOK: Duration = Duration::from_secs(15);
/// The pause behind a failure of our own.
const AGAIN: Duration = Duration::from_secs(1);

/// What is said once as long as it stays the same: the problem of a policy, by its uid.
type Told = HashMap<String, Arc<str>>;

impl Controller {
    /// Reloads for ever, and tells of every outcome.
    pub(super) async fn reload(&self, outcomes: &watch::Sender<Arc<Outcome>>) {
        let mut changes = self.policies.changes();
        let mut workshop = Workshop::default();
        let mut in_force = self.beside.clone();
        let mut told = Told::default();
        loop {
            changes.mark_unchanged();
            let snapshot = self.policies.snapshot();
            let mut pause = LOOK;
            if snapshot.is_settled {
                match self.once(&mut workshop, &mut in_force, &snapshot).await {
                    Some(outcome) => {
                        self.tell(&outcome, &snapshot);
                        tell_broken(&mut told, &outcome.compiled);
                        outcomes.send_replace(Arc::new(outcome));
                    }
                    None => pause = AGAIN,
                }
            }
            tokio::select! {
                changed = changes.changed() => {
                    // Who told of changes has ended, and the server with it.
                    if changed.is_err() {
                        return;
                    }
                    tokio::time::sleep(DEBOUNCE).await;
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Compiles what has changed, and puts it in force where that makes a difference.
    async fn once(
        &self,
        workshop: &mut Workshop,
        in_force: &mut Vec<Arc<Document>>,
        snapshot: &PolicySnapshot,
    ) -> Option<Outcome> {
        let start = Instant::now();
        let objects = snapshot.objects.clone();
        let (beside, before) = (self.beside.clone(), in_force.clone());
        let mut taken = std::mem::take(workshop);
        let work = move || {
            let compiled = taken.compile(objects);
            let good = compiled
                .iter()
                .filter_map(|compiled| compiled.in_force.as_ref());
            let documents: Vec<_> = beside.iter().chain(good).map(Arc::clone).collect();
            let policy = (!is_same(&documents, &before)).then(|| assembled(documents.clone()));
            (taken, compiled, documents, policy)
        };
        // Off the asynchronous threads: a hundred policies take some milliseconds.
        let (returned, compiled, documents, policy) =
            tokio::task::spawn_blocking(work).await.ok()?;
        *workshop = returned;
        let failure = match policy {
            None => None,
            Some(Err(failure)) => Some(failure),
            Some(Ok(policy)) => {
                *in_force = documents;
                self.put(policy, start);
                None
            }
        };
        Some(Outcome { compiled, failure })
    }

    fn put(&self, policy: Policy, start: Instant) {
        let count = |kind: &str| {
            let documents = policy.documents().iter();
            documents.filter(|document| document.kind() == kind).count()
        };
        let [releases, tmpfs, exemptions] = KINDS.map(count);
        self.current.put(policy, (self.clock)());
        tracing::info!(
            release_policies = releases,
            tmpfs_policies = tmpfs,
            exemptions,
            micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
            "policies are in force"
        );
    }

    fn tell(&self, outcome: &Outcome, snapshot: &PolicySnapshot) {
        let doubts = snapshot.doubts.iter().map(ToString::to_string);
        self.current.tell(PolicyHealth {
            unready: None,
            broken: outcome
                .compiled
                .iter()
                .filter_map(Compiled::broken)
                .collect(),
            doubts: doubts.chain(outcome.failure.map(str::to_owned)).collect(),
        });
    }
}

fn is_same(documents: &[Arc<Document>], before: &[Arc<Document>]) -> bool {
    documents.len() == before.len()
        && documents
            .iter()
            .zip(before)
            .all(|(document, before)| Arc::ptr_eq(document, before))
}

/// Says once what is wrong with a policy, and when it is mended.
fn tell_broken(told: &mut Told, compiled: &[Compiled]) {
    let mut still = Told::default();
    for compiled in compiled {
        let object = &compiled.object;
        let before = told.remove(&object.uid);
        let Some(broken) = compiled.broken() else {
            if before.is_some() {
                tracing::info!(
                    kind = object.kind,
                    namespace = object.namespace,
                    name = object.name,
                    "the policy is good again"
                );
            }
            continue;
        };
        let problem: Arc<str> = broken.problem.as_str().into();
        if before.as_ref() != Some(&problem) {
            tracing::warn!(
                kind = broken.kind,
                namespace = broken.namespace,
                name = broken.name,
                problem = broken.problem,
                "the policy is broken; {}",
                broken.instead()
            );
        }
        still.insert(object.uid.clone(), problem);
    }
    *told = still;
}
