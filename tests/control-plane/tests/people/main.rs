//! What people meet who send releases and sources with kubectl while Lockkeeper runs.

mod calls;
mod logs;
mod refusals;
mod stored_before;

use std::sync::OnceLock;

use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{RELEASE_DENIED, plane, release, untouched};
use lockkeeper_testkit::control_plane::Registered;
use lockkeeper_testkit::kubectl::{Output, Way};
use serde_json::Value;

pub(crate) struct Stage {
    pub(crate) lockkeeper: Lockkeeper,
    /// A namespace with releases that were there before the webhooks.
    pub(crate) before: String,
    _registered: Registered<'static>,
}

pub(crate) fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let plane = plane();
        let before = plane.namespace("before").expect("a namespace");
        untouched::store(plane, &before, &["ratchet", "worse"]);
        let lockkeeper = Lockkeeper::start(plane);
        let registered = lockkeeper.register(plane);
        Stage {
            lockkeeper,
            before,
            _registered: registered,
        }
    })
}

pub(crate) fn namespace(prefix: &str) -> String {
    stage();
    plane().namespace(prefix).expect("a namespace")
}

pub(crate) fn send(way: Way, object: &Value) -> Output {
    plane()
        .person()
        .send(way, &object.to_string())
        .expect("kubectl")
}

/// What a person reads of a floating chart.
pub(crate) const FLOATING: &str = "unpinned-chart at /spec/chart/spec/version: ";

#[track_caller]
pub(crate) fn refused(output: Output) -> Output {
    output
        .expect_refused("Error from server (Forbidden)")
        .expect_refused(RELEASE_DENIED)
        .expect_refused(FLOATING)
}

pub(crate) fn stored(namespace: &str, name: &str) -> Option<Value> {
    plane()
        .admin()
        .get(release(namespace, name))
        .expect("a read")
}
