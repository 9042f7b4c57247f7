//! An Exemption counts where a ReleasePolicy opens that, and until it ends.

use std::thread;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{alone, apply, await_allowed, await_reason, metric, namespace};

/// How long the exemption lasts: long enough to see it count.
const LASTS: SignedDuration = SignedDuration::from_secs(12);

#[test]
fn an_exemption_must_be_opened_and_ends_without_a_restart() {
    let alone = alone();
    let lockkeeper = &alone.stage.lockkeeper;
    let namespace = namespace("exempt");
    let end = Timestamp::now() + LASTS;
    let end = Timestamp::from_second(end.as_second()).expect("a time");
    let exemption = json!({
        "rules": ["unpinned-chart"], "releases": ["app"], "reason": "upstream has no versions",
        "expiresAt": end.to_string(),
    });
    apply("Exemption", &namespace, "app", &exemption).expect_accepted();
    await_reason("exemption", &namespace, "app", "NotOpened");
    assert!(!crate::is_allowed(lockkeeper, &namespace));
    let opened = json!({
        "match": { "namespaces": [namespace] },
        "allowExemptions": [{ "rules": ["unpinned-chart"] }],
    });
    apply("ReleasePolicy", "", "opens", &opened).expect_accepted();
    await_allowed(lockkeeper, &namespace, true);
    let object = await_reason("exemption", &namespace, "app", "InForce");
    assert_eq!(object["status"]["expired"], false);
    let exempted = "lockkeeper_exempted_findings_total{rule=\"unpinned-chart\",by=\"exemption\"}";
    assert!(metric(lockkeeper, exempted).is_some_and(|count| count >= 1.0));
    let rest = Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default();
    assert!(!rest.is_zero(), "the machine is too slow for this test");
    thread::sleep(rest + Duration::from_secs(1));
    assert!(
        !crate::is_allowed(lockkeeper, &namespace),
        "it ended at {end}"
    );
    let object = await_reason("exemption", &namespace, "app", "Expired");
    let late = Timestamp::now().duration_since(end);
    println!("its status said Expired {late:.1?} after the end");
    assert_eq!(object["status"]["expired"], true);
    assert_eq!(
        metric(lockkeeper, "lockkeeper_exemptions{state=\"expired\"}"),
        Some(1.0)
    );
}
