//! What a start without flags makes: a CA, a certificate and an example review, in a folder of their own.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;

use crate::certs::SelfMade;

/// A release with a floating chart and a literal password, as the API server would send it.
const EXAMPLE: &str = include_str!("../../../examples/reviews/romm-unpinned.json");

/// What was made, in its folder; a temporary one goes when the server ends.
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

/// Makes a certificate for `names`, or this machine and `address` where there are none, and writes it with an example
/// review. In a folder that somebody chose, what is still good is kept.
///
/// # Errors
/// When the folder or a file in it cannot be read or written.
pub(super) fn make_certificate(
    folder: Option<&Path>,
    names: &[String],
    address: SocketAddr,
) -> anyhow::Result<(State, SelfMade)> {
    let names = if names.is_empty() {
        of_here(address)
    } else {
        names.to_owned()
    };
    let now = Timestamp::now();
    let state = State {
        path: match folder {
            Some(path) => path.to_owned(),
            None => temporary_folder()?,
        },
        temporary: folder.is_none(),
    };
    let made = match state.temporary {
        true => SelfMade::passing(&state.path, names, now),
        false => SelfMade::lasting(&state.path, names, now),
    };
    let made = made.context("choose a folder that can be used with --state-dir")?;
    let example = state.path.join("example-review.json");
    fs::write(&example, EXAMPLE).with_context(|| format!("cannot write {}", example.display()))?;
    Ok((state, made))
}

fn of_here(address: SocketAddr) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    if !address.ip().is_unspecified() {
        let own = address.ip().to_string();
        if !names.contains(&own) {
            names.push(own);
        }
    }
    names
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
