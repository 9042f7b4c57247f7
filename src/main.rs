//! Parses the command line and calls one subcommand.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    lockkeeper::cli::run(lockkeeper::cli::Cli::parse())
}
