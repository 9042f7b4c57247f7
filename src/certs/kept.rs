//! What the Secret holds: the CA in force, and those before it that are trusted still.
//!
//! A rotation is one write of the whole, so there is no state between two writes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Authority, Bundle, CertsError};

/// How many CAs before the one in force are trusted at most: a `caBundle` is read at every handshake.
pub const MOST_PREVIOUS: usize = 4;

const CERTIFICATE: &str = "ca.crt";
const KEY: &str = "ca.key";
const PREVIOUS: &str = "previous.crt";
/// The key of a Secret's data that says until when the previous CAs are trusted.
pub const UNTIL: &str = "previous.until";

/// What the Secret holds.
pub struct Kept {
    /// The CA in force, which signs.
    pub current: Authority,
    /// Those before it that are trusted still.
    pub previous: Bundle,
    /// Until when they are; `None` where there are none.
    pub until: Option<Timestamp>,
}

/// What is to be done with what the Secret holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Nothing,
    /// Make another CA: this one is due, or may not sign for the names.
    Rotate,
    /// Trust the previous ones no more.
    Retire,
}

impl Kept {
    /// Reads a Secret's data; `None` where it is empty.
    ///
    /// # Errors
    /// When it is half there, broken or somebody else's: nothing is made anew that others may still trust.
    pub fn read(data: &BTreeMap<String, Vec<u8>>) -> Result<Option<Self>, CertsError> {
        let ours = [CERTIFICATE, KEY, PREVIOUS, UNTIL];
        let [certificate, key, previous, until] = ours.map(|key| data.get(key).map(Vec::as_slice));
        if certificate.is_none() && key.is_none() && previous.is_none() && until.is_none() {
            return match data.keys().next() {
                None => Ok(None),
                Some(other) => Err(CertsError::Foreign(other.clone())),
            };
        }
        let certificate = text(certificate, CERTIFICATE)?;
        let current = Authority::from_pem(certificate, text(key, KEY)?).map_err(|error| {
            let key = match error {
                CertsError::Key | CertsError::Mismatch => KEY,
                _ => CERTIFICATE,
            };
            broken(key, error.to_string())
        })?;
        let (previous, until) = match (previous, until) {
            (None, None) => (Bundle::default(), None),
            (previous, until) => {
                let bundle = Bundle::from_pem(text(previous, PREVIOUS)?.as_bytes())
                    .map_err(|error| broken(PREVIOUS, error.to_string()))?;
                let until = text(until, UNTIL)?;
                let until = until.trim().parse::<Timestamp>().map_err(|_| {
                    broken(
                        UNTIL,
                        "it is no time such as `2026-11-24T12:00:00Z`".to_owned(),
                    )
                })?;
                (bundle, Some(until))
            }
        };
        Ok(Some(Self {
            current,
            previous,
            until,
        }))
    }

    /// The data of the Secret that holds this.
    #[must_use]
    pub fn write(&self) -> BTreeMap<String, Vec<u8>> {
        let mut data = BTreeMap::new();
        let mut put = |key: &str, value: String| data.insert(key.to_owned(), value.into_bytes());
        put(CERTIFICATE, self.current.cert_pem().to_owned());
        put(KEY, self.current.key_pem().to_owned());
        if let (Some(until), false) = (self.until, self.previous.is_empty()) {
            put(PREVIOUS, self.previous.to_pem());
            put(UNTIL, until.to_string());
        }
        data
    }

    /// The first CA.
    ///
    /// # Errors
    /// As [`Authority::make`].
    pub fn make(names: &[String], now: Timestamp) -> Result<Self, CertsError> {
        Ok(Self {
            current: Authority::make(names, now)?,
            previous: Bundle::default(),
            until: None,
        })
    }

    /// Another CA; this one, and those before it whose time is not over, are trusted for the overlap.
    ///
    /// # Errors
    /// When too many are trusted still, and as [`Authority::make`].
    pub fn rotate(
        self,
        names: &[String],
        now: Timestamp,
        overlap: SignedDuration,
    ) -> Result<Self, CertsError> {
        let ended = self.until.is_none_or(|until| until <= now);
        let before = if ended {
            Bundle::default()
        } else {
            self.previous
        };
        // The youngest first, as that is what is served.
        let previous = self.current.bundle().union(before).without_expired(now);
        let clock = |_| CertsError::Clock(now);
        // Whole seconds, rounded up.
        let until = now.checked_add(overlap).map_err(clock)?.as_second();
        let mut until = Timestamp::from_second(until.saturating_add(1)).map_err(clock)?;
        if let (Some(earlier), false) = (self.until, ended) {
            if previous.len() > MOST_PREVIOUS {
                return Err(CertsError::TooSoon {
                    most: MOST_PREVIOUS,
                    until: earlier,
                });
            }
            until = until.max(earlier);
        }
        Ok(Self {
            current: Authority::make(names, now)?,
            until: (!previous.is_empty()).then_some(until),
            previous,
        })
    }

    /// Without the previous ones, where their time is over; `None` where there is nothing to do.
    #[must_use]
    pub fn retire(self, now: Timestamp) -> Option<Self> {
        self.until.filter(|&until| until <= now)?;
        Some(Self {
            current: self.current,
            previous: Bundle::default(),
            until: None,
        })
    }

    /// All that clients are to trust: the CA in force first.
    #[must_use]
    pub fn trusted(&self) -> Bundle {
        self.current.bundle().union(self.previous.clone())
    }

    /// What is to be done.
    #[must_use]
    pub fn next(&self, names: &[String], now: Timestamp) -> Step {
        if self.current.due() <= now || !self.current.holds_for(names, now) {
            Step::Rotate
        } else if self.until.is_some_and(|until| until <= now) {
            Step::Retire
        } else {
            Step::Nothing
        }
    }
}

fn text<'a>(value: Option<&'a [u8]>, key: &'static str) -> Result<&'a str, CertsError> {
    let value = value.ok_or_else(|| broken(key, "it is missing".to_owned()))?;
    if value.trim_ascii().is_empty() {
        return Err(broken(key, "it is empty".to_owned()));
    }
    std::str::from_utf8(value).map_err(|_| broken(key, "it is no text".to_owned()))
}

fn broken(key: &'static str, why: String) -> CertsError {
    CertsError::Kept { key, why }
}

#[cfg(test)]
mod tests;
