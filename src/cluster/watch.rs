//! Follows the objects of one kind: lists them, watches them, and begins anew when that breaks.

use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt};
use kube::ResourceExt;
use kube::core::Status;
use kube::runtime::watcher::{self, DefaultBackoff, Event};

use super::connect::whole;
use super::store::{Objects, State, Store};
use crate::facts::Key;

/// How often it is tried again to list what is not served or not allowed: definitions and rights come later.
pub(super) const LATER: Duration = Duration::from_secs(20);

/// How long a list must have been refused to be believed: an API server that has just started knows of no
/// rights for a few seconds, and refuses everybody.
const REFUSED: Duration = Duration::from_secs(4);
/// How often it is tried again meanwhile.
const SOON: Duration = Duration::from_secs(1);

/// How lists and watches are asked for: in pages, so that no answer is large; and in watches of a minute, so
/// that a connection that died without a word is noticed.
pub(super) fn config() -> watcher::Config {
    watcher::Config::default().page_size(200).timeout(60)
}

/// Follows a kind for ever. `start` makes the stream of one of the `alternatives`, which differ in the
/// version; `keep` takes what is of interest from an object. What is not served is looked for every `later`.
pub(super) async fn follow<K, T, S>(
    store: Arc<Store<T>>,
    alternatives: usize,
    later: Duration,
    start: impl Fn(usize) -> S,
    keep: impl Fn(&K) -> Option<T>,
) where
    K: ResourceExt + Debug,
    S: Stream<Item = watcher::Result<Event<K>>>,
{
    let mut tries = Tries::new(alternatives, later);
    loop {
        let mut stream = pin!(start(tries.alternative));
        let mut listed = Objects::default();
        let mut pause = SOON;
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
                    let before = store.replace(std::mem::take(&mut listed));
                    if !tries.watch_refused {
                        told(before, store.resource());
                    }
                    tries.listed();
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
                    let was_refused = tries.watch_refused;
                    let failure;
                    (failure, pause) = tries.failed(&error, Instant::now());
                    if let Some(state) = failure {
                        let before = store.fail(state);
                        // Each list before it went well; that is no news.
                        if !(was_refused && tries.watch_refused) {
                            tell(before, state, store.resource(), &error);
                        }
                    }
                    // A new list tells when the watch is whole again; a resumed one would not.
                    break;
                }
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// What was tried in a row without a list.
struct Tries {
    alternatives: usize,
    later: Duration,
    /// The one to try next: the last that was served.
    alternative: usize,
    not_served: usize,
    refused: Option<Instant>,
    /// Whether the last list was followed by a refused watch.
    watch_refused: bool,
    /// It begins small again by itself, when nothing broke for two minutes. A list must not make it:
    /// where lists are answered and watches are not, the whole kind would be listed every second.
    backoff: DefaultBackoff,
}

impl Tries {
    fn new(alternatives: usize, later: Duration) -> Self {
        Self {
            alternatives,
            later,
            alternative: 0,
            not_served: 0,
            refused: None,
            watch_refused: false,
            backoff: DefaultBackoff::default(),
        }
    }

    fn listed(&mut self) {
        self.not_served = 0;
        self.refused = None;
    }

    /// What a failure makes of the watch, if anything, and how long to wait.
    fn failed(&mut self, error: &watcher::Error, now: Instant) -> (Option<State>, Duration) {
        let code = status(error).map(|status| status.code);
        self.watch_refused =
            code == Some(403) && !matches!(error, watcher::Error::InitialListFailed(_));
        match code {
            Some(404) => {
                self.alternative = (self.alternative + 1) % self.alternatives;
                self.not_served += 1;
                if self.not_served.is_multiple_of(self.alternatives) {
                    (Some(State::NotServed), self.later)
                } else {
                    (None, Duration::ZERO)
                }
            }
            Some(403) if self.watch_refused => (Some(State::Forbidden { verb: "watch" }), LATER),
            Some(403) => {
                let since = *self.refused.get_or_insert(now);
                if now.duration_since(since) < REFUSED {
                    (Some(State::Lost(now)), SOON)
                } else {
                    (Some(State::Forbidden { verb: "list" }), LATER)
                }
            }
            _ => {
                let pause = self.backoff.next().unwrap_or(LATER);
                (Some(State::Lost(now)), pause)
            }
        }
    }
}

fn place(object: &impl ResourceExt) -> (String, String) {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn key<'a>(namespace: &'a str, name: &'a str) -> Key<'a> {
    Key { namespace, name }
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
        State::Starting | State::NotServed | State::Forbidden { .. } => {
            tracing::info!(resource, "listed and watched");
        }
    }
}

fn tell(before: State, now: State, resource: &'static str, error: &watcher::Error) {
    match now {
        State::Forbidden { verb } if before != now => tracing::warn!(
            resource,
            verb,
            "not allowed: what rules would ask counts as unverified; docs/security.md names the right"
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

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(code: u16) -> watcher::Error {
        watcher::Error::InitialListFailed(api(code))
    }

    fn api(code: u16) -> kube::Error {
        kube::Error::Api(Box::new(Status::failure("no", "No").with_code(code)))
    }

    #[test]
    fn a_kind_is_not_served_only_when_no_version_of_it_is() {
        let now = Instant::now();
        let mut tries = Tries::new(2, LATER);
        // A broken watch is tried again by the version that was served.
        assert_eq!(tries.failed(&listing(503), now).0, Some(State::Lost(now)));
        assert_eq!(tries.alternative, 0);
        assert_eq!(tries.failed(&listing(404), now), (None, Duration::ZERO));
        assert_eq!(tries.alternative, 1);
        tries.listed();
        assert_eq!(tries.failed(&listing(404), now).0, None);
        assert_eq!(tries.failed(&listing(404), now).0, Some(State::NotServed));
    }

    #[test]
    fn a_refused_list_is_believed_after_a_while_and_a_refused_watch_at_once() {
        let start = Instant::now();
        let mut tries = Tries::new(1, LATER);
        assert_eq!(
            tries.failed(&listing(403), start).0,
            Some(State::Lost(start))
        );
        let later = start + REFUSED;
        let forbidden = |verb| Some(State::Forbidden { verb });
        assert_eq!(tries.failed(&listing(403), later).0, forbidden("list"));
        tries.listed();
        assert_eq!(
            tries.failed(&listing(403), later).0,
            Some(State::Lost(later))
        );
        let watching = watcher::Error::WatchStartFailed(api(403));
        assert_eq!(tries.failed(&watching, start).0, forbidden("watch"));
    }

    #[test]
    fn a_list_that_no_watch_follows_is_tried_ever_more_seldom() {
        let mut tries = Tries::new(1, LATER);
        let watching = watcher::Error::WatchStartFailed(api(503));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            tries.listed();
            pauses.push(tries.failed(&watching, Instant::now()).1);
        }
        assert!(pauses[0] < Duration::from_secs(2), "{pauses:?}");
        assert!(pauses[7] >= Duration::from_secs(30), "{pauses:?}");
    }
}
