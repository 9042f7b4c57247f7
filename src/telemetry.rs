//! Logs: to standard error, for people or for machines.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// How logs are written. `serve` logs; the other commands hardly ever do.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// How log lines look.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Human, env = "LOCKKEEPER_LOG_FORMAT", help_heading = "Logs")]
    pub log_format: LogFormat,
    /// What is logged: off, error, warn, info, debug, trace, or per module as in `lockkeeper=debug,axum=warn`.
    #[arg(
        long,
        global = true,
        default_value = "info",
        env = "LOCKKEEPER_LOG_LEVEL",
        help_heading = "Logs",
        value_name = "LEVEL"
    )]
    pub log_level: String,
}

/// The look of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Starts logging for the rest of the process.
///
/// # Errors
/// When the level cannot be understood, or logging was started already.
pub fn start(args: &LogArgs) -> anyhow::Result<()> {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(&args.log_level)
        .map_err(|error| anyhow::anyhow!("--log-level {}: {error}", args.log_level))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match args.log_format {
        LogFormat::Human => subscriber
            .with_ansi(
                anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never,
            )
            .try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging could not be started: {error}"))
}
