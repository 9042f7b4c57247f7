//! The policies of the cluster: compiled, put in force, and their statuses written.
//!
//! What cannot be compiled leaves its last good form in force. What is deleted is gone at once, and the built-in policy
//! stands. While the API server cannot be reached, the last known ones stay.

mod compiled;
mod reload;
mod status;
mod statuses;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use futures::future::join;
use jiff::Timestamp;
use tokio::sync::watch;

use self::compiled::Outcome;
use crate::cluster::Policies;
use crate::facts::Knowledge;
use crate::policy::{Current, Document, PolicyHealth};
use crate::registration::PodScope;

/// What the controller works with.
pub struct Controller {
    /// The policies of the cluster, which somebody else watches.
    pub policies: Arc<Policies>,
    /// Who knows which releases are there.
    pub knowledge: Arc<dyn Knowledge>,
    /// Where it puts what is in force.
    pub current: Arc<Current>,
    /// What stands beside the policies of the cluster: that of the policy file.
    pub beside: Vec<Arc<Document>>,
    /// Which pods are registered to be sent, where that is known.
    pub pod_scope: Option<PodScope>,
    /// Whether this replica leads: who does writes the statuses.
    pub leads: watch::Receiver<bool>,
    /// The clock.
    pub clock: fn() -> Timestamp,
}

impl Controller {
    /// Says that no reviews should come before the policies are known. To be called before serving begins.
    pub fn announce(&self) {
        self.current.tell(PolicyHealth {
            unready: Some(reload::UNREADY.into()),
            ..PolicyHealth::default()
        });
    }

    /// Does it for ever; dropping the future ends it.
    pub async fn run(self) {
        let (told, outcomes) = watch::channel(Arc::new(Outcome::default()));
        join(self.reload(&told), self.write_statuses(outcomes)).await;
    }
}
