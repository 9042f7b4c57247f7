//! The pods are taken in a namespace of the pod security standard `restricted`.

use lockkeeper_control_plane::helm;
use lockkeeper_testkit::kubectl::{Output, Way};
use serde_json::{Value, json};

use crate::rendered::TABLE;
use crate::{helm, plane};

/// The pod that the Deployment would make, sent as a dry run.
fn sent(namespace: &str, deployment: &Value) -> Output {
    let template = &deployment["spec"]["template"];
    let mut pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"] });
    pod["metadata"]["name"] = "pod".into();
    pod["metadata"]["namespace"] = namespace.into();
    plane()
        .admin()
        .send(Way::ServerSideDryRun, &pod.to_string())
        .expect("kubectl")
}

#[test]
fn the_pods_are_taken_where_only_restricted_ones_are() {
    let namespace = plane().namespace("restricted").expect("a namespace");
    let label = "pod-security.kubernetes.io/enforce=restricted";
    plane()
        .admin()
        .run(&["label", "namespace", &namespace, label])
        .expect("kubectl")
        .expect_accepted();
    for account in ["lockkeeper", "guard", "warden"] {
        plane()
            .service_account(&namespace, account)
            .expect("an account");
    }
    for (what, values) in TABLE {
        let text = helm().template(&namespace, values);
        let deployment = helm::object(&text, "Deployment");
        let output = sent(&namespace, &deployment).expect_accepted();
        assert!(!output.stderr.contains("would violate"), "{what}: {output}");
    }
    // The standard is in force: one that may run as root is refused.
    let text = helm().template(&namespace, &["--set=podSecurityContext.runAsNonRoot=null"]);
    let deployment = helm::object(&text, "Deployment");
    sent(&namespace, &deployment).expect_refused("violates PodSecurity \"restricted:latest\"");
}

#[test]
fn a_pod_has_time_to_drain_and_a_token_only_it_asks_for() {
    for seconds in [0, 30] {
        let drain = format!("--set=drainSeconds={seconds}");
        let text = helm().template("here", &[&drain]);
        let pod = &helm::object(&text, "Deployment")["spec"]["template"]["spec"];
        // The server lets requests in flight go on for ten seconds behind the drain.
        assert_eq!(pod["terminationGracePeriodSeconds"], seconds + 15);
        assert_eq!(pod["automountServiceAccountToken"], true);
        let account = helm::object(&text, "ServiceAccount");
        assert_eq!(account["automountServiceAccountToken"], false);
    }
}

#[test]
fn a_changed_policy_rolls_the_pods_and_nothing_else_does() {
    let template = |values: &[&str]| {
        let text = helm().template("here", values);
        helm::object(&text, "Deployment")["spec"]["template"]["metadata"].clone()
    };
    let policy = |on_unseen: &str| {
        format!(
            r#"--set-json=policies=[{{"apiVersion":"lockkeeper.dev/v1alpha1","kind":"ReleasePolicy","spec":{{"onUnseen":"{on_unseen}"}}}}]"#
        )
    };
    assert_ne!(template(&[&policy("deny")]), template(&[&policy("warn")]));
    assert_ne!(template(&[&policy("deny")]), template(&[]));
    assert_eq!(
        template(&[]),
        template(&["--set=replicas=3", "--set=networkPolicy.enabled=true"])
    );
}
