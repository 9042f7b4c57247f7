//! Of two replicas one writes the statuses, and what has settled stays still.

use std::thread;
use std::time::Duration;

use lockkeeper_control_plane::home::Home;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::plane;
use serde_json::{Value, json};

use crate::{alone, apply, await_reason, milder, namespace, place};

/// Longer than the statuses are looked at again.
const STILL: Duration = Duration::from_secs(70);

fn writes(replica: &Lockkeeper) -> usize {
    replica.log().matches("wrote the status").count()
}

fn version(kind: &str, namespace: &str, name: &str) -> Value {
    let object = plane().admin().get(place(kind, namespace, name));
    object.expect("kubectl").expect("it is there")["metadata"]["resourceVersion"].clone()
}

#[test]
fn one_of_two_replicas_writes_and_what_has_settled_stays_still() {
    let alone = alone();
    // The stage's own has no Lease: it would write too.
    alone.stage.lockkeeper.process().stop();
    let home = Home::new(plane(), "replicas");
    let [one, two] = ["one", "two"].map(|name| home.launch(name, &["--log-level=debug"]));
    home.register(&one);
    for replica in [&one, &two] {
        replica.await_ready();
    }
    let namespace = namespace("settled");
    let policies = [
        ("ReleasePolicy", "", "InForce", milder(&namespace)),
        (
            "TmpfsPolicy",
            "",
            "InForce",
            json!({ "mounts": [{ "path": "/tmp", "sizeLimit": "1Mi" }] }),
        ),
        (
            "Exemption",
            &*namespace,
            "NotOpened",
            json!({ "rules": ["literal-secret"], "releases": ["*"], "reason": "moving", "expiresAt": "2099-01-01" }),
        ),
    ];
    for (kind, namespace, reason, spec) in &policies {
        apply(kind, namespace, "settled", spec).expect_accepted();
        await_reason(kind, namespace, "settled", reason);
    }
    let counts = [writes(&one), writes(&two)];
    assert!(
        counts.contains(&0) && counts.iter().any(|count| *count >= 3),
        "{counts:?}"
    );
    // A round behind the last change, nothing is written any more.
    thread::sleep(Duration::from_secs(5));
    let versions = || {
        policies
            .each_ref()
            .map(|(kind, namespace, ..)| version(kind, namespace, "settled"))
    };
    let before = versions();
    thread::sleep(STILL);
    assert_eq!(versions(), before);
    // The other takes over, and changes nothing that is right already.
    let (leader, follower) = if writes(&one) > 0 {
        (&one, &two)
    } else {
        (&two, &one)
    };
    leader.process().stop();
    let mut wrong = milder(&namespace);
    wrong["rules"] = json!({ "unpined-chart": {} });
    apply("ReleasePolicy", "", "settled", &wrong).expect_accepted();
    await_reason("releasepolicy", "", "settled", "Invalid");
    assert_eq!(writes(follower), 1);
    let [_, tmpfs, exemption] = versions();
    assert_eq!([&tmpfs, &exemption], [&before[1], &before[2]]);
    alone
        .stage
        .lockkeeper
        .process()
        .restart()
        .expect("it starts again");
    alone.stage.lockkeeper.await_ready();
}
