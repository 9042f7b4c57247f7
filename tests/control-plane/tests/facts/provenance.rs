//! What kustomize-controller really substituted from a Secret is no literal, where Lockkeeper may read that Secret.

use crate::{FLEET, calm, make, password, plane, reviews, stage};
use lockkeeper_control_plane::{PATIENCE, RELEASE_DENIED, objects, release};
use lockkeeper_testkit::archive::Archive;
use lockkeeper_testkit::flux::Outcome;
use lockkeeper_testkit::kubectl::target;
use lockkeeper_testkit::wait;
use serde_json::{Value, json};

/// A release with this text as its password.
pub(crate) fn with_password(namespace: &str, name: &str, text: &str) -> Value {
    let mut object = objects::pinned(namespace, name);
    object["spec"]["values"] = json!({ "database": { "password": text } });
    object
}

/// A Secret with a value of its own behind each of these variables.
pub(crate) fn secret(namespace: &str, name: &str, variables: &[(&str, &str)]) -> Value {
    let data: serde_json::Map<String, Value> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": name, "namespace": namespace },
        "stringData": data,
    })
}

/// The `postBuild` that substitutes from a Secret.
pub(crate) fn from(secret: &str) -> Value {
    json!({ "substituteFrom": [{ "kind": "Secret", "name": secret }] })
}

/// Pushes a release and applies it by a Kustomization of the fleet with this spec, both of this name.
pub(crate) fn commit(namespace: &str, name: &str, release: &Value, spec: &Value) -> Outcome {
    let flux = plane().flux();
    let files = Archive::of(&[("release.yaml", &release.to_string())]);
    let revision = flux.push(namespace, name, &files).expect("a push");
    flux.kustomization(namespace, name, spec)
        .expect("kubectl")
        .expect_accepted();
    flux.kustomization_outcome(namespace, name, &revision)
        .expect("an outcome")
}

fn stored_password(name: &str) -> Value {
    let found = plane()
        .admin()
        .get(release(FLEET, name))
        .expect("a read")
        .expect("it is there");
    found["spec"]["values"]["database"]["password"].clone()
}

/// Every review of a release so far passed, and the log says that its literal was looked up.
#[track_caller]
fn all_passed(name: &str) {
    let reviews = reviews(FLEET, name);
    assert!(reviews.len() >= 2, "a dry run and a write: {reviews:?}");
    for review in reviews {
        assert_eq!(review["verdict"], "allowed", "{review}");
        assert_eq!(review["rules"], "literal-secret=audit", "{review}");
    }
}

/// Logs and audits hold no value; nor what anyone was told.
fn is_nowhere(value: &str) {
    for entry in std::fs::read_dir(plane().folder()).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let text = std::fs::read(&path).expect("a log");
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains(value), "{} holds a value", path.display());
        }
    }
}

#[test]
fn what_flux_substituted_from_an_opened_secret_passes_and_a_rotated_one_at_once() {
    let _calm = calm();
    stage();
    let (old, new) = (password("rotated"), password("rotated"));
    make(&secret(FLEET, "cluster-secrets", &[("DB_PASSWORD", &old)])).expect_accepted();
    let object = with_password(FLEET, "rotated", "${DB_PASSWORD}");
    let spec = json!({ "postBuild": from("cluster-secrets") });
    commit(FLEET, "rotated", &object, &spec).expect_ready();
    assert!(
        stored_password("rotated") == old.as_str(),
        "it was substituted"
    );
    all_passed("rotated");
    // What was read is kept for some seconds, but a denial rests on nothing old.
    make(&secret(FLEET, "cluster-secrets", &[("DB_PASSWORD", &new)])).expect_accepted();
    let place = target(
        "kustomizations.kustomize.toolkit.fluxcd.io",
        FLEET,
        "rotated",
    );
    plane()
        .flux()
        .reconcile(place, "rotated")
        .expect("kubectl")
        .expect_accepted();
    wait::until("the new value", PATIENCE, || {
        if stored_password("rotated") == new.as_str() {
            Ok(())
        } else {
            Err("the old one".to_owned())
        }
    })
    .expect("it is applied");
    all_passed("rotated");
    for value in [&old, &new] {
        is_nowhere(value);
    }
}

#[test]
fn what_flux_substituted_from_a_closed_secret_is_refused_with_the_flag_that_opens_it() {
    let _calm = calm();
    stage();
    let value = password("closed");
    make(&secret(FLEET, "closed-secrets", &[("DB_PASSWORD", &value)])).expect_accepted();
    let object = with_password(FLEET, "closed", "${DB_PASSWORD}");
    let spec = json!({ "postBuild": from("closed-secrets") });
    let outcome = commit(FLEET, "closed", &object, &spec)
        .expect_failed(RELEASE_DENIED)
        .expect_failed("literal-secret at /spec/values/database/password")
        .expect_failed("serve --read-secret NAMESPACE/NAME");
    assert!(!outcome.object.to_string().contains(&value));
    is_nowhere(&value);
}

#[test]
fn what_flux_writes_as_the_kustomizations_own_account_passes() {
    let _calm = calm();
    stage();
    plane()
        .service_account(FLEET, "deployer")
        .expect("an account");
    make(&bound(FLEET, FLEET, "deployer")).expect_accepted();
    let value = password("impersonated");
    make(&secret(
        FLEET,
        "impersonated-secrets",
        &[("DB_PASSWORD", &value)],
    ))
    .expect_accepted();
    let object = with_password(FLEET, "impersonated", "${DB_PASSWORD}");
    let spec =
        json!({ "serviceAccountName": "deployer", "postBuild": from("impersonated-secrets") });
    commit(FLEET, "impersonated", &object, &spec).expect_ready();
    all_passed("impersonated");
    let reviews = reviews(FLEET, "impersonated");
    assert_eq!(reviews[0]["user"], "system:serviceaccount:fleet:deployer");
}

/// Lets a service account do in a namespace what a person may.
pub(crate) fn bound(namespace: &str, of: &str, account: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": format!("{of}-{account}"), "namespace": namespace },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "person" },
        "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": of }],
    })
}
