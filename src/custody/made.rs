//! A certificate that was made at start, and is made again before it ends.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::certs::SelfMade;
use crate::server::{Certificate, Health, Slot, TlsError};

/// How often it is looked at: it lasts for months.
const EVERY: Duration = Duration::from_secs(600);

/// Serves what was made.
pub struct Made {
    made: SelfMade,
    slot: Arc<Slot>,
}

impl Made {
    /// Serves it from now on.
    ///
    /// # Errors
    /// When rustls refuses it.
    pub fn new(made: SelfMade, slot: Arc<Slot>) -> Result<Self, TlsError> {
        slot.put(Certificate::of(made.pair())?);
        let made = Self { made, slot };
        made.tell(false);
        Ok(made)
    }

    /// Makes another when it is due, for ever; dropping the future ends it.
    pub async fn run(mut self) {
        loop {
            tokio::time::sleep(EVERY).await;
            let renewed = match self.made.renew(Timestamp::now()) {
                Ok(false) => continue,
                Ok(true) => Certificate::of(self.made.pair()).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            self.tell(renewed.is_err());
            match renewed {
                Ok(certificate) => {
                    self.slot.put(certificate);
                    tracing::info!("serving a new certificate");
                }
                Err(reason) => {
                    tracing::warn!(reason, "the certificate cannot be made anew; trying again");
                }
            }
        }
    }

    fn tell(&self, broken: bool) {
        self.slot.tell(Health {
            expiry: Some(self.made.pair().not_after()),
            broken,
            ..Health::default()
        });
    }
}
