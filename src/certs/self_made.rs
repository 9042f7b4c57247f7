//! The CA and the pair of a start without a cluster, and their renewal while it runs.

use std::path::Path;

use jiff::Timestamp;

use super::{Authority, CertsError, Chain, Folder, Pair};

/// A CA and a pair that were made at a start, in a folder.
pub struct SelfMade {
    folder: Folder,
    names: Vec<String>,
    chain: Chain,
    is_lasting: bool,
}

impl SelfMade {
    /// In a folder that lasts: what is still good there is kept, and the CA's key lies there too.
    ///
    /// # Errors
    /// When what is there cannot be read, or the folder cannot be written.
    pub fn lasting(path: &Path, names: Vec<String>, now: Timestamp) -> Result<Self, CertsError> {
        let folder = Folder::open(path)?;
        Ok(Self {
            chain: folder.keep_or_make(&names, now)?,
            folder,
            names,
            is_lasting: true,
        })
    }

    /// For as long as the process lives: the CA's key is in memory only, and nobody else can sign with it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn passing(path: &Path, names: Vec<String>, now: Timestamp) -> Result<Self, CertsError> {
        let folder = Folder::open(path)?;
        let chain = Chain::make(&names, now)?;
        folder.put_trusted(&chain.authority)?;
        folder.put_pair(&chain.pair)?;
        Ok(Self {
            folder,
            names,
            chain,
            is_lasting: false,
        })
    }

    /// The CA.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.chain.authority
    }

    /// The pair.
    #[must_use]
    pub fn pair(&self) -> &Pair {
        &self.chain.pair
    }

    /// Makes another pair when it is due, and another CA when that is; false where nothing is due.
    ///
    /// # Errors
    /// As when they were made; the pair is as before then.
    pub fn renew(&mut self, now: Timestamp) -> Result<bool, CertsError> {
        if now < self.chain.pair.due() {
            return Ok(false);
        }
        if self.is_lasting {
            self.chain = self.folder.keep_or_make(&self.names, now)?;
        } else if now < self.chain.authority.due() {
            let pair = self.chain.authority.issue(&self.names, now)?;
            self.folder.put_pair(&pair)?;
            self.chain.pair = pair;
        } else {
            let chain = Chain::make(&self.names, now)?;
            self.folder.put_trusted(&chain.authority)?;
            self.folder.put_pair(&chain.pair)?;
            self.chain = chain;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{later, names, now, verify};
    use super::*;

    type Make = fn(&Path, Vec<String>, Timestamp) -> Result<SelfMade, CertsError>;

    #[test]
    fn it_renews_itself_for_years() {
        for (make, keeps_key) in [
            (SelfMade::lasting as Make, true),
            (SelfMade::passing, false),
        ] {
            let scratch = tempfile::tempdir().expect("a folder");
            let mut made = make(scratch.path(), names(&["localhost"]), now()).expect("made");
            assert_eq!(scratch.path().join("ca.key").exists(), keeps_key);
            let (first, mut pairs, mut cas) = (
                made.authority().bundle(),
                1,
                vec![made.authority().bundle()],
            );
            for day in (0..8 * 365).step_by(10) {
                let now = later(now(), day * 24);
                pairs += usize::from(made.renew(now).expect("renewed"));
                let trusted = made.authority().bundle();
                assert_eq!(verify(&trusted, made.pair(), "localhost", now), Ok(()));
                if cas.last() != Some(&made.authority().bundle()) {
                    cas.push(made.authority().bundle());
                }
            }
            assert_eq!(cas.len(), 2, "ten years, renewed at two thirds");
            assert!((45..55).contains(&pairs), "{pairs} pairs");
            assert_ne!(made.authority().bundle(), first);
            let written = std::fs::read_to_string(scratch.path().join("tls.crt")).expect("text");
            assert!(written == made.pair().chain_pem());
        }
    }
}
