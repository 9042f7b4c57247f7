//! Serves archives over loopback HTTP, in the place of Flux's source-controller.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::net::loopback;
use crate::{Error, Result};

type Archives = Arc<Mutex<HashMap<String, Arc<[u8]>>>>;

/// A server for as long as the process lives; its thread ends with it.
#[derive(Debug)]
pub struct ArtifactServer {
    address: SocketAddr,
    archives: Archives,
}

impl ArtifactServer {
    /// Listens on a free port of 127.0.0.1.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind(loopback(0))
            .map_err(Error::io("listening for artifacts' readers"))?;
        let address = listener
            .local_addr()
            .map_err(Error::io("reading a socket's port"))?;
        let archives = Archives::default();
        let served = Arc::clone(&archives);
        std::thread::Builder::new()
            .name("artifacts".to_owned())
            .spawn(move || {
                for stream in listener.incoming().flatten() {
                    let served = Arc::clone(&served);
                    // A reader that hangs up gets nothing, and Flux tries again.
                    std::thread::spawn(move || answer(&stream, &served));
                }
            })
            .map_err(Error::io("starting the artifacts' thread"))?;
        Ok(Self { address, archives })
    }

    /// Serves bytes under a path and returns the URL.
    pub fn serve(&self, path: &str, bytes: impl Into<Arc<[u8]>>) -> String {
        let path = format!("/{path}");
        let url = format!("http://{}{path}", self.address);
        self.archives
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path, bytes.into());
        url
    }
}

fn answer(mut stream: &TcpStream, archives: &Archives) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    // All of the head is read, else closing the socket with bytes unread would reset it under the answer.
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let found = archives
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(path)
        .cloned();
    let (status, body) = found.map_or(("404 Not Found", Arc::from([])), |body| ("200 OK", body));
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/gzip\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    if !request.starts_with("HEAD ") {
        stream.write_all(&body)?;
    }
    stream.flush()
}
