//! `lockkeeper policy`: asks what policies come to for an object, and tests them.

mod effective;
mod test;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Ask what policies come to for an object, and test them.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Effective(effective::EffectiveArgs),
    Test(test::TestArgs),
}

/// Runs the subcommand.
///
/// # Errors
/// When it cannot do its job; the message says what to do.
pub(super) fn run(args: PolicyArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Effective(args) => effective::run(&args),
        Command::Test(args) => test::run(&args),
    }
}
