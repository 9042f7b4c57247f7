//! How much and how long: what one client may take from all others.

use std::time::Duration;

/// The limits of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest body. A review can carry two objects of 1.5 MiB, in JSON larger than stored.
    pub body: usize,
    /// The bytes of all bodies in memory together; who comes when they are taken waits.
    pub bodies: usize,
    /// How long a request waits for room.
    pub wait: Duration,
    /// How long a body may take to arrive.
    pub read: Duration,
    /// Connections at a time, to each of the two listeners; an API server keeps one or a few.
    pub connections: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the first request of a connection may take.
    pub first: Duration,
    /// How long the head of a later request may take; hyper counts idling in.
    pub head: Duration,
    /// How long the API server may be asked for one review, in all.
    pub lookups: Duration,
    /// Bodies above this size are judged on a thread of their own, so that health is answered meanwhile.
    pub inline: usize,
    /// How long the expressions of policies may take for one review, in all. What has no answer then is unverified.
    pub expressions: Duration,
    /// Reviews at a time whose expressions are evaluated. They take threads that large reviews need too, and keep them
    /// for a moment when they were too slow.
    pub evaluations: usize,
    /// Requests on one HTTP/2 connection at a time.
    pub streams: u32,
    /// How long requests may take to end once the server stops.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 8 * 1024 * 1024,
            bodies: 128 * 1024 * 1024,
            wait: Duration::from_secs(10),
            read: Duration::from_secs(10),
            connections: 512,
            handshake: Duration::from_secs(5),
            first: Duration::from_secs(15),
            // The API server keeps idle connections for 90 seconds and reuses them.
            head: Duration::from_secs(120),
            lookups: Duration::from_secs(2),
            inline: 256 * 1024,
            expressions: Duration::from_millis(500),
            evaluations: 4,
            streams: 250,
            stop: Duration::from_secs(10),
        }
    }
}
