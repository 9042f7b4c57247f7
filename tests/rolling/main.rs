//! Two servers behind one listener: a rolling restart loses no review, and the other answers for one that is gone.

mod balancer;
#[path = "../serve_support/mod.rs"]
mod serve_support;
mod steady;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use balancer::Balancer;
use futures::StreamExt as _;
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::TokioExecutor;
use lockkeeper::certs::SelfMade;
use serve_support::{Client, Served, fixture, tls};
use steady::Steady;
use tempfile::TempDir;

/// One certificate for all servers, as all replicas serve the name of one Service.
struct Shared {
    folder: TempDir,
}

impl Shared {
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let names = vec!["127.0.0.1".to_owned()];
        SelfMade::passing(folder.path(), names, jiff::Timestamp::now()).expect("a certificate");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A server that the balancer knows.
    fn serve(&self, balancer: &Balancer) -> Served {
        let file = |name| self.path(name).display().to_string();
        let server = Served::start(&[
            "--no-cluster",
            "--log-level=warn",
            "--tls-cert",
            &file("tls.crt"),
            "--tls-key",
            &file("tls.key"),
            "--drain=300ms",
        ]);
        balancer.add(server.tls, server.plain);
        server
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_no_review() {
    let shared = Shared::make();
    let balancer = Balancer::start().await;
    let mut servers = VecDeque::from([shared.serve(&balancer), shared.serve(&balancer)]);
    balancer.ready(2).await;
    let steady = Steady::start(balancer.address, &shared.path("ca.crt"));
    for round in 0..6 {
        // As a Deployment does it that may have one more, and then as one does it that may have one less.
        let is_one_more = round < 3;
        let fresh = is_one_more.then(|| shared.serve(&balancer));
        balancer.ready(if is_one_more { 3 } else { 2 }).await;
        let old = servers.pop_front().expect("two of them");
        let address = old.tls;
        old.terminate();
        let (status, logs) = old.ended().await;
        assert_eq!(status.code(), Some(0), "{logs}");
        balancer.remove(address);
        servers.push_back(fresh.unwrap_or_else(|| shared.serve(&balancer)));
        balancer.ready(2).await;
    }
    let (one, two) = (steady.one.clone(), steady.two.clone());
    let failures = steady.failures().await;
    assert!(failures.is_empty(), "{failures:#?}");
    for tally in [one, two] {
        let answered = tally.answered.load(Ordering::Relaxed);
        let connections = tally.connections.load(Ordering::Relaxed);
        assert!(answered > 50, "only {answered} reviews were sent");
        // Two clients, which restarts moved.
        assert!(connections > 4, "only {connections} connections were made");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_answers_for_one_that_is_gone() {
    let shared = Shared::make();
    let balancer = Balancer::start().await;
    let [first, _second] = [shared.serve(&balancer), shared.serve(&balancer)];
    balancer.ready(2).await;
    // No last words: the process is killed when it is dropped.
    drop(first);
    let gone = Instant::now();
    balancer.ready(1).await;
    for _ in 0..4 {
        let mut client = Client::connect(
            balancer.address,
            &shared.path("ca.crt"),
            "h2",
            rustls::ALL_VERSIONS,
        )
        .await;
        let reply = client.post("/validate", fixture("create-bad")).await;
        assert_eq!(reply.json()["response"]["allowed"], false);
    }
    let took = gone.elapsed();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

/// A review whose second half is sent only after the time that the server is given to drain.
fn slow_review(
    uri: &str,
) -> Request<impl hyper::body::Body<Data = Bytes, Error = Infallible> + use<>> {
    let body = fixture("create-bad").into_bytes();
    let (head, tail) = body.split_at(body.len() / 2);
    let halves = [head.to_vec(), tail.to_vec()];
    let frames = futures::stream::iter(halves)
        .enumerate()
        .then(async |(place, half)| {
            tokio::time::sleep(Duration::from_millis(900) * u32::from(place > 0)).await;
            Ok(Frame::data(half.into()))
        });
    Request::post(uri)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(StreamBody::new(Box::pin(frames)))
        .expect("a request")
}

#[tokio::test]
async fn requests_in_flight_end_and_their_connections_are_told_to_go() {
    let shared = Shared::make();
    let balancer = Balancer::start().await;
    let server = shared.serve(&balancer);
    let ca = shared.path("ca.crt");
    let connect = async |protocol| tls(server.tls, &ca, protocol, rustls::ALL_VERSIONS).await;
    let (mut one, connection) = http1::handshake(connect("http/1.1").await)
        .await
        .expect("HTTP/1.1");
    tokio::spawn(connection);
    let (mut two, connection) = http2::handshake(TokioExecutor::new(), connect("h2").await)
        .await
        .expect("HTTP/2");
    tokio::spawn(connection);
    let first = tokio::spawn(one.send_request(slow_review("/validate")));
    let second = tokio::spawn(two.send_request(slow_review("https://localhost/validate")));
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.terminate();
    let answered = |response: Result<Response<_>, hyper::Error>| {
        let response: Response<hyper::body::Incoming> = response.expect("an answer");
        assert_eq!(response.status(), 200);
        response
    };
    let first = answered(first.await.expect("sent"));
    assert_eq!(first.headers()["connection"], "close");
    answered(second.await.expect("sent"));
    drop(first);
    assert!(one.ready().await.is_err() && two.ready().await.is_err());
    let (status, logs) = server.ended().await;
    assert_eq!(status.code(), Some(0), "{logs}");
}
