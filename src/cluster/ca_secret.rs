//! The one Secret that Lockkeeper writes: that of its own CA. It must be there; it is read by its name, never listed.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::PostParams;
use zeroize::Zeroize;

use super::connect::{Cluster, in_time, whole};
use crate::facts::Name;

/// Why a Secret could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It is not there, and nobody may create one.
    #[error(
        "the Secret {0} is not there; create it empty (the chart does), and its data is filled in"
    )]
    Absent(String),
    /// A right is missing.
    #[error("the Secret {name} may not be {done}; grant `{verb}` on it by its name")]
    Forbidden {
        /// The Secret.
        name: String,
        /// The verb that is missing.
        verb: &'static str,
        /// What was tried.
        done: &'static str,
    },
    /// Somebody else wrote it meanwhile: read it again.
    #[error("the Secret {0} was changed meanwhile; what is in it now is read first")]
    Conflict(String),
    /// The API server did not answer, or something else.
    #[error("the Secret {name} cannot be {done}: {reason}")]
    Failed {
        /// The Secret.
        name: String,
        /// What was tried.
        done: &'static str,
        /// Why it failed.
        reason: String,
    },
}

/// A Secret as it was read, to be written back only if nobody else has written since. Its data is zeroed on drop.
pub struct Held {
    /// All but the data.
    secret: Secret,
    data: BTreeMap<String, Vec<u8>>,
}

impl fmt::Debug for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Held(..)")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.data.values_mut().for_each(Zeroize::zeroize);
    }
}

impl Held {
    fn new(mut secret: Secret) -> Self {
        let data = secret.data.take().unwrap_or_default();
        let data = data.into_iter().map(|(key, value)| (key, value.0));
        Self {
            data: data.collect(),
            secret,
        }
    }

    /// Its data.
    #[must_use]
    pub fn data(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.data
    }
}

/// The way to one Secret.
#[derive(Clone)]
pub struct CaSecret {
    api: Api<Secret>,
    name: Name,
}

impl fmt::Debug for CaSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CaSecret({self})")
    }
}

impl fmt::Display for CaSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.name.namespace, self.name.name)
    }
}

impl CaSecret {
    /// The Secret of this name.
    #[must_use]
    pub fn new(cluster: &Cluster, name: Name) -> Self {
        Self {
            api: Api::namespaced(cluster.client(), &name.namespace),
            name,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// When it is not there, may not be read, or the API server does not answer.
    pub async fn read(&self) -> Result<Held, SecretError> {
        match in_time(self.api.get(&self.name.name)).await {
            Ok(secret) => Ok(Held::new(secret)),
            Err(error) => Err(self.error(&error, "get", "read")),
        }
    }

    /// Puts `data` in the place of what was read: all of it or nothing, and only if nobody wrote meanwhile.
    ///
    /// # Errors
    /// As [`CaSecret::read`], and when somebody else wrote it since.
    pub async fn replace(
        &self,
        held: &Held,
        data: BTreeMap<String, Vec<u8>>,
    ) -> Result<Held, SecretError> {
        let values = data
            .into_iter()
            .map(|(key, value)| (key, ByteString(value)));
        let mut secret = Secret {
            data: Some(values.collect()),
            ..held.secret.clone()
        };
        let params = PostParams::default();
        let replaced = in_time(self.api.replace(&self.name.name, &params, &secret)).await;
        for value in secret.data.iter_mut().flat_map(BTreeMap::values_mut) {
            value.0.zeroize();
        }
        match replaced {
            Ok(secret) => Ok(Held::new(secret)),
            Err(error) => Err(self.error(&error, "update", "written")),
        }
    }

    fn error(&self, error: &kube::Error, verb: &'static str, done: &'static str) -> SecretError {
        let name = self.to_string();
        match error {
            kube::Error::Api(status) if status.code == 404 => SecretError::Absent(name),
            kube::Error::Api(status) if status.code == 403 => {
                SecretError::Forbidden { name, verb, done }
            }
            kube::Error::Api(status) if status.code == 409 => SecretError::Conflict(name),
            // The server's own words can quote what was sent.
            kube::Error::Api(status) => SecretError::Failed {
                name,
                done,
                reason: format!("HTTP {} {}", status.code, status.reason),
            },
            error => SecretError::Failed {
                name,
                done,
                reason: whole(error),
            },
        }
    }
}
