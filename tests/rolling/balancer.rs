//! A listener before several servers that does what kube-proxy does: a new connection goes to a server that
//! was ready when it was last asked, and one that is open is left alone.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How often readiness is asked.
const PERIOD: Duration = Duration::from_millis(50);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// One server.
#[derive(Clone, Copy)]
struct Backend {
    tls: SocketAddr,
    plain: SocketAddr,
    is_ready: bool,
}

/// The listener; it ends with the test's runtime.
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    backends: Arc<Mutex<Vec<Backend>>>,
}

impl Balancer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let backends = Arc::default();
        tokio::spawn(accept(listener, Arc::clone(&backends)));
        tokio::spawn(watch(Arc::clone(&backends)));
        Self { address, backends }
    }

    /// A new server, which gets no connections until it says that it is ready.
    pub(crate) fn add(&self, tls: SocketAddr, plain: SocketAddr) {
        let mut backends = self.backends.lock().expect("no panic");
        backends.push(Backend {
            tls,
            plain,
            is_ready: false,
        });
    }

    pub(crate) fn remove(&self, tls: SocketAddr) {
        let mut backends = self.backends.lock().expect("no panic");
        backends.retain(|backend| backend.tls != tls);
    }

    /// Waits until `count` servers get connections.
    pub(crate) async fn ready(&self, count: usize) {
        let ready = || {
            let backends = self.backends.lock().expect("no panic");
            backends.iter().filter(|backend| backend.is_ready).count()
        };
        let waiting = async {
            while ready() != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .expect("the servers become ready");
    }
}

/// Sends each new connection to the next ready server.
async fn accept(listener: TcpListener, backends: Arc<Mutex<Vec<Backend>>>) {
    let mut turn = 0_usize;
    loop {
        let (mut client, _) = listener.accept().await.expect("a connection");
        turn += 1;
        let chosen = {
            let backends = backends.lock().expect("no panic");
            let ready: Vec<_> = backends.iter().filter(|backend| backend.is_ready).collect();
            (!ready.is_empty()).then(|| ready[turn % ready.len()].tls)
        };
        tokio::spawn(async move {
            let Some(address) = chosen else { return };
            // Who cannot be reached refuses; the client sees its connection end.
            let Ok(mut server) = TcpStream::connect(address).await else {
                return;
            };
            let _ = client.set_nodelay(true);
            let _ = server.set_nodelay(true);
            let _ = copy_bidirectional(&mut client, &mut server).await;
        });
    }
}

/// Asks all servers again and again, each on its own, so that one that hangs holds no other up.
async fn watch(backends: Arc<Mutex<Vec<Backend>>>) {
    loop {
        let asked = backends.lock().expect("no panic").clone();
        let mut answers = JoinSet::new();
        for backend in asked {
            let backends = Arc::clone(&backends);
            answers.spawn(async move {
                let asking = tokio::time::timeout(PATIENCE, is_ready(backend.plain));
                let is_ready = asking.await.unwrap_or(false);
                let mut backends = backends.lock().expect("no panic");
                let known = backends
                    .iter_mut()
                    .find(|known| known.plain == backend.plain);
                if let Some(known) = known {
                    known.is_ready = is_ready;
                }
            });
        }
        answers.join_all().await;
        tokio::time::sleep(PERIOD).await;
    }
}

async fn is_ready(plain: SocketAddr) -> bool {
    let asking = async {
        let stream = TcpStream::connect(plain).await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        let request = Request::get("/readyz")
            .header("host", "localhost")
            .body(Empty::<Bytes>::new())
            .ok()?;
        sender.send_request(request).await.ok()
    };
    asking
        .await
        .is_some_and(|response| response.status().is_success())
}
