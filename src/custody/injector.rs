//! Keeps a bundle in the webhook configurations, and puts it there again when something overwrites it.

use std::time::Duration;

use tokio::sync::watch;

use crate::certs::Bundle;
use crate::cluster::{Registered, Webhooks};

/// The pause behind an injection, so that two who overwrite each other do not do it without end at full speed.
const PAUSE: Duration = Duration::from_millis(250);
/// The pause behind one that failed.
const FAILED: Duration = Duration::from_secs(2);

/// What the injection goes by.
pub(super) struct Injector {
    pub(super) webhooks: Webhooks,
    pub(super) registered: watch::Receiver<Registered>,
    /// What all webhooks must trust; empty while that is not known.
    pub(super) wanted: watch::Receiver<Bundle>,
    pub(super) leads: watch::Receiver<bool>,
}

impl Injector {
    /// Injects for ever, while this replica leads; dropping the future ends it.
    pub(super) async fn run(mut self) {
        let mut failing = false;
        loop {
            let registered = self.registered.borrow_and_update().clone();
            let wanted = self.wanted.borrow_and_update().to_pem();
            let leads = *self.leads.borrow_and_update();
            let mut pause = None;
            if leads && !wanted.is_empty() {
                for which in registered.lacking(wanted.as_bytes()) {
                    let done = self
                        .webhooks
                        .inject(which, &registered, wanted.as_bytes())
                        .await;
                    pause = pause.max(Some(if done.is_ok() { PAUSE } else { FAILED }));
                    match done {
                        Ok(()) => {
                            tracing::info!(kind = which.kind(), "injected the CA");
                            failing = false;
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
                        }
                    }
                }
            }
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => {
                    let gone = tokio::select! {
                        changed = self.registered.changed() => changed,
                        changed = self.wanted.changed() => changed,
                        changed = self.leads.changed() => changed,
                    };
                    // Who told of changes has ended, and the server with it.
                    if gone.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
