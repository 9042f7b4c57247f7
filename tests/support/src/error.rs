//! What can go wrong while a control plane is built, started or used; each sentence says what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// The kit's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the kit could not do what was asked.
#[derive(thiserror::Error)]
pub enum Error {
    /// Go is not on `PATH`.
    #[error(
        "the tests run a real Kubernetes control plane and build it with Go, but `go` could not be run ({0}); \
         install Go 1.26 or newer from https://go.dev/dl and try again"
    )]
    NoGo(io::Error),

    /// A `go` command ran and failed.
    #[error("`{command}` failed in {folder}:\n{stderr}")]
    Go {
        /// The command as a person would repeat it.
        command: String,
        /// The folder of the module it ran in.
        folder: PathBuf,
        /// What it printed.
        stderr: String,
    },

    /// A tool's `go.mod` does not say what is expected of it.
    #[error("{0} names no version of {1}")]
    NoVersion(PathBuf, &'static str),

    /// Go named no folder for a module.
    #[error("`{0}` gave no folder for {1}")]
    NoFolder(String, String),

    /// A file, socket or process could not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },

    /// A program ended while it was needed.
    #[error("{name} ended early ({status}); the end of its log {log}:\n{tail}", log = log.display())]
    Ended {
        /// Which program.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// Its whole log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },

    /// Something awaited did not come about.
    #[error("waited {seconds} s for {what}; last seen: {last}")]
    Timeout {
        /// What was awaited.
        what: String,
        /// For how long.
        seconds: u64,
        /// The last thing that was there instead.
        last: String,
    },

    /// kubectl refused or was refused.
    #[error("{0}")]
    Kubectl(Box<crate::kubectl::Output>),

    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),

    /// A TLS server could not be set up.
    #[error("a TLS server could not be set up: {0}")]
    Tls(#[from] rustls::Error),

    /// A file that should hold certificates or a key holds none.
    #[error("{0} holds no certificate or key: {1}")]
    Pem(PathBuf, rustls::pki_types::pem::Error),

    /// Something that is not JSON, or not the JSON expected, came back.
    #[error("{what} is not the JSON that was expected: {source}")]
    Json {
        /// What was read.
        what: String,
        /// Why it does not fit.
        source: serde_json::Error,
    },
}

impl Error {
    /// Wraps an I/O error in a sentence of what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// The sentence, not the fields: a failed `expect` in a test shows this to the person who has to act.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
