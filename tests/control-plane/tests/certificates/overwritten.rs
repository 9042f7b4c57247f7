//! What others do to the configurations: the CA is put back, and an upgrade that changes them goes through.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockkeeper_control_plane::PATIENCE;
use lockkeeper_control_plane::home::{Home, LEASE};
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_testkit::archive::Archive;
use serde_json::{Value, json};

use crate::plane;

#[test]
fn an_overwritten_bundle_is_mended_at_once() {
    let home = Home::new(plane(), "overwritten");
    let replica = home.launch("one", &[]);
    home.register(&replica);
    replica.await_ready();
    home.await_judged();
    let authority = home.held("ca.crt");
    let another = plane().webhook_certificate("another").expect("files");
    let foreign = std::fs::read(another.authority).expect("an authority");
    let path = "/webhooks/0/clientConfig/caBundle";
    for operation in [
        json!({ "op": "remove", "path": path }),
        json!({ "op": "replace", "path": path, "value": STANDARD.encode(foreign) }),
    ] {
        home.patch_webhooks(&operation);
        let began = Instant::now();
        home.until("the CA to be back", PATIENCE, |home| {
            let bundles = home.bundles();
            bundles.iter().all(|bundle| bundle.contains(&authority))
        });
        // kubectl itself takes a tenth of a second a call.
        let took = began.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
        home.await_judged();
        // What is foreign could be another replica's for all that is known: it goes a little later.
        home.until("the CA to be alone", PATIENCE, |home| {
            home.bundles().iter().all(|bundle| *bundle == authority)
        });
    }
}

#[test]
fn flux_applies_the_configurations_again_and_changes_their_webhooks() {
    let home = Home::new(plane(), "reapplied");
    let replica = home.launch("one", &[]);
    let flux = plane().flux();
    let all = home.configurations(replica.url());
    let commit = |configurations: &[Value]| {
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": configurations });
        let files = Archive::of(&[("webhooks.yaml", &list.to_string())]);
        let namespace = &home.namespace;
        let revision = flux.push(namespace, "webhooks", &files).expect("a commit");
        flux.kustomization(namespace, "webhooks", &json!({}))
            .expect("kubectl")
            .expect_accepted();
        flux.kustomization_outcome(namespace, "webhooks", &revision)
            .expect("an outcome")
            .expect_ready();
    };
    commit(&all);
    replica.await_ready();
    home.await_judged();
    let authority = home.held("ca.crt");
    let trusts = |home: &Home, count: usize| {
        let bundles = home.bundles();
        bundles.len() == count && bundles.iter().all(|bundle| *bundle == authority)
    };
    assert!(trusts(&home, 6));
    // The next commit has a webhook less, as an upgrade may: no stump of it is left that would be refused.
    let mut fewer = all.clone();
    fewer[0]["webhooks"]
        .as_array_mut()
        .expect("webhooks")
        .remove(1);
    commit(&fewer);
    assert!(trusts(&home, 5), "{:?}", home.bundles());
    // The one after brings it back, and it has no CA for a moment.
    commit(&all);
    home.until("the new webhook to be trusted", PATIENCE, |home| {
        trusts(home, 6)
    });
    home.await_judged();
}

/// Two replicas that are ready; the one that leads first.
fn leader_first(home: &Home) -> [Lockkeeper; 2] {
    let [one, two] = home.pair();
    if leads(&one) { [one, two] } else { [two, one] }
}

fn leads(replica: &Lockkeeper) -> bool {
    replica.log().contains("this replica leads")
}

#[test]
fn a_leader_that_leaves_is_followed_at_once() {
    let home = Home::new(plane(), "left");
    let [leader, other] = leader_first(&home);
    leader.process().stop();
    let began = Instant::now();
    home.until("the other to lead", PATIENCE, |_| leads(&other));
    // Sooner than a Lease that nobody gave back runs out.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_leader_that_dies_is_followed_by_another() {
    let home = Home::new(plane(), "led");
    let [leader, other] = leader_first(&home);
    let authority = home.held("ca.crt");
    leader.process().kill();
    home.register(&other);
    home.patch_webhooks(&json!({ "op": "remove", "path": "/webhooks/0/clientConfig/caBundle" }));
    home.until("the other to lead", PATIENCE, |home| {
        home.bundles().iter().all(|bundle| *bundle == authority)
    });
    home.await_judged();
    let lease = home.get("leases", LEASE).expect("the Lease");
    assert_eq!(lease["spec"]["leaseTransitions"], 2, "{lease}");
}
