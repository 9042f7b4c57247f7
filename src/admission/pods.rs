//! What is done with a pod: its policies are chosen, and its mounts planned.

use crate::facts::{Answer, Facts};
use crate::mounts::{KEY, Plan, Pod, Request, plan};
use crate::policy::{Policy, TmpfsPolicy};

/// The label that the API server gives every namespace: its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Namespaces whose pods are left alone: the cluster and Flux start from them. The registration leaves
/// them out too; this holds whatever is registered.
const LEFT_ALONE: [&str; 2] = ["kube-system", "flux-system"];

/// Plans the mounts of a pod in `namespace`, which is empty where nobody knows it.
#[must_use]
pub fn plan_pod(pod: &Pod<'_>, namespace: &str, policy: &Policy, facts: &dyn Facts) -> Plan {
    if LEFT_ALONE.contains(&namespace) {
        return Plan::default();
    }
    if pod.exempt().is_some() {
        return plan(pod, &[]);
    }
    let mut unseen = Vec::new();
    let requests: Vec<Request<'_>> = policy
        .tmpfs()
        .filter(|tmpfs| tmpfs.pods().matches(|key| pod.label(key)))
        .filter(|tmpfs| {
            selects(tmpfs, namespace, facts).unwrap_or_else(|why| {
                unseen.push(why);
                false
            })
        })
        .map(TmpfsPolicy::request)
        .collect();
    let mut plan = plan(pod, &requests);
    plan.warnings.extend(unseen);
    plan
}

/// Whether a policy is for a namespace, or why nobody can say.
fn selects(policy: &TmpfsPolicy, namespace: &str, facts: &dyn Facts) -> Result<bool, String> {
    let selector = policy.namespaces();
    if selector.is_empty() {
        return Ok(true);
    }
    if !namespace.is_empty() && selector.keys().all(|key| key == NAME_LABEL) {
        return Ok(selector.matches(|_| Some(namespace)));
    }
    let why = match facts.namespace_labels(namespace) {
        Answer::Known(labels) => {
            return Ok(selector.matches(|key| labels.get(key).map(String::as_str)));
        }
        Answer::Absent => "it is not known yet".to_owned(),
        Answer::Unseen(why) => why.to_string(),
    };
    Err(format!(
        "TmpfsPolicy `{}` is not heeded, as its namespaceSelector needs the labels of the namespace: {why}; the annotation {KEY} needs none",
        policy.name()
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::facts::Unseen;
    use crate::facts::testing::Written;
    use crate::model::Pointer;

    fn policy(namespaces: &serde_json::Value) -> Policy {
        Policy::from_document(&json!({
            "apiVersion": "lockkeeper.dev/v1alpha1", "kind": "TmpfsPolicy", "metadata": {"name": "a"},
            "spec": {"namespaceSelector": namespaces, "when": "always",
                     "podSelector": {"matchLabels": {"app": "romm"}},
                     "mounts": [{"path": "/tmp", "sizeLimit": "1Mi"}]}}))
        .unwrap_or_else(|error| panic!("{error}"))
    }

    fn planned(namespaces: &serde_json::Value, namespace: &str, app: &str) -> (bool, Vec<String>) {
        let pod =
            json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "a"}]}});
        let labels = [("tier".to_owned(), "lab".to_owned())].into();
        let facts = Written::others(Some(Unseen::NoCluster))
            .namespace("lab", Answer::Known(labels))
            .namespace("new", Answer::Absent);
        let root = Pointer::root();
        let plan = plan_pod(
            &Pod::admitted(&pod, &root),
            namespace,
            &policy(namespaces),
            &facts,
        );
        (!plan.patch.is_empty(), plan.warnings)
    }

    #[test]
    fn a_policy_is_for_the_pods_and_namespaces_that_it_selects() {
        let tier = json!({"matchLabels": {"tier": "lab"}});
        for (namespaces, namespace, app, expected) in [
            (&json!({}), "games", "romm", true),
            (&json!({}), "games", "plex", false),
            (&json!(null), "", "romm", true),
            (&json!({}), "kube-system", "romm", false),
            (&json!({}), "flux-system", "romm", false),
            (&tier, "lab", "romm", true),
            (
                &json!({"matchLabels": {"tier": "prod"}}),
                "lab",
                "romm",
                false,
            ),
            // Its name is known without a cluster.
            (
                &json!({"matchLabels": {NAME_LABEL: "games"}}),
                "games",
                "romm",
                true,
            ),
            (
                &json!({"matchLabels": {NAME_LABEL: "games"}}),
                "media",
                "romm",
                false,
            ),
            // A pod that is not selected asks for no namespace.
            (&tier, "games", "plex", false),
        ] {
            let told = planned(namespaces, namespace, app);
            assert_eq!(
                told,
                (expected, Vec::new()),
                "{namespaces} {namespace} {app}"
            );
        }
    }

    #[test]
    fn a_namespace_that_cannot_be_seen_is_told_and_nothing_is_done() {
        let tier = json!({"matchLabels": {"tier": "lab"}});
        for (namespace, why) in [("games", "no cluster is at hand"), ("new", "not known yet")] {
            let (patched, warnings) = planned(&tier, namespace, "romm");
            assert!(!patched && warnings.len() == 1, "{warnings:?}");
            assert!(warnings[0].contains(why), "{warnings:?}");
        }
    }
}
