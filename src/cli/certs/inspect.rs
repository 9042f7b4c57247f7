//! `lockkeeper certs inspect`: what certificates say, and whether they hold now. Keys are never printed.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{ArgGroup, ValueEnum};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::shown::Sources;
use super::{connect, with_cluster};
use crate::certs::UNTIL;
use crate::cli::names::object;
use crate::cli::{CLEAN, DENIED, complain, print};
use crate::cluster::CaSecret;
use crate::facts::Name;

/// Show what certificates say, and whether they hold now.
///
/// A key beside its certificate is held against it; it is never printed. The exit code is 1 where a certificate is
/// expired or not yet valid, or a key belongs to another.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("from").required(true))]
#[command(after_help = "\
Examples:
  lockkeeper certs inspect tls.crt tls.key ca.crt
  lockkeeper certs inspect --connect localhost:8443 --server-name lockkeeper.lockkeeper.svc
  lockkeeper certs inspect --secret lockkeeper/lockkeeper-ca --kubeconfig ~/.kube/config
  lockkeeper certs inspect ca.crt --format json")]
pub(super) struct InspectArgs {
    /// PEM files with certificates or keys
    #[arg(value_name = "FILE", group = "from")]
    files: Vec<PathBuf>,
    /// A Secret; what in its data is PEM is looked at
    #[arg(long, value_name = "NAMESPACE/NAME", group = "from", value_parser = object)]
    secret: Option<Name>,
    /// How the API server is reached [default: the pod's service account, where this is a pod]
    #[arg(long, value_name = "FILE", requires = "secret")]
    kubeconfig: Option<PathBuf>,
    /// A server; what it shows in a handshake is looked at, and nothing else is sent
    #[arg(long, value_name = "HOST:PORT", group = "from")]
    connect: Option<String>,
    /// The name that the server is asked for and whose certificate must hold for it [default: the host, which it need
    /// not hold for]
    #[arg(long, value_name = "NAME", requires = "connect")]
    server_name: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

/// Reads, prints and judges.
///
/// # Errors
/// When something cannot be read.
pub(super) fn run(args: &InspectArgs) -> anyhow::Result<ExitCode> {
    let mut sources = Sources::new(Timestamp::now());
    let mut not_for = None;
    for path in &args.files {
        let pem = fs::read(path).map(Zeroizing::new);
        let pem = pem.with_context(|| format!("cannot read {}", path.display()))?;
        sources.add_pem(path.display().to_string(), &pem)?;
    }
    if let Some(name) = &args.secret {
        add_secret(&mut sources, name, args.kubeconfig.clone())?;
    }
    if let Some(address) = &args.connect {
        let name = args.server_name.as_deref();
        let shown = connect::certificates(address, name)?;
        sources.add_der(address, shown.iter().map(AsRef::as_ref))?;
        let holds = |name: &&str| sources.first().is_some_and(|first| first.holds_for(name));
        not_for = name
            .filter(|name| !holds(name))
            .map(|name| format!("{address}: the certificate does not hold for {name}"));
    }
    let mut shown = sources.judge();
    shown.problems.extend(not_for);
    match args.format {
        Format::Human => print(shown.human())?,
        Format::Json => print(format!("{}\n", serde_json::to_string_pretty(&shown)?))?,
    }
    for problem in &shown.problems {
        complain(problem);
    }
    let is_good = shown.problems.is_empty();
    Ok(ExitCode::from(if is_good { CLEAN } else { DENIED }))
}

/// Adds what a Secret holds; a value that is no PEM is left out, but for the time until which the previous CAs are
/// trusted.
fn add_secret(
    sources: &mut Sources,
    name: &Name,
    kubeconfig: Option<PathBuf>,
) -> anyhow::Result<()> {
    let held = with_cluster(kubeconfig, async |cluster| {
        Ok(CaSecret::new(&cluster, name.clone()).read().await?)
    })?;
    let secret = format!("{}/{}", name.namespace, name.name);
    let mut is_pem = false;
    for (key, value) in held.data() {
        let source = format!("{secret} {key}");
        if value.windows(10).any(|part| part == b"-----BEGIN") {
            sources.add_pem(source, value)?;
            is_pem = true;
        } else if key == UNTIL {
            sources.note(source, &String::from_utf8_lossy(value));
        }
    }
    anyhow::ensure!(
        is_pem,
        "the Secret {secret} holds no certificate; Lockkeeper makes one in it when it is started with --ca-secret"
    );
    Ok(())
}
