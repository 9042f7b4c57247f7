//! Certificates that live as long as a test: an authority, and what it signs for servers and users.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use crate::{Error, Result};

/// A certificate authority whose key never leaves this process.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A signed certificate and its key, both as PEM.
pub struct Signed {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

/// Where a certificate's files were written.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// The authority that signed it.
    pub authority: PathBuf,
}

impl Authority {
    /// An authority of its own; nobody trusts it who was not given its certificate.
    pub fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        Ok(Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)?,
        })
    }

    /// The authority's certificate as PEM.
    pub fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for a server under these host names and addresses.
    pub fn server(&self, hosts: &[&str]) -> Result<Signed> {
        let mut params = CertificateParams::new(
            hosts
                .iter()
                .map(|&host| host.to_owned())
                .collect::<Vec<_>>(),
        )?;
        let name = hosts.first().copied().unwrap_or("server");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// A client certificate by which the API server knows a user and, at most, one group (rcgen writes a name's part once).
    pub fn client(&self, user: &str, group: Option<&str>) -> Result<Signed> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, user);
        if let Some(group) = group {
            params
                .distinguished_name
                .push(DnType::OrganizationName, group);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    /// Writes a server's certificate, its key and the authority into a folder, as a server's flags want them.
    pub fn server_files(&self, hosts: &[&str], folder: &Path) -> Result<Files> {
        fs::create_dir_all(folder).map_err(Error::io(format!("making {}", folder.display())))?;
        let Signed { certificate, key } = self.server(hosts)?;
        Ok(Files {
            certificate: write(folder, "tls.crt", &certificate)?,
            key: write(folder, "tls.key", &key)?,
            authority: write(folder, "ca.crt", &self.certificate())?,
        })
    }

    fn sign(&self, mut params: CertificateParams) -> Result<Signed> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Signed {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

/// A key pair for service account tokens: the private and the public half.
pub fn token_keys(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let key = KeyPair::generate()?;
    let private = write(folder, "tokens.key", &key.serialize_pem())?;
    Ok((private, write(folder, "tokens.pub", &key.public_key_pem())?))
}

/// Writes a small file and returns its path.
pub fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(Error::io(format!("writing {}", path.display())))?;
    Ok(path)
}
