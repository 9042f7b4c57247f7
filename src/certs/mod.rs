//! The CA and the serving certificates: made, kept, read and followed. No network, no clock.

mod authority;
mod bundle;
mod constraints;
mod details;
mod error;
mod files;
mod folder;
mod kept;
mod names;
mod pair;
mod pem;
mod profile;
mod self_made;
#[cfg(test)]
mod testing;

pub use authority::Authority;
pub use bundle::Bundle;
pub use details::{Constraints, Details, PublicKeyOf, State};
pub use error::CertsError;
pub use files::{Changed, Contents, Files, FilesError};
pub use folder::{Chain, Folder};
pub use kept::{Kept, MOST_PREVIOUS, Step, UNTIL};
pub use pair::Pair;
pub use profile::{CA_VALIDITY, SERVING_VALIDITY};
pub use self_made::SelfMade;

/// The SHA-256 of a certificate as DER: by it people and machines tell certificates apart.
pub type Fingerprint = [u8; 32];
