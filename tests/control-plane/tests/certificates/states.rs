//! What is missing or wrong has a clear state, and ends without a restart when it is mended.

use std::thread;
use std::time::Duration;

use lockkeeper_control_plane::PATIENCE;
use lockkeeper_control_plane::home::{Home, SECRET, unready};
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_testkit::wait;
use serde_json::json;

use crate::plane;

/// A few rounds of reading the Secret.
const A_WHILE: Duration = Duration::from_secs(5);

fn await_reason(replica: &Lockkeeper, words: &[&str]) {
    let said = || {
        let reason = unready(replica);
        let all = words.iter().all(|words| reason.contains(words));
        all.then_some(()).ok_or(reason)
    };
    wait::until("its reason", PATIENCE, said).expect("the reason");
    assert!(replica.get("/healthz").contains("200 OK"), "it lives");
}

#[test]
fn without_the_secret_it_says_so_and_goes_on_when_it_comes() {
    let home = Home::bare(plane(), "bare");
    let replica = home.launch("one", &[]);
    await_reason(&replica, &[&home.namespace, SECRET, "is not there"]);
    home.apply(
        &json!({ "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": home.place(SECRET) }),
    );
    replica.await_ready();
}

#[test]
fn a_secret_that_is_half_there_is_never_overwritten() {
    let home = Home::bare(plane(), "half");
    home.apply(&json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": home.place(SECRET),
        "stringData": { "ca.crt": "nonsense" },
    }));
    let replica = home.launch("one", &[]);
    await_reason(&replica, &[SECRET, "ca.key"]);
    thread::sleep(A_WHILE);
    assert_eq!(home.held("ca.crt"), "nonsense");
    home.empty_the_secret();
    replica.await_ready();
}

#[test]
fn it_is_ready_before_anything_is_registered_and_trusted_when_something_is() {
    let home = Home::new(plane(), "early");
    let replica = home.launch("one", &[]);
    replica.await_ready();
    home.register(&replica);
    home.await_judged();
    replica.await_ready();
}

#[test]
fn a_replica_with_another_name_does_not_wait_for_a_leader_that_is_content() {
    let home = Home::new(plane(), "named");
    let one = home.launch("one", &[]);
    home.register(&one);
    one.await_ready();
    let two = home.launch("two", &["--tls-name=lockkeeper.other.svc"]);
    two.await_ready();
    home.await_judged();
    assert_eq!(unready(&one), "");
    thread::sleep(A_WHILE);
    let rotated = [&one, &two].map(|replica| replica.log().matches("rotated the CA").count());
    assert_eq!(rotated, [0, 1]);
}
