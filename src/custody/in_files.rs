//! A certificate in files that somebody else renews: cert-manager, or whoever keeps the mounted Secret.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join;
use jiff::Timestamp;
use tokio::sync::watch;

use super::decide;
use super::failure::Failure;
use super::injection::{Injection, want};
use crate::certs::{Bundle, CertsError, Changed, Contents, Details, Files, FilesError};
use crate::cluster::Registered;
use crate::server::{Certificate, Health, Slot, TlsError};

/// How often the files are read.
const EVERY: Duration = Duration::from_secs(2);

/// Serves what is in the files; what is broken there does not replace what is served.
pub struct InFiles {
    files: Files,
    slot: Arc<Slot>,
    injection: Option<Injection>,
    pace: Pace,
    changed: Changed,
    progress: Progress,
}

/// How slowly a new CA takes over.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long the CA before the current one stays trusted.
    pub overlap: Duration,
    /// How long every bundle must have had a new CA before a certificate of it is served.
    pub settle: Duration,
}

/// Why what is in the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InFilesError {
    /// They cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The pair cannot be served.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The certificate or the CA cannot be read.
    #[error("{0}; give PEM files of one pair and its CA with --tls-cert, --tls-key and --tls-ca")]
    Certs(#[from] CertsError),
    /// Whoever trusts the CA does not take the certificate.
    #[error(
        "the certificate of --tls-cert is not signed by the CA of --tls-ca, or its time is not now; give a pair and the CA that signed it"
    )]
    NotSigned,
    /// The file for the CA holds none.
    #[error("the file of --tls-ca is empty; it must be PEM with `BEGIN CERTIFICATE`")]
    NoCa,
}

/// What was read, and can be served.
struct Usable {
    certificate: Certificate,
    end: Option<Timestamp>,
    authority: Bundle,
}

impl Usable {
    fn read(contents: &Contents, files: &Files) -> Result<Self, InFilesError> {
        let names = [&files.cert, &files.key].map(|path| path.display().to_string());
        let certificate =
            Certificate::from_pem(&contents.cert, &contents.key, [&names[0], &names[1]])?;
        let details = Details::from_pem(&contents.cert)?;
        let authority = match &contents.ca {
            Some(pem) => Some(Bundle::from_pem(pem)?).filter(|bundle| !bundle.is_empty()),
            None => Some(Bundle::default()),
        };
        let authority = authority.ok_or(InFilesError::NoCa)?;
        let is_asked = contents.ca.is_some();
        if is_asked && !authority.vouches_for(&contents.cert, Timestamp::now()) {
            return Err(InFilesError::NotSigned);
        }
        Ok(Self {
            certificate,
            end: details.first().map(|details| details.not_after),
            authority,
        })
    }
}

/// How far it is.
#[derive(Default)]
struct Progress {
    end: Option<Timestamp>,
    /// What signed what is served.
    authority: Bundle,
    /// What signed what was served before, and until when it stays trusted.
    before: Vec<(Bundle, Instant)>,
    /// What is served once every bundle has had its CA for a while.
    pending: Option<Usable>,
    trusted: Option<Instant>,
    failure: Failure,
}

impl InFiles {
    /// Reads the files a first time and serves what is there.
    ///
    /// # Errors
    /// When it cannot be used: at a start that is told at once.
    pub fn new(
        files: Files,
        slot: Arc<Slot>,
        injection: Option<Injection>,
        pace: Pace,
    ) -> Result<Self, InFilesError> {
        let contents = files.read()?;
        let usable = Usable::read(&contents, &files)?;
        let mut progress = Progress::default();
        progress.serve(usable, &slot);
        let nothing_seen = Registered::default();
        slot.tell(progress.health(injection.as_ref().map(|_| &nothing_seen)));
        Ok(Self {
            changed: Changed::since(files.clone(), &contents),
            files,
            slot,
            injection,
            pace,
            progress,
        })
    }

    /// Does it for ever; dropping the future ends it.
    pub async fn run(self) {
        let (registered, _) = watch::channel(Registered::default());
        let (wanted, _) = watch::channel(Bundle::default());
        match self.injection.clone() {
            Some(injection) => {
                // The kubelets bring new files to one node long before another.
                let grace = self.pace.overlap;
                let injects = injection.run(&registered, wanted.subscribe(), grace);
                join(injects, self.keep(Some(registered.subscribe()), wanted)).await;
            }
            None => self.keep(None, wanted).await,
        }
    }

    async fn keep(
        mut self,
        registered: Option<watch::Receiver<Registered>>,
        wanted: watch::Sender<Bundle>,
    ) {
        loop {
            match self.changed.poll() {
                Ok(None) => {}
                Ok(Some(contents)) => match Usable::read(&contents, &self.files) {
                    Ok(usable) => {
                        self.progress.pending = Some(usable);
                        self.progress.failure = Failure::default();
                    }
                    Err(problem) => self.progress.fails(&problem),
                },
                Err(problem) => self.progress.fails(&problem.into()),
            }
            let seen = registered
                .as_ref()
                .map(|registered| registered.borrow().clone());
            self.progress.advance(seen.as_ref(), self.pace, &self.slot);
            want(&wanted, self.progress.bundle());
            self.slot.tell(self.progress.health(seen.as_ref()));
            tokio::time::sleep(EVERY).await;
        }
    }
}

impl Progress {
    fn serve(&mut self, usable: Usable, slot: &Slot) {
        slot.put(usable.certificate);
        self.end = usable.end;
        self.authority = usable.authority;
    }

    /// Serves what was read, once all that are registered trust it; at once where nobody looks after them here.
    fn advance(&mut self, seen: Option<&Registered>, pace: Pace, slot: &Slot) {
        let now = Instant::now();
        self.before.retain(|(_, until)| now < *until);
        let Some(pending) = self.pending.take() else {
            return;
        };
        let is_over = self.end.is_some_and(|end| end <= Timestamp::now());
        let is_trusted = seen.is_none_or(|seen| {
            seen.unknown().is_none() && decide::missing(seen.bundles(), &pending.authority) == 0
        });
        self.trusted = is_trusted.then(|| self.trusted.unwrap_or(now));
        let has_settled = pending.authority == self.authority
            || seen.is_none()
            || self
                .trusted
                .is_some_and(|since| since.elapsed() >= pace.settle);
        if !(is_over || has_settled) {
            self.pending = Some(pending);
            return;
        }
        self.trusted = None;
        let before = self.authority.clone();
        self.serve(pending, slot);
        if before != self.authority {
            self.before.push((before, now + pace.overlap));
        }
        tracing::info!(
            until = self.end.map(tracing::field::display),
            "serving a new certificate"
        );
    }

    /// What every webhook is to trust.
    fn bundle(&self) -> Bundle {
        let before = self.before.iter().map(|(bundle, _)| bundle.clone());
        let pending = self.pending.iter().map(|pending| pending.authority.clone());
        let all = before
            .chain(pending)
            .fold(self.authority.clone(), Bundle::union);
        all.without_expired(Timestamp::now())
    }

    fn health(&self, seen: Option<&Registered>) -> Health {
        let missing = seen.map(|seen| decide::missing(seen.bundles(), &self.authority));
        let unknown = seen.and_then(Registered::unknown);
        Health {
            unready: decide::untrusted(unknown, missing.unwrap_or(0)),
            expiry: self.end,
            broken: self.failure.reason().is_some(),
            bundles_missing: missing.filter(|_| unknown.is_none()),
        }
    }

    fn fails(&mut self, problem: &InFilesError) {
        self.failure.tell(
            problem,
            "the new certificate cannot be used; the one before is served",
        );
    }
}
