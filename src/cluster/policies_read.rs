//! What is in force for one object, read once with whoever's rights: policies, the labels of the namespace, the object.

use std::collections::BTreeMap;

use kube::Api;
use kube::api::ListParams;
use kube::core::DynamicObject;
use serde_json::Value;

use super::connect::{Cluster, in_time, whole};
use super::kinds::{HELM_CHARTS, KUSTOMIZATIONS, OCI_REPOSITORIES, RELEASES};
use super::policies::{EXEMPTIONS, RELEASE_POLICIES};
use crate::model::Kind;

/// What was read.
pub struct PoliciesRead {
    /// ReleasePolicies, and the Exemptions of the namespace, whole.
    pub documents: Vec<Value>,
    /// The labels of the namespace; an error says why they are not known, `None` that there is no such namespace.
    pub labels: Result<Option<BTreeMap<String, String>>, String>,
    /// The object; an error says why it is not known, `None` that there is none.
    pub object: Result<Option<Value>, String>,
}

fn is_absent(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

impl Cluster {
    /// Reads what decides about the object of that kind and name.
    ///
    /// # Errors
    /// When the policies cannot be listed: why. Without the definitions of a kind there are none of it.
    pub async fn read_policies(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
    ) -> Result<PoliciesRead, String> {
        let client = self.client();
        let releases = RELEASE_POLICIES.api(0);
        let exemptions = EXEMPTIONS.api(0);
        let mut documents = Vec::new();
        for (resource, api) in [
            (&releases, Api::all_with(client.clone(), &releases)),
            (
                &exemptions,
                Api::namespaced_with(client.clone(), namespace, &exemptions),
            ),
        ] {
            let api: Api<DynamicObject> = api;
            let listed = match in_time(api.list(&ListParams::default())).await {
                Ok(listed) => listed.items,
                Err(error) if is_absent(&error) => Vec::new(),
                Err(error) => {
                    return Err(format!(
                        "{} cannot be listed: {}",
                        resource.plural,
                        whole(&error)
                    ));
                }
            };
            for object in listed {
                let mut document =
                    serde_json::to_value(&object).map_err(|error| error.to_string())?;
                // Items of a list name no kind.
                document["apiVersion"] = Value::from(resource.api_version.as_str());
                document["kind"] = Value::from(resource.kind.as_str());
                documents.push(document);
            }
        }
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
        let labels = in_time(namespaces.get_metadata_opt(namespace)).await;
        let labels = labels
            .map(|found| found.map(|found| found.metadata.labels.unwrap_or_default()))
            .map_err(|error| whole(&error));
        let served = match kind {
            Kind::HelmRelease => &RELEASES,
            Kind::OciRepository => &OCI_REPOSITORIES,
            Kind::HelmChart => &HELM_CHARTS,
            Kind::Kustomization => &KUSTOMIZATIONS,
        };
        let mut object = Ok(None);
        for attempt in 0..served.versions.len() {
            let api: Api<DynamicObject> =
                Api::namespaced_with(client.clone(), namespace, &served.api(attempt));
            object = match in_time(api.get_opt(name)).await {
                Ok(found) => found
                    .map(|found| serde_json::to_value(found).map_err(|error| error.to_string()))
                    .transpose(),
                Err(error) => Err(whole(&error)),
            };
            if !matches!(object, Ok(None)) {
                break;
            }
        }
        Ok(PoliciesRead {
            documents,
            labels,
            object,
        })
    }
}
