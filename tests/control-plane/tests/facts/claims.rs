//! `missing-claim` as it meets Flux, people and a cache that is a moment behind.

use crate::{calm, claim, make, namespace, plane, reviews, wanting};
use lockkeeper_control_plane::account::audit;
use lockkeeper_control_plane::{PATIENCE, RELEASE_DENIED, release};
use lockkeeper_testkit::archive::Archive;
use lockkeeper_testkit::kubectl::{Output, Way, has_condition, target};
use serde_json::{Value, json};

/// A release that makes its claims by an entry and by its StatefulSet, and names them in other entries.
const OWN: &str = include_str!("../../../fixtures/rules/missing-claim/good-own.yaml");

fn person(object: &Value) -> Output {
    plane()
        .person()
        .send(Way::ServerSide, &object.to_string())
        .expect("kubectl")
}

/// Pushes these objects as one Kustomization, which tries again soon.
fn commit(namespace: &str, objects: &[Value]) -> String {
    let text: Vec<String> = objects.iter().map(Value::to_string).collect();
    let files = Archive::of(&[("all.yaml", &text.join("\n---\n"))]);
    let flux = plane().flux();
    let revision = flux.push(namespace, "app", &files).expect("a push");
    flux.kustomization(namespace, "app", &json!({ "retryInterval": "1s" }))
        .expect("kubectl")
        .expect_accepted();
    revision
}

#[test]
fn a_claim_and_its_release_in_one_kustomization_are_applied_at_once() {
    let _calm = calm();
    let namespace = namespace("together");
    let objects = [
        wanting(&namespace, "app", "data"),
        claim(&namespace, "data"),
    ];
    let revision = commit(&namespace, &objects);
    plane()
        .flux()
        .kustomization_outcome(&namespace, "app", &revision)
        .expect("an outcome")
        .expect_ready();
    let reviews = reviews(&namespace, "app");
    // The dry run of the whole stage came before the claim was made.
    let verdicts: Vec<(bool, &str)> = reviews
        .iter()
        .map(|review| {
            let verdict = review["verdict"].as_str().unwrap_or_default();
            (review["dry_run"] == true, verdict)
        })
        .collect();
    assert_eq!(verdicts[..2], [(true, "warned"), (false, "allowed")]);
}

#[test]
fn a_release_whose_claim_never_comes_is_refused_until_somebody_makes_it() {
    let _calm = calm();
    let namespace = namespace("never");
    let revision = commit(&namespace, &[wanting(&namespace, "app", "data")]);
    let outcome = plane()
        .flux()
        .kustomization_outcome(&namespace, "app", &revision)
        .expect("an outcome")
        .expect_failed(RELEASE_DENIED)
        .expect_failed(&format!(
            "missing-claim at /spec/values/persistence/data/existingClaim: claim `data` does not exist in namespace `{namespace}`"
        ))
        .expect_failed("make the claim");
    // The dry run passed: all else of the commit is applied.
    assert!(!outcome.message.contains("dry-run"), "{}", outcome.message);
    make(&claim(&namespace, "data")).expect_accepted();
    let place = target(
        "kustomizations.kustomize.toolkit.fluxcd.io",
        &namespace,
        "app",
    );
    plane()
        .admin()
        .wait(place, "to be Ready by itself", PATIENCE, |object| {
            has_condition(object, "Ready", "True")
        })
        .expect("Flux tries again");
    let found = plane().admin().get(release(&namespace, "app"));
    assert!(found.expect("a read").is_some());
}

#[test]
fn a_claim_that_is_being_deleted_is_missing() {
    let _calm = calm();
    let namespace = namespace("terminating");
    let mut held = claim(&namespace, "data");
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    make(&held).expect_accepted();
    person(&wanting(&namespace, "before", "data")).expect_accepted();
    let place = target("persistentvolumeclaim", &namespace, "data");
    plane()
        .admin()
        .delete(place)
        .expect("kubectl")
        .expect_accepted();
    person(&wanting(&namespace, "after", "data"))
        .expect_refused(RELEASE_DENIED)
        .expect_refused("claim `data` is being deleted in namespace");
    // An update that leaves the claim as it is goes through: whoever mends something else is not stopped.
    let mut old = wanting(&namespace, "before", "data");
    old["spec"]["values"]["extra"] = "changed".into();
    person(&old).expect_accepted();
    let patch = json!({ "metadata": { "finalizers": null } });
    plane()
        .admin()
        .patch(place, "", &patch)
        .expect("kubectl")
        .expect_accepted();
    plane().admin().wait_gone(place, PATIENCE).expect("it goes");
    person(&wanting(&namespace, "after", "data")).expect_refused("does not exist");
}

#[test]
fn a_claim_made_a_moment_ago_is_seen() {
    let _calm = calm();
    let namespace = namespace("moment");
    // One call sends them one behind the other, without a pause.
    let objects: Vec<String> = (0..30)
        .flat_map(|number| {
            let name = format!("data-{number}");
            [claim(&namespace, &name), wanting(&namespace, &name, &name)]
        })
        .map(|object| object.to_string())
        .collect();
    let sent = plane()
        .person()
        .send(Way::Create, &objects.join("\n---\n"))
        .expect("kubectl")
        .expect_accepted();
    assert!(!sent.stderr.contains("missing-claim"), "{sent}");
    assert_eq!(sent.stdout.lines().count(), 60, "{sent}");
}

#[test]
fn nobody_is_asked_about_claims_that_the_release_makes() {
    let _calm = calm();
    let namespace = namespace("own");
    let before = audit(plane()).len();
    let text = OWN.replace("namespace: media", &format!("namespace: {namespace}"));
    let sent = plane()
        .person()
        .send(Way::ServerSide, &text)
        .expect("kubectl")
        .expect_accepted();
    assert!(!sent.stderr.contains("claim"), "{sent}");
    // The audit is written when a request ends, which those of Lockkeeper's did before it answered.
    let asked = format!("/namespaces/{namespace}/persistentvolumeclaims");
    assert!(!audit(plane())[before..].contains(&asked));
    // While a claim that nobody makes is asked for.
    let stranger = wanting(&namespace, "stranger", "data");
    person(&stranger).expect_refused("missing-claim");
    assert!(audit(plane())[before..].contains(&asked));
}
