//! Definitions that are installed while Lockkeeper runs.

use std::time::Duration;

use crate::{ask, await_verdict, calm, make, namespace, stage, wanting};
use lockkeeper_testkit::wait;
use serde_json::{Value, json};

/// Watches of what is not served try again every twenty seconds.
const NOTICED: Duration = Duration::from_secs(40);

/// A release whose pods read a Secret.
pub(crate) fn reading(namespace: &str, name: &str, secret: &str) -> Value {
    let mut object = wanting(namespace, name, "data");
    let values = &mut object["spec"]["values"];
    values.as_object_mut().expect("a map").remove("persistence");
    values["controllers"]["main"]["containers"]["app"]["envFrom"] =
        json!([{ "secretRef": { "name": secret } }]);
    object
}

#[test]
fn external_secrets_are_seen_once_their_definition_is_installed() {
    let _calm = calm();
    let namespace = namespace("later");
    let lockkeeper = &stage().lockkeeper;
    let object = reading(&namespace, "app", "app-secret");
    wait::until("ExternalSecrets to be watched", NOTICED, || {
        let log = lockkeeper.log();
        let at = |words: &str| {
            log.lines().position(|line| {
                line.contains(words) && line.contains("externalsecrets.external-secrets.io")
            })
        };
        match (
            at("the cluster has no such kind yet"),
            at("listed and watched"),
        ) {
            (Some(before), Some(after)) if before < after => Ok(()),
            _ => Err(log),
        }
    })
    .expect("noticed");
    let verdict = ask(lockkeeper, &object);
    assert!(verdict.is_warned("missing-secret-source"), "{verdict:?}");
    make(&json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": { "name": "app", "namespace": namespace },
        "spec": {
            "secretStoreRef": { "kind": "ClusterSecretStore", "name": "vault" },
            "target": { "name": "app-secret" },
            "dataFrom": [{ "extract": { "key": "app" } }],
        },
    }))
    .expect_accepted();
    await_verdict(lockkeeper, &object, NOTICED, |verdict| {
        verdict.is_warned("made by ExternalSecret `app`, which is not ready: no status yet")
    });
}
