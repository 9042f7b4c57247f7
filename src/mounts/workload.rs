//! Where an object holds a pod: itself, or the template of the pods that it makes.

use serde_json::Value;

use super::Pod;
use crate::model::Pointer;

/// The kinds that hold one, with the group and the place of the pod in them.
const KINDS: [(&str, &str, &[&str]); 7] = [
    ("", "Pod", &[]),
    ("apps", "Deployment", &["spec", "template"]),
    ("apps", "StatefulSet", &["spec", "template"]),
    ("apps", "DaemonSet", &["spec", "template"]),
    ("apps", "ReplicaSet", &["spec", "template"]),
    ("batch", "Job", &["spec", "template"]),
    (
        "batch",
        "CronJob",
        &["spec", "jobTemplate", "spec", "template"],
    ),
];

/// The names of the kinds, for people.
pub const WORKLOADS: &str = "Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob";

/// An object that holds a pod.
pub struct Workload<'a> {
    root: &'a Value,
    at: Pointer,
    claims: Vec<&'a str>,
}

impl<'a> Workload<'a> {
    /// Views an object, when it is of a kind that holds a pod.
    #[must_use]
    pub fn of(object: &'a Value) -> Option<Self> {
        let kind = object.get("kind")?.as_str()?;
        let version = object.get("apiVersion")?.as_str()?;
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let (_, _, path) = KINDS
            .into_iter()
            .find(|(known, name, _)| *known == group && *name == kind)?;
        let mut at = Pointer::root();
        for segment in path {
            at.push(segment);
        }
        let claims = object.pointer("/spec/volumeClaimTemplates");
        let claims = claims.and_then(Value::as_array).into_iter().flatten();
        Some(Self {
            root: at.resolve(object).unwrap_or(&Value::Null),
            at,
            claims: claims
                .filter_map(|claim| claim.pointer("/metadata/name")?.as_str())
                .collect(),
        })
    }

    /// The pod as the file has it: what the API server adds on creation is still to come.
    #[must_use]
    pub fn pod(&self) -> Pod<'_> {
        Pod {
            root: self.root,
            at: &self.at,
            other_volumes: &self.claims,
            token_to_come: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_is_found_in_every_kind_that_holds_one() {
        for (version, kind, place) in [
            ("v1", "Pod", ""),
            ("apps/v1", "Deployment", "/spec/template"),
            ("apps/v1", "StatefulSet", "/spec/template"),
            ("apps/v1", "DaemonSet", "/spec/template"),
            ("apps/v1", "ReplicaSet", "/spec/template"),
            ("batch/v1", "Job", "/spec/template"),
            ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template"),
        ] {
            let object = json!({"apiVersion": version, "kind": kind});
            let workload = Workload::of(&object).expect(kind);
            assert_eq!(workload.pod().at.as_str(), place);
            assert!(WORKLOADS.contains(kind));
        }
        for (version, kind) in [
            ("example.com/v1", "Pod"),
            ("v1", "Deployment"),
            ("v1", "Service"),
        ] {
            let object = json!({"apiVersion": version, "kind": kind});
            assert!(Workload::of(&object).is_none(), "{version} {kind}");
        }
        assert!(Workload::of(&Value::Null).is_none());
    }

    #[test]
    fn claim_templates_are_volumes_too() {
        let object = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
            "spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}, {}]}});
        let workload = Workload::of(&object).expect("a workload");
        assert_eq!(workload.pod().other_volumes, ["data"]);
    }
}
