//! Certificates of Lockkeeper's own: one CA in a Secret, injected where it is trusted, rotated under load; with no right
//! more than it lists.

mod clients;
mod files;
mod overwritten;
mod rotation;
mod states;

use std::sync::OnceLock;

use lockkeeper_control_plane::home::{Home, SECRET};
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_testkit::ControlPlane;

pub(crate) fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| ControlPlane::start().expect("the control plane starts"))
}

#[test]
fn two_replicas_make_one_ca_and_serve_by_it() {
    let home = Home::new(plane(), "pair");
    let [one, two] = home.pair();
    let authority = home.held("ca.crt");
    assert!(authority.contains("BEGIN CERTIFICATE"));
    assert!(home.bundles().iter().all(|bundle| *bundle == authority));
    assert_eq!(home.bundles().len(), 6);
    let made = |replica: &Lockkeeper| replica.log().matches("made a CA").count();
    assert_eq!(made(&one) + made(&two), 1);
    // Each has a certificate of its own, which nobody stored.
    let data = home.get("secrets", SECRET).expect("the Secret")["data"].clone();
    let keys: Vec<_> = data.as_object().expect("data").keys().cloned().collect();
    assert_eq!(keys, ["ca.crt", "ca.key"]);
    // The other is as good: it is asked instead, and nobody is told of a CA.
    home.register(&two);
    home.await_judged();
    let metrics = one.get("/metrics");
    assert!(
        metrics.contains("lockkeeper_ca_bundles_missing 0"),
        "{metrics}"
    );
}
