//! The CEL conditions under which the API server calls us at all, each with its reason.
//!
//! They hold even while we are down: what they leave out can never be blocked by us.

use super::OwnRelease;

/// The finalizer's removal is an UPDATE of a deleting object: stopping it hangs the deletion.
pub(super) const NOT_DELETING: (&str, &str) =
    ("not-deleting", "!has(object.metadata.deletionTimestamp)");

/// For what is judged.
pub(super) const JUDGED: &[(&str, &str)] = &[
    NOT_DELETING,
    // Flux's own bookkeeping, suspend and resume, and applies that change nothing are not judged.
    (
        "judged-change",
        concat!(
            "request.operation == 'CREATE'",
            " || object.spec.exists(k, k != 'suspend' && (!(k in oldObject.spec) || object.spec[k] != oldObject.spec[k]))",
            " || oldObject.spec.exists(k, k != 'suspend' && !(k in object.spec))",
            " || (has(object.metadata.annotations) && object.metadata.annotations.exists(k,",
            " !k.startsWith('reconcile.fluxcd.io/') && k != 'kubectl.kubernetes.io/last-applied-configuration'",
            " && (!has(oldObject.metadata.annotations) || !(k in oldObject.metadata.annotations)",
            " || object.metadata.annotations[k] != oldObject.metadata.annotations[k])))",
            " || (has(oldObject.metadata.annotations) && oldObject.metadata.annotations.exists(k,",
            " !k.startsWith('reconcile.fluxcd.io/') && k != 'kubectl.kubernetes.io/last-applied-configuration'",
            " && (!has(object.metadata.annotations) || !(k in object.metadata.annotations))))",
        ),
    ),
];

/// For HelmCharts: the ones that helm-controller writes are judged as their HelmRelease, and must not
/// wait for us. It names them after the release; a label alone can be anyone's, and the rule asks for both too.
pub(super) const CHARTS: &[(&str, &str)] = &[(
    "not-of-a-helmrelease",
    concat!(
        "!has(object.metadata.labels)",
        " || !('helm.toolkit.fluxcd.io/name' in object.metadata.labels)",
        " || !('helm.toolkit.fluxcd.io/namespace' in object.metadata.labels)",
        " || object.metadata.name != object.metadata.labels['helm.toolkit.fluxcd.io/namespace']",
        " + '-' + object.metadata.labels['helm.toolkit.fluxcd.io/name']",
    ),
)];

/// A mirror pod stands for a file on a node and cannot be changed.
const NOT_A_MIRROR: (&str, &str) = (
    "not-a-mirror-pod",
    "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)",
);

/// For pods that ask for mounts, or for what policies say of them. A label does too: it is what a
/// TmpfsPolicy can select by.
pub(super) const ANNOTATED_PODS: &[(&str, &str)] = &[
    NOT_A_MIRROR,
    (
        "annotated",
        concat!(
            "(has(object.metadata.annotations) && 'lockkeeper.dev/tmpfs' in object.metadata.annotations)",
            " || (has(object.metadata.labels) && 'lockkeeper.dev/tmpfs' in object.metadata.labels)",
        ),
    ),
];

/// For those, and for pods that cannot write to their root.
pub(super) const READ_ONLY_ROOT_PODS: &[(&str, &str)] = &[
    NOT_A_MIRROR,
    (
        "read-only-root-or-annotated",
        concat!(
            "(has(object.metadata.annotations) && 'lockkeeper.dev/tmpfs' in object.metadata.annotations)",
            " || (has(object.metadata.labels) && 'lockkeeper.dev/tmpfs' in object.metadata.labels)",
            " || object.spec.containers.exists(c, has(c.securityContext)",
            " && has(c.securityContext.readOnlyRootFilesystem) && c.securityContext.readOnlyRootFilesystem)",
            " || (has(object.spec.initContainers) && object.spec.initContainers.exists(c, has(c.securityContext)",
            " && has(c.securityContext.readOnlyRootFilesystem) && c.securityContext.readOnlyRootFilesystem))",
        ),
    ),
];

/// For every pod.
pub(super) const ALL_PODS: &[(&str, &str)] = &[NOT_A_MIRROR];

/// Of all OCIRepositories, the one that Flux itself is bootstrapped from: refusing it would refuse Flux its own repair.
pub(super) const SOURCES: &[(&str, &str)] = &[(
    "not-flux-itself",
    "object.metadata.namespace != 'flux-system' || object.metadata.name != 'flux-system'",
)];

/// For HelmReleases: the one that installs us into `home`, the namespace where we run, mends us while we are down. One
/// of that name which installs elsewhere, into another namespace or another cluster, is judged like any other.
pub(super) fn not_our_own_release(own: &OwnRelease, home: &str) -> (&'static str, String) {
    let OwnRelease { namespace, name } = own;
    let expression = format!(
        "!(object.metadata.namespace == '{namespace}' && object.metadata.name == '{name}' \
         && (has(object.spec.targetNamespace) ? object.spec.targetNamespace : object.metadata.namespace) == '{home}' \
         && (!has(object.spec.storageNamespace) || object.spec.storageNamespace == '{home}' || object.spec.storageNamespace == object.metadata.namespace) \
         && !has(object.spec.kubeConfig))"
    );
    ("not-our-own-release", expression)
}

/// For OCIRepositories: the one that our own release is installed from, which has its name.
pub(super) fn not_our_own_source(own: &OwnRelease) -> (&'static str, String) {
    let OwnRelease { namespace, name } = own;
    let expression =
        format!("object.metadata.namespace != '{namespace}' || object.metadata.name != '{name}'");
    ("not-our-own-source", expression)
}
