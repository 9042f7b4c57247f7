//! `lockkeeper certs`: certificates looked at, made and rotated. One file a subcommand.

mod connect;
mod inspect;
mod issue;
mod rotate;
mod shown;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::cluster::{Cluster, Way};

/// Look at certificates, make them, and rotate Lockkeeper's CA.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct CertsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::InspectArgs),
    Issue(issue::IssueArgs),
    Rotate(rotate::RotateArgs),
}

/// Runs the subcommand.
///
/// # Errors
/// When it cannot do its job; the message says what to do.
pub(super) fn run(args: CertsArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Inspect(args) => inspect::run(&args),
        Command::Issue(args) => issue::run(&args),
        Command::Rotate(args) => rotate::run(&args),
    }
}

/// Runs something that asks the API server.
fn with_cluster<T>(
    kubeconfig: Option<PathBuf>,
    run: impl AsyncFnOnce(Cluster) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let way = Way::find(kubeconfig)
        .context("a Secret is read from an API server; name one with --kubeconfig")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(async { run(Cluster::new(&way).await?).await })
}
