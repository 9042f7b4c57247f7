//! Reviews under load while policies change: none is lost, and none is judged by half a policy.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use lockkeeper_control_plane::lockkeeper::{confined, register};
use lockkeeper_control_plane::{RELEASE_DENIED, binary, objects, plane};
use lockkeeper_testkit::kubectl::Way;
use serde_json::{Value, json};

use crate::{alone, apply, metric, namespace};

/// How often the policies change meanwhile.
const CHANGES: usize = 50;
/// Releases in one call of kubectl, every other of which is refused.
const IN_A_CALL: usize = 100;
/// Reviews that there must be at least.
const LEAST: usize = 2000;

#[test]
fn no_review_is_lost_while_policies_change() {
    let alone = alone();
    let lockkeeper = &alone.stage.lockkeeper;
    let namespace = namespace("load");
    let authority = lockkeeper.files().authority.to_string_lossy().into_owned();
    let printed = binary::webhooks(&["--url", lockkeeper.url(), "--ca-file", &authority]);
    let _registered = register(plane(), &confined(plane(), &printed, &namespace));
    let probe = objects::floating(&namespace, "probe").to_string();
    lockkeeper_control_plane::lockkeeper::await_refusal(plane(), &probe, RELEASE_DENIED);
    let releases: Vec<Value> = (0..IN_A_CALL)
        .map(|number| {
            let name = format!("app-{number}");
            match number % 2 {
                0 => objects::pinned(&namespace, &name),
                _ => objects::floating(&namespace, &name),
            }
        })
        .collect();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": releases }).to_string();
    let swaps = || metric(lockkeeper, "lockkeeper_policy_swaps_total").unwrap_or_default();
    let before = swaps();
    let (stop, reviews) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let sent = plane().admin().send(Way::ServerSideDryRun, &list);
                    let output = sent.expect("kubectl");
                    let taken = output.stdout.lines().count();
                    let refused = output.stderr.matches(RELEASE_DENIED).count();
                    // What is neither was lost; a policy of no effect here may change nothing.
                    assert_eq!((taken, refused), (IN_A_CALL / 2, IN_A_CALL / 2), "{output}");
                    reviews.fetch_add(IN_A_CALL, Ordering::Relaxed);
                }
            });
        }
        for change in 0..CHANGES {
            let action = ["warn", "deny", "audit"][change % 3];
            let spec = json!({
                "match": { "namespaces": [namespace] },
                "rules": { "unpinned-image": { "action": action } },
                "customRules": [{
                    "name": "named", "expression": "object.metadata.name.startsWith('app-') || object.metadata.name == 'probe'",
                    "message": "call it app",
                }],
            });
            apply("ReleasePolicy", "", &format!("load-{}", change % 5), &spec).expect_accepted();
        }
        while reviews.load(Ordering::Relaxed) < LEAST {
            thread::sleep(std::time::Duration::from_millis(100));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let (reviews, swaps) = (reviews.into_inner(), swaps() - before);
    println!("{reviews} reviews through the API server while policies were swapped {swaps} times");
    assert!(swaps >= CHANGES as f64 / 2.0, "{swaps}");
}
