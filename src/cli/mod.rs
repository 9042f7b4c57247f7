//! The command line: one file a subcommand. Nothing here judges.

mod check;
mod completions;
mod explain;
pub mod policy_file;

use std::io::{self, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::{Parser, Subcommand, ValueEnum};

use crate::telemetry::LogArgs;

/// What a command ends with. The numbers are part of what users may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to deny.
    Clean,
    /// Something is denied.
    Denied,
    /// The command could not do its job, or only part of it.
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(match outcome {
            Outcome::Clean => 0,
            Outcome::Denied => 1,
            Outcome::Failed => 2,
        })
    }
}

/// Judges the HelmReleases of a cluster that Flux runs: at admission, and before the push.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// How logs are written.
    #[command(flatten)]
    pub log: LogArgs,
    /// When to colour.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    Explain(explain::Args),
    Completions(completions::Args),
}

/// When to colour what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Cli {
    /// Runs the one command. An error is printed, and is a failure.
    #[must_use]
    pub fn run(self) -> Outcome {
        match self.color {
            Color::Auto => {}
            Color::Always => ColorChoice::Always.write_global(),
            Color::Never => ColorChoice::Never.write_global(),
        }
        let outcome = match self.command {
            Command::Check(args) => check::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Completions(args) => completions::run(&args),
        };
        outcome.unwrap_or_else(|error| {
            complain(&format!("{error:#}"));
            Outcome::Failed
        })
    }
}

/// Prints an error to standard error.
fn complain(message: &str) {
    use clap::builder::styling::{AnsiColor, Style};
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    // Where nobody listens there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{red}error{red:#}: {message}");
}

/// Prints to standard output. Whoever stops listening, as `head` does, ends it quietly.
fn print(text: &str) -> io::Result<()> {
    let mut out = AutoStream::auto(io::stdout().lock());
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
