//! Keeps a bundle in the webhook configurations, and puts it there again when something overwrites it.

use std::time::{Duration, Instant};

use futures::future::join;
use tokio::sync::watch;

use super::strangers::Strangers;
use crate::certs::Bundle;
use crate::cluster::{Registered, Webhooks};

/// The pause behind an injection, so that two who overwrite each other do not do it without end at full speed.
const PAUSE: Duration = Duration::from_millis(250);
/// The pause behind one that failed.
const FAILED: Duration = Duration::from_secs(2);

/// Says what every webhook is to trust, where that is other than before.
pub(super) fn want(wanted: &watch::Sender<Bundle>, bundle: Bundle) {
    wanted.send_if_modified(|wanted| {
        let is_new = *wanted != bundle;
        *wanted = bundle;
        is_new
    });
}

/// Where the CA is put, and which of the replicas does it.
#[derive(Clone, Debug)]
pub struct Injection {
    /// The configurations.
    pub webhooks: Webhooks,
    /// Whether this replica leads: who does injects.
    pub leads: watch::Receiver<bool>,
}

impl Injection {
    /// Follows the configurations into `registered`, and injects what is `wanted` while this replica leads; an empty
    /// bundle is not known yet. A CA that is there and not wanted stays for `grace`. Dropping the future ends it.
    pub(super) async fn run(
        &self,
        registered: &watch::Sender<Registered>,
        wanted: watch::Receiver<Bundle>,
        grace: Duration,
    ) {
        join(
            self.webhooks.follow(registered),
            self.inject(registered.subscribe(), self.leads.clone(), wanted, grace),
        )
        .await;
    }

    async fn inject(
        &self,
        mut registered: watch::Receiver<Registered>,
        mut leads: watch::Receiver<bool>,
        mut wanted: watch::Receiver<Bundle>,
        grace: Duration,
    ) {
        let mut failing = false;
        let mut strangers = Strangers::default();
        loop {
            let seen = registered.borrow_and_update().clone();
            let now = Instant::now();
            // Who follows looks too: what has been there for long is no news to who leads next.
            strangers.look(seen.bundles(), now);
            let bundle = wanted.borrow_and_update().clone();
            let is_asked = *leads.borrow_and_update() && !bundle.is_empty();
            let (bundle, again) = strangers.beside(bundle, grace, now);
            let bundle = bundle.to_pem();
            let mut pause = None;
            for which in seen.lacking(bundle.as_bytes()).filter(|_| is_asked) {
                match self.webhooks.inject(which, &seen, bundle.as_bytes()).await {
                    Ok(()) => {
                        tracing::info!(kind = which.kind(), "injected the CA");
                        failing = false;
                        pause = pause.max(Some(PAUSE));
                    }
                    Err(reason) => {
                        if !failing {
                            tracing::warn!(
                                kind = which.kind(),
                                reason,
                                "the CA cannot be injected; trying again"
                            );
                        }
                        failing = true;
                        pause = Some(FAILED);
                    }
                }
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
                continue;
            }
            let gone = tokio::select! {
                changed = registered.changed() => changed,
                changed = wanted.changed() => changed,
                changed = leads.changed() => changed,
                () = tokio::time::sleep(again.unwrap_or(Duration::MAX)) => Ok(()),
            };
            // Who told of changes has ended, and the server with it.
            if gone.is_err() {
                return;
            }
        }
    }
}
