//! Kubernetes volumes as values hold them: app-template's `volumeSpec`, and the lists that other
//! charts pass on to the pod.

use serde_json::Value;

use crate::model::persistence::is_switched_off;
use crate::model::{HelmRelease, NodeId, Step, Tree};

/// A map with the fields of a Kubernetes volume, such as `{nfs: {server, path}}`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Volume<'a> {
    pub(super) node: NodeId,
    pub(super) name: &'a str,
}

/// The items of lists called `volumes`, `extraVolumes` and the like that name a volume.
pub(super) fn listed<'s, 'a>(
    release: &HelmRelease<'s, 'a>,
) -> impl Iterator<Item = Volume<'a>> + use<'s, 'a> {
    let tree = release.tree();
    lists(release, "olumes").flat_map(move |list| {
        tree.children(list).filter_map(move |node| {
            Some(Volume {
                node,
                name: tree.value(node).get("name")?.as_str()?,
            })
        })
    })
}

/// The lists of the values whose key ends so, but for what is switched off.
pub(super) fn lists<'s, 'a>(
    release: &HelmRelease<'s, 'a>,
    ending: &'static str,
) -> impl Iterator<Item = NodeId> + use<'s, 'a> {
    let tree = release.tree();
    release.values().into_iter().flat_map(move |values| {
        tree.subtree(values).filter(move |&node| {
            matches!(tree.node(node).step, Step::Key(key) if key.ends_with(ending))
                && tree.value(node).is_array()
                && !is_switched_off(tree, values, node)
        })
    })
}

/// The field `source` of a volume, when it is a map with no other keys than `known`: then it is
/// Kubernetes' own shape and not a chart's.
pub(super) fn source<'a>(
    tree: &Tree<'a>,
    volume: NodeId,
    source: &str,
    known: &[&str],
) -> Option<(NodeId, &'a Value)> {
    let map = tree.value(volume).get(source)?.as_object()?;
    if !map.keys().all(|key| known.contains(&key.as_str())) {
        return None;
    }
    let node = tree.child(volume, source)?;
    Some((node, tree.value(node)))
}

/// The keys of an NFS source.
pub(super) const NFS: &[&str] = &["server", "path", "readOnly"];
/// The keys of a hostPath source.
pub(super) const HOST_PATH: &[&str] = &["path", "type"];
/// The keys of a claim source.
pub(super) const CLAIM: &[&str] = &["claimName", "readOnly"];
