//! What is known of the objects of one kind, and how far that is to be believed.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::facts::{Key, Unseen, Watch};

/// How long what a broken watch last said is believed. Reviews come every few minutes, and a claim or
/// a source is seldom made and deleted: a short outage should cost nobody a warning.
pub(super) const BELIEVED: Duration = Duration::from_secs(60);

/// By namespace, then name: a look-up needs no key of its own.
#[derive(Debug)]
pub(super) struct Objects<T>(HashMap<Box<str>, HashMap<Box<str>, T>>);

impl<T> Default for Objects<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Objects<T> {
    pub(super) fn get(&self, key: Key<'_>) -> Option<&T> {
        self.0.get(key.namespace)?.get(key.name)
    }

    pub(super) fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = (&str, &T)> {
        let objects = self.0.get(namespace).into_iter().flatten();
        objects.map(|(name, object)| (&**name, object))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.values().flat_map(HashMap::values)
    }

    pub(super) fn named(&self) -> impl Iterator<Item = (Key<'_>, &T)> {
        self.0.iter().flat_map(|(namespace, objects)| {
            objects
                .iter()
                .map(move |(name, object)| (Key { namespace, name }, object))
        })
    }

    pub(super) fn put(&mut self, key: Key<'_>, object: T) {
        if let Some(there) = self.0.get_mut(key.namespace) {
            there.insert(key.name.into(), object);
        } else {
            let first = HashMap::from([(key.name.into(), object)]);
            self.0.insert(key.namespace.into(), first);
        }
    }

    pub(super) fn remove(&mut self, key: Key<'_>) {
        if let Some(there) = self.0.get_mut(key.namespace) {
            there.remove(key.name);
            if there.is_empty() {
                self.0.remove(key.namespace);
            }
        }
    }

    fn len(&self) -> usize {
        self.0.values().map(HashMap::len).sum()
    }
}

/// How a watch fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has not listed the kind yet.
    Starting,
    /// It has, and nothing has gone wrong since.
    Whole,
    /// The cluster has no such kind: its definition is not installed.
    NotServed,
    /// It may not list the kind, or not watch it.
    Forbidden {
        /// Which of the two.
        verb: &'static str,
    },
    /// It broke then, and has not listed the kind anew since.
    Lost(Instant),
}

struct Inner<T> {
    state: State,
    /// The last sign of life.
    heard: Instant,
    objects: Objects<T>,
}

/// The objects of one kind as a watch tells them.
pub(super) struct Store<T> {
    resource: &'static str,
    /// Told of every change, where somebody waits for it. Such a one keeps what it knew when its rights are taken.
    changes: Option<watch::Sender<u64>>,
    inner: RwLock<Inner<T>>,
}

impl<T> Store<T> {
    /// An empty one, for the kind of that plural name.
    pub(super) fn new(resource: &'static str) -> Self {
        Self {
            resource,
            changes: None,
            inner: RwLock::new(Inner {
                state: State::Starting,
                heard: Instant::now(),
                objects: Objects::default(),
            }),
        }
    }

    /// One that counts every change in `changes`, and keeps what it knew when its rights are taken: what it holds is
    /// in force until somebody says otherwise.
    pub(super) fn lasting(resource: &'static str, changes: watch::Sender<u64>) -> Self {
        Self {
            changes: Some(changes),
            ..Self::new(resource)
        }
    }

    fn tell(&self) {
        if let Some(changes) = &self.changes {
            changes.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    pub(super) fn resource(&self) -> &'static str {
        self.resource
    }

    // A panic while it was locked cannot have left it half written: each change is one insertion.
    fn read(&self) -> RwLockReadGuard<'_, Inner<T>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner<T>> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers from the objects, where they may be believed. `alive` is when the API server last answered
    /// at all: a quiet watch says nothing for hours.
    pub(super) fn ask<R>(
        &self,
        alive: Instant,
        answer: impl FnOnce(&Objects<T>) -> R,
    ) -> Result<R, Unseen> {
        let inner = self.read();
        match self.doubt_of(&inner, alive) {
            Some(unseen) => Err(unseen),
            None => Ok(answer(&inner.objects)),
        }
    }

    /// Why the objects may not be what is there.
    pub(super) fn doubt(&self, alive: Instant) -> Option<Unseen> {
        self.doubt_of(&self.read(), alive)
    }

    fn doubt_of(&self, inner: &Inner<T>, alive: Instant) -> Option<Unseen> {
        let resource = self.resource;
        let lost = |since: Instant| {
            let seconds = since.elapsed().as_secs();
            (seconds > BELIEVED.as_secs()).then_some(Unseen::Lost { resource, seconds })
        };
        match inner.state {
            State::Starting => Some(Unseen::Starting { resource }),
            State::Forbidden { verb } => Some(Unseen::Forbidden { verb, resource }),
            State::Whole | State::NotServed => lost(inner.heard.max(alive)),
            State::Lost(since) => lost(since),
        }
    }

    /// Answers from the last known objects, however old they are.
    pub(super) fn last_known<R>(&self, answer: impl FnOnce(&Objects<T>) -> R) -> R {
        answer(&self.read().objects)
    }

    /// Takes a whole list.
    pub(super) fn replace(&self, objects: Objects<T>) -> State {
        let mut inner = self.write();
        inner.objects = objects;
        inner.heard = Instant::now();
        let before = std::mem::replace(&mut inner.state, State::Whole);
        drop(inner);
        self.tell();
        before
    }

    /// Takes a new or changed object; `None` where it is of no interest any more.
    pub(super) fn put(&self, key: Key<'_>, object: Option<T>) {
        let mut inner = self.write();
        inner.heard = Instant::now();
        match object {
            Some(object) => inner.objects.put(key, object),
            None => inner.objects.remove(key),
        }
        drop(inner);
        self.tell();
    }

    /// Notes that the watch broke; the first time counts. Says what was before.
    pub(super) fn fail(&self, failed: State) -> State {
        let mut inner = self.write();
        let before = inner.state;
        inner.state = match (before, failed) {
            // What was never listed is not there to be believed, and what is lost does not grow younger.
            (
                State::Starting | State::Lost(_) | State::NotServed | State::Forbidden { .. },
                State::Lost(_),
            ) => before,
            _ => failed,
        };
        if matches!(failed, State::NotServed | State::Forbidden { .. }) {
            inner.heard = Instant::now();
            if failed == State::NotServed || self.changes.is_none() {
                inner.objects = Objects::default();
            }
        }
        drop(inner);
        self.tell();
        before
    }

    /// Whether there is nothing more to wait for.
    pub(super) fn is_settled(&self) -> bool {
        self.read().state != State::Starting
    }

    /// For whoever reports it.
    pub(super) fn watch(&self, alive: Instant) -> Watch {
        let inner = self.read();
        let age = match inner.state {
            State::Starting | State::NotServed | State::Forbidden { .. } => None,
            State::Whole => Some(inner.heard.max(alive)),
            State::Lost(since) => Some(since),
        };
        Watch {
            resource: self.resource,
            objects: inner.objects.len(),
            age: age.map(|since| since.elapsed().as_secs_f64()),
        }
    }
}

/// The store of any kind, for whoever reports how its watch fares.
pub(super) trait Followed {
    fn is_settled(&self) -> bool;
    fn watch(&self, alive: Instant) -> Watch;
}

impl<T> Followed for Store<T> {
    fn is_settled(&self) -> bool {
        Store::is_settled(self)
    }

    fn watch(&self, alive: Instant) -> Watch {
        Store::watch(self, alive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key<'_> {
        Key {
            namespace: "games",
            name,
        }
    }

    fn listed(name: &str) -> Objects<u8> {
        let mut objects = Objects::default();
        objects.put(key(name), 1);
        objects
    }

    fn there(store: &Store<u8>, alive: Instant) -> Result<bool, Unseen> {
        store.ask(alive, |objects| objects.get(key("a")).is_some())
    }

    #[test]
    fn nothing_is_believed_before_the_first_list() {
        let store = Store::<u8>::new("things");
        let now = Instant::now();
        let starting = Err(Unseen::Starting { resource: "things" });
        assert_eq!(there(&store, now), starting);
        store.fail(State::Lost(now));
        assert_eq!(there(&store, now), starting);
        assert!(!store.is_settled());
        store.replace(listed("a"));
        assert_eq!(there(&store, now), Ok(true));
        store.put(key("a"), None);
        assert_eq!(there(&store, now), Ok(false));
    }

    #[test]
    fn a_broken_watch_is_believed_for_a_while_and_no_longer() {
        let store = Store::<u8>::new("things");
        store.replace(listed("a"));
        let now = Instant::now();
        let Some(before) = now.checked_sub(BELIEVED + Duration::from_secs(5)) else {
            return;
        };
        store.fail(State::Lost(now));
        assert_eq!(there(&store, now), Ok(true));
        store.replace(listed("a"));
        store.fail(State::Lost(before));
        // Later failures do not make it younger.
        store.fail(State::Lost(now));
        assert!(matches!(there(&store, now), Err(Unseen::Lost { seconds, .. }) if seconds >= 65));
        store.replace(listed("a"));
        assert_eq!(there(&store, now), Ok(true));
    }

    #[test]
    fn what_may_not_be_listed_is_unseen_and_what_is_not_served_is_absent() {
        let store = Store::<u8>::new("things");
        store.replace(listed("a"));
        let now = Instant::now();
        store.fail(State::Forbidden { verb: "list" });
        assert_eq!(
            there(&store, now),
            Err(Unseen::Forbidden {
                verb: "list",
                resource: "things"
            })
        );
        store.fail(State::NotServed);
        assert_eq!(there(&store, now), Ok(false));
        assert!(store.is_settled());
    }

    #[test]
    fn what_lasts_tells_of_changes_and_outlives_its_rights_but_not_its_definition() {
        let (changes, mut told) = watch::channel(0);
        let store = Store::<u8>::lasting("things", changes);
        let mut is_told = || {
            let is_new = told.has_changed().expect("somebody who tells");
            told.mark_unchanged();
            is_new
        };
        let count = || store.last_known(Objects::len);
        store.replace(listed("a"));
        assert!(is_told() && count() == 1);
        store.fail(State::Forbidden { verb: "list" });
        assert!(is_told() && count() == 1);
        let now = Instant::now();
        assert!(matches!(
            store.doubt(now),
            Some(Unseen::Forbidden { verb: "list", .. })
        ));
        store.fail(State::Lost(now));
        assert_eq!(count(), 1);
        store.put(key("b"), Some(2));
        assert!(is_told() && count() == 2);
        store.fail(State::NotServed);
        assert!(is_told() && count() == 0 && store.doubt(now).is_none());
    }
}
