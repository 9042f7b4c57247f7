//! What the proofs share: Lockkeeper beside the control plane, registered by its own output, and releases to send.
//!
//! Each file in `tests/` is one program with one control plane. A call that does not do its work fails the test at
//! once with all that is known, so helpers here panic rather than return errors.

pub mod account;
pub mod binary;
pub mod helm;
pub mod home;
pub mod load;
pub mod lockkeeper;
pub mod objects;
pub mod reviews;
pub mod untouched;

use std::sync::OnceLock;
use std::time::Duration;

use lockkeeper_testkit::kubectl::Target;
use lockkeeper_testkit::{ControlPlane, Options};

/// Long enough for a machine that compiles beside the test; an idle one takes a second or two.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a person reads where a release is refused.
pub const RELEASE_DENIED: &str =
    "admission webhook \"releases.lockkeeper.dev\" denied the request: ";

/// The control plane of a program that needs no Flux, started when it is first asked for.
pub fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| {
        let options = Options::default().flux(false);
        options.start().expect("the control plane starts")
    })
}

/// A HelmRelease's place.
pub const fn release<'a>(namespace: &'a str, name: &'a str) -> Target<'a> {
    Target {
        kind: "helmreleases.helm.toolkit.fluxcd.io",
        namespace,
        name,
    }
}
