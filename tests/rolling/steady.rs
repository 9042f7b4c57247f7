//! Clients that send reviews without a pause and try nothing twice: what fails is counted.

use std::error::Error as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper::{Method, Request, Response};
use tokio::task::JoinSet;

use crate::serve_support::{Client, fixture};

/// What one way of sending has seen.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) answered: AtomicUsize,
    pub(crate) connections: AtomicUsize,
}

/// Clients in the background, of both protocols.
pub(crate) struct Steady {
    is_over: Arc<AtomicBool>,
    clients: JoinSet<Result<(), String>>,
    pub(crate) one: Arc<Tally>,
    pub(crate) two: Arc<Tally>,
}

impl Steady {
    pub(crate) fn start(address: SocketAddr, ca: &Path) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let (one, two) = (Arc::<Tally>::default(), Arc::<Tally>::default());
        let mut clients = JoinSet::new();
        for (protocol, tally) in [("http/1.1", &one), ("h2", &two)] {
            for _ in 0..2 {
                let client = Caller {
                    address,
                    ca: ca.to_owned(),
                    protocol,
                    tally: Arc::clone(tally),
                };
                clients.spawn(client.call_until(Arc::clone(&is_over)));
            }
        }
        Self {
            is_over,
            clients,
            one,
            two,
        }
    }

    /// Ends the clients; everything that failed, each with its protocol.
    pub(crate) async fn failures(self) -> Vec<String> {
        self.is_over.store(true, Ordering::Relaxed);
        let ended = self.clients.join_all().await;
        ended.into_iter().filter_map(Result::err).collect()
    }
}

struct Caller {
    address: SocketAddr,
    ca: PathBuf,
    protocol: &'static str,
    tally: Arc<Tally>,
}

impl Caller {
    async fn call_until(self, is_over: Arc<AtomicBool>) -> Result<(), String> {
        let mut connection = self.connect().await;
        while !is_over.load(Ordering::Relaxed) {
            // Who was told to go, goes; nothing has been sent by then.
            if !is_open(&mut connection).await {
                connection = self.connect().await;
                continue;
            }
            self.call(&mut connection)
                .await
                .map_err(|error| format!("{}: {error}", self.protocol))?;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    async fn connect(&self) -> Client {
        self.tally.connections.fetch_add(1, Ordering::Relaxed);
        Client::connect(self.address, &self.ca, self.protocol, rustls::ALL_VERSIONS).await
    }

    /// One request over HTTP/1.1, several at once over HTTP/2.
    async fn call(&self, connection: &mut Client) -> Result<(), String> {
        match connection {
            Client::One(sender) => self.one(sender).await,
            Client::Two(sender) => {
                let mut calls = JoinSet::new();
                for _ in 0..4 {
                    let tally = Arc::clone(&self.tally);
                    calls.spawn(two(sender.clone(), tally));
                }
                calls.join_all().await.into_iter().collect()
            }
        }
    }

    async fn one(&self, sender: &mut http1::SendRequest<Full<Bytes>>) -> Result<(), String> {
        match sender.try_send_request(review("/validate")).await {
            Ok(response) => judged(response, &self.tally).await,
            Err(error) => unless_refused(error.message().is_some(), error.error()),
        }
    }
}

async fn two(mut sender: http2::SendRequest<Full<Bytes>>, tally: Arc<Tally>) -> Result<(), String> {
    match sender
        .try_send_request(review("https://localhost/validate"))
        .await
    {
        Ok(response) => judged(response, &tally).await,
        Err(error) => unless_refused(error.message().is_some(), error.error()),
    }
}

async fn is_open(connection: &mut Client) -> bool {
    match connection {
        Client::One(sender) => sender.ready().await.is_ok(),
        Client::Two(sender) => sender.ready().await.is_ok(),
    }
}

/// A request that was not taken on is none that was lost: the client's own end gave it back, or HTTP/2 says
/// that the server never began it (RFC 9113, 6.8). Kubernetes' client sends such a one elsewhere unasked.
fn unless_refused(is_given_back: bool, error: &hyper::Error) -> Result<(), String> {
    let h2: Option<&h2::Error> = error.source().and_then(|source| source.downcast_ref());
    let is_left_out = h2.is_some_and(|error| {
        error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR)
    });
    if is_given_back || is_left_out {
        Ok(())
    } else {
        Err(format!("{error:?}"))
    }
}

fn review(uri: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(Method::POST)
        .uri(uri)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::new(fixture("create-bad").into()))
        .expect("a request")
}

/// Reads the answer, which must be the right one.
async fn judged(response: Response<hyper::body::Incoming>, tally: &Tally) -> Result<(), String> {
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| format!("a body that ends early: {error:?}"))?;
    let review: serde_json::Value =
        serde_json::from_slice(&body.to_bytes()).map_err(|error| format!("{status}: {error}"))?;
    if review["response"]["uid"] != "u-create-bad" || review["response"]["allowed"] != false {
        return Err(format!("{status}: a wrong answer"));
    }
    tally.answered.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
