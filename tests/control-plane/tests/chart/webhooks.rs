//! The chart's webhooks and rights are those of the code, with the names of the release in them.

use lockkeeper::cluster::{OWN_RIGHTS, Own, cluster_role};
use lockkeeper_control_plane::{binary, helm};
use serde_json::{Value, json};

use crate::helm;

#[test]
fn the_webhooks_are_what_lockkeeper_webhooks_prints() {
    for (namespace, values, printed) in [
        (
            "lockkeeper",
            &[][..],
            &[
                "--service=lockkeeper/lockkeeper",
                "--own-release=lockkeeper/lockkeeper",
            ][..],
        ),
        (
            "a-rather-long-namespace-so-that-lines-of-yaml-are-folded",
            &[
                "--set=fullnameOverride=warden",
                "--set=webhooks.podScope=all",
            ],
            &[
                "--service=a-rather-long-namespace-so-that-lines-of-yaml-are-folded/warden",
                "--own-release=a-rather-long-namespace-so-that-lines-of-yaml-are-folded/lockkeeper",
                "--pod-scope=all",
            ],
        ),
        (
            "guards",
            &[
                "--set=ownRelease.namespace=flux-system",
                "--set=ownRelease.name=guard",
                "--set=webhooks.podScope=annotated",
                "--set=webhooks.failurePolicy.releases=Ignore",
                "--set=webhooks.failurePolicy.sources=Ignore",
                "--set=webhooks.failurePolicy.charts=Ignore",
            ],
            &[
                "--service=guards/lockkeeper",
                "--own-release=flux-system/guard",
                "--pod-scope=annotated",
                "--failure-policy=Ignore",
            ],
        ),
    ] {
        let rendered = helm().template(namespace, values);
        let printed = binary::webhooks(printed);
        for kind in [
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
        ] {
            let (ours, theirs) = (helm::object(&rendered, kind), helm::object(&printed, kind));
            assert_eq!(ours["webhooks"], theirs["webhooks"], "{namespace} {kind}");
        }
        let guard = |text: &str, kind: &str| helm::object(text, kind)["spec"].clone();
        let kind = "ValidatingAdmissionPolicy";
        assert_eq!(guard(&rendered, kind), guard(&printed, kind), "{namespace}");
        let kind = "ValidatingAdmissionPolicyBinding";
        let mut binding = guard(&printed, kind);
        let own = helm::object(&rendered, "ValidatingAdmissionPolicy")["metadata"]["name"].clone();
        binding["policyName"] = own.clone();
        assert_eq!(guard(&rendered, kind), binding, "{namespace}");
        assert_eq!(helm::object(&rendered, kind)["metadata"]["name"], own);
    }
}

#[test]
fn each_failure_policy_is_set_for_itself_and_those_of_two_webhooks_cannot_be_set() {
    for kind in ["releases", "sources", "charts"] {
        let ignored = format!("--set=webhooks.failurePolicy.{kind}=Ignore");
        let rendered = helm().template("here", &[&ignored]);
        let configuration = helm::object(&rendered, "ValidatingWebhookConfiguration");
        for webhook in configuration["webhooks"].as_array().expect("webhooks") {
            let name = webhook["name"].as_str().unwrap_or_default();
            let is_ignored = [kind, "kustomizations", "policies"]
                .iter()
                .any(|ignored| name.starts_with(ignored));
            let expected = if is_ignored { "Ignore" } else { "Fail" };
            assert_eq!(webhook["failurePolicy"], expected, "{kind}: {name}");
        }
    }
}

#[test]
fn the_rights_are_those_of_the_list_by_the_objects_names() {
    let listed = serde_json::to_value(cluster_role().rules).expect("JSON");
    let listed = listed.as_array().expect("rules");
    let own = |owns: &[Own]| -> Vec<Value> {
        OWN_RIGHTS
            .iter()
            .filter(|given| owns.contains(&given.own))
            .map(|given| {
                let name = match given.own {
                    Own::CaSecret => "lockkeeper-ca",
                    Own::WebhookConfigurations | Own::Lease => "lockkeeper",
                };
                let right = given.right;
                json!({ "apiGroups": [right.group], "resources": [right.resource],
                        "resourceNames": [name], "verbs": right.verbs })
            })
            .collect()
    };
    for (mode, cluster, namespaced) in [
        (
            "selfManaged",
            &[Own::WebhookConfigurations][..],
            &[Own::CaSecret, Own::Lease][..],
        ),
        ("secret", &[Own::WebhookConfigurations], &[Own::Lease]),
        ("certManager", &[], &[Own::Lease]),
    ] {
        let mode = format!("--set=certificates.mode={mode}");
        let rendered = helm().template("here", &[&mode, "--set=certificates.secret.name=ours"]);
        let role = helm::object(&rendered, "ClusterRole");
        let expected = [&listed[..], &own(cluster)].concat();
        assert_eq!(
            role["rules"].as_array().expect("rules"),
            &expected,
            "{mode}"
        );
        let role = helm::object(&rendered, "Role");
        assert_eq!(
            role["rules"].as_array().expect("rules"),
            &own(namespaced),
            "{mode}"
        );
    }
}

#[test]
fn secrets_are_opened_one_by_one() {
    let text = helm().template(
        "here",
        &[r#"--set-json=cluster.readSecrets=[{"namespace":"a","name":"one"},{"namespace":"a","name":"two"},{"namespace":"b","name":"one"}]"#],
    );
    let opened: Vec<_> = helm::objects(&text)
        .into_iter()
        .filter(|object| {
            object["kind"] == "Role" && object["metadata"]["name"] == "lockkeeper-read"
        })
        .map(|role| (role["metadata"]["namespace"].clone(), role["rules"].clone()))
        .collect();
    let rule = |names: &[&str]| json!([{ "apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"] }]);
    assert_eq!(
        opened,
        [
            (json!("a"), rule(&["one", "two"])),
            (json!("b"), rule(&["one"]))
        ]
    );
}
