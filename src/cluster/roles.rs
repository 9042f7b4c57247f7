//! The rights as files of the Helm chart, whose templates make roles of them.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::PolicyRule;

use super::rights::{OWN_RIGHTS, Own, cluster_role};

/// Their names below `charts/lockkeeper/files`, and what stands in them: the rules of the ClusterRole, and the rules for
/// each object of Lockkeeper's own, to which the templates add its name.
///
/// # Errors
/// When YAML cannot be written.
pub fn chart_files() -> Result<[(&'static str, String); 2], serde_saphyr::ser::Error> {
    let rules = BTreeMap::from([("rules", cluster_role().rules.unwrap_or_default())]);
    let mut own: BTreeMap<&str, Vec<PolicyRule>> = BTreeMap::new();
    for given in OWN_RIGHTS {
        let key = match given.own {
            Own::WebhookConfigurations => "webhookConfigurations",
            Own::CaSecret => "caSecret",
            Own::Lease => "lease",
        };
        own.entry(key).or_default().push(PolicyRule {
            api_groups: Some(vec![given.right.group.to_owned()]),
            resources: Some(vec![given.right.resource.to_owned()]),
            verbs: given
                .right
                .verbs
                .iter()
                .map(|&verb| verb.to_owned())
                .collect(),
            ..PolicyRule::default()
        });
    }
    let file = |text: String| {
        format!(
            "# Made by `cargo xtask docs` from src/cluster/rights.rs.\n{}\n",
            text.trim_end()
        )
    };
    Ok([
        ("rights.yaml", file(serde_saphyr::to_string(&rules)?)),
        ("own-rights.yaml", file(serde_saphyr::to_string(&own)?)),
    ])
}
