//! Follows the objects of one kind: lists them, watches them, and begins anew when that breaks.

use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt};
use kube::ResourceExt;
use kube::core::Status;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, DefaultBackoff, Event};

use super::connect::whole;
use super::store::{Objects, State, Store};
use crate::facts::Key;

/// How often it is tried again to list what is not served or not allowed: definitions and rights come later.
const LATER: Duration = Duration::from_secs(20);

/// How lists and watches are asked for: in pages, so that no answer is large; and in watches of a minute, so
/// that a connection that died without a word is noticed.
pub(super) fn config() -> watcher::Config {
    watcher::Config::default().page_size(200).timeout(60)
}

/// Follows a kind for ever. `start` makes the stream of the given attempt, of which the first
/// `alternatives` differ, as in the version; `keep` takes what is of interest from an object.
pub(super) async fn follow<K, T, S>(
    store: Arc<Store<T>>,
    alternatives: usize,
    start: impl Fn(usize) -> S,
    keep: impl Fn(&K) -> Option<T>,
) where
    K: ResourceExt + Debug,
    S: Stream<Item = watcher::Result<Event<K>>>,
{
    let mut backoff = DefaultBackoff::default();
    for attempt in 0.. {
        let mut stream = pin!(start(attempt));
        let mut listed = Objects::default();
        let mut pause = None;
        while let Some(event) = stream.next().await {
            match event {
                Ok(Event::Init) => listed = Objects::default(),
                Ok(Event::InitApply(object)) => {
                    let (namespace, name) = place(&object);
                    if let Some(kept) = keep(&object) {
                        listed.put(key(&namespace, &name), kept);
                    }
                }
                Ok(Event::InitDone) => {
                    told(store.replace(std::mem::take(&mut listed)), store.resource());
                    backoff.reset();
                }
                Ok(Event::Apply(object)) => {
                    let (namespace, name) = place(&object);
                    store.put(key(&namespace, &name), keep(&object));
                }
                Ok(Event::Delete(object)) => {
                    let (namespace, name) = place(&object);
                    store.put(key(&namespace, &name), None);
                }
                Err(error) => {
                    let state = state_of(&error);
                    if state == State::NotServed && (attempt + 1) % alternatives != 0 {
                        pause = Some(Duration::ZERO);
                        break;
                    }
                    tell(store.fail(state), state, store.resource(), &error);
                    if matches!(state, State::NotServed | State::Forbidden) {
                        pause = Some(LATER);
                    }
                    // A new list tells when the watch is whole again; a resumed one would not.
                    break;
                }
            }
        }
        let pause = pause.or_else(|| backoff.next()).unwrap_or(LATER);
        tokio::time::sleep(pause).await;
    }
}

fn place(object: &impl ResourceExt) -> (String, String) {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn key<'a>(namespace: &'a str, name: &'a str) -> Key<'a> {
    Key { namespace, name }
}

fn state_of(error: &watcher::Error) -> State {
    match status(error).map(|status| status.code) {
        Some(403) => State::Forbidden,
        Some(404) => State::NotServed,
        _ => State::Lost(Instant::now()),
    }
}

fn status(error: &watcher::Error) -> Option<&Status> {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => Some(status),
        _ => None,
    }
}

/// Says once what is new.
fn told(before: State, resource: &'static str) {
    match before {
        State::Whole => {}
        State::Lost(since) => tracing::info!(
            resource,
            seconds = since.elapsed().as_secs(),
            "the watch is whole again"
        ),
        State::Starting | State::NotServed | State::Forbidden => {
            tracing::info!(resource, "listed and watched");
        }
    }
}

fn tell(before: State, now: State, resource: &'static str, error: &watcher::Error) {
    match now {
        State::Forbidden if before != State::Forbidden => tracing::warn!(
            resource,
            "not allowed to list or watch: what rules would ask counts as unverified; docs/security.md names the right"
        ),
        State::NotServed if before != State::NotServed => {
            tracing::info!(resource, "the cluster has no such kind yet");
        }
        State::Lost(_) if matches!(before, State::Whole | State::Starting) => {
            tracing::warn!(
                resource,
                reason = whole(error),
                "the watch broke; trying again"
            );
        }
        _ => tracing::debug!(resource, reason = whole(error), "the watch is still broken"),
    }
}
