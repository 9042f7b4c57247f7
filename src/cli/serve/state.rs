//! What a start without flags makes: a CA, a certificate and an example review, in a folder of their own.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;

use crate::certs::SelfSigned;
use crate::server::Certificate;

/// A release with a floating chart and a literal password, as the API server would send it.
const EXAMPLE: &str = include_str!("../../../examples/reviews/romm-unpinned.json");

/// The folder of a made certificate; a temporary one goes when the server ends.
pub(super) struct State {
    pub(super) path: PathBuf,
    temporary: bool,
}

impl Drop for State {
    fn drop(&mut self) {
        if self.temporary {
            // What is left behind does no harm, and there is nobody to tell.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Makes a certificate for this machine and `address`, and writes it with an example review.
///
/// # Errors
/// When the folder or a file in it cannot be written.
pub(super) fn make_certificate(
    folder: Option<&Path>,
    address: SocketAddr,
) -> anyhow::Result<(Certificate, State)> {
    let state = match folder {
        Some(path) => State {
            path: path.to_owned(),
            temporary: false,
        },
        None => State {
            path: temporary_folder()?,
            temporary: true,
        },
    };
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    if !address.ip().is_unspecified() {
        let own = address.ip().to_string();
        if !names.contains(&own) {
            names.push(own);
        }
    }
    let made = SelfSigned::make(&names, Timestamp::now())?;
    made.write(&state.path)
        .context("choose a folder that can be written with --state-dir")?;
    let example = state.path.join("example-review.json");
    fs::write(&example, EXAMPLE).with_context(|| format!("cannot write {}", example.display()))?;
    let certificate = Certificate::from_pem(&made.cert_pem, made.key_pem())?;
    Ok((certificate, state))
}

/// A new folder that only this user can read; a name that somebody made before is not taken.
fn temporary_folder() -> anyhow::Result<PathBuf> {
    use std::hash::{BuildHasher, RandomState};
    let parent = std::env::temp_dir();
    let path = parent.join(format!(
        "lockkeeper-{:016x}",
        RandomState::new().hash_one(std::process::id())
    ));
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&path)
        .with_context(|| {
            format!(
                "cannot make a folder in {}; choose one with --state-dir",
                parent.display()
            )
        })?;
    Ok(path)
}
