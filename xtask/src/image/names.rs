//! Two names for this machine: one in a hosts file, one that only a DNS server knows.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;

pub(super) const IN_HOSTS: &str = "hosts.lockkeeper.test";
pub(super) const IN_DNS: &str = "dns.lockkeeper.test";
pub(super) const HOSTS: &str = "127.0.0.1 hosts.lockkeeper.test\n";
/// An address that nothing else on this machine answers at.
pub(super) const RESOLV_CONF: &str = "nameserver 127.77.0.1\noptions timeout:2 attempts:3\n";

/// A DNS server in the background, until it is dropped.
pub(super) struct Dns {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Answers that every name is 127.0.0.1.
pub(super) fn serve() -> anyhow::Result<Dns> {
    let socket = UdpSocket::bind("127.77.0.1:53").context("the port of DNS at 127.77.0.1")?;
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    let is_over = Arc::<AtomicBool>::default();
    let until = Arc::clone(&is_over);
    let thread = std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while !until.load(Ordering::Relaxed) {
            let Ok((length, client)) = socket.recv_from(&mut buffer) else {
                continue;
            };
            if let Some(answer) = answer(&buffer[..length]) {
                // Who did not get it asks again.
                let _ = socket.send_to(&answer, client);
            }
        }
    });
    Ok(Dns {
        is_over,
        thread: Some(thread),
    })
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// The answer to a query of one question (RFC 1035, 4.1).
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let names = query.get(12..)?;
    let end = 12 + names.iter().position(|&byte| byte == 0)? + 1;
    let question = query.get(12..end + 4)?;
    let is_ipv4 = query.get(end..end + 2)? == [0, 1];
    let mut answer = query.get(..2)?.to_vec();
    answer.extend([0x81, 0x80, 0, 1, 0, u8::from(is_ipv4), 0, 0, 0, 0]);
    answer.extend(question);
    if is_ipv4 {
        // The name of the question, type A, class IN, 60 seconds, four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}
