//! The webhook's server: router, TLS listener, limits, health, metrics, graceful stop.

mod app;
mod body;
mod clients;
mod connections;
mod judging;
mod limits;
mod listen;
mod metrics;
mod reviews;
mod routes;
mod slot;
#[cfg(test)]
mod tests;
mod tls;

pub use app::App;
pub use clients::Clients;
pub use limits::Limits;
pub use listen::{Sockets, serve};
pub use routes::{plain_router, router};
pub use slot::{Health, Slot};
pub use tls::{Certificate, TlsError};
