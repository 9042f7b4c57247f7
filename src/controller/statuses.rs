//! Writes the statuses of policies while this replica leads: only what differs, and seldom.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::Controller;
use super::compiled::{Compiled, Outcome};
use super::status::{View, says, wanted};
use crate::cluster::PolicyObject;
use crate::policy::{Document, Exemption};

/// How often the statuses are looked at, whatever changes: releases come and go.
const REFRESH: Duration = Duration::from_secs(60);
/// How long a status that was written stays as it is.
const SELDOM: Duration = Duration::from_secs(3);
/// The pause behind a failed write.
const FAILED: Duration = Duration::from_secs(5);

/// A status, written or tried.
#[derive(Clone)]
struct Written {
    status: Map<String, Value>,
    /// The object's version before it, and behind it; none where it failed.
    versions: [Option<String>; 2],
    at: Instant,
}

impl Written {
    /// Whether what is seen of the object is from before the write, or is the write itself.
    fn is_seen_by(&self, object: &PolicyObject) -> bool {
        let seen = Some(object.version.as_str());
        self.versions
            .iter()
            .any(|version| version.as_deref() == seen && self.versions[1].is_some())
    }
}

/// What was written, by the object's uid.
#[derive(Default)]
struct Ledger(HashMap<String, Written>);

/// What is to be done about one status.
#[derive(Debug, PartialEq)]
enum Due {
    Nothing,
    Later(Duration),
    Now(Map<String, Value>),
}

impl Ledger {
    /// What the object's status says, as far as we know: our own write is known before the watch tells of it.
    fn there<'l>(&'l self, object: &'l PolicyObject, own: &'l mut Value) -> &'l Value {
        match self.0.get(&object.uid) {
            Some(written) if written.is_seen_by(object) => {
                *own = Value::Object(written.status.clone());
                own
            }
            _ => &object.status,
        }
    }

    fn due(&self, compiled: &Compiled, view: &View<'_>, now: Instant) -> Due {
        let object = &compiled.object;
        let mut own = Value::Null;
        let there = self.there(object, &mut own);
        let wanted = wanted(compiled, there, view);
        // What an older definition leaves out of what we wrote is not written again and again.
        if says(there, &wanted) {
            return Due::Nothing;
        }
        let rest = self.0.get(&object.uid).and_then(|written| {
            let pause = match written.versions[1] {
                Some(_) => SELDOM,
                None => FAILED,
            };
            pause.checked_sub(now.duration_since(written.at))
        });
        match rest {
            Some(rest) if !rest.is_zero() => Due::Later(rest),
            _ => Due::Now(wanted),
        }
    }
}

impl Controller {
    /// Writes for ever; dropping the future ends it.
    pub(super) async fn write_statuses(&self, mut outcomes: watch::Receiver<Arc<Outcome>>) {
        let mut leads = self.leads.clone();
        let mut ledger = Ledger::default();
        let mut failing = false;
        loop {
            let outcome = outcomes.borrow_and_update().clone();
            let mut pause = REFRESH;
            if *leads.borrow_and_update() {
                pause = self.round(&outcome, &mut ledger, &mut failing).await;
            }
            let gone = tokio::select! {
                changed = outcomes.changed() => changed,
                changed = leads.changed() => changed,
                () = tokio::time::sleep(pause) => Ok(()),
            };
            // Who told of changes has ended, and the server with it.
            if gone.is_err() {
                return;
            }
        }
    }

    /// Writes what is due now; after how long to look again.
    async fn round(
        &self,
        outcome: &Arc<Outcome>,
        ledger: &mut Ledger,
        failing: &mut bool,
    ) -> Duration {
        let now = (self.clock)();
        let mut pause = next_end(self.current.policy().documents(), now)
            .map_or(REFRESH, |end| end.min(REFRESH));
        let known = &outcome.compiled;
        let uids: HashSet<&str> = known.iter().map(|one| one.object.uid.as_str()).collect();
        ledger.0.retain(|uid, _| uids.contains(uid.as_str()));
        for (object, due) in self.all_due(outcome, ledger, now).await {
            let status = match due {
                Due::Nothing => continue,
                Due::Later(rest) => {
                    pause = pause.min(rest);
                    continue;
                }
                Due::Now(status) => status,
            };
            let written = self.policies.write_status(&object, &status).await;
            let after = match written {
                Ok(version) => {
                    *failing = false;
                    tracing::debug!(
                        kind = object.kind,
                        namespace = object.namespace,
                        name = object.name,
                        "wrote the status"
                    );
                    Some(version)
                }
                Err(reason) => {
                    if !*failing {
                        tracing::warn!(
                            kind = object.kind,
                            namespace = object.namespace,
                            name = object.name,
                            reason,
                            "the status of a policy cannot be written; trying again"
                        );
                    }
                    *failing = true;
                    pause = pause.min(FAILED);
                    None
                }
            };
            let written = Written {
                status,
                versions: [Some(object.version.clone()), after],
                at: Instant::now(),
            };
            ledger.0.insert(object.uid.clone(), written);
        }
        pause
    }

    /// What is due to each policy. Counting releases takes a while where there are many of both.
    async fn all_due(
        &self,
        outcome: &Arc<Outcome>,
        ledger: &mut Ledger,
        now: Timestamp,
    ) -> Vec<(Arc<PolicyObject>, Due)> {
        let outcome = Arc::clone(outcome);
        let current = Arc::clone(&self.current);
        let knowledge = Arc::clone(&self.knowledge);
        let pod_scope = self.pod_scope;
        let taken = std::mem::take(ledger);
        let work = move || {
            let population = knowledge.population();
            let view = View {
                policy: &current.policy(),
                population: population.as_ref(),
                pod_scope,
                is_overdue: &|name| current.is_overdue(name),
                now,
            };
            let compiled = outcome.compiled.iter();
            let due = compiled.map(|compiled| {
                let due = taken.due(compiled, &view, Instant::now());
                (Arc::clone(&compiled.object), due)
            });
            let due = due.collect();
            (taken, due)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok((taken, due)) => {
                *ledger = taken;
                due
            }
            Err(_) => Vec::new(),
        }
    }
}

/// How long until the first of the exemptions ends that have not yet; a moment later it has.
fn next_end(documents: &[Arc<Document>], now: Timestamp) -> Option<Duration> {
    let ends = documents.iter().flat_map(|document| match &**document {
        Document::Release(policy) => policy.exemptions(),
        Document::Exemption { exemption, .. } => std::slice::from_ref(&**exemption),
        Document::Tmpfs(_) => &[],
    });
    let ends = ends.map(Exemption::expires_at);
    let next = ends.filter(|end| *end >= now).min()?;
    let rest = Duration::try_from(next.duration_since(now)).ok()?;
    Some(rest + Duration::from_millis(50))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::compiled::Workshop;
    use super::super::testing::{object, release_policy};
    use super::*;
    use crate::policy::Policy;

    fn compiled(object: &Arc<PolicyObject>) -> Compiled {
        Workshop::default()
            .compile(vec![Arc::clone(object)])
            .remove(0)
    }

    fn view(policy: &Policy) -> View<'_> {
        View {
            policy,
            population: None,
            pod_scope: None,
            is_overdue: &|_| false,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    fn later(object: &Arc<PolicyObject>, version: &str, status: Value) -> Arc<PolicyObject> {
        Arc::new(PolicyObject {
            version: version.to_owned(),
            status,
            ..(**object).clone()
        })
    }

    #[test]
    fn a_status_is_written_once_and_again_only_when_it_is_another() {
        let policy = Policy::builtin();
        let view = view(&policy);
        let start = Instant::now();
        let before = release_policy("home", 1, &json!({}));
        let mut ledger = Ledger::default();
        let Due::Now(status) = ledger.due(&compiled(&before), &view, start) else {
            panic!("it has no status yet");
        };
        let written = Written {
            status: status.clone(),
            versions: [Some("7".to_owned()), Some("8".to_owned())],
            at: start,
        };
        ledger.0.insert(before.uid.clone(), written);
        // The watch has not told of it yet, then it has; an older definition may have pruned it.
        for there in [
            before.clone(),
            later(&before, "8", Value::Object(status.clone())),
            later(&before, "8", json!({"observedGeneration": 1})),
        ] {
            assert_eq!(ledger.due(&compiled(&there), &view, start), Due::Nothing);
        }
        // Somebody else wrote over it: put right, but not at once.
        let other = later(&before, "9", json!({"observedGeneration": 1}));
        let due = ledger.due(&compiled(&other), &view, start);
        assert!(matches!(due, Due::Later(_)), "{due:?}");
        let due = ledger.due(&compiled(&other), &view, start + SELDOM);
        assert!(matches!(due, Due::Now(_)), "{due:?}");
        // Who leads next has no ledger, and finds nothing to do.
        let there = later(&before, "8", Value::Object(status));
        let due = Ledger::default().due(&compiled(&there), &view, start);
        assert_eq!(due, Due::Nothing);
    }

    #[test]
    fn what_failed_is_tried_again_after_a_pause() {
        let policy = Policy::builtin();
        let start = Instant::now();
        let object = release_policy("home", 1, &json!({}));
        let mut ledger = Ledger::default();
        let failed = Written {
            status: Map::new(),
            versions: [Some("7".to_owned()), None],
            at: start,
        };
        ledger.0.insert(object.uid.clone(), failed);
        let due = |now| ledger.due(&compiled(&object), &view(&policy), now);
        assert_eq!(due(start), Due::Later(FAILED));
        assert!(matches!(due(start + FAILED), Due::Now(_)));
    }

    #[test]
    fn it_is_looked_when_the_next_exemption_ends() {
        let exemption = |name, end: &str| {
            let spec = json!({"rules": ["literal-secret"], "releases": ["*"], "reason": "r", "expiresAt": end});
            let object = object("Exemption", "games", name, 1, &spec);
            compiled(&object).in_force.expect("compiled")
        };
        let now: Timestamp = "2027-01-01T00:00:00Z".parse().expect("a time");
        let documents = [
            exemption("past", "2026-12-31T23:59:59Z"),
            exemption("far", "2028-01-01T00:00:00Z"),
            exemption("next", "2027-01-01T00:00:05Z"),
        ];
        let next = next_end(&documents, now).expect("one ends");
        assert!(next > Duration::from_secs(5) && next < Duration::from_secs(6));
        assert_eq!(next_end(&documents[..1], now), None);
    }
}
