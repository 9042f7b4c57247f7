//! Loopback only: free ports, and the least of HTTP that a health check needs.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::{Error, Result};

/// How long one try of a health check may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The address of a port on 127.0.0.1.
pub const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Ports that were free a moment ago, all different.
///
/// Someone else may take one before its program listens; [`crate::ControlPlane`] then starts over with others.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    // All are held until the last one is known, else the kernel may hand out the same one twice.
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind(loopback(0))
            .map_err(Error::io("looking for a free port on 127.0.0.1"))?;
        *port = listener
            .local_addr()
            .map_err(Error::io("reading a socket's port"))?
            .port();
        held.push(listener);
    }
    Ok(ports)
}

/// Whether something listens there.
pub fn listens(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, PATIENCE).is_ok()
}

/// Whether a plain HTTP GET is answered with 200; else the first line of the answer, or the error.
pub fn healthy(address: SocketAddr, path: &str) -> Result<(), String> {
    let answer = get(address, path).map_err(|error| error.to_string())?;
    let line = answer.lines().next().unwrap_or("an empty answer");
    if line.split(' ').nth(1) == Some("200") {
        Ok(())
    } else {
        Err(line.to_owned())
    }
}

/// The whole answer to a plain HTTP GET, its head before its body.
pub fn get(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ_and_are_quiet() {
        let [a, b, c] = free_ports().expect("ports");
        assert!(a != b && b != c && a != c);
        assert!(!listens(loopback(a)));
    }
}
