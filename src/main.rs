//! Parses the command line and calls one subcommand.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lockkeeper::cli::webhooks;

#[derive(Parser)]
#[command(name = "lockkeeper", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Webhooks(webhooks::WebhooksArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Webhooks(args) => webhooks::run(args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}
