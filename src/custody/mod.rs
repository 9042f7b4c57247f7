//! The certificate of a running server: signed, read or made; renewed, swapped, and its CA injected into the webhook
//! configurations that must trust it.

mod decide;
mod failure;
mod in_files;
mod injection;
mod made;
mod managed;
mod strangers;

pub use in_files::{InFiles, InFilesError, Pace};
pub use injection::Injection;
pub use made::Made;
pub use managed::{Managed, Settings};

/// Where the certificate comes from.
pub enum Custody {
    /// A CA of Lockkeeper's own, in a Secret.
    Managed(Managed),
    /// Files that somebody else renews.
    InFiles(InFiles),
    /// It was made at start.
    Made(Made),
}

impl Custody {
    /// Keeps it for ever; dropping the future ends it.
    pub async fn run(self) {
        match self {
            Self::Managed(managed) => managed.run().await,
            Self::InFiles(files) => files.run().await,
            Self::Made(made) => made.run().await,
        }
    }
}
