//! What the pods of a controller ask Lockkeeper for by their own annotation or label.

use serde_json::Value;

use super::super::Storage;
use crate::model::{NodeId, template};
use crate::mounts;

/// Whether nothing is to be found at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It is asked for, or nothing is wanted.
    Yes,
    /// A placeholder says.
    Perhaps,
    No,
}

/// Whether the pods of a controller ask for the path, or to be left alone.
pub(super) fn settled(storage: &Storage<'_, '_>, controller: NodeId, path: &str) -> Settled {
    let tree = storage.tree();
    let values = tree.value(storage.app.values());
    let pod = tree.value(controller).get("pod");
    let annotation = said(values, pod, "annotations");
    if said(values, pod, "labels") == Some("off")
        || annotation.is_some_and(|text| mounts::settles(text, path))
    {
        Settled::Yes
    } else if annotation.is_some_and(template::is_open) {
        Settled::Perhaps
    } else {
        Settled::No
    }
}

/// The value that the chart gives the pods: it merges the maps by key, the controller's own first, and
/// takes an empty value for none.
fn said<'a>(values: &'a Value, pod: Option<&'a Value>, map: &str) -> Option<&'a str> {
    let global = values
        .get("global")
        .filter(|global| global.get("propagateGlobalMetadataToPods") == Some(&Value::Bool(true)));
    let sources = [pod, values.get("defaultPodOptions"), global];
    sources
        .into_iter()
        .flatten()
        .filter_map(|source| source.get(map)?.get(mounts::KEY)?.as_str())
        .find(|text| !text.is_empty())
}
