//! What stands in a cluster before anyone works there: definitions, Flux's namespace and accounts, a person's rights.

use std::path::PathBuf;
use std::time::Duration;

use super::{Kubectl, Result, Way};
use crate::wait;

/// Flux's own namespace.
pub(super) const FLUX: &str = "flux-system";

/// The person whom [`super::ControlPlane::person`] plays.
pub(super) const PERSON: &str = "jane";

/// As `flux install` has them: one account for each controller, bound to cluster-admin; and a person's rights.
const OBJECTS: &str = "\
apiVersion: v1
kind: Namespace
metadata: { name: flux-system, labels: { app.kubernetes.io/part-of: flux } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: kustomize-controller, namespace: flux-system }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: helm-controller, namespace: flux-system }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: cluster-reconciler-flux-system }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects:
  - { kind: ServiceAccount, name: kustomize-controller, namespace: flux-system }
  - { kind: ServiceAccount, name: helm-controller, namespace: flux-system }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: person }
rules:
  - apiGroups: [helm.toolkit.fluxcd.io, source.toolkit.fluxcd.io, kustomize.toolkit.fluxcd.io, external-secrets.io]
    resources: ['*']
    verbs: ['*']
  - apiGroups: ['']
    resources: [pods, configmaps, persistentvolumeclaims, secrets]
    verbs: ['*']
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: person }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: person }
subjects:
  - { apiGroup: rbac.authorization.k8s.io, kind: User, name: jane }
";

/// The API server makes `default` and `kube-system` by itself, a moment after it is ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// Installs all of it and waits until the definitions are served.
pub(super) fn install(admin: &Kubectl, definitions: &[PathBuf]) -> Result<()> {
    let mut apply = vec!["apply", "--server-side", "--force-conflicts", "-f", "-"];
    let paths: Vec<_> = definitions
        .iter()
        .map(|path| path.to_string_lossy())
        .collect();
    for path in &paths {
        apply.extend(["-f", path.as_ref()]);
    }
    admin.run_with(&apply, OBJECTS)?.ok()?;
    // kubectl will not wait for nothing.
    if !definitions.is_empty() {
        admin
            .run(&[
                "wait",
                "--for=condition=Established",
                "--timeout=60s",
                "customresourcedefinitions",
                "--all",
            ])?
            .ok()?;
    }
    for namespace in ["default", FLUX] {
        default_account(admin, namespace)?;
    }
    Ok(())
}

/// Makes the account that every pod names, which the controller manager would make.
pub(super) fn default_account(admin: &Kubectl, namespace: &str) -> Result<()> {
    let account = format!(
        "{{ apiVersion: v1, kind: ServiceAccount, metadata: {{ name: default, namespace: {namespace} }} }}"
    );
    wait::try_until(
        &format!("the default account in {namespace}"),
        PATIENCE,
        || {
            let output = admin.send(Way::ServerSide, &account)?;
            Ok(if output.success() {
                Ok(())
            } else {
                Err(output.stderr)
            })
        },
    )
}
