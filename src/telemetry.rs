//! Logs, and what is told of a panic: the place, never the payload, which could hold a secret.

use std::panic;
use std::str::FromStr;
use std::sync::LazyLock;

use prometheus_client::metrics::counter::Counter;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// Panics since the start, caught ones included.
pub static PANICS: LazyLock<Counter> = LazyLock::new(Counter::default);

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err("expected `human` or `json`"),
        }
    }
}

/// Sends log lines to standard error from now on.
pub fn start(format: Format, level: LevelFilter) {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(told(level))
        .with_target(false)
        .with_writer(std::io::stderr);
    // Whoever set a subscriber before keeps it.
    let _ = match format {
        Format::Human => {
            let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.with_ansi(colour).try_init()
        }
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
}

/// What is told at a level. kube tells every failed try of every watch as an error, in words that name no
/// kind; src/cluster says each once, so kube's own are only for whoever looks closely.
fn told(level: LevelFilter) -> EnvFilter {
    let of_kube = if level < LevelFilter::DEBUG {
        LevelFilter::OFF
    } else {
        level
    };
    EnvFilter::new(format!(
        "{level},kube_client={of_kube},kube_runtime={of_kube}"
    ))
}

/// Replaces the panic hook by one that counts and tells the place only.
pub fn tell_only_the_place_of_panics() {
    panic::set_hook(Box::new(|info| {
        PANICS.inc();
        let (file, line) = info
            .location()
            .map_or(("unknown", 0), |place| (place.file(), place.line()));
        tracing::error!(file, line, "a panic was caught; please report it as a bug");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kube_speaks_only_to_whoever_looks_closely() {
        for (level, of_kube) in [(LevelFilter::INFO, "off"), (LevelFilter::DEBUG, "debug")] {
            let filter = told(level).to_string();
            for name in ["kube_client", "kube_runtime"] {
                assert!(filter.contains(&format!("{name}={of_kube}")), "{filter}");
            }
        }
    }
}
