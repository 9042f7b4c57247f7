//! tar.gz archives as Flux's sources and Helm's repositories hold them, the same bytes for the same files.

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::tools::hex;
use crate::{Error, Result};

/// Files to be packed.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    files: Vec<(String, String)>,
}

impl Archive {
    /// An archive of these files: path and text.
    pub fn of(files: &[(&str, &str)]) -> Self {
        files.iter().fold(Self::default(), |archive, (path, text)| {
            archive.file(path, text)
        })
    }

    /// A Helm chart without dependencies; paths are beneath the chart: `templates/map.yaml`, `values.yaml`.
    pub fn chart(name: &str, version: &str, files: &[(&str, &str)]) -> Self {
        let chart = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
        let archive = Self::default().file(&format!("{name}/Chart.yaml"), &chart);
        files.iter().fold(archive, |archive, (path, text)| {
            archive.file(&format!("{name}/{path}"), text)
        })
    }

    /// The archive with one more file.
    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// The packed bytes; no times or owners in them.
    pub fn pack(&self) -> Result<Vec<u8>> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, text) in &self.files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, text.as_bytes())
                .map_err(Error::io(format!("packing {path}")))?;
        }
        tar.into_inner()
            .and_then(GzEncoder::finish)
            .map_err(Error::io("packing an archive"))
    }
}

/// The SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_the_same_files_to_the_same_bytes() {
        let archive = Archive::of(&[("a.yaml", "a: 1\n"), ("deep/b.yaml", "b: 2\n")]);
        let bytes = archive.pack().expect("packs");
        assert_eq!(bytes, archive.pack().expect("packs"));
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let paths: Vec<_> = tar
            .entries()
            .expect("entries")
            .map(|e| e.expect("entry").path().expect("path").into_owned())
            .collect();
        assert_eq!(
            paths,
            [
                std::path::Path::new("a.yaml"),
                std::path::Path::new("deep/b.yaml")
            ]
        );
    }
}
