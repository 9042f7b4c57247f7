//! etcd and the API server, and the users whom it knows.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{
    Authority, Credentials, Kubectl, Process, Result, Stack, Tool, Watchdog, kubeconfig, pki,
};
use crate::net::{self, free_ports, loopback};
use crate::pki::Signed;

/// Both are ready within seconds on an idle machine; a busy one is given more.
const PATIENCE: Duration = Duration::from_secs(90);

/// The API server's name among the processes.
pub(super) const API_SERVER: &str = "kube-apiserver";

/// Who wrote what, and what the webhooks said of it; other reads and leases would only be noise. What Lockkeeper asks
/// is counted by the tests, which give its accounts the namespace `lockkeeper`.
const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    userGroups: [system:serviceaccounts:lockkeeper]
  - level: None
    verbs: [get, list, watch]
  - level: None
    resources: [{ group: coordination.k8s.io }, { group: events.k8s.io }, { group: '', resources: [events] }]
  - level: Metadata
";

/// As whom the API server shows itself to webhooks that ask; the authority is that of its own certificate.
pub const WEBHOOK_CLIENT: &str = "kube-apiserver-webhooks";

/// The running core.
pub(super) struct Core {
    pub(super) folder: PathBuf,
    pub(super) url: String,
    pub(super) authority: Authority,
    pub(super) admin: Kubectl,
    pub(super) token_key: PathBuf,
}

/// Starts both and waits until the API server is ready.
pub(super) fn start(
    folder: &Path,
    watchdog: &Arc<Watchdog>,
    processes: &mut Stack,
) -> Result<Core> {
    let [client, peer, secure] = free_ports()?;
    let data = folder.join("etcd");
    let etcd_url = format!("http://127.0.0.1:{client}");
    let peer_url = format!("http://127.0.0.1:{peer}");
    let mut etcd = Command::new(Tool::Etcd.path()?);
    etcd.arg("--data-dir").arg(&data).args([
        "--name=tests",
        &format!("--listen-client-urls={etcd_url}"),
        &format!("--advertise-client-urls={etcd_url}"),
        &format!("--listen-peer-urls={peer_url}"),
        &format!("--initial-advertise-peer-urls={peer_url}"),
        &format!("--initial-cluster=tests={peer_url}"),
        // The data does not outlive the test: no need to wait for a disk.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]);
    let etcd = Process::start("etcd", etcd, folder, watchdog)?;
    let ready = etcd.ready("etcd to be healthy", PATIENCE, || {
        net::healthy(loopback(client), "/health")
    });
    processes.push(etcd);
    ready?;

    let authority = Authority::new("lockkeeper-testkit")?;
    let files = authority.server_files(
        &["127.0.0.1", "localhost", "kubernetes.default.svc"],
        &folder.join("kube-apiserver"),
    )?;
    let (token_key, token_public) = pki::token_keys(folder)?;
    let audit = pki::write(folder, "audit-policy.yaml", AUDIT_POLICY)?;
    let admission = admission_configuration(folder, &authority)?;
    let url = format!("https://127.0.0.1:{secure}");
    let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
    let mut server = Command::new(Tool::KubeApiserver.path()?);
    server.args([
        &format!("--etcd-servers={etcd_url}"),
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        &format!("--secure-port={secure}"),
        &flag("cert-dir", &folder.join("kube-apiserver")),
        &flag("tls-cert-file", &files.certificate),
        &flag("tls-private-key-file", &files.key),
        &flag("client-ca-file", &files.authority),
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        &flag("service-account-key-file", &token_public),
        &flag("service-account-signing-key-file", &token_key),
        "--service-cluster-ip-range=10.96.0.0/16",
        // The endpoints of `kubernetes` are of no use to anyone: there are no pods.
        "--endpoint-reconciler-type=none",
        &flag("admission-control-config-file", &admission),
        &flag("audit-policy-file", &audit),
        &flag("audit-log-path", &folder.join("audit.log")),
    ]);
    let server = Process::start(API_SERVER, server, folder, watchdog)?;
    let admin = Credentials::Certificate(authority.client("admin", Some("system:masters"))?);
    let config = kubeconfig::write(folder, "admin", &url, &authority.certificate(), admin)?;
    let admin = Kubectl::new(&Tool::Kubectl.path()?, &config, &folder.join("home"));
    let ready = await_ready(&server, &admin);
    processes.push(server);
    ready?;
    Ok(Core {
        folder: folder.to_owned(),
        url,
        authority,
        admin,
        token_key,
    })
}

/// By what the API server proves to webhooks who it is: a certificate of its own authority, shown to whoever asks.
fn admission_configuration(folder: &Path, authority: &Authority) -> Result<PathBuf> {
    let Signed { certificate, key } = authority.client(WEBHOOK_CLIENT, None)?;
    let certificate = pki::write(folder, "webhook-client.crt", &certificate)?;
    let key = pki::write(folder, "webhook-client.key", &key)?;
    let user = json!({ "client-certificate": certificate, "client-key": key });
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "users": [{ "name": "*", "user": user }],
    });
    let config = pki::write(folder, "webhook-client.kubeconfig", &config.to_string())?;
    let plugin = |name: &str| {
        json!({ "name": name, "configuration": {
            "apiVersion": "apiserver.config.k8s.io/v1", "kind": "WebhookAdmissionConfiguration",
            "kubeConfigFile": config,
        } })
    };
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
        "plugins": [plugin("ValidatingAdmissionWebhook"), plugin("MutatingAdmissionWebhook")],
    });
    pki::write(folder, "admission.yaml", &configuration.to_string())
}

/// Waits until the API server says that it is ready.
pub(super) fn await_ready(server: &Process, admin: &Kubectl) -> Result<()> {
    server.ready("the API server to be ready", PATIENCE, || {
        match admin.run(&["get", "--raw", "/readyz"]) {
            Ok(output) if output.success() => Ok(()),
            Ok(output) => Err(output.stderr),
            Err(error) => Err(error.to_string()),
        }
    })
}

impl Core {
    /// kubectl as a service account of Flux's.
    pub(super) fn service_account(&self, name: &str) -> Result<Kubectl> {
        service_account(
            &self.authority,
            &self.folder,
            &self.url,
            &self.admin,
            super::furniture::FLUX,
            name,
        )
    }

    /// kubectl as a user with a client certificate.
    pub(super) fn user(&self, name: &str, group: Option<&str>) -> Result<Kubectl> {
        user(
            &self.authority,
            &self.folder,
            &self.url,
            &self.admin,
            name,
            group,
        )
    }
}

/// kubectl as a user whose certificate `authority` signs.
pub(super) fn user(
    authority: &Authority,
    folder: &Path,
    url: &str,
    admin: &Kubectl,
    name: &str,
    group: Option<&str>,
) -> Result<Kubectl> {
    let signed = authority.client(name, group)?;
    // A user's name may hold slashes or colons; a file's may not.
    let file = format!(
        "user-{}",
        name.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
    );
    let config = kubeconfig::write(
        folder,
        &file,
        url,
        &authority.certificate(),
        Credentials::Certificate(signed),
    )?;
    Ok(admin.with_config(&config))
}

/// kubectl as a service account, by a token that the API server issues as it does for a pod.
pub(super) fn service_account(
    authority: &Authority,
    folder: &Path,
    url: &str,
    admin: &Kubectl,
    namespace: &str,
    name: &str,
) -> Result<Kubectl> {
    let create = ["create", "token", name, "--duration=24h", "--namespace"];
    let output = admin.run(&[&create[..], &[namespace]].concat())?.ok()?;
    let file = format!("{namespace}-{name}");
    let token = Credentials::Token(output.stdout.trim().to_owned());
    let config = kubeconfig::write(folder, &file, url, &authority.certificate(), token)?;
    Ok(admin.with_config(&config))
}
