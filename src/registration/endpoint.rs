//! Where the API server finds us.

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{ServiceReference, WebhookClientConfig};

use super::own::is_name;

/// Where the API server finds us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// An `https://` address without a path.
    Url(String),
    /// A Service of the cluster, port 443.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// Why an [`Endpoint`] could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The API server speaks to webhooks by TLS only.
    #[error("a webhook's address begins with https://, and has no path or query")]
    Url,
    /// Not `namespace/name`.
    #[error("a Service is written as namespace/name, such as lockkeeper/lockkeeper")]
    Service,
}

impl Endpoint {
    /// Reads `https://host:port`.
    ///
    /// # Errors
    /// When it is no such address.
    pub fn url(text: &str) -> Result<Self, EndpointError> {
        let host = text
            .strip_prefix("https://")
            .map(|rest| rest.trim_end_matches('/'))
            .filter(|host| !host.is_empty() && !host.contains(['/', '?', '#', ' ']))
            .ok_or(EndpointError::Url)?;
        Ok(Self::Url(format!("https://{host}")))
    }

    /// Reads `namespace/name`.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn service(text: &str) -> Result<Self, EndpointError> {
        match text.split_once('/') {
            Some((namespace, name)) if is_name(namespace, false) && is_name(name, false) => {
                Ok(Self::Service {
                    namespace: namespace.to_owned(),
                    name: name.to_owned(),
                })
            }
            _ => Err(EndpointError::Service),
        }
    }

    pub(super) fn client_config(
        &self,
        path: &str,
        ca_bundle: Option<&[u8]>,
    ) -> WebhookClientConfig {
        let ca_bundle = ca_bundle.map(|pem| ByteString(pem.to_vec()));
        match self {
            Endpoint::Url(url) => WebhookClientConfig {
                ca_bundle,
                service: None,
                url: Some(format!("{url}{path}")),
            },
            Endpoint::Service { namespace, name } => WebhookClientConfig {
                ca_bundle,
                service: Some(ServiceReference {
                    namespace: namespace.clone(),
                    name: name.clone(),
                    path: Some(path.to_owned()),
                    port: None,
                }),
                url: None,
            },
        }
    }

    /// The namespace that we run in, when it is known.
    pub(super) fn namespace(&self) -> Option<&str> {
        match self {
            Endpoint::Url(_) => None,
            Endpoint::Service { namespace, .. } => Some(namespace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_or_refused() {
        assert_eq!(
            Endpoint::url("https://127.0.0.1:8443/").ok(),
            Some(Endpoint::Url("https://127.0.0.1:8443".to_owned()))
        );
        for wrong in ["http://x", "https://", "https://x/validate", "x:1"] {
            assert!(Endpoint::url(wrong).is_err(), "{wrong}");
        }
        for wrong in ["lockkeeper", "a/b/c", "/b", "a/", "a' || true || '/b"] {
            assert!(Endpoint::service(wrong).is_err(), "{wrong}");
        }
    }
}
