//! Reads of single objects: what no watch may hold, and what a denial would rest upon.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::{ConfigMap as Map, PersistentVolumeClaim, Secret};
use kube::Api;
use tokio::sync::{OnceCell, Semaphore};

use super::connect::Cluster;
use super::kinds::{Applier, CLAIMS, SECRETS};
use crate::facts::{
    Age, Answer, Claim, ConfigMap, Key, Name, Question, Replies, Reply, Store, Substitution,
    Unseen, Variable,
};
use crate::model::Hidden;
use crate::model::resource_name::is_valid_name;

/// How long an answer is kept: one apply of Flux asks for the same map many times within seconds.
const KEPT: Duration = Duration::from_secs(10);
/// How long it is kept that the API server did not answer.
const FAILURE_KEPT: Duration = Duration::from_secs(1);
/// Reads under way at a time, of all reviews together.
const AT_ONCE: usize = 16;
/// How long the API server may have been silent before nobody waits for it any more. Longer than the
/// pause between its signs of life.
const SILENT: Duration = Duration::from_secs(20);
/// How often answers that are too old to be used are thrown away: what a Secret held should not stay.
const SWEPT: Duration = Duration::from_secs(5);
/// Kept answers above which no more are kept.
const MANY: usize = 512;
/// The bytes of an answer above which it is not kept: whoever may make ConfigMaps could fill our memory.
const LARGE: usize = 64 * 1024;
/// The bytes that one review may have read at a time: no more of it is judged.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Reads for reviews, shared among them.
pub(super) struct Reads {
    cluster: Cluster,
    opened: Vec<Name>,
    room: Semaphore,
    kept: Mutex<HashMap<Question, Kept>>,
}

#[derive(Clone)]
struct Kept {
    began: Instant,
    reply: Arc<OnceCell<Reply>>,
}

impl Kept {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            reply: Arc::default(),
        }
    }

    fn is_recent(&self) -> bool {
        let failed = self.reply.get().is_some_and(is_failure);
        self.began.elapsed() < if failed { FAILURE_KEPT } else { KEPT }
    }
}

fn is_failure(reply: &Reply) -> bool {
    match reply {
        Reply::Claim(answer) => matches!(answer, Answer::Unseen(_)),
        Reply::ConfigMap(answer) => matches!(answer, Answer::Unseen(_)),
        Reply::Substitution(Answer::Known(known)) => known.unread.is_some(),
        Reply::Substitution(answer) => matches!(answer, Answer::Unseen(_)),
    }
}

impl Reads {
    pub(super) fn new(cluster: Cluster, opened: Vec<Name>) -> Self {
        Self {
            cluster,
            opened,
            room: Semaphore::new(AT_ONCE),
            kept: Mutex::default(),
        }
    }

    fn is_opened(&self, namespace: &str, name: &str) -> bool {
        self.opened
            .iter()
            .any(|opened| opened.namespace == namespace && opened.name == name)
    }

    /// What a Kustomization substituted, where no Secret has to be read to tell.
    pub(super) fn without_reading(
        &self,
        namespace: &str,
        applier: &Applier,
    ) -> Option<Substitution> {
        let mut secrets = applier.secrets.iter();
        let must_read = !applier.is_remote && secrets.any(|name| self.is_opened(namespace, name));
        (!must_read).then(|| Substitution {
            unread: (!applier.secrets.is_empty()).then_some(Unseen::NotOpened),
            ..described(applier)
        })
    }

    /// Reads the answers, several at a time; those that do not come in time are left out.
    pub(super) async fn read(
        &self,
        questions: Vec<Question>,
        age: Age,
        until: Instant,
        applier: impl Fn(Key<'_>) -> Result<Option<Applier>, Unseen>,
    ) -> Replies {
        let applier = &applier;
        let reads = questions.into_iter().map(async |question| {
            let reply = self.one(&question, age, applier);
            let reply = tokio::time::timeout_at(until.into(), reply).await;
            (question, reply.ok())
        });
        let mut replies = Replies::default();
        let mut room = MOST_BYTES;
        // In their order, so that what has room is always the same.
        let mut reads = pin!(stream::iter(reads).buffered(AT_ONCE));
        while let Some((question, reply)) = reads.next().await {
            let Some(mut reply) = reply else { continue };
            match room.checked_sub(reply.size()) {
                Some(left) => room = left,
                None => reply = Reply::unseen(&question, Unseen::TooLarge),
            }
            replies.insert(question, reply, age);
        }
        replies
    }

    /// One answer: a kept one where that will do, else read anew. Reviews that ask the same at a time
    /// share one read.
    async fn one(
        &self,
        question: &Question,
        age: Age,
        applier: impl Fn(Key<'_>) -> Result<Option<Applier>, Unseen>,
    ) -> Reply {
        if self.cluster.alive().elapsed() > SILENT {
            return Reply::unseen(question, Unseen::Failed { status: None });
        }
        let kept = self.keep(question, age);
        let reply = kept.reply.get_or_init(async || {
            // The semaphore is never closed.
            let _room = self.room.acquire().await;
            self.ask(question, applier).await
        });
        let reply = reply.await.clone();
        if reply.size() > LARGE {
            self.release(question, &kept);
        }
        reply
    }

    /// Keeps the answer no longer; whoever waits for it gets it.
    fn release(&self, question: &Question, read: &Kept) {
        let mut kept = self.lock();
        let is_same = |there: &Kept| Arc::ptr_eq(&there.reply, &read.reply);
        if kept.get(question).is_some_and(is_same) {
            kept.remove(question);
        }
    }

    fn keep(&self, question: &Question, age: Age) -> Kept {
        let mut kept = self.lock();
        if age == Age::Recent
            && let Some(there) = kept.get(question)
            && there.is_recent()
        {
            return there.clone();
        }
        let new = Kept::new();
        if kept.len() < MANY || kept.contains_key(question) {
            kept.insert(question.clone(), new.clone());
        }
        new
    }

    /// Throws away what is too old, for ever; dropping the future ends it.
    pub(super) async fn sweep(&self) {
        loop {
            tokio::time::sleep(SWEPT).await;
            self.forget();
        }
    }

    fn forget(&self) {
        self.lock().retain(|_, there| there.is_recent());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Question, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(
        &self,
        question: &Question,
        applier: impl Fn(Key<'_>) -> Result<Option<Applier>, Unseen>,
    ) -> Reply {
        // It becomes a part of a URL, and authors could write another's path there, or `?watch=1`.
        if !can_exist(question.name()) {
            return Reply::absent(question);
        }
        match question {
            Question::Claim(name) => Reply::Claim(self.claim(name).await),
            Question::ConfigMap(name) => Reply::ConfigMap(self.config_map(name).await),
            Question::Substitution(name) => Reply::Substitution(match applier(name.key()) {
                Ok(Some(applier)) => {
                    Answer::Known(self.substitution(&name.namespace, &applier).await)
                }
                Ok(None) => Answer::Absent,
                Err(unseen) => Answer::Unseen(unseen),
            }),
        }
    }

    async fn claim(&self, name: &Name) -> Answer<Claim> {
        let api = Api::<PersistentVolumeClaim>::namespaced(self.cluster.client(), &name.namespace);
        match api.get_metadata_opt(&name.name).await {
            Ok(Some(claim)) => Answer::Known(Claim {
                terminating: claim.metadata.deletion_timestamp.is_some(),
            }),
            Ok(None) => Answer::Absent,
            Err(error) => Answer::Unseen(unseen(&error, CLAIMS)),
        }
    }

    async fn config_map(&self, name: &Name) -> Answer<Arc<ConfigMap>> {
        let api = Api::<Map>::namespaced(self.cluster.client(), &name.namespace);
        match api.get_opt(&name.name).await {
            Ok(Some(map)) => Answer::Known(Arc::new(ConfigMap {
                data: map.data.unwrap_or_default(),
            })),
            Ok(None) => Answer::Absent,
            Err(error) => Answer::Unseen(unseen(&error, "configmaps")),
        }
    }

    async fn substitution(&self, namespace: &str, applier: &Applier) -> Substitution {
        let api = Api::<Secret>::namespaced(self.cluster.client(), namespace);
        let mut variables = Vec::new();
        let mut unread = None;
        for name in &applier.secrets {
            if !self.is_opened(namespace, name) {
                unread = Some(Unseen::NotOpened);
                continue;
            }
            match api.get_opt(name).await {
                Ok(Some(secret)) => {
                    let data = secret.data.unwrap_or_default().into_iter();
                    variables.extend(data.map(|(name, value)| Variable {
                        name,
                        store: Store::Secret,
                        value: Hidden::new(value.0),
                    }));
                }
                // Optional, or gone since: without the others Flux applies nothing.
                Ok(None) => {}
                Err(error) => unread = Some(unseen(&error, SECRETS)),
            }
        }
        Substitution {
            variables: variables.into(),
            unread,
            ..described(applier)
        }
    }
}

/// Whether anything can have that name.
fn can_exist(name: &Name) -> bool {
    is_valid_name(&name.namespace) && is_valid_name(&name.name)
}

/// What a Kustomization says of itself.
fn described(applier: &Applier) -> Substitution {
    Substitution {
        service_account: applier.service_account.clone(),
        is_remote: applier.is_remote,
        decrypts: applier.decrypts,
        ..Substitution::default()
    }
}

fn unseen(error: &kube::Error, resource: &'static str) -> Unseen {
    match error {
        kube::Error::Api(status) if status.code == 403 => Unseen::Forbidden {
            verb: "get",
            resource,
        },
        kube::Error::Api(status) => Unseen::Failed {
            status: Some(status.code),
        },
        kube::Error::SerdeError(_) => Unseen::Unreadable,
        _ => Unseen::Failed { status: None },
    }
}

#[cfg(test)]
mod tests;
