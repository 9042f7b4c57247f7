//! `lockkeeper serve`: the webhook, with a start that needs no flags and no cluster.

use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

use super::policy_file;
use crate::certs::SelfSigned;
use crate::cluster::{Cluster, Way};
use crate::facts::NoFacts;
use crate::policy::Policy;
use crate::server::{App, Certificate, Limits, Sockets};
use crate::telemetry::{self, Format};

/// A release with a floating chart and a literal password, as the API server would send it.
const EXAMPLE: &str = include_str!("../../examples/reviews/romm-unpinned.json");

/// Threads for reviews that are too large for the asynchronous ones.
const LARGE_AT_ONCE: usize = 8;

/// Flags of `lockkeeper serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lockkeeper serve
  lockkeeper serve --policy lockkeeper.yaml --listen 127.0.0.1:9443
  lockkeeper serve --listen 0.0.0.0:8443 --tls-cert tls.crt --tls-key tls.key --log-format json")]
pub(super) struct ServeArgs {
    /// Where reviews are served over TLS
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where health and metrics are served in plain text
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    metrics_listen: SocketAddr,
    /// The serving certificate with its chain, as PEM [default: made at start]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The policy file [default: the built-in policy]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How log lines are written: human or json
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    log_format: Format,
    /// The mildest log lines that are written: error, warn, info, debug, trace or off
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: LevelFilter,
    /// How long requests are still answered after SIGTERM or Ctrl-C, while the news spreads that none should come
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    drain: Duration,
    /// Where the certificate that is made anew at each start is written [default: a temporary folder]
    #[arg(long, value_name = "FOLDER")]
    state_dir: Option<PathBuf>,
    /// How the API server is reached [default: the pod's service account, where this is a pod]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Ask no API server, also where this is a pod
    #[arg(long, conflicts_with = "kubeconfig")]
    no_cluster: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| duration.try_into().ok())
        .ok_or_else(|| "expected a duration such as `5s`, `500ms` or `1m`".to_owned())
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start, or a socket fails; the message says what to do.
pub(super) fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    telemetry::start(args.log_format, args.log_level);
    telemetry::tell_only_the_place_of_panics();
    let policy = match &args.policy {
        Some(path) => policy_file::load(path)?,
        None => Policy::builtin(),
    };
    let own = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => Some(Certificate::from_files(cert, key)?),
        _ => None,
    };
    let sockets = Sockets {
        tls: bind(args.listen, "--listen")?,
        plain: bind(args.metrics_listen, "--metrics-listen")?,
    };
    let address = sockets.tls.local_addr()?;
    let plain_address = sockets.plain.local_addr()?;
    let (certificate, state) = match own {
        Some(certificate) => (certificate, None),
        None => {
            let (certificate, state) = make_certificate(args.state_dir.as_deref(), address)?;
            (certificate, Some(state))
        }
    };
    announce(
        address,
        plain_address,
        state.as_ref().map(|state| state.path.as_path()),
    )?;

    let app = Arc::new(App::new(policy, Box::new(NoFacts), Limits::default()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(LARGE_AT_ONCE)
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let way = Way::find(args.kubeconfig).filter(|_| !args.no_cluster);
        if let Some(way) = way {
            let cluster = Cluster::new(&way).await?;
            // Beside serving, never before it: reviews are answered and readiness is said without it.
            tokio::spawn(async move { cluster.reach().await });
        }
        crate::server::serve(app, sockets, Arc::new(certificate), args.drain, stop).await?;
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("the port is in use; stop what uses it, or choose another with {flag}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("this user may not use the port; choose one above 1023 with {flag}")
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("this machine has no such address; choose one of its own with {flag}")
            }
            _ => format!("{error}; choose another address with {flag}"),
        };
        anyhow!("cannot listen on {address}: {advice}")
    })
}

/// The folder of a made certificate; a temporary one goes when the server ends.
struct State {
    path: PathBuf,
    temporary: bool,
}

impl Drop for State {
    fn drop(&mut self) {
        if self.temporary {
            // What is left behind does no harm, and there is nobody to tell.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn make_certificate(
    folder: Option<&Path>,
    address: SocketAddr,
) -> anyhow::Result<(Certificate, State)> {
    let state = match folder {
        Some(path) => State {
            path: path.to_owned(),
            temporary: false,
        },
        None => State {
            path: temporary_folder()?,
            temporary: true,
        },
    };
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    if !address.ip().is_unspecified() {
        let own = address.ip().to_string();
        if !names.contains(&own) {
            names.push(own);
        }
    }
    let made = SelfSigned::make(&names, Timestamp::now())?;
    made.write(&state.path)
        .context("choose a folder that can be written with --state-dir")?;
    let example = state.path.join("example-review.json");
    fs::write(&example, EXAMPLE).with_context(|| format!("cannot write {}", example.display()))?;
    let certificate = Certificate::from_pem(&made.cert_pem, made.key_pem())?;
    Ok((certificate, state))
}

/// A new folder that only this user can read; a name that somebody made before is not taken.
fn temporary_folder() -> anyhow::Result<PathBuf> {
    use std::hash::{BuildHasher, RandomState};
    let parent = std::env::temp_dir();
    let path = parent.join(format!(
        "lockkeeper-{:016x}",
        RandomState::new().hash_one(std::process::id())
    ));
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&path)
        .with_context(|| {
            format!(
                "cannot make a folder in {}; choose one with --state-dir",
                parent.display()
            )
        })?;
    Ok(path)
}

fn announce(address: SocketAddr, plain: SocketAddr, folder: Option<&Path>) -> anyhow::Result<()> {
    let mut text = format!(
        "Reviews:  https://{address}/validate and /mutate\n\
         Health:   http://{plain}/healthz, /readyz, /metrics\n"
    );
    if let Some(folder) = folder {
        // Whoever listens everywhere is reached here too.
        let host = match address.ip() {
            ip if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
            ip => ip,
        };
        let host = SocketAddr::new(host, address.port());
        let file = |name: &str| folder.join(name).display().to_string();
        let ca = quoted(&file("ca.crt"));
        let example = quoted(&format!("@{}", file("example-review.json")));
        text.push_str(&format!(
            "Folder:   {}, with the certificate of a new CA\n\
             Try it:   curl --cacert {ca} -H 'Content-Type: application/json' --data-binary {example} https://{host}/validate\n",
            folder.display()
        ));
    }
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever closed the pipe does not want to read it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The text as one word of a shell.
fn quoted(text: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "@/._-+:".contains(character);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_shell() {
        assert_eq!(quoted("@/tmp/a-b.json"), "@/tmp/a-b.json");
        assert_eq!(quoted("/tmp/it's here"), r"'/tmp/it'\''s here'");
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert!(duration("-1s").is_err() && duration("soon").is_err());
    }
}
