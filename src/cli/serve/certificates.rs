//! The flags of `lockkeeper serve` that say where its certificate comes from, and who puts its CA where.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::SignedDuration;
use tokio::sync::watch;

use super::duration;
use super::state::{State, make_certificate};
use crate::certs::Files;
use crate::cli::names::object;
use crate::cluster::{CaSecret, Cluster, Webhooks};
use crate::custody::{Custody, InFiles, Injection, Made, Managed, Pace, Settings};
use crate::facts::Name;
use crate::server::{Clients, Slot};

/// Flags about certificates.
#[derive(Debug, Args)]
#[command(next_help_heading = "Certificates")]
pub(super) struct CertificateArgs {
    /// The serving certificate with its chain, as PEM; read again when it changes [default: made at start]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The CA that signed it, as PEM, to be put into the webhook configurations; needs an API server
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_ca: Option<PathBuf>,
    /// A CA of Lockkeeper's own lives in this Secret, which must be there and may be empty; Lockkeeper makes and
    /// rotates it, signs its certificate with it, and puts it into the webhook configurations
    #[arg(
        long,
        value_name = "NAMESPACE/NAME",
        value_parser = object,
        requires = "tls_names",
        conflicts_with_all = ["tls_cert", "no_cluster"]
    )]
    ca_secret: Option<Name>,
    /// A DNS name or address that a made certificate holds for, such as `lockkeeper.lockkeeper.svc`; may be repeated
    /// [default: localhost and the address of --listen; --ca-secret has no default]
    #[arg(
        long = "tls-name",
        id = "tls_names",
        value_name = "NAME",
        conflicts_with = "tls_cert"
    )]
    tls_names: Vec<String>,
    /// The name of the two webhook configurations that the CA is put into
    #[arg(long, value_name = "NAME", default_value = crate::registration::NAME)]
    webhooks: String,
    /// The Lease by which one of several replicas leads, which puts the CA where it belongs and writes the statuses of
    /// policies; it must be there [default: `lockkeeper` in the namespace of --ca-secret, else none: this replica leads]
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object)]
    lease: Option<Name>,
    /// How long the CA before the current one stays trusted
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    ca_overlap: Duration,
    /// How often the Secret of --ca-secret is read; a certificate of a new CA is served half of it after all webhooks
    /// trust that CA
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    ca_interval: Duration,
    /// Take reviews only from clients with a certificate of this CA, PEM; the API server must be given one
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
    /// Of those, only from the client of this common name or DNS name; may be repeated
    #[arg(long = "client-name", value_name = "NAME", requires = "client_ca")]
    client_names: Vec<String>,
    /// Where the certificate that is made at start is kept, and used again while it holds [default: a temporary folder]
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["tls_cert", "ca_secret"])]
    state_dir: Option<PathBuf>,
}

impl CertificateArgs {
    /// Whether they need an API server.
    pub(super) fn need_cluster(&self) -> bool {
        self.ca_secret.is_some() || self.tls_ca.is_some()
    }

    /// Who may send reviews; `None` where all may.
    ///
    /// # Errors
    /// When the CA cannot be read or used.
    pub(super) fn clients(&self) -> anyhow::Result<Option<Clients>> {
        let Some(path) = &self.client_ca else {
            return Ok(None);
        };
        let file = path.display().to_string();
        let pem = std::fs::read(path).with_context(|| {
            format!("cannot read {file}; give a readable PEM file with --client-ca")
        })?;
        Ok(Some(Clients::new(&pem, self.client_names.clone(), &file)?))
    }

    /// The Lease by which one of several replicas leads; `None` where this one does.
    pub(super) fn lease(&self) -> Option<Name> {
        let beside = |secret: &Name| Name {
            namespace: secret.namespace.clone(),
            name: "lockkeeper".to_owned(),
        };
        let given = self.lease.clone();
        given.or_else(|| self.ca_secret.as_ref().map(beside))
    }

    /// What keeps the certificate in `slot`, and the folder of one that is made for a server at `address`. `leads` says
    /// whether this replica leads.
    ///
    /// # Errors
    /// When flags are missing or wrong, or files cannot be used.
    pub(super) fn custody(
        &self,
        cluster: Option<&Cluster>,
        leads: watch::Receiver<bool>,
        slot: Arc<Slot>,
        address: SocketAddr,
    ) -> anyhow::Result<(Custody, Option<State>)> {
        self.check_pace()?;
        if let (Some(secret), Some(cluster)) = (&self.ca_secret, cluster) {
            let managed = self.managed(secret, cluster, leads, slot)?;
            return Ok((Custody::Managed(managed), None));
        }
        if let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) {
            let files = Files {
                cert: cert.clone(),
                key: key.clone(),
                ca: self.tls_ca.clone(),
            };
            let files = self.in_files(files, cluster, leads, slot)?;
            return Ok((Custody::InFiles(files), None));
        }
        let folder = self.state_dir.as_deref();
        let (state, made) = make_certificate(folder, &self.tls_names, address)?;
        Ok((Custody::Made(Made::new(made, slot)?), Some(state)))
    }

    fn check_pace(&self) -> anyhow::Result<()> {
        if self.ca_interval < Duration::from_millis(100) {
            bail!("--ca-interval must be 100ms or more");
        }
        // All replicas must have read of a new CA, and served by it, before the one before is trusted no more.
        if self.ca_overlap < 2 * self.ca_interval {
            bail!("--ca-overlap must be twice --ca-interval or more");
        }
        Ok(())
    }

    fn managed(
        &self,
        secret: &Name,
        cluster: &Cluster,
        leads: watch::Receiver<bool>,
        slot: Arc<Slot>,
    ) -> anyhow::Result<Managed> {
        let settings = Settings {
            names: self.tls_names.clone(),
            overlap: SignedDuration::try_from(self.ca_overlap)?,
            interval: self.ca_interval,
        };
        let injection = self.injection(cluster, leads);
        let secret = CaSecret::new(cluster, secret.clone());
        Ok(Managed::new(settings, secret, injection, slot))
    }

    fn in_files(
        &self,
        files: Files,
        cluster: Option<&Cluster>,
        leads: watch::Receiver<bool>,
        slot: Arc<Slot>,
    ) -> anyhow::Result<InFiles> {
        let injection = match (cluster, &self.tls_ca, &self.lease) {
            (Some(cluster), Some(_), Some(_)) => Some(self.injection(cluster, leads)),
            (_, Some(_), None) => bail!(
                "--tls-ca needs --lease, so that one replica alone puts the CA into the webhook configurations"
            ),
            _ => None,
        };
        let pace = Pace {
            overlap: self.ca_overlap,
            settle: self.ca_interval / 2,
        };
        Ok(InFiles::new(files, slot, injection, pace)?)
    }

    fn injection(&self, cluster: &Cluster, leads: watch::Receiver<bool>) -> Injection {
        Injection {
            webhooks: Webhooks::new(cluster.clone(), self.webhooks.clone()),
            leads,
        }
    }
}
