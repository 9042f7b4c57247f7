//! Which of several replicas leads: whoever holds the Lease, or the only one where there is none.

use std::process;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cluster::{Cluster, Leadership};
use crate::facts::Name;

/// Whether this replica leads, for all that only one replica does.
pub(super) struct Lead {
    leads: watch::Sender<bool>,
    competing: Option<(Leadership, JoinHandle<()>)>,
}

impl Lead {
    /// Competes for the Lease from now on; without one, or without a cluster, this replica leads.
    pub(super) fn start(cluster: Option<&Cluster>, lease: Option<Name>) -> Self {
        let leadership = cluster
            .zip(lease)
            .map(|(cluster, lease)| Leadership::new(cluster, lease, identity()));
        let leads = watch::Sender::new(leadership.is_none());
        let competing = leadership.map(|leadership| {
            let (competes, told) = (leadership.clone(), leads.clone());
            let task = tokio::spawn(async move { competes.compete(&told).await });
            (leadership, task)
        });
        Self { leads, competing }
    }

    /// Whether it leads now, and every change of that.
    pub(super) fn leads(&self) -> watch::Receiver<bool> {
        self.leads.subscribe()
    }

    /// Gives the Lease back, so that another replica leads at once. What a leader does must have ended.
    pub(super) async fn end(self) {
        if let Some((leadership, task)) = self.competing {
            task.abort();
            // The end of an aborted task is no error.
            let _ = task.await;
            leadership.release().await;
        }
    }
}

/// What no other replica is called.
fn identity() -> String {
    let named = |variable| std::env::var(variable).ok().filter(|name| !name.is_empty());
    match named("POD_NAME").or_else(|| named("HOSTNAME")) {
        // Two processes of one machine are two replicas; a container that starts again waits for no Lease of its own
        // pod, as it has the same process id.
        Some(name) => format!("{name}_{}", process::id()),
        None => format!("lockkeeper_{}", process::id()),
    }
}
