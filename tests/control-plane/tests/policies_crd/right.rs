//! What is right is taken, and the definitions have no trouble of their own.

use lockkeeper_testkit::kubectl::{Way, has_condition, target};
use serde_json::json;

use super::{defined, dry_run, object};

#[test]
fn the_definitions_are_established_under_all_their_names() {
    for (plural, names) in [
        (
            "releasepolicies",
            &["rpol", "releasepol", "releasepolicy"][..],
        ),
        ("tmpfspolicies", &["tpol", "tmpfspolicy"]),
        ("exemptions", &["exempt", "exemption"]),
    ] {
        let definition = format!("{plural}.lockkeeper.dev");
        let found = defined()
            .admin()
            .get(target("customresourcedefinition", "", &definition));
        let found = found.expect("kubectl").expect("a definition");
        assert!(has_condition(&found, "Established", "True"), "{plural}");
        assert!(has_condition(&found, "NamesAccepted", "True"), "{plural}");
        assert!(
            !has_condition(&found, "NonStructuralSchema", "True"),
            "{plural}"
        );
        for name in names {
            let output = defined().admin().run(&["get", name, "-o", "name"]);
            output.expect("kubectl").expect_accepted();
        }
    }
    let resources = ["api-resources", "--categories=lockkeeper", "-o", "name"];
    let output = defined().admin().run(&resources).expect("kubectl");
    assert_eq!(output.stdout.lines().count(), 3, "{output}");
}

#[test]
fn a_policy_that_says_everything_is_taken() {
    let selector = json!({
        "matchLabels": { "team": "media", "empty": "" },
        "matchExpressions": [
            { "key": "tier", "operator": "In", "values": ["gold", "silver"] },
            { "key": "example.org/frozen", "operator": "DoesNotExist" },
        ],
    });
    let spec = json!({
        "match": {
            "namespaces": ["media-*", "games"],
            "namespaceSelector": selector,
            "releases": ["*"],
            "releaseSelector": selector,
            "operations": ["CREATE", "UPDATE"],
            "matchConditions": [{ "name": "not-mine", "expression": "request.userInfo.username != 'me'" }],
        },
        "rules": {
            "unpinned-image": { "action": "warn", "require": "digest", "partial": "allow" },
            "unpinned-chart": { "action": "deny" },
            // An unquoted `off` in YAML is a boolean.
            "missing-claim": { "action": false, "existence": false, "externalClaims": ["data-*"] },
            "missing-tmpfs": { "paths": ["/tmp", "/run"] },
            "literal-secret": { "allowAnnotation": true },
        },
        "customRules": [{
            "name": "no-beta", "kinds": ["HelmRelease", "HelmChart"], "expression": "!chart.version.contains('beta')", "message": "a beta", "action": "off",
        }],
        "replacesDefault": true,
        "ratchet": false,
        "onUnseen": "deny",
        "lookupNamespaces": ["flux-system"],
        "exemptions": [{
            "rules": ["unpinned-image", "custom/no-beta"],
            "namespaces": ["games"],
            "releases": ["romm"],
            "pointers": ["", "/spec/values/a~1b"],
            "reason": "upstream has no tags",
            "expiresAt": "2027-02-28",
        }],
        "allowExemptions": [{ "rules": ["unpinned-*"], "namespaces": ["games"], "by": ["Exemption", "Annotation"] }],
    });
    dry_run("ReleasePolicy", &spec).expect_accepted();
    dry_run("ReleasePolicy", &json!({})).expect_accepted();
    for size in [json!("64Mi"), json!(65536)] {
        let spec = json!({
            "podSelector": selector,
            "namespaceSelector": selector,
            "containers": ["app", "side-*"],
            "when": "always",
            "mounts": [{ "path": "/tmp", "sizeLimit": size, "shared": true }, { "path": "/run/x", "sizeLimit": "1.5Gi" }],
            "convertEmptyDir": true,
        });
        dry_run("TmpfsPolicy", &spec).expect_accepted();
    }
    for end in [
        "2027-01-31",
        "2028-02-29",
        "2027-01-31T12:00:00Z",
        "2027-01-31T12:00:00.5+02:00",
    ] {
        let spec = json!({
            "rules": ["missing-claim"],
            "releases": ["romm"],
            "pointers": ["/spec/values"],
            "reason": "the claim comes with the next commit",
            "expiresAt": end,
        });
        dry_run("Exemption", &spec).expect_accepted();
    }
}

/// kubectl, as a person types it.
#[test]
fn an_unquoted_off_is_taken_as_it_arrives() {
    let yaml = "apiVersion: lockkeeper.dev/v1alpha1\nkind: ReleasePolicy\nmetadata: {name: unquoted}\n\
                spec: {rules: {missing-tmpfs: {action: off}}}\n";
    for way in [Way::ServerSide, Way::Apply] {
        let output = defined().admin().send(way, yaml);
        output.expect("kubectl").expect_accepted();
    }
    let place = target("releasepolicy", "", "unquoted");
    let stored = defined().admin().get(place).expect("kubectl");
    let stored = stored.expect("a policy");
    assert_eq!(stored["spec"]["rules"]["missing-tmpfs"]["action"], false);
}

#[test]
fn explain_says_what_each_field_is_for() {
    for (field, words) in [
        (
            "releasepolicy.spec.rules.unpinned-image",
            "can change without a commit",
        ),
        (
            "releasepolicy.spec.rules.unpinned-image.require",
            "How firmly an image must be pinned",
        ),
        (
            "releasepolicy.spec.exemptions.reason",
            "Shown with every finding that it covers",
        ),
        ("exemption.spec.expiresAt", "When it ends"),
        ("tpol.spec.mounts.sizeLimit", "How much fits"),
        ("exemption.status.expired", "Whether it has ended"),
    ] {
        let output = defined().admin().run(&["explain", field]);
        let output = output.expect("kubectl").expect_accepted();
        let told = output
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(told.contains(words), "{field}: {output}");
    }
}

/// A status is written by its own subresource, and by nothing else.
#[test]
fn a_status_is_no_part_of_what_people_write() {
    let mut exemption = object(
        "Exemption",
        "of-its-own",
        &json!({
            "rules": ["missing-claim"], "releases": ["a"], "reason": "a test", "expiresAt": "2027-01-31",
        }),
    );
    exemption["status"] = json!({ "expired": true });
    let sent = defined().admin().send(Way::Create, &exemption.to_string());
    sent.expect("kubectl").expect_accepted();
    let place = target("exemption", "default", "of-its-own");
    let read = || {
        defined()
            .admin()
            .get(place)
            .expect("kubectl")
            .expect("an exemption")
    };
    assert_eq!(read().get("status"), None);
    let patched =
        defined()
            .admin()
            .patch(place, "status", &json!({ "status": { "expired": true } }));
    patched.expect("kubectl").expect_accepted();
    assert_eq!(read()["status"], json!({ "expired": true }));
}
