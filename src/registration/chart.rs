//! The webhook configurations as files of the Helm chart: with marks where a release fills in its own names.

use super::{Endpoint, FailurePolicy, OwnRelease, PodScope, Registration, break_glass};

/// Stands for the namespace of the Service.
const SERVICE_NAMESPACE: &str = "namespace-of-the-service";
/// Stands for the name of the Service.
const SERVICE_NAME: &str = "name-of-the-service";
/// Stands for the namespace of our own HelmRelease.
const RELEASE_NAMESPACE: &str = "namespace-of-the-release";
/// Stands for its name.
const RELEASE_NAME: &str = "name-of-the-release";

/// Their names below `charts/lockkeeper/files`, and what stands in them. The templates put names in the place of the
/// marks, and set failure policies; they never write a `caBundle`.
///
/// # Errors
/// When YAML cannot be written.
pub fn chart_files() -> Result<Vec<(&'static str, String)>, serde_saphyr::ser::Error> {
    let registration = |pod_scope| Registration {
        endpoint: Endpoint::Service {
            namespace: SERVICE_NAMESPACE.to_owned(),
            name: SERVICE_NAME.to_owned(),
        },
        ca_bundle: None,
        failure_policy: FailurePolicy::Fail,
        pod_scope,
        own_release: OwnRelease {
            namespace: RELEASE_NAMESPACE.to_owned(),
            name: RELEASE_NAME.to_owned(),
        },
    };
    let mut files = vec![(
        "validating.yaml",
        serde_saphyr::to_string(&registration(PodScope::default()).validating())?,
    )];
    for (name, scope) in [
        ("mutating-annotated.yaml", PodScope::Annotated),
        ("mutating-readOnlyRoot.yaml", PodScope::ReadOnlyRoot),
        ("mutating-all.yaml", PodScope::All),
    ] {
        let mutating = registration(scope).mutating();
        files.push((name, serde_saphyr::to_string(&mutating)?));
    }
    let (policy, binding) = break_glass::guard();
    files.push(("break-glass-policy.yaml", serde_saphyr::to_string(&policy)?));
    files.push((
        "break-glass-binding.yaml",
        serde_saphyr::to_string(&binding)?,
    ));
    for (_, text) in &mut files {
        let head = "# Made by `cargo xtask docs` from src/registration.\n";
        *text = format!("{head}{}\n", text.trim_end());
    }
    Ok(files)
}
