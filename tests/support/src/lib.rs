//! A real Kubernetes control plane with Flux, for Lockkeeper's tests and for `cargo xtask up`.
//!
//! * [`tools`] finds or builds the programs (Go modules under `tests/control-plane/tools`).
//! * [`crds`] says where the custom resource definitions of Flux and others lie.
//! * [`kubectl`] acts on the cluster as a given user, the way people do.
//! * [`archive`] and [`artifacts`] make and serve what a source controller would.
//! * [`process`] and [`watchdog`] see to it that nothing outlives a test, however it ends.
//!

pub mod archive;
pub mod artifacts;
pub mod crds;
mod error;
pub mod kubeconfig;
pub mod kubectl;
pub mod net;
pub mod pki;
pub mod process;
pub mod tools;
pub mod wait;
pub mod watchdog;

pub use error::{Error, Result};
