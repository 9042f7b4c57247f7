//! From `kubectl apply` to the first review that is judged by it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::{alone, apply, await_allowed, await_reason, delete, is_allowed, milder, namespace};

/// Changes that are measured.
const CHANGES: usize = 30;
/// The bar, from `kubectl apply` to effect.
const BAR: Duration = Duration::from_secs(1);

#[test]
fn definitions_that_come_later_are_noticed_within_seconds() {
    let noticed = alone().stage.noticed;
    println!("from the definitions to the first policy in force: {noticed:.1?}");
    assert!(noticed < Duration::from_secs(15), "{noticed:?}");
}

#[test]
fn a_change_is_in_force_within_a_second_and_a_deletion_too() {
    let alone = alone();
    let lockkeeper = &alone.stage.lockkeeper;
    let namespace = namespace("effect");
    let harder = json!({ "match": { "namespaces": [namespace] }, "rules": { "unpinned-chart": { "action": "deny" } } });
    let mut took = Vec::new();
    for change in 0..CHANGES {
        let to = change % 2 == 0;
        let spec = if to {
            milder(&namespace)
        } else {
            harder.clone()
        };
        let stop = AtomicBool::new(false);
        let start = Instant::now();
        let (accepted, effect) = thread::scope(|scope| {
            let looked = scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    if is_allowed(lockkeeper, &namespace) == to {
                        return Some(start.elapsed());
                    }
                    thread::sleep(Duration::from_millis(2));
                }
                None
            });
            apply("ReleasePolicy", "", "effect", &spec).expect_accepted();
            let accepted = start.elapsed();
            thread::sleep(BAR);
            stop.store(true, Ordering::Relaxed);
            (accepted, looked.join().expect("no panic"))
        });
        let effect = effect.expect("it is in force a second after kubectl is done");
        took.push((effect, effect.saturating_sub(accepted)));
    }
    let figures = |mut all: Vec<Duration>| {
        all.sort();
        (all[all.len() / 2], all[all.len() - 1])
    };
    let (median, longest) = figures(took.iter().map(|(whole, _)| *whole).collect());
    let (after_median, after_longest) = figures(took.iter().map(|(_, after)| *after).collect());
    println!(
        "{CHANGES} changes, from the start of kubectl to effect: median {median:.0?}, longest {longest:.0?}; \
         from its end: median {after_median:.0?}, longest {after_longest:.0?}"
    );
    assert!(after_longest < BAR, "{took:?}");
    assert!(median < BAR, "{took:?}");
    // What is deleted is gone: the built-in policy stands.
    apply("ReleasePolicy", "", "effect", &milder(&namespace)).expect_accepted();
    await_allowed(lockkeeper, &namespace, true);
    delete("releasepolicy", "", "effect");
    let start = Instant::now();
    await_allowed(lockkeeper, &namespace, false);
    assert!(start.elapsed() < BAR, "{:?}", start.elapsed());
}

#[test]
fn a_status_says_what_is_in_force_and_for_how_many_releases() {
    let _alone = alone();
    let namespace = namespace("counted");
    for name in ["one", "two"] {
        let release = lockkeeper_control_plane::objects::pinned(&namespace, name).to_string();
        let sent = lockkeeper_control_plane::plane()
            .admin()
            .send(lockkeeper_testkit::kubectl::Way::ServerSide, &release);
        sent.expect("kubectl").expect_accepted();
    }
    let mut spec = milder(&namespace);
    spec["customRules"] = json!([{ "name": "no-beta", "expression": "object.metadata.name != 'beta'", "message": "no beta" }]);
    apply("ReleasePolicy", "", "counted", &spec).expect_accepted();
    let object = await_reason("releasepolicy", "", "counted", "InForce");
    let status = &object["status"];
    assert_eq!(
        status["inForce"],
        "unpinned-chart=warn, custom/no-beta=deny"
    );
    assert_eq!(
        (&status["rules"], &status["customRules"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(status["matchedReleases"], 2, "{status}");
    let tmpfs = json!({ "when": "always", "mounts": [{ "path": "/tmp", "sizeLimit": "64Mi" }] });
    apply("TmpfsPolicy", "", "counted", &tmpfs).expect_accepted();
    let object = await_reason("tmpfspolicy", "", "counted", "InForce");
    assert_eq!(object["status"]["inForce"], "/tmp=64Mi");
}
