//! What can go wrong with certificates; each message says what to do. None holds a key.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

/// What can go wrong when certificates are made, read and kept.
#[derive(Debug, thiserror::Error)]
pub enum CertsError {
    /// A certificate or a key could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// No certificate holds for nothing.
    #[error("a certificate needs a name to hold for; give a DNS name or an address")]
    NoNames,
    /// No DNS name and no address.
    #[error(
        "`{0}` is neither a DNS name nor an address; give it as `lockkeeper.flux-system.svc` or `10.0.0.1`"
    )]
    Name(String),
    /// The CA may not sign for this name.
    #[error("this CA may not sign for `{0}`; make a CA that is constrained to this name too")]
    Constrained(String),
    /// The CA's time is over, or not yet there.
    #[error(
        "this CA holds from {not_before} until {not_after} only; make another, or set the clock"
    )]
    NotNow {
        /// From when it holds.
        not_before: Timestamp,
        /// Until when it holds.
        not_after: Timestamp,
    },
    /// The clock is where no certificate can be.
    #[error("no certificate can hold at {0}; set the clock")]
    Clock(Timestamp),
    /// What should be one certificate is none, or several.
    #[error("{0}; give exactly one certificate as PEM, with `BEGIN CERTIFICATE`")]
    Certificate(&'static str),
    /// A bundle that cannot be read.
    #[error(
        "certificate {0} of the bundle cannot be read; give certificates as PEM, with `BEGIN CERTIFICATE`"
    )]
    Bundle(usize),
    /// A certificate of somebody who may not sign.
    #[error(
        "the certificate is not a CA's; give one with the basic constraint `CA:TRUE` and the key usage `keyCertSign`"
    )]
    NoCa,
    /// A key that cannot be read or used.
    #[error(
        "the key cannot be used; it must be an unencrypted PKCS#8 key as PEM, with `BEGIN PRIVATE KEY`, of ECDSA P-256 or P-384, Ed25519 or RSA (`openssl pkcs8 -topk8 -nodes` converts others)"
    )]
    Key,
    /// The key of another certificate.
    #[error("the key does not belong to the certificate; give the two of one pair")]
    Mismatch,
    /// What the Secret holds cannot be used.
    #[error(
        "`{key}` of the Secret cannot be used: {why}; restore it, or empty the Secret, upon which a new CA is made"
    )]
    Kept {
        /// The key of the Secret's data.
        key: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A Secret of somebody else.
    #[error(
        "the Secret holds `{0}` and no CA of Lockkeeper's; name a Secret that is empty, as nothing of others is overwritten"
    )]
    Foreign(String),
    /// A rotation too many.
    #[error(
        "{most} CAs before this one are trusted still; wait until {until}, when they are not, and rotate then"
    )]
    TooSoon {
        /// How many are trusted at most.
        most: usize,
        /// Until when they are.
        until: Timestamp,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is in a folder cannot be used.
    #[error("{} cannot be used: {why}; mend it, take all certificates and keys away, or choose another folder", path.display())]
    Folder {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}
