//! Rotations under load: no review and no handshake is lost, whoever asks.

use lockkeeper_control_plane::PATIENCE;
use lockkeeper_control_plane::home::Home;
use lockkeeper_control_plane::load::Load;

use crate::plane;

#[test]
fn rotations_lose_no_review_and_retire_the_old_ca() {
    let home = Home::new(plane(), "rotated");
    let [one, two] = home.pair();
    let load = Load::start(&home, &[one.address(), two.address()]);
    let mut before = home.held("ca.crt");
    for _ in 0..2 {
        home.rotate();
        // Both are trusted until the old one is retired, which is after both replicas have swapped.
        let after = home.await_retired();
        assert_ne!(after, before);
        before = after;
    }
    let counts = load.end();
    let enough = counts.by_api_server > 20 && counts.by_hand > 200;
    assert!(enough, "{counts:?}");
    for replica in [&one, &two] {
        let metrics = replica.get("/metrics");
        let swaps = "lockkeeper_certificate_swaps_total 3";
        assert!(metrics.contains(swaps), "{metrics}");
    }
}

#[test]
fn an_emptied_secret_gets_a_new_ca_and_nobody_notices() {
    let home = Home::new(plane(), "emptied");
    let [one, two] = home.pair();
    let before = home.held("ca.crt");
    let load = Load::start(&home, &[one.address(), two.address()]);
    home.empty_the_secret();
    home.until("another CA, and the old one retired", PATIENCE, |home| {
        let after = home.held("ca.crt");
        let is_alone = home.bundles().iter().all(|bundle| *bundle == after);
        !after.is_empty() && after != before && is_alone
    });
    load.end();
}
