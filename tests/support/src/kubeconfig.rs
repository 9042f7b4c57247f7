//! Kubeconfigs: how a program reaches the API server and as whom.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Result;
use crate::pki::{self, Signed};

/// How a user proves who they are.
pub enum Credentials {
    /// By a client certificate.
    Certificate(Signed),
    /// By a service account's token.
    Token(String),
}

/// Writes `<folder>/<name>.kubeconfig`; JSON, which is YAML too.
pub fn write(
    folder: &Path,
    name: &str,
    server: &str,
    authority: &str,
    credentials: Credentials,
) -> Result<PathBuf> {
    let user = match credentials {
        Credentials::Certificate(Signed { certificate, key }) => {
            let certificate = pki::write(folder, &format!("{name}.crt"), &certificate)?;
            let key = pki::write(folder, &format!("{name}.key"), &key)?;
            json!({ "client-certificate": certificate, "client-key": key })
        }
        Credentials::Token(token) => json!({ "token": token }),
    };
    // One of each cluster: who reads it beside this must not find it half written.
    let shared = folder.join("api-ca.crt");
    let authority = if shared.exists() {
        shared
    } else {
        pki::write(folder, "api-ca.crt", authority)?
    };
    let config: Value = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "lockkeeper", "cluster": { "server": server, "certificate-authority": authority } }],
        "users": [{ "name": name, "user": user }],
        "contexts": [{ "name": "lockkeeper", "context": { "cluster": "lockkeeper", "user": name } }],
        "current-context": "lockkeeper",
    });
    pki::write(
        folder,
        &format!("{name}.kubeconfig"),
        &format!("{config:#}\n"),
    )
}
