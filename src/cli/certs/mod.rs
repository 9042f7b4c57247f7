//! `lockkeeper certs`: certificates looked at, made and rotated. One file a subcommand.

mod connect;
mod inspect;
mod issue;
mod shown;

use std::process::ExitCode;

use clap::{Args, Subcommand};

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
}

/// Runs the subcommand.
///
/// # Errors
/// When it cannot do its job; the message says what to do.
pub(super) fn run(args: CertsArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Inspect(args) => inspect::run(&args),
        Command::Issue(args) => issue::run(&args),
    }
}
