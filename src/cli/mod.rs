//! The command line: one file a subcommand. Nothing here judges.

mod certs;
mod check;
mod completions;
mod crds;
mod explain;
mod mutate;
mod names;
mod pod_scope;
mod policy;
pub mod policy_file;
mod review;
mod serve;
mod webhooks;
mod world;

use std::io::{self, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::{Parser, Subcommand, ValueEnum};

/// Nothing to deny.
const CLEAN: u8 = 0;
/// Something is denied.
const DENIED: u8 = 1;
/// The command could not do its job, or only part of it.
const FAILED: u8 = 2;

/// Judges the HelmReleases of a cluster that Flux runs: at admission, and before the push.
#[derive(Debug, Parser)]
#[command(
    name = "lockkeeper",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Cli {
    /// When to colour what is printed
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = Color::Auto,
        value_name = "WHEN",
        // Behind the flags of the subcommand, which people look for.
        display_order = 900
    )]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge the Flux objects in YAML files, before they are pushed.
    Check(check::CheckArgs),
    /// Serve the admission webhook over TLS.
    Serve(Box<serve::ServeArgs>),
    /// Replay a recorded AdmissionReview and print the verdict.
    Review(review::ReviewArgs),
    Mutate(mutate::MutateArgs),
    /// Print the webhook configurations, for `kubectl apply --server-side -f -`.
    ///
    /// One document for the webhooks that judge and one for the webhook that gives pods their
    /// mounts in memory, behind the admission policy that guards the label of break-glass. Only what is judged is registered, so nothing else waits for Lockkeeper, even while it is
    /// down.
    Webhooks(webhooks::WebhooksArgs),
    /// Print the custom resource definitions of the policies, for `kubectl apply --server-side -f -`.
    ///
    /// ReleasePolicy, TmpfsPolicy and Exemption. The Helm chart and `deploy` install the same.
    Crds(crds::CrdsArgs),
    Policy(policy::PolicyArgs),
    Certs(certs::CertsArgs),
    /// List the rules, or show one rule's page.
    Explain(explain::ExplainArgs),
    /// Print completions for a shell.
    Completions(completions::CompletionsArgs),
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

/// Runs the subcommand; an error that it could not handle ends with exit code 2.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    match cli.color {
        Color::Auto => {}
        Color::Always => ColorChoice::Always.write_global(),
        Color::Never => ColorChoice::Never.write_global(),
    }
    let done = match cli.command {
        Command::Check(args) => check::run(&args),
        Command::Serve(args) => serve::run(*args),
        Command::Review(args) => review::run(&args),
        Command::Mutate(args) => mutate::run(&args),
        Command::Webhooks(args) => webhooks::run(args),
        Command::Crds(args) => crds::run(&args),
        Command::Policy(args) => policy::run(args),
        Command::Certs(args) => certs::run(args),
        Command::Explain(args) => explain::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    done.unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        ExitCode::from(FAILED)
    })
}

/// Prints an error to standard error.
fn complain(message: &str) {
    use clap::builder::styling::{AnsiColor, Style};
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    // Where nobody listens there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{red}error{red:#}: {message}");
}

/// Prints a warning to standard error.
fn warn(message: &str) {
    use clap::builder::styling::{AnsiColor, Style};
    let yellow = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
    // Where nobody listens there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{yellow}warning{yellow:#}: {message}");
}

/// The text without characters that a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => '\n',
            other if other.is_control() => ' ',
            other => other,
        })
        .collect()
}

/// Prints to standard output. Whoever stops listening, as `head` does, ends it quietly.
fn print(text: impl AsRef<[u8]>) -> io::Result<()> {
    let mut out = AutoStream::auto(io::stdout().lock());
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
