//! A real Kubernetes control plane with Flux, for Lockkeeper's tests and for `cargo xtask up`.
//!
//! * [`tools`] finds or builds the programs (Go modules under `tests/control-plane/tools`).
//! * [`crds`] says where the custom resource definitions of Flux and others lie.
//! * [`control_plane`] starts etcd, the API server and Flux's controllers on free loopback ports.
//! * [`kubectl`] acts on the cluster as a given user, the way people do.
//! * [`flux`] acts on it the way Flux does: artifacts, sources, Kustomizations, HelmReleases.
//! * [`archive`] and [`artifacts`] make and serve what a source controller would.
//! * [`recorder`] is a webhook that keeps what it was asked.
//! * [`reviewer`] asks a webhook by hand.
//! * [`process`] and [`watchdog`] see to it that nothing outlives a test, however it ends.
//!
//! Arrows point down that list; only [`control_plane`] knows all of it.

pub mod archive;
pub mod artifacts;
pub mod control_plane;
pub mod crds;
mod error;
pub mod flux;
pub mod kubeconfig;
pub mod kubectl;
pub mod net;
pub mod pki;
pub mod process;
pub mod recorder;
pub mod reviewer;
pub mod tools;
pub mod wait;
pub mod watchdog;

pub use control_plane::{ControlPlane, Options};
pub use error::{Error, Result};
