//! The names of all Secrets, for who opens them.

use crate::later::reading;
use crate::{Verdict, another, await_verdict, calm, make, namespace, plane};
use lockkeeper_control_plane::PATIENCE;
use lockkeeper_control_plane::account::Account;
use serde_json::json;

#[test]
fn with_the_names_of_secrets_a_missing_one_is_told_as_missing() {
    let _calm = calm();
    let namespace = namespace("names");
    Account::new(plane(), "names").open_names(plane());
    let (lockkeeper, _) = another("names", &["--watch-secret-names"]);
    let object = reading(&namespace, "app", "app-secret");
    await_verdict(&lockkeeper, &object, PATIENCE, |verdict| {
        verdict.is_warned("Secret `app-secret` does not exist")
    });
    make(&json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": { "name": "app-secret", "namespace": namespace },
    }))
    .expect_accepted();
    await_verdict(&lockkeeper, &object, PATIENCE, |verdict| {
        *verdict == Verdict::Allowed
    });
    let metrics = lockkeeper.get("/metrics");
    assert!(metrics.contains("lockkeeper_watched_objects{resource=\"secrets\"}"));
}
