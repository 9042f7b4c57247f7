//! Starts the real binary and speaks to it over TLS, as the API server does.
#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A running `lockkeeper serve`; killed when dropped.
pub(crate) struct Served {
    child: Child,
    logs: Option<JoinHandle<String>>,
    /// What it printed before it served.
    pub printed: String,
    pub tls: SocketAddr,
    pub plain: SocketAddr,
}

/// `lockkeeper serve` on free ports.
pub(crate) fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(["--metrics-listen", "127.0.0.1:0"])
        .args(flags);
    command
}

impl Served {
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::spawn(&mut command(flags))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stderr = child.stderr.take().expect("piped");
        let logs = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("UTF-8");
            text
        });
        let stdout = child.stdout.take().expect("piped");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut printed = String::new();
        let own = command.get_args().any(|arg| arg == "--tls-cert");
        while !(printed.contains("Try it:") || own && printed.contains("Health:")) {
            let line = receiver
                .recv_timeout(Duration::from_secs(20))
                .expect("it says where it listens");
            printed.push_str(&line);
            printed.push('\n');
        }
        let tls = address_after(&printed, "https://");
        let plain = address_after(&printed, "http://");
        Self {
            child,
            logs: Some(logs),
            printed,
            tls,
            plain,
        }
    }

    /// The folder that it made.
    pub(crate) fn folder(&self) -> PathBuf {
        let line = self
            .printed
            .lines()
            .find_map(|line| line.strip_prefix("Folder:"))
            .expect("it prints its folder");
        PathBuf::from(line.split(',').next().expect("a path").trim())
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.folder().join("ca.crt")
    }

    pub(crate) fn terminate(&self) {
        let killed = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status()
            .expect("sh");
        assert!(killed.success());
    }

    /// Waits for the end while connections live on; the exit status and the logs.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let waiting = tokio::task::spawn_blocking(move || {
            let status = self.child.wait().expect("it ends");
            let logs = self.logs.take().expect("once").join().expect("read");
            (status, logs)
        });
        waiting.await.expect("it ends")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_after(text: &str, scheme: &str) -> SocketAddr {
    let (_, rest) = text.split_once(scheme).expect("an address");
    rest.split('/')
        .next()
        .expect("an address")
        .parse()
        .expect("an address")
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// One connection, of either protocol.
pub(crate) enum Client {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    pub(crate) async fn http1(server: &Served, ca: &Path) -> Self {
        Self::connect(server.tls, ca, "http/1.1", rustls::ALL_VERSIONS).await
    }

    pub(crate) async fn http2(server: &Served, ca: &Path) -> Self {
        Self::connect(server.tls, ca, "h2", rustls::ALL_VERSIONS).await
    }

    pub(crate) async fn connect(
        address: SocketAddr,
        ca: &Path,
        protocol: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let stream = tls(address, ca, protocol, versions).await;
        if protocol == "h2" {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream)
                .await
                .expect("HTTP/2");
            tokio::spawn(connection);
            Self::Two(sender)
        } else {
            let (sender, connection) = http1::handshake(stream).await.expect("HTTP/1.1");
            tokio::spawn(connection);
            Self::One(sender)
        }
    }

    pub(crate) async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Reply {
        let request = Request::builder()
            .method(Method::POST)
            .uri(match self {
                Self::One(_) => path.to_owned(),
                Self::Two(_) => format!("https://localhost{path}"),
            })
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(body.into()))
            .expect("a request");
        let response = match self {
            Self::One(sender) => sender.send_request(request).await,
            Self::Two(sender) => sender.send_request(request).await,
        }
        .expect("a response");
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("a body");
        Reply {
            status,
            body: String::from_utf8(bytes.to_bytes().to_vec()).expect("UTF-8"),
        }
    }
}

/// A connection over TLS with an agreed protocol.
pub(crate) async fn tls(
    address: SocketAddr,
    ca: &Path,
    protocol: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> TokioIo<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).expect("a CA") {
        roots.add(certificate.expect("PEM")).expect("a root");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(address).await.expect("connected");
    let name = ServerName::from(address.ip());
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .expect("a handshake with a certificate that the CA vouches for");
    let agreed = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    assert_eq!(agreed.as_deref(), Some(protocol.as_bytes()));
    TokioIo::new(stream)
}

/// GET over plain HTTP.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Reply {
    let stream = TcpStream::connect(address).await.expect("connected");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    let request = Request::get(path)
        .header("host", "localhost")
        .body(Full::<Bytes>::default())
        .expect("a request");
    let response = sender.send_request(request).await.expect("a response");
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.expect("a body");
    Reply {
        status,
        body: String::from_utf8(bytes.to_bytes().to_vec()).expect("UTF-8"),
    }
}

/// A review that was written for the tests.
pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/reviews")
        .join(format!("{name}.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
