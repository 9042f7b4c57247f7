//! The CA and the serving certificates: made, kept, read and followed. No network, no clock.

mod authority;
mod bundle;
mod constraints;
mod error;
mod kept;
mod names;
mod pair;
mod pem;
mod profile;
mod self_signed;
#[cfg(test)]
mod testing;

pub use authority::Authority;
pub use bundle::Bundle;
pub use error::CertsError;
pub use kept::{Kept, MOST_PREVIOUS, Step};
pub use pair::Pair;
pub use profile::{CA_VALIDITY, SERVING_VALIDITY};
pub use self_signed::SelfSigned;

/// The SHA-256 of a certificate as DER: by it people and machines tell certificates apart.
pub type Fingerprint = [u8; 32];
