//! `lockkeeper serve`: the webhook, with a start that needs no flags and no cluster.

mod announce;
mod certificates;
mod lead;
mod state;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

use self::announce::announce;
use self::certificates::CertificateArgs;
use self::lead::Lead;
use super::names::object;
use super::pod_scope::Pods;
use super::{CLEAN, policy_file};
use crate::cluster::{Cluster, Options, Policies, Seen, Way};
use crate::controller::Controller;
use crate::facts::{Knowledge, Name, NoFacts};
use crate::server::{App, Limits, Sockets};
use crate::telemetry::{self, Format};

/// Threads for what may block: reviews that are too large for the asynchronous ones, and policies. Expressions have
/// others.
const BLOCKING_AT_ONCE: usize = 8;

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
    /// The policy file, read once at the start; it stands beside the policies of the cluster [default: none]
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
    /// How the API server is reached [default: the pod's service account, where this is a pod]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Ask no API server, also where this is a pod
    #[arg(long, conflicts_with = "kubeconfig")]
    no_cluster: bool,
    /// A Secret of a Kustomization's `substituteFrom` that may be read, to see which values Flux substituted
    /// from it; may be repeated
    #[arg(
        long = "read-secret",
        value_name = "NAMESPACE/NAME",
        value_parser = object,
        conflicts_with = "no_cluster"
    )]
    read_secrets: Vec<Name>,
    /// Watch the names of all Secrets, to see which are missing; Kubernetes grants that only as the right to
    /// read them all
    #[arg(long, conflicts_with = "no_cluster")]
    watch_secret_names: bool,
    /// Which pods the API server is told to send; by it the status of a TmpfsPolicy says which of its pods are never
    /// sent [default: not known]
    #[arg(long, value_name = "SCOPE")]
    pod_scope: Option<Pods>,
    #[command(flatten)]
    certificates: CertificateArgs,
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
    let policy_file::Loaded { policy, remarks } = policy_file::read(args.policy.as_deref())?;
    for remark in remarks {
        tracing::warn!("{remark}");
    }
    let certificates = args.certificates;
    let clients = certificates.clients()?;
    let sockets = Sockets {
        tls: bind(args.listen, "--listen")?,
        plain: bind(args.metrics_listen, "--metrics-listen")?,
    };
    let address = sockets.tls.local_addr()?;
    let plain_address = sockets.plain.local_addr()?;
    let options = Options {
        read_secrets: args.read_secrets,
        watch_secret_names: args.watch_secret_names,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_AT_ONCE + Limits::default().evaluations)
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
        let cluster = match way {
            Some(way) => Some(Cluster::new(&way).await?),
            None if options.asks_for_secrets() || certificates.need_cluster() => bail!(
                "--read-secret, --watch-secret-names, --ca-secret and --tls-ca need an API server; name one with --kubeconfig"
            ),
            None => None,
        };
        let (knowledge, policies) = knowledge(cluster.as_ref(), options);
        let app = Arc::new(App::new(policy, knowledge, Limits::default()));
        let lead = Lead::start(cluster.as_ref(), certificates.lease());
        let (custody, state) = certificates.custody(
            cluster.as_ref(),
            lead.leads(),
            app.certificate(),
            address,
        )?;
        let folder = state.as_ref().map(|state| state.path.as_path());
        announce(address, plain_address, folder)?;
        let mut tasks = vec![tokio::spawn(custody.run())];
        if let Some(policies) = policies {
            let controller = Controller {
                policies,
                knowledge: app.knowledge(),
                current: app.policy(),
                beside: app.policy().policy().documents().to_vec(),
                pod_scope: args.pod_scope.map(Pods::scope),
                leads: lead.leads(),
                clock: Timestamp::now,
            };
            controller.announce();
            tasks.push(tokio::spawn(controller.run()));
        }
        crate::server::serve(app, sockets, clients, args.drain, stop).await?;
        for task in tasks {
            task.abort();
            // The end of an aborted task is no error.
            let _ = task.await;
        }
        lead.end().await;
        anyhow::Ok(())
    })?;
    Ok(ExitCode::from(CLEAN))
}

/// What is known of the cluster; nothing without one.
fn knowledge(
    cluster: Option<&Cluster>,
    options: Options,
) -> (Arc<dyn Knowledge>, Option<Arc<Policies>>) {
    let Some(cluster) = cluster else {
        return (Arc::new(NoFacts), None);
    };
    let seen = Arc::new(Seen::new(cluster.clone(), options));
    let followed = Arc::clone(&seen);
    let policies = seen.policies();
    // Beside serving, never before it: reviews are answered meanwhile.
    tokio::spawn(async move { followed.follow().await });
    (seen, Some(policies))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert!(duration("-1s").is_err() && duration("soon").is_err());
    }
}
