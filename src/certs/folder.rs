//! A CA and a serving pair in a folder: for a start without a cluster, for development, and for a Secret of one's own.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Authority, CertsError, Pair};

const CA_CERTIFICATE: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// A folder with `ca.crt`, `ca.key`, `tls.crt` and `tls.key`; the keys are for their owner alone.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// A CA and a pair of its signing.
pub struct Chain {
    /// The CA.
    pub authority: Authority,
    /// The pair.
    pub pair: Pair,
}

impl Chain {
    /// A new CA for `names`, and a pair of its signing.
    ///
    /// # Errors
    /// As [`Authority::make`].
    pub fn make(names: &[String], now: Timestamp) -> Result<Self, CertsError> {
        let authority = Authority::make(names, now)?;
        Ok(Self {
            pair: authority.issue(names, now)?,
            authority,
        })
    }
}

impl Folder {
    /// The folder at `path`, which is made, for its owner alone, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: &Path) -> Result<Self, CertsError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| CertsError::Write {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// The CA in it; `None` where there is neither certificate nor key.
    ///
    /// # Errors
    /// When only one of the two is there, or they are no CA.
    pub fn authority(&self) -> Result<Option<Authority>, CertsError> {
        self.both(CA_CERTIFICATE, CA_KEY, Authority::from_pem)
    }

    /// Writes the CA with its key.
    ///
    /// # Errors
    /// The file that cannot be written.
    pub fn put_authority(&self, authority: &Authority) -> Result<(), CertsError> {
        self.put(CA_KEY, authority.key_pem(), 0o600)?;
        self.put_trusted(authority)
    }

    /// Writes the CA's certificate only: nobody signs another with it.
    ///
    /// # Errors
    /// The file that cannot be written.
    pub fn put_trusted(&self, authority: &Authority) -> Result<(), CertsError> {
        self.put(CA_CERTIFICATE, authority.cert_pem(), 0o644)
    }

    /// Writes the pair.
    ///
    /// # Errors
    /// The file that cannot be written.
    pub fn put_pair(&self, pair: &Pair) -> Result<(), CertsError> {
        self.put(KEY, pair.key_pem(), 0o600)?;
        self.put(CERTIFICATE, pair.chain_pem(), 0o644)
    }

    /// What is still good in it, and the rest made and written: another CA where it is due or may not sign for
    /// `names`, another pair where it is due, of another CA or for other names.
    ///
    /// # Errors
    /// When what is in it cannot be read, or cannot be written.
    pub fn keep_or_make(&self, names: &[String], now: Timestamp) -> Result<Chain, CertsError> {
        let kept = self
            .authority()?
            .filter(|authority| now < authority.due() && authority.holds_for(names, now));
        let (authority, pair) = match kept {
            Some(authority) => (authority, self.whole_pair()?),
            None => {
                let authority = Authority::make(names, now)?;
                self.put_authority(&authority)?;
                (authority, None)
            }
        };
        let is_good =
            |pair: &Pair| now < pair.due() && pair.is_for(names) && authority.signed(pair);
        let pair = match pair.filter(is_good) {
            Some(pair) => pair,
            None => {
                let pair = authority.issue(names, now)?;
                self.put_pair(&pair)?;
                pair
            }
        };
        Ok(Chain { authority, pair })
    }

    /// The pair in it, where key and certificate are of one: somebody was stopped between the two otherwise.
    fn whole_pair(&self) -> Result<Option<Pair>, CertsError> {
        self.both(CERTIFICATE, KEY, |certificate, key| {
            match Pair::from_pem(certificate, key) {
                Ok(pair) => Ok(Some(pair)),
                Err(CertsError::Mismatch) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .map(Option::flatten)
    }

    fn both<T>(
        &self,
        certificate: &'static str,
        key: &'static str,
        read: impl FnOnce(&str, &str) -> Result<T, CertsError>,
    ) -> Result<Option<T>, CertsError> {
        let broken = |name: &str, why: String| CertsError::Folder {
            path: self.path.join(name),
            why,
        };
        let text = |name: &str| match fs::read_to_string(self.path.join(name)) {
            Ok(text) => Ok(Some(zeroize::Zeroizing::new(text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(broken(name, error.to_string())),
        };
        match (text(certificate)?, text(key)?) {
            (None, None) => Ok(None),
            (Some(cert), Some(pem)) => read(&cert, &pem).map(Some).map_err(|error| {
                let name = match error {
                    CertsError::Key | CertsError::Mismatch => key,
                    _ => certificate,
                };
                broken(name, error.to_string())
            }),
            (Some(_), None) => Err(broken(certificate, format!("{key} is not beside it"))),
            (None, Some(_)) => Err(broken(key, format!("{certificate} is not beside it"))),
        }
    }

    /// Writes a new file beside `name` and moves it there: an old file's mode and readers are not inherited.
    fn put(&self, name: &str, text: &str, mode: u32) -> Result<(), CertsError> {
        let path = self.path.join(name);
        replace(&path, text, mode).map_err(|source| CertsError::Write { path, source })
    }
}

fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)?;
    file.write_all(text.as_bytes())?;
    // A machine that fails now must not end up with a name and no contents.
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::testing::{later, names, now, verify};
    use super::*;

    const HERE: &[&str] = &["localhost", "127.0.0.1"];

    fn folder(scratch: &tempfile::TempDir) -> Folder {
        Folder::open(&scratch.path().join("state")).expect("a folder")
    }

    fn scratch() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn keys_are_for_their_owner_alone_and_replaced_whole() {
        let scratch = scratch();
        let folder = folder(&scratch);
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        for day in [0, 61] {
            let made = folder
                .keep_or_make(&names(HERE), later(now(), day * 24))
                .expect("made");
            for (key, text) in [
                (KEY, made.pair.key_pem()),
                (CA_KEY, made.authority.key_pem()),
            ] {
                let path = folder.path.join(key);
                assert_eq!(mode(&path), 0o600);
                assert!(fs::read_to_string(&path).expect("text") == text);
                // What somebody opened up is closed again with the next one.
                fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("set");
            }
            fs::remove_file(folder.path.join(CA_KEY)).expect("removed");
            fs::remove_file(folder.path.join(CA_CERTIFICATE)).expect("removed");
        }
        assert_eq!(mode(&folder.path), 0o700);
        assert_eq!(fs::read_dir(&folder.path).expect("a folder").count(), 2);
    }

    #[test]
    fn what_is_still_good_is_kept() {
        let scratch = scratch();
        let folder = folder(&scratch);
        let at = |hours: i64, of: &[&str]| {
            let now = later(now(), hours);
            let made = folder.keep_or_make(&names(of), now).expect("made");
            let trusted = made.authority.bundle();
            assert_eq!(verify(&trusted, &made.pair, of[0], now), Ok(()));
            (made.authority.bundle(), made.pair.chain_pem().to_owned())
        };
        let first = at(0, HERE);
        assert_eq!(at(24, HERE), first);
        assert_eq!(at(24, &HERE[..1]), first, "it holds for fewer names too");
        let renewed = at(60 * 24, HERE);
        assert_eq!(renewed.0, first.0);
        assert_ne!(renewed.1, first.1);
        let others = at(60 * 24, &["10.0.0.1", "localhost"]);
        assert_ne!(others.0, first.0);
        let old = at(7 * 365 * 24, &["10.0.0.1", "localhost"]);
        assert_ne!(old.0, others.0);
    }

    #[test]
    fn a_pair_of_another_ca_is_replaced() {
        let scratch = scratch();
        let folder = folder(&scratch);
        let first = folder.keep_or_make(&names(HERE), now()).expect("made");
        let other = Chain::make(&names(HERE), now()).expect("made");
        folder.put_authority(&other.authority).expect("written");
        let second = folder.keep_or_make(&names(HERE), now()).expect("made");
        assert_eq!(second.authority.bundle(), other.authority.bundle());
        assert_ne!(second.pair.chain_pem(), first.pair.chain_pem());
        let kept = folder.keep_or_make(&names(HERE), now()).expect("made");
        assert_eq!(kept.pair.chain_pem(), second.pair.chain_pem());
    }

    #[test]
    fn a_write_that_was_stopped_between_key_and_certificate_is_made_good() {
        let scratch = scratch();
        let folder = folder(&scratch);
        let first = folder.keep_or_make(&names(HERE), now()).expect("made");
        let next = first.authority.issue(&names(HERE), now()).expect("a pair");
        folder.put(KEY, next.key_pem(), 0o600).expect("written");
        let second = folder.keep_or_make(&names(HERE), now()).expect("made");
        assert_eq!(second.authority.bundle(), first.authority.bundle());
        let third = folder.keep_or_make(&names(HERE), now()).expect("made");
        assert_eq!(third.pair.chain_pem(), second.pair.chain_pem());
    }

    #[test]
    fn what_is_half_there_is_never_written_over() {
        for (gone, told) in [
            (CA_KEY, CA_CERTIFICATE),
            (CA_CERTIFICATE, CA_KEY),
            (KEY, CERTIFICATE),
        ] {
            let scratch = scratch();
            let folder = folder(&scratch);
            folder.keep_or_make(&names(HERE), now()).expect("made");
            fs::remove_file(folder.path.join(gone)).expect("removed");
            let before = fs::read(folder.path.join(told)).expect("there");
            let error = folder.keep_or_make(&names(HERE), now()).err().expect(gone);
            let error = error.to_string();
            assert!(error.contains(told) && error.contains(gone), "{error}");
            assert!(fs::read(folder.path.join(told)).expect("there") == before);
        }
        let scratch = scratch();
        let folder = folder(&scratch);
        folder.keep_or_make(&names(HERE), now()).expect("made");
        fs::write(folder.path.join(CA_KEY), "hello").expect("written");
        let error = folder
            .keep_or_make(&names(HERE), now())
            .err()
            .expect("an error");
        assert!(error.to_string().contains(CA_KEY), "{error}");
    }
}
