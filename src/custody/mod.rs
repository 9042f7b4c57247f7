//! The certificate of a running server: signed or read, renewed, swapped, and its CA injected into the webhook
//! configurations that must trust it.

mod decide;
mod injector;
mod managed;

pub use managed::{Managed, Settings};
