//! `lockkeeper certs rotate`: another CA into the Secret, and the wait until everybody trusts it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::with_cluster;
use crate::certs::{Bundle, Kept};
use crate::cli::names::object;
use crate::cli::{CLEAN, print};
use crate::cluster::{CaSecret, Cluster, Registered, SecretError, Webhooks};
use crate::facts::Name;

/// How often the Secret is read again when somebody else wrote it at the same time.
const TRIES: usize = 5;

/// Make another CA in Lockkeeper's Secret, and wait until every webhook trusts it.
///
/// The CA before it stays trusted for the overlap. The running Lockkeepers read the Secret, put both CAs into the webhook
/// configurations, and then serve certificates of the new one; no review fails meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lockkeeper certs rotate --secret lockkeeper/lockkeeper-ca --kubeconfig ~/.kube/config
  lockkeeper certs rotate --secret lockkeeper/lockkeeper-ca --kubeconfig ~/.kube/config --overlap 24h")]
pub(super) struct RotateArgs {
    /// The Secret of --ca-secret of `lockkeeper serve`
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object)]
    secret: Name,
    /// How long the CA before the new one stays trusted
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    overlap: SignedDuration,
    /// The name of the two webhook configurations
    #[arg(long, value_name = "NAME", default_value = crate::registration::NAME)]
    webhooks: String,
    /// How long to wait until every webhook trusts the new CA
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    timeout: SignedDuration,
    /// How the API server is reached [default: the pod's service account, where this is a pod]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .filter(SignedDuration::is_positive)
        .ok_or_else(|| "expected a duration such as `90s`, `2m` or `1h`".to_owned())
}

/// Rotates and waits.
///
/// # Errors
/// When the Secret cannot be read or written, or the time is up.
pub(super) fn run(args: &RotateArgs) -> anyhow::Result<ExitCode> {
    with_cluster(args.kubeconfig.clone(), async |cluster| {
        let secret = CaSecret::new(&cluster, args.secret.clone());
        let kept = rotate(&secret, args.overlap).await?;
        let until = match kept.until {
            Some(until) => format!(", those before it are trusted until {until}"),
            None => String::new(),
        };
        let end = kept.current.not_after();
        print(format!("{secret} holds a new CA until {end}{until}\n"))?;
        wait(args, cluster, &kept.current.bundle()).await
    })
}

async fn rotate(secret: &CaSecret, overlap: SignedDuration) -> anyhow::Result<Kept> {
    for _ in 0..TRIES {
        let held = secret.read().await?;
        let Some(kept) = Kept::read(held.data()).with_context(|| secret.to_string())? else {
            bail!(
                "the Secret {secret} holds no CA yet; `lockkeeper serve --ca-secret {secret}` makes the first"
            );
        };
        let names = kept.current.names();
        if names.is_empty() {
            bail!(
                "the CA in {secret} is not one of Lockkeeper's, as it is confined to no names; replace it where it came from"
            );
        }
        let rotated = kept
            .rotate(&names, Timestamp::now(), overlap)
            .with_context(|| secret.to_string())?;
        match secret.replace(&held, rotated.write()).await {
            Ok(_) => return Ok(rotated),
            Err(SecretError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bail!("the Secret {secret} is written by somebody else all the time; see who, and try again")
}

/// Waits until every webhook trusts the new CA, and says how far it is.
async fn wait(args: &RotateArgs, cluster: Cluster, new: &Bundle) -> anyhow::Result<ExitCode> {
    let webhooks = Webhooks::new(cluster, args.webhooks.clone());
    let (sender, mut receiver) = watch::channel(Registered::default());
    let mut told = String::new();
    let waiting = async {
        loop {
            let progress = Progress::of(&receiver.borrow_and_update(), new);
            let text = progress.to_string();
            if text != told {
                print(format!("{text}\n"))?;
                told = text;
            }
            if progress.is_done() {
                return anyhow::Ok(());
            }
            receiver.changed().await?;
        }
    };
    let timeout = Duration::try_from(args.timeout)?;
    let done = tokio::select! {
        done = tokio::time::timeout(timeout, waiting) => done.ok(),
        // It never ends; if it did, nobody would tell of progress.
        () = webhooks.follow(&sender) => None,
    };
    match done {
        Some(done) => done.map(|()| ExitCode::from(CLEAN)),
        None => bail!(
            "after {}, {told}; the CA in the Secret is the new one, and the Lockkeeper that leads puts it into the \
             webhook configurations: see that it runs, and what it logs",
            args.timeout
        ),
    }
}

/// How many webhooks trust the new CA.
enum Progress {
    Unknown(String),
    Known { trusting: usize, all: usize },
}

impl Progress {
    fn of(registered: &Registered, new: &Bundle) -> Self {
        if let Some(reason) = registered.unknown() {
            return Self::Unknown(reason.to_owned());
        }
        let trusts = |pem: &&[u8]| Bundle::from_pem(pem).is_ok_and(|held| held.contains(new));
        Self::Known {
            trusting: registered.bundles().filter(trusts).count(),
            all: registered.bundles().count(),
        }
    }

    fn is_done(&self) -> bool {
        matches!(self, Self::Known { trusting, all } if trusting == all)
    }
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(reason) => f.write_str(reason),
            Self::Known { all: 0, .. } => {
                f.write_str("no webhook is registered, so none needs to trust it")
            }
            Self::Known { trusting, all } => {
                write!(f, "{trusting} of {all} webhooks trust the new CA")
            }
        }
    }
}
