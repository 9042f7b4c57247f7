//! The command line: one file a subcommand.

pub mod review;
pub mod serve;
pub mod webhooks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Keeps HelmReleases in order, at admission and before the push.
#[derive(Debug, Parser)]
#[command(name = "lockkeeper", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the admission webhook over TLS.
    Serve(serve::ServeArgs),
    /// Replay a recorded AdmissionReview and print the verdict.
    Review(review::ReviewArgs),
    Webhooks(webhooks::WebhooksArgs),
}

/// Runs the subcommand; an error that it could not handle ends with exit code 2.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Serve(args) => serve::run(args),
        Command::Review(args) => review::run(&args),
        Command::Webhooks(args) => webhooks::run(args),
    };
    done.unwrap_or_else(|error| {
        anstream::eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}
