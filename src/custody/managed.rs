//! A CA of Lockkeeper's own, in a Secret: made once, rotated, and each replica's certificate signed by it in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::decide::{self, Next, Served};
use super::failure::Failure;
use super::injection::{Injection, want};
use crate::certs::{Bundle, CertsError, Kept, Step};
use crate::cluster::{CaSecret, Held, Registered, SecretError};
use crate::server::{Certificate, Health, Slot, TlsError};

/// How soon it is tried again where somebody else wrote the Secret, or there is no certificate yet.
const SOON: Duration = Duration::from_millis(500);

/// What a person chooses.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the certificate holds for: DNS names and addresses.
    pub names: Vec<String>,
    /// How long an old CA is trusted after a rotation.
    pub overlap: SignedDuration,
    /// How often the Secret is read. A certificate of a new CA is served half of it after every bundle was seen to
    /// hold that CA.
    pub interval: Duration,
}

/// Keeps the CA and the certificate; see the module.
#[derive(Debug)]
pub struct Managed {
    settings: Settings,
    secret: CaSecret,
    injection: Injection,
    slot: Arc<Slot>,
}

/// Why there is no step forward now; it is tried again.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("{secret}: {error}")]
    Certs { secret: String, error: CertsError },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the Secret {0} holds no CA yet; the replica that leads makes one")]
    Empty(String),
}

impl Managed {
    /// Serves from the CA in `secret` into `slot`, which is not ready until it does.
    #[must_use]
    pub fn new(
        settings: Settings,
        secret: CaSecret,
        injection: Injection,
        slot: Arc<Slot>,
    ) -> Self {
        slot.tell(Health {
            unready: decide::unready(None, None, None, 0),
            ..Health::default()
        });
        Self {
            settings,
            secret,
            injection,
            slot,
        }
    }

    /// Does it for ever; dropping the future ends it.
    pub async fn run(self) {
        let (registered, _) = watch::channel(Registered::default());
        let (wanted, _) = watch::channel(Bundle::default());
        // Every replica has read the Secret by then, who leads among them, and serves by what is in it.
        let grace = 2 * self.settings.interval;
        let injects = self.injection.run(&registered, wanted.subscribe(), grace);
        let leads = self.injection.leads.clone();
        let keeps = self.keep(registered.subscribe(), leads, wanted);
        join(injects, keeps).await;
    }

    async fn keep(
        &self,
        mut registered: watch::Receiver<Registered>,
        mut leads: watch::Receiver<bool>,
        wanted: watch::Sender<Bundle>,
    ) {
        let interval = self.settings.interval;
        let mut now = Progress::default();
        let mut read: Option<Instant> = None;
        loop {
            let mut pause = read.map_or(Duration::ZERO, |read| {
                interval.saturating_sub(read.elapsed())
            });
            if pause.is_zero() {
                let leads = *leads.borrow_and_update();
                read = Some(Instant::now());
                pause = if self.read(&mut now, leads).await {
                    interval
                } else {
                    read = None;
                    SOON.min(interval)
                };
            }
            let seen = registered.borrow_and_update().clone();
            pause = pause.min(self.swap(&mut now, &seen));
            want(&wanted, now.bundle());
            self.slot.tell(now.health(&seen));
            let gone = tokio::select! {
                () = tokio::time::sleep(pause) => Ok(()),
                changed = registered.changed() => changed,
                // A new leader may have something to do.
                changed = leads.changed() => {
                    read = None;
                    changed
                }
            };
            // Who told of changes has ended, and the server with it.
            if gone.is_err() {
                return;
            }
        }
    }

    /// Reads the Secret; false where that is to be tried again soon.
    async fn read(&self, now: &mut Progress, leads: bool) -> bool {
        match self.step(now, leads).await {
            Ok(kept) => {
                now.kept = Some(kept);
                now.failure = Failure::default();
                true
            }
            Err(problem) => {
                now.fails(&problem);
                now.kept.is_some() && !matches!(problem, Problem::Secret(SecretError::Conflict(_)))
            }
        }
    }

    /// Serves another certificate where it is time to; after how long to look again.
    fn swap(&self, progress: &mut Progress, seen: &Registered) -> Duration {
        let never = Duration::MAX;
        let Some(kept) = &progress.kept else {
            return never;
        };
        let now = Timestamp::now();
        let current = kept.current.bundle();
        let is_trusted = seen.unknown().is_none() && decide::missing(seen.bundles(), &current) == 0;
        progress.trusted = match progress.trusted.take() {
            Some((ca, since)) if is_trusted && ca == current => Some((ca, since)),
            _ => is_trusted.then(|| (current.clone(), Instant::now())),
        };
        let trusted = progress.trusted.as_ref().map(|(_, since)| since.elapsed());
        let settle = self.settings.interval / 2;
        match decide::next(progress.served.as_ref(), &current, trusted, settle, now) {
            Next::Keep => {}
            Next::Wait(long) => return long,
            Next::Sign => match self.sign(kept, now) {
                Ok(served) => progress.served = Some(served),
                Err(problem) => progress.fails(&problem),
            },
        }
        never
    }

    /// Reads the Secret, and does what is due to it.
    async fn step(&self, progress: &Progress, leads: bool) -> Result<Kept, Problem> {
        let held = self.secret.read().await?;
        let Settings { names, overlap, .. } = &self.settings;
        let now = Timestamp::now();
        let Some(kept) = self.kept(&held)? else {
            if !leads {
                return Err(Problem::Empty(self.secret.to_string()));
            }
            let made = Kept::make(names, now).map_err(|error| self.certs(error))?;
            // Somebody emptied it: what is served is trusted until all serve the new one.
            let made = match &progress.served {
                Some(served) => Kept {
                    previous: served.authority.clone(),
                    until: now.checked_add(*overlap).ok(),
                    ..made
                },
                None => made,
            };
            return self.write(&held, made, "made a CA").await;
        };
        match kept.next(names, now) {
            // One that may not sign for this replica's names concerns this replica: it does not wait for a leader
            // that is content, nor take away the names that the other needs.
            Step::Rotate if leads || !kept.current.holds_for(names, now) => {
                let mut names = names.clone();
                if !kept.current.holds_for(&names, now) {
                    names.extend(kept.current.names());
                }
                let rotated = kept
                    .rotate(&names, now, *overlap)
                    .map_err(|error| self.certs(error))?;
                self.write(&held, rotated, "rotated the CA").await
            }
            Step::Retire if leads && self.all_serve_by(&kept.current.bundle(), progress) => {
                let retired = kept.retire();
                self.write(&held, retired, "retired the CA before this one")
                    .await
            }
            Step::Nothing | Step::Rotate | Step::Retire => Ok(kept),
        }
    }

    /// Whether every replica has had the time to read of this CA and to serve by it.
    fn all_serve_by(&self, current: &Bundle, progress: &Progress) -> bool {
        progress.trusted.as_ref().is_some_and(|(ca, since)| {
            ca == current && since.elapsed() >= 2 * self.settings.interval
        })
    }

    fn kept(&self, held: &Held) -> Result<Option<Kept>, Problem> {
        Kept::read(held.data()).map_err(|error| self.certs(error))
    }

    async fn write(&self, held: &Held, kept: Kept, what: &'static str) -> Result<Kept, Problem> {
        self.secret.replace(held, kept.write()).await?;
        tracing::info!(secret = %self.secret, "{what}");
        Ok(kept)
    }

    fn sign(&self, kept: &Kept, now: Timestamp) -> Result<Served, Problem> {
        let pair = kept
            .current
            .issue(&self.settings.names, now)
            .map_err(|error| self.certs(error))?;
        self.slot.put(Certificate::of(&pair)?);
        let served = Served::new(&pair, kept.current.bundle());
        tracing::info!(until = %served.end, "serving a new certificate");
        Ok(served)
    }

    fn certs(&self, error: CertsError) -> Problem {
        Problem::Certs {
            secret: self.secret.to_string(),
            error,
        }
    }
}

/// How far it is.
#[derive(Default)]
struct Progress {
    /// What the Secret held when it was read last.
    kept: Option<Kept>,
    served: Option<Served>,
    /// The CA in force, and since when every bundle has it.
    trusted: Option<(Bundle, Instant)>,
    /// What went wrong last, until it goes well.
    failure: Failure,
}

impl Progress {
    /// What every webhook is to trust: what the Secret says, and what is served.
    fn bundle(&self) -> Bundle {
        let kept = self.kept.as_ref().map(Kept::trusted).unwrap_or_default();
        let served = self.served.as_ref().map(|served| served.authority.clone());
        kept.union(served.unwrap_or_default())
            .without_expired(Timestamp::now())
    }

    fn health(&self, seen: &Registered) -> Health {
        let served = self.served.as_ref();
        let missing = match served {
            Some(served) => decide::missing(seen.bundles(), &served.authority),
            None => seen.bundles().count(),
        };
        Health {
            unready: decide::unready(served, self.failure.reason(), seen.unknown(), missing),
            expiry: served.map(|served| served.end),
            broken: self.failure.reason().is_some(),
            bundles_missing: seen.unknown().is_none().then_some(missing),
        }
    }

    fn fails(&mut self, problem: &Problem) {
        self.failure
            .tell(problem, "the certificate cannot be kept; trying again");
    }
}
