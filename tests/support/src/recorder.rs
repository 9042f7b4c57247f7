//! A webhook that keeps what it was asked: what the API server really sends, and whether it sends at all.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::net::loopback;
use crate::pki::Files;
use crate::{Error, Result};

/// A review carries two objects, of which etcd takes 1.5 MB each.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// How long the API server may take to send a review.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server for as long as the process lives; its thread ends with it.
#[derive(Clone, Debug)]
pub struct Recorder {
    address: SocketAddr,
    reviews: Arc<Mutex<Vec<Value>>>,
}

impl Recorder {
    /// Allows all. Listens on a free port of 127.0.0.1 with a certificate as [`crate::ControlPlane::webhook_certificate`]
    /// makes it.
    pub fn start(files: &Files) -> Result<Self> {
        Self::answering(files, json!({ "allowed": true }))
    }

    /// Answers every review with this response, to which the uid is added: also what a webhook should never answer.
    pub fn answering(files: &Files, response: Value) -> Result<Self> {
        let pem = |path: &std::path::PathBuf| {
            let path = path.clone();
            move |error| Error::Pem(path, error)
        };
        let chain = CertificateDer::pem_file_iter(&files.certificate)
            .and_then(Iterator::collect)
            .map_err(pem(&files.certificate))?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(pem(&files.key))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        let config = Arc::new(config);
        let listener =
            TcpListener::bind(loopback(0)).map_err(Error::io("listening for reviews"))?;
        let address = listener
            .local_addr()
            .map_err(Error::io("reading a socket's port"))?;
        let reviews = Arc::default();
        let kept = Arc::clone(&reviews);
        std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || {
                for stream in listener.incoming().flatten() {
                    let (config, kept) = (Arc::clone(&config), Arc::clone(&kept));
                    let response = response.clone();
                    // Who is no API server, or hangs up, is not recorded.
                    std::thread::spawn(move || answer(stream, config, &kept, response));
                }
            })
            .map_err(Error::io("starting the recorder's thread"))?;
        Ok(Self { address, reviews })
    }

    /// Where it listens, as `lockkeeper webhooks --url` wants it.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The reviews so far of which `holds` is true of their `request`, the oldest first.
    pub fn reviews(&self, holds: impl Fn(&Value) -> bool) -> Vec<Value> {
        let reviews = self.reviews.lock().unwrap_or_else(PoisonError::into_inner);
        reviews
            .iter()
            .filter(|review| holds(&review["request"]))
            .cloned()
            .collect()
    }
}

fn answer(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    reviews: &Mutex<Vec<Value>>,
    mut response: Value,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let review = read(&mut BufReader::new(&mut stream))?;
    response["uid"] = review["request"]["uid"].clone();
    let answer = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": response,
    })
    .to_string();
    // Kept before it is answered: who saw the answer finds the review.
    reviews
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(review);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    )?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// The least of HTTP/1.1 that the API server's client needs: a head with a length, and a body.
fn read(reader: &mut impl std::io::BufRead) -> std::io::Result<Value> {
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
        line.clear();
    }
    let mut body = Vec::new();
    reader.take(MOST_BYTES.min(length)).read_to_end(&mut body)?;
    serde_json::from_slice(&body).map_err(std::io::Error::other)
}
