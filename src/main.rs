//! Parse the command line, start telemetry, run one subcommand; nothing else.

use std::process::ExitCode;

use clap::Parser;
use lockkeeper::cli::{Cli, Outcome};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = lockkeeper::telemetry::start(&cli.log) {
        eprintln!("error: {error}");
        return Outcome::Failed.into();
    }
    cli.run().into()
}
