//! A CA and a serving certificate for a start without a cluster and without flags.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::CertsError;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};

/// How long both certificates hold. Who runs longer brings certificates of their own.
const VALIDITY: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Clocks differ; the certificate holds for those that are behind.
const BEHIND: SignedDuration = SignedDuration::from_hours(24);

/// A CA's certificate, and a serving certificate with its key, as PEM. The CA's key is dropped when
/// the one certificate is signed: nobody can sign another.
pub struct SelfSigned {
    /// The certificate that clients trust.
    pub ca_pem: String,
    /// The serving certificate.
    pub cert_pem: String,
    key_pem: String,
}

impl SelfSigned {
    /// Makes both for the DNS names and addresses in `names`, with ECDSA P-256 keys.
    ///
    /// # Errors
    /// When a name is no DNS name, or no randomness is to be had.
    pub fn make(names: &[String], now: Timestamp) -> Result<Self, CertsError> {
        let mut ca = params(Vec::new(), "Lockkeeper CA", now)?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let ca_pem = ca.self_signed(&ca_key)?.pem();
        let issuer = Issuer::new(ca, ca_key);

        let mut leaf = params(names.to_vec(), "lockkeeper", now)?;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let cert_pem = leaf.signed_by(&key, &issuer)?.pem();
        Ok(Self {
            ca_pem,
            cert_pem,
            key_pem: key.serialize_pem(),
        })
    }

    /// The private key of the serving certificate. Only who serves needs it.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Writes `ca.crt`, `tls.crt` and `tls.key` into `folder`, which is made if it is not there; the
    /// key is for its owner alone.
    ///
    /// # Errors
    /// The first file or folder that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), CertsError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| CertsError::Write {
                path: folder.to_owned(),
                source,
            })?;
        for (name, text, mode) in [
            ("ca.crt", self.ca_pem.as_str(), 0o644),
            ("tls.crt", self.cert_pem.as_str(), 0o644),
            ("tls.key", self.key_pem.as_str(), 0o600),
        ] {
            let path = folder.join(name);
            replace(&path, text, mode).map_err(|source| CertsError::Write { path, source })?;
        }
        Ok(())
    }
}

/// Writes a new file beside `path` and moves it there: an old file's mode and readers are not inherited.
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
    fs::rename(&beside, path)
}

fn params(
    names: Vec<String>,
    common_name: &str,
    now: Timestamp,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let day = |time: Timestamp| {
        let date = time.to_zoned(TimeZone::UTC).date();
        date_time_ymd(
            i32::from(date.year()),
            date.month().unsigned_abs(),
            date.day().unsigned_abs(),
        )
    };
    params.not_before = day(now.saturating_sub(BEHIND).unwrap_or(now));
    params.not_after = day(now.saturating_add(VALIDITY).unwrap_or(now));
    Ok(params)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_for_its_owner_alone_and_replaced_whole() {
        let scratch = tempfile::tempdir().expect("a folder");
        let folder = scratch.path().join("state");
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        for _ in 0..2 {
            let made = SelfSigned::make(&["localhost".to_owned(), "127.0.0.1".to_owned()], now)
                .expect("a certificate");
            made.write(&folder).expect("written");
            let key = folder.join("tls.key");
            let mode = fs::metadata(&key).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            assert!(fs::read_to_string(&key).expect("text") == made.key_pem());
        }
        let mode = fs::metadata(&folder).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
