//! Misspelt keys: they are kept, so that Lockkeeper refuses them by name, and never silently lost.
//!
//! An API server prunes what a schema does not know before any webhook sees it. `kubectl` (strict) and server-side apply
//! would be told of it; Helm's and others' patches get a warning that nobody reads, and the policy would be in force
//! without what was meant. So the definitions keep everything in `spec`.

use lockkeeper_testkit::kubectl::{Way, target};
use serde_json::{Value, json};

use super::{defined, object};

fn misspelt() -> Value {
    json!({
        "rulez": {},
        "match": { "namespacs": ["games"] },
        "rules": { "unpined-image": { "action": "warn" }, "unpinned-image": { "acton": "warn" } },
        "exemptions": [{ "rules": ["unpinned-image"], "reason": "why", "expiresAt": "2027-01-31", "namespacs": ["games"] }],
        "customRules": [{ "name": "a", "expression": "true", "message": "why", "acton": "warn" }],
        "allowExemptions": [{ "rules": ["*"], "namespacs": ["games"] }],
    })
}

#[test]
fn what_is_misspelt_is_kept_whoever_sends_it() {
    // As Flux sends, as a person does, strictly or not.
    let strict = Way::ALL.into_iter().filter(|way| *way != Way::Replace);
    for (at, way) in strict.enumerate() {
        let name = format!("kept-{at}");
        let sent = object("ReleasePolicy", &name, &misspelt()).to_string();
        let output = defined().admin().send(way, &sent).expect("kubectl");
        let output = output.expect_accepted();
        assert!(!output.stderr.contains("unknown field"), "{output}");
        let stored = defined()
            .admin()
            .get(target("releasepolicy", "", &name))
            .expect("kubectl");
        if let Some(stored) = stored {
            assert_eq!(stored["spec"], misspelt(), "{output}");
        }
    }
    let sent = object("ReleasePolicy", "lax", &misspelt()).to_string();
    let lax = ["create", "--validate=false", "-f", "-"];
    let output = defined().admin().run_with(&lax, &sent).expect("kubectl");
    output.expect_accepted();
    let stored = defined().admin().get(target("releasepolicy", "", "lax"));
    assert_eq!(
        stored.expect("kubectl").expect("a policy")["spec"],
        misspelt()
    );
}

/// What the definitions would do without it, on a copy of one: the reason why they keep.
#[test]
fn a_definition_that_prunes_would_lose_it_to_who_asks_for_nothing() {
    let found = defined().admin().get(target(
        "customresourcedefinition",
        "",
        "exemptions.lockkeeper.dev",
    ));
    let mut pruning = found.expect("kubectl").expect("a definition");
    pruning["metadata"] = json!({ "name": "exemptions.pruning.lockkeeper.dev" });
    pruning["status"] = Value::Null;
    pruning["spec"]["group"] = "pruning.lockkeeper.dev".into();
    pruning["spec"]["names"] = json!({ "kind": "Exemption", "plural": "exemptions" });
    let schema = &mut pruning["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let spec = schema["properties"]["spec"]
        .as_object_mut()
        .expect("a schema");
    assert_eq!(
        spec.remove("x-kubernetes-preserve-unknown-fields"),
        Some(true.into())
    );
    let sent = defined().admin().send(Way::Create, &pruning.to_string());
    sent.expect("kubectl").expect_accepted();
    let wait = [
        "wait",
        "--for=condition=Established",
        "--timeout=60s",
        "crd/exemptions.pruning.lockkeeper.dev",
    ];
    let output = defined().admin().run(&wait).expect("kubectl");
    output.expect_accepted();

    let misspelt = |name: &str| {
        json!({
            "apiVersion": "pruning.lockkeeper.dev/v1alpha1",
            "kind": "Exemption",
            "metadata": { "name": name, "namespace": "default" },
            "spec": {
                "rules": ["missing-claim"], "releases": ["*"], "reason": "why", "expiresAt": "2027-01-31",
                "ponters": ["/spec/values/a"],
            },
        })
        .to_string()
    };
    // People are asked to be strict by kubectl, and server-side apply, which Flux does, always is.
    let send = |way, name| {
        defined()
            .admin()
            .send(way, &misspelt(name))
            .expect("kubectl")
    };
    send(Way::Create, "strict").expect_refused("unknown field \"spec.ponters\"");
    let lax_apply = ["apply", "--server-side", "--validate=false", "-f", "-"];
    let output = defined().admin().run_with(&lax_apply, &misspelt("flux"));
    output
        .expect("kubectl")
        .expect_refused("spec.ponters: field not declared in schema");
    // Who asks for nothing gets an exemption that is wider than the one that was written.
    let lax = ["create", "--validate=false", "-f", "-"];
    let output = defined().admin().run_with(&lax, &misspelt("lax"));
    output.expect("kubectl").expect_accepted();
    let place = target("exemptions.pruning.lockkeeper.dev", "default", "lax");
    let stored = defined()
        .admin()
        .get(place)
        .expect("kubectl")
        .expect("it is stored");
    assert_eq!(stored["spec"].get("ponters"), None);
}
