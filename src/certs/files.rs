//! Certificates in files that somebody else renews: read as one pair, and followed by what is in them.
//!
//! Neither times nor inodes are asked: kubelet swaps a symlink two folders up, others write in place.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// No certificate is longer, and no bundle that anybody should trust.
const MOST: u64 = 1 << 20;
/// How often files that change under the reader are read before it gives up for this time.
const TRIES: usize = 3;

/// Where a serving certificate, its key and, perhaps, the CA that clients are to trust lie.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate with its chain.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CA.
    pub ca: Option<PathBuf>,
}

/// What was in the files at one time, as PEM. The key is zeroed on drop, and there is no `Debug`.
pub struct Contents {
    /// The certificate with its chain.
    pub cert: Vec<u8>,
    /// Its private key.
    pub key: Zeroizing<Vec<u8>>,
    /// The CA, where a file was named for it.
    pub ca: Option<Vec<u8>>,
    hash: Hash,
}

type Hash = [u8; 32];

/// Why files could not be read; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// One cannot be read.
    #[error("cannot read {}: {source}; make it readable, or name another with {flag}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The flag that names it.
        flag: &'static str,
        /// Why.
        source: io::Error,
    },
    /// One is no certificate by its size alone.
    #[error("{} is larger than 1 MiB; name a PEM file with {flag}", path.display())]
    Large {
        /// Which.
        path: PathBuf,
        /// The flag that names it.
        flag: &'static str,
    },
    /// They are being written.
    #[error(
        "certificate and key are being written all the time; replace them at once, as by a symlink or a rename"
    )]
    Changing,
}

impl Files {
    /// Reads them until two readings in a row are the same: a key of one pair with the certificate of another is
    /// never the answer to a swap.
    ///
    /// # Errors
    /// When one cannot be read, or they do not hold still.
    pub fn read(&self) -> Result<Contents, FilesError> {
        self.read_with(Self::once)
    }

    fn read_with(
        &self,
        mut once: impl FnMut(&Self) -> Result<Contents, FilesError>,
    ) -> Result<Contents, FilesError> {
        let mut before = once(self)?;
        for _ in 0..TRIES {
            let again = once(self)?;
            if again.hash == before.hash {
                return Ok(again);
            }
            before = again;
        }
        Err(FilesError::Changing)
    }

    fn once(&self) -> Result<Contents, FilesError> {
        let cert = read(&self.cert, "--tls-cert")?;
        let key = read(&self.key, "--tls-key")?;
        let ca = self.ca.as_deref().map(|path| read(path, "--tls-ca"));
        let ca = ca.transpose()?;
        Ok(Contents {
            hash: hash([&*cert, &*key, ca.as_ref().map_or(&[], |ca| ca)]),
            cert: cert.to_vec(),
            ca: ca.map(|ca| ca.to_vec()),
            key,
        })
    }
}

fn read(path: &Path, flag: &'static str) -> Result<Zeroizing<Vec<u8>>, FilesError> {
    let failed = |source| FilesError::Read {
        path: path.to_owned(),
        flag,
        source,
    };
    let file = File::open(path).map_err(failed)?;
    // Room for a key at once: growing leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 << 10));
    let length = file
        .take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if length as u64 > MOST {
        return Err(FilesError::Large {
            path: path.to_owned(),
            flag,
        });
    }
    Ok(bytes)
}

fn hash(parts: [&[u8]; 3]) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps a byte that moves from one file into the next from going unseen.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Tells when what is in the files is other than before. It does not wait: somebody asks it now and then.
#[derive(Debug)]
pub struct Changed {
    files: Files,
    seen: Hash,
}

impl Changed {
    /// Follows the files from what was read of them.
    #[must_use]
    pub fn since(files: Files, contents: &Contents) -> Self {
        Self {
            files,
            seen: contents.hash,
        }
    }

    /// What is in the files, where it is other than when it was last told; each change is told once.
    ///
    /// # Errors
    /// As [`Files::read`]; the next call tries again.
    pub fn poll(&mut self) -> Result<Option<Contents>, FilesError> {
        let contents = self.files.read()?;
        if contents.hash == self.seen {
            return Ok(None);
        }
        self.seen = contents.hash;
        Ok(Some(contents))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn files(folder: &Path) -> Files {
        Files {
            cert: folder.join("tls.crt"),
            key: folder.join("tls.key"),
            ca: Some(folder.join("ca.crt")),
        }
    }

    fn write(folder: &Path, of: &str) {
        fs::create_dir_all(folder).expect("a folder");
        for name in ["tls.crt", "tls.key", "ca.crt"] {
            fs::write(folder.join(name), format!("{name} of {of}")).expect("written");
        }
    }

    fn is_of(contents: &Contents, of: &str) -> bool {
        contents.cert == format!("tls.crt of {of}").as_bytes()
            && *contents.key == format!("tls.key of {of}").as_bytes()
            && contents.ca.as_deref() == Some(format!("ca.crt of {of}").as_bytes())
    }

    /// As kubelet lays a Secret out: files point into `..data`, which points to a folder of the time.
    fn mount(volume: &Path) -> Files {
        write(&volume.join("..2026_11_24"), "one");
        symlink("..2026_11_24", volume.join("..data")).expect("a link");
        for name in ["tls.crt", "tls.key", "ca.crt"] {
            symlink(Path::new("..data").join(name), volume.join(name)).expect("a link");
        }
        files(volume)
    }

    /// As kubelet renews it: a new folder, a new link moved over the old, the old folder gone.
    fn renew(volume: &Path) {
        write(&volume.join("..2026_11_25"), "two");
        symlink("..2026_11_25", volume.join("..data_tmp")).expect("a link");
        fs::rename(volume.join("..data_tmp"), volume.join("..data")).expect("moved");
        fs::remove_dir_all(volume.join("..2026_11_24")).expect("removed");
    }

    #[test]
    fn the_swap_of_a_symlink_is_seen_once() {
        let volume = tempfile::tempdir().expect("a folder");
        let files = mount(volume.path());
        let first = files.read().expect("contents");
        assert!(is_of(&first, "one"));
        let mut changed = Changed::since(files, &first);
        assert!(changed.poll().expect("read").is_none());
        renew(volume.path());
        let second = changed.poll().expect("read").expect("a change");
        assert!(is_of(&second, "two"));
        assert!(changed.poll().expect("read").is_none());
    }

    #[test]
    fn a_swap_between_certificate_and_key_never_mixes_two_pairs() {
        let volume = tempfile::tempdir().expect("a folder");
        let files = mount(volume.path());
        let mut readings = 0;
        let contents = files.read_with(|files| {
            readings += 1;
            let before = files.once()?;
            if readings > 1 {
                return Ok(before);
            }
            // The swap falls between the two files of the first reading.
            renew(volume.path());
            let after = files.once()?;
            Ok(Contents {
                hash: hash([&before.cert, &after.key, &[]]),
                cert: before.cert,
                key: after.key,
                ca: after.ca,
            })
        });
        assert!(is_of(&contents.expect("contents"), "two"));
        assert_eq!(readings, 3);
    }

    #[test]
    fn files_that_do_not_hold_still_are_read_another_time() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "0");
        let files = files(folder.path());
        let mut writes = 0;
        let read = files.read_with(|files| {
            writes += 1;
            write(folder.path(), &writes.to_string());
            files.once()
        });
        assert!(matches!(read, Err(FilesError::Changing)));
        assert!(is_of(&files.read().expect("contents"), &writes.to_string()));
    }

    #[test]
    fn a_half_written_pair_is_told_again_when_it_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "one");
        let files = files(folder.path());
        let mut changed = Changed::since(files.clone(), &files.read().expect("contents"));
        // In place, of the same length, with the time of before: only the contents tell.
        let time = fs::metadata(&files.cert).and_then(|meta| meta.modified());
        fs::write(&files.cert, "tls.crt of two").expect("written");
        let file = File::options().write(true).open(&files.cert).expect("open");
        file.set_modified(time.expect("a time")).expect("set");
        let half = changed.poll().expect("read").expect("a change");
        assert!(half.cert == b"tls.crt of two" && *half.key == b"tls.key of one");
        write(folder.path(), "two");
        let whole = changed.poll().expect("read").expect("a change");
        assert!(is_of(&whole, "two"));
        assert!(changed.poll().expect("read").is_none());
    }

    #[test]
    fn a_file_that_is_gone_is_an_error_until_it_is_back() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "one");
        let files = files(folder.path());
        let mut changed = Changed::since(files.clone(), &files.read().expect("contents"));
        fs::remove_file(&files.key).expect("removed");
        let error = changed.poll().err().expect("an error").to_string();
        assert!(
            error.contains("tls.key") && error.contains("--tls-key"),
            "{error}"
        );
        write(folder.path(), "one");
        assert!(changed.poll().expect("read").is_none());
        write(folder.path(), "two");
        assert!(changed.poll().expect("read").is_some());
    }

    #[test]
    fn a_byte_that_moves_to_the_next_file_is_a_change() {
        assert_ne!(hash([b"ab", b"c", b""]), hash([b"a", b"bc", b""]));
    }

    #[test]
    fn what_is_far_too_large_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "one");
        let files = files(folder.path());
        let file = File::options().write(true).open(&files.cert).expect("open");
        file.set_len(MOST + 1).expect("grown");
        assert!(matches!(files.read(), Err(FilesError::Large { .. })));
    }
}
