//! Certificates that change under a running server, and clients that must have one.

mod serve_support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lockkeeper::certs::{Authority, Pair};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serve_support::{Client, Served, fixture, get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const PATIENCE: Duration = Duration::from_secs(20);

fn authority() -> Authority {
    Authority::make(&["127.0.0.1".to_owned()], Timestamp::now()).expect("a CA")
}

fn pair(by: &Authority) -> Pair {
    by.issue(&["127.0.0.1".to_owned()], Timestamp::now())
        .expect("a pair")
}

/// A mounted Secret as kubelet lays it out: the files point into `..data`, which points to a folder of their time.
struct Mount {
    folder: tempfile::TempDir,
    swaps: usize,
}

impl Mount {
    fn new(pair: &Pair) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(name), folder.path().join(name)).expect("a link");
        }
        let mut mount = Self { folder, swaps: 0 };
        mount.swap(pair.chain_pem(), pair.key_pem());
        mount
    }

    fn swap(&mut self, cert: &str, key: &str) {
        self.swaps += 1;
        let name = format!("..2026_{}", self.swaps);
        let new = self.path(&name);
        fs::create_dir(&new).expect("a folder");
        fs::write(new.join("tls.crt"), cert).expect("written");
        fs::write(new.join("tls.key"), key).expect("written");
        let beside = self.path("..data_tmp");
        symlink(name, &beside).expect("a link");
        fs::rename(beside, self.path("..data")).expect("swapped");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn serve(&self, more: &[&str]) -> Served {
        let [cert, key] = ["tls.crt", "tls.key"].map(|name| self.path(name).display().to_string());
        Served::start(&[&["--tls-cert", &cert, "--tls-key", &key], more].concat())
    }
}

/// A file with what clients are to trust.
fn trusted(folder: &Path, name: &str, authority: &Authority) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, authority.cert_pem()).expect("written");
    path
}

async fn await_metric(served: &Served, line: &str) {
    let began = Instant::now();
    while !get(served.plain, "/metrics")
        .await
        .body
        .lines()
        .any(|is| is == line)
    {
        assert!(began.elapsed() < PATIENCE, "{line} does not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_new_pair_is_served_and_no_connection_is_dropped() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (old, new) = (authority(), authority());
    let mut mount = Mount::new(&pair(&old));
    let served = mount.serve(&[]);
    let bad = fixture("create-bad");
    let trusts_old = trusted(scratch.path(), "old.crt", &old);
    let mut before = Client::http2(&served, &trusts_old).await;
    assert_eq!(
        before.post("/validate", bad.clone()).await.json()["response"]["allowed"],
        false
    );

    let renewed = pair(&new);
    mount.swap(renewed.chain_pem(), renewed.key_pem());
    await_metric(&served, "lockkeeper_certificate_swaps_total 2").await;
    let expiry = renewed.not_after().as_second();
    await_metric(
        &served,
        &format!("lockkeeper_certificate_expiry_timestamp_seconds {expiry}"),
    )
    .await;
    let trusts_new = trusted(scratch.path(), "new.crt", &new);
    let mut after = Client::http1(&served, &trusts_new).await;
    for client in [&mut after, &mut before] {
        let answer = client.post("/validate", bad.clone()).await;
        assert_eq!(answer.json()["response"]["allowed"], false);
    }
}

#[tokio::test]
async fn a_broken_pair_keeps_the_one_before_and_is_told() {
    let scratch = tempfile::tempdir().expect("a folder");
    let ca = authority();
    let (first, second) = (pair(&ca), pair(&ca));
    let mut mount = Mount::new(&first);
    let served = mount.serve(&[]);
    let trusts = trusted(scratch.path(), "ca.crt", &ca);
    for (cert, key) in [
        (second.chain_pem(), first.key_pem()),
        ("nonsense", second.key_pem()),
        (second.chain_pem(), ""),
    ] {
        mount.swap(cert, key);
        await_metric(&served, "lockkeeper_certificate_broken 1").await;
        let mut client = Client::http2(&served, &trusts).await;
        let answer = client.post("/validate", fixture("create-bad")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(get(served.plain, "/readyz").await.status, 200);
        // Whole again, it is served.
        mount.swap(second.chain_pem(), second.key_pem());
        await_metric(&served, "lockkeeper_certificate_broken 0").await;
    }
    served.terminate();
    let (_, logs) = served.ended().await;
    assert!(
        logs.contains("the new certificate cannot be used"),
        "{logs}"
    );
    for secret in [first.key_pem(), second.key_pem()] {
        let line = secret.lines().nth(1).expect("a line of the key");
        assert!(!logs.contains(line), "a key is in the log");
    }
}

/// A CA for clients, and who has a certificate of it.
struct People {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl People {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a CA").pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    fn client(&self, name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.issuer).expect("signed");
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes());
        (signed.into(), key.expect("a key"))
    }
}

/// Whether a review is answered to somebody with this certificate, or without one.
async fn is_answered(
    served: &Served,
    authority: &Authority,
    client: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    version: &'static SupportedProtocolVersion,
) -> bool {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.cert_pem().as_bytes()) {
        roots.add(certificate.expect("PEM")).expect("a root");
    }
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_root_certificates(roots);
    let config = match client {
        Some((certificate, key)) => config
            .with_client_auth_cert(vec![certificate], key)
            .expect("a pair"),
        None => config.with_no_client_auth(),
    };
    let stream = TcpStream::connect(served.tls).await.expect("connected");
    let name = ServerName::from(served.tls.ip());
    let Ok(mut stream) = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
    else {
        return false;
    };
    let body = fixture("create-bad");
    let request = format!(
        "POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut answer = Vec::new();
    // With TLS 1.3 a client learns only here that it was turned away.
    let sent = stream.write_all(request.as_bytes()).await.is_ok();
    sent && stream.read_to_end(&mut answer).await.is_ok() && answer.starts_with(b"HTTP/1.1 200")
}

#[tokio::test]
async fn only_the_clients_that_are_named_may_send_reviews() {
    let scratch = tempfile::tempdir().expect("a folder");
    let ca = authority();
    let mount = Mount::new(&pair(&ca));
    let (people, others) = (People::new(), People::new());
    let file = scratch.path().join("clients.crt");
    fs::write(&file, &people.pem).expect("written");
    let file = file.display().to_string();
    let any = mount.serve(&["--client-ca", &file]);
    let named = mount.serve(&["--client-ca", &file, "--client-name", "kube-apiserver"]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (client, by_any, by_named) in [
            (None, false, false),
            (Some(others.client("kube-apiserver")), false, false),
            (Some(people.client("kubelet")), true, false),
            (Some(people.client("kube-apiserver")), true, true),
        ] {
            let copy = client
                .as_ref()
                .map(|(cert, key)| (cert.clone(), key.clone_key()));
            assert_eq!(is_answered(&any, &ca, copy, version).await, by_any);
            assert_eq!(is_answered(&named, &ca, client, version).await, by_named);
        }
    }
    // Probes have no certificate; their listener asks for none.
    assert_eq!(get(named.plain, "/readyz").await.status, 200);
}
