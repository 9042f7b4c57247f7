//! Waiting for something to come about, with a deadline and the last thing seen.

use std::time::{Duration, Instant};

use crate::{Error, Result};

/// Between two looks; short, as most things come about within a second.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks until `look` finds what is awaited; its error is what was there instead.
pub fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Result<T, String>,
) -> Result<T> {
    try_until(what, patience, || Ok(look()))
}

/// As [`until`], but an outer error of `look` ends the wait: what is awaited can no longer come.
pub fn try_until<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Result<Result<T, String>>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        match look()? {
            Ok(found) => return Ok(found),
            Err(last) if started.elapsed() >= patience => {
                return Err(Error::Timeout {
                    what: what.to_owned(),
                    seconds: patience.as_secs(),
                    last,
                });
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_was_there_instead() {
        let error =
            until::<()>("a light", Duration::ZERO, || Err("dark".to_owned())).expect_err("never");
        assert_eq!(error.to_string(), "waited 0 s for a light; last seen: dark");
    }
}
