//! How many connections there are at a time: each takes memory, and whoever opens many must not end the process.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

use super::app::App;

/// Takes connections as long as there is room; those beyond are closed at once, and those that are there stay.
#[derive(Clone)]
pub(super) struct Bounded {
    app: Arc<App>,
    room: Arc<Semaphore>,
}

impl Bounded {
    pub(super) fn new(app: &Arc<App>) -> Self {
        Self {
            app: Arc::clone(app),
            room: Arc::new(Semaphore::new(app.limits.connections)),
        }
    }
}

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = TcpStream;
    type Service = Open<S>;
    type Future = Ready<io::Result<(TcpStream, Open<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            self.app.metrics.turned_away();
            return ready(Err(io::Error::other("too many connections")));
        };
        // An answer is small, and waits for nothing behind it.
        let stream = stream.set_nodelay(true).map(|()| stream);
        let room = Arc::new(room);
        ready(stream.map(|stream| {
            let service = Open {
                service,
                _room: room,
            };
            (stream, service)
        }))
    }
}

/// What answers on one connection, and the room that the connection takes while it is open.
#[derive(Clone)]
pub(super) struct Open<S> {
    service: S,
    _room: Arc<OwnedSemaphorePermit>,
}

impl<S: Service<R>, R> Service<R> for Open<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.service.call(request)
    }
}
