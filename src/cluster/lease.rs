//! One replica leads: whoever holds a Lease, which must be there. (kube-leader-election is for an older kube.)
//!
//! No clock is compared with another machine's: a holder that has written nothing for the Lease's duration, as seen
//! here, has lost it. What a leader does must bear a second one for a moment all the same.

use std::fmt;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Api;
use kube::api::PostParams;
use tokio::sync::watch;

use super::connect::{Cluster, whole};
use crate::facts::Name;

/// How long a holder that says nothing keeps the Lease.
const DURATION: Duration = Duration::from_secs(15);
/// How often the holder says that it is there.
const RENEW: Duration = Duration::from_secs(5);
/// How often the others look.
const RETRY: Duration = Duration::from_secs(2);
/// After how long without a written renewal the holder stops leading: before others take over.
const GIVE_UP: Duration = Duration::from_secs(10);
/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The Lease by which one of several replicas leads.
#[derive(Clone)]
pub struct Leadership {
    api: Api<Lease>,
    name: Name,
    holder: String,
}

impl fmt::Debug for Leadership {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Leadership")
            .field("name", &self.name)
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

/// What was seen of the Lease, and when it last changed here.
struct Sight {
    version: Option<String>,
    since: Instant,
}

/// What one look at the Lease came to.
enum Look {
    Leads,
    Follows,
    Failed(String),
}

impl Leadership {
    /// Competes for the Lease under the name `holder`, which no other replica has.
    #[must_use]
    pub fn new(cluster: &Cluster, name: Name, holder: String) -> Self {
        Self {
            api: Api::namespaced(cluster.client(), &name.namespace),
            name,
            holder,
        }
    }

    /// Competes for ever, and says in `leads` whether this replica leads. Dropping the future ends it; call
    /// [`Leadership::release`] then, so that another need not wait.
    pub async fn compete(&self, leads: &watch::Sender<bool>) {
        let mut sight = Sight {
            version: None,
            since: Instant::now(),
        };
        let mut renewed = Instant::now();
        let mut failing = false;
        loop {
            let look = match tokio::time::timeout(PATIENCE, self.look(&mut sight)).await {
                Ok(look) => look,
                Err(_) => Look::Failed(format!("no answer within {} s", PATIENCE.as_secs())),
            };
            let led = *leads.borrow();
            let pause = match look {
                Look::Leads => {
                    renewed = Instant::now();
                    if !led {
                        tracing::info!(lease = %self.name, "this replica leads");
                    }
                    leads.send_if_modified(|leads| !std::mem::replace(leads, true));
                    failing = false;
                    RENEW
                }
                Look::Follows => {
                    leads.send_if_modified(|leads| std::mem::replace(leads, false));
                    failing = false;
                    RETRY
                }
                Look::Failed(reason) => {
                    if led && renewed.elapsed() > GIVE_UP {
                        leads.send_replace(false);
                        tracing::warn!(lease = %self.name, "this replica no longer leads");
                    }
                    if !failing {
                        tracing::warn!(lease = %self.name, reason, "the Lease cannot be had; trying again");
                    }
                    failing = true;
                    RETRY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Gives the Lease back if this replica holds it.
    pub async fn release(&self) {
        let freed = async {
            let mut lease = self.api.get(&self.name.name).await?;
            let spec = lease.spec.get_or_insert_default();
            if spec.holder_identity.as_deref() == Some(&*self.holder) {
                spec.holder_identity = None;
                self.api
                    .replace(&self.name.name, &PostParams::default(), &lease)
                    .await?;
            }
            Ok::<_, kube::Error>(())
        };
        // Whoever waits takes it over when it has run out.
        let _ = tokio::time::timeout(PATIENCE, freed).await;
    }

    async fn look(&self, sight: &mut Sight) -> Look {
        let mut lease = match self.api.get(&self.name.name).await {
            Ok(lease) => lease,
            Err(error) => return Look::Failed(self.reason(&error)),
        };
        if lease.metadata.resource_version != sight.version {
            sight.version.clone_from(&lease.metadata.resource_version);
            sight.since = Instant::now();
        }
        let spec = lease.spec.get_or_insert_default();
        if !may_take(spec, &self.holder, sight.since.elapsed()) {
            return Look::Follows;
        }
        take(spec, &self.holder, Timestamp::now());
        match self
            .api
            .replace(&self.name.name, &PostParams::default(), &lease)
            .await
        {
            Ok(lease) => {
                sight.version = lease.metadata.resource_version;
                sight.since = Instant::now();
                Look::Leads
            }
            // Another was quicker.
            Err(kube::Error::Api(status)) if status.code == 409 => Look::Follows,
            Err(error) => Look::Failed(self.reason(&error)),
        }
    }

    fn reason(&self, error: &kube::Error) -> String {
        match error {
            kube::Error::Api(status) if status.code == 404 => {
                format!(
                    "the Lease {} is not there; create it without a spec (the chart does)",
                    self.name
                )
            }
            kube::Error::Api(status) if status.code == 403 => {
                format!(
                    "grant `get` and `update` on the Lease {} by its name",
                    self.name
                )
            }
            error => whole(error),
        }
    }
}

fn may_take(spec: &LeaseSpec, holder: &str, unchanged: Duration) -> bool {
    match spec.holder_identity.as_deref() {
        None | Some("") => true,
        Some(other) => other == holder || unchanged > duration(spec),
    }
}

fn duration(spec: &LeaseSpec) -> Duration {
    let seconds = spec
        .lease_duration_seconds
        .and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or(DURATION, Duration::from_secs)
}

fn take(spec: &mut LeaseSpec, holder: &str, now: Timestamp) {
    if spec.holder_identity.as_deref() != Some(holder) {
        spec.lease_transitions = Some(spec.lease_transitions.unwrap_or(0).saturating_add(1));
        spec.acquire_time = Some(MicroTime(now));
    }
    spec.holder_identity = Some(holder.to_owned());
    spec.lease_duration_seconds = i32::try_from(DURATION.as_secs()).ok();
    spec.renew_time = Some(MicroTime(now));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(by: &str) -> LeaseSpec {
        let mut spec = LeaseSpec::default();
        take(&mut spec, by, Timestamp::UNIX_EPOCH);
        spec
    }

    #[test]
    fn a_lease_is_free_its_own_or_run_out() {
        let (now, late) = (Duration::ZERO, DURATION + Duration::from_secs(1));
        assert!(may_take(&LeaseSpec::default(), "a", now));
        assert!(may_take(&held(""), "a", now));
        assert!(may_take(&held("a"), "a", now));
        assert!(!may_take(&held("b"), "a", DURATION));
        assert!(may_take(&held("b"), "a", late));
    }

    #[test]
    fn transitions_are_counted_and_renewals_are_none() {
        let mut spec = held("a");
        let later = Timestamp::from_second(60).expect("a time");
        take(&mut spec, "a", later);
        assert_eq!(spec.lease_transitions, Some(1));
        assert_eq!(spec.acquire_time, Some(MicroTime(Timestamp::UNIX_EPOCH)));
        assert_eq!(spec.renew_time, Some(MicroTime(later)));
        take(&mut spec, "b", later);
        assert_eq!(spec.lease_transitions, Some(2));
    }
}
