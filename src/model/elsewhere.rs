//! Whether what the values name is in another namespace than the release.

use serde_json::Value;

use super::template::is_open;
use super::{HelmRelease, NodeId};

/// Why whoever was asked about what is named has looked nowhere.
pub const NO_NAMESPACE: &str = "the object names no namespace";

/// Why what is named at `node` is not in `namespace`, where the release is installed, or why that is
/// not known.
#[must_use]
pub fn elsewhere(
    release: &HelmRelease<'_, '_>,
    node: NodeId,
    namespace: &str,
) -> Option<&'static str> {
    if is_open(namespace) {
        return Some("its namespace is a placeholder that was not substituted");
    }
    let tree = release.tree();
    let values = release.values()?;
    let overridden = |map: &Value| {
        map.get("namespaceOverride")
            .and_then(Value::as_str)
            .is_some_and(|other| !other.is_empty() && other != namespace)
    };
    let of_manifest = |map: &Value| {
        map.get("kind").is_some()
            && map
                .get("metadata")
                .and_then(|metadata| metadata.get("namespace"))
                .and_then(Value::as_str)
                .is_some_and(|other| !other.is_empty() && other != namespace)
    };
    let is_elsewhere = tree.value(values).get("global").is_some_and(overridden)
        || tree
            .ancestors(node)
            .take_while(|&above| above >= values)
            .any(|above| overridden(tree.value(above)) || of_manifest(tree.value(above)));
    is_elsewhere.then_some("it is in another namespace than the release")
}
