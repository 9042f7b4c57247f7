//! A typed view of bjw-s app-template's values (v2 to v5): controllers, containers, persistence.

use serde_json::Value;

use super::persistence::is_disabled;
use super::{HelmRelease, NodeId, Step, Tree};

/// The values of a release that app-template renders.
#[derive(Clone, Copy, Debug)]
pub struct AppTemplate<'s, 'a> {
    tree: &'s Tree<'a>,
    values: NodeId,
}

/// The lists of containers that a controller has.
const CONTAINER_MAPS: [&str; 2] = ["initContainers", "containers"];

impl<'s, 'a> AppTemplate<'s, 'a> {
    /// Views the release's values, when they are app-template's: by the chart's name, or by the
    /// shape, as a `chartRef` can have any name.
    #[must_use]
    pub fn of(release: &HelmRelease<'s, 'a>) -> Option<Self> {
        let values = release.values()?;
        let tree = release.tree();
        let has_shape = || {
            tree.child(values, "controllers")
                .is_some_and(|controllers| {
                    tree.children(controllers).any(|controller| {
                        tree.value(controller)
                            .get("containers")
                            .is_some_and(Value::is_object)
                    })
                })
        };
        (release.chart_name().contains("app-template") || has_shape())
            .then_some(Self { tree, values })
    }

    /// The walk over the object.
    #[must_use]
    pub fn tree(&self) -> &'s Tree<'a> {
        self.tree
    }

    /// The node of `values`.
    #[must_use]
    pub fn values(&self) -> NodeId {
        self.values
    }

    /// The entries of the map under `values.<key>`, enabled or not.
    pub fn entries(&self, key: &str) -> impl Iterator<Item = (&'a str, NodeId)> + use<'s, 'a> {
        named_children(self.tree, self.tree.child(self.values, key))
    }

    /// The controllers that are not disabled.
    pub fn controllers(&self) -> impl Iterator<Item = (&'a str, NodeId)> + use<'s, 'a> {
        let tree = self.tree;
        self.entries("controllers")
            .filter(move |(_, controller)| !is_disabled(tree.value(*controller)))
    }

    /// The init containers and containers of a controller that are not disabled.
    pub fn containers(
        &self,
        controller: NodeId,
    ) -> impl Iterator<Item = (&'a str, NodeId)> + use<'s, 'a> {
        let tree = self.tree;
        CONTAINER_MAPS
            .into_iter()
            .flat_map(move |map| named_children(tree, tree.child(controller, map)))
            .filter(move |(_, container)| !is_disabled(tree.value(*container)))
    }

    /// The persistence entries that are not disabled.
    pub fn persistence(&self) -> impl Iterator<Item = (&'a str, NodeId)> + use<'s, 'a> {
        let tree = self.tree;
        self.entries("persistence")
            .filter(move |(_, entry)| !is_disabled(tree.value(*entry)))
    }
}

fn named_children<'s, 'a>(
    tree: &'s Tree<'a>,
    map: Option<NodeId>,
) -> impl Iterator<Item = (&'a str, NodeId)> + use<'s, 'a> {
    map.into_iter()
        .flat_map(move |map| tree.children(map))
        .filter_map(move |child| match tree.node(child).step {
            Step::Key(key) => Some((key, child)),
            Step::Root | Step::Index(_) => None,
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Subject;

    #[test]
    fn disabled_parts_are_left_out() {
        let root = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "romm"},
            "spec": {"chartRef": {"kind": "OCIRepository", "name": "romm"}, "values": {
                "controllers": {
                    "romm": {"containers": {"app": {}}, "initContainers": {"wait": {}}},
                    "old": {"enabled": false, "containers": {"app": {}}}
                },
                "persistence": {"config": {}, "cache": {"enabled": false}}
            }}
        });
        let subject = Subject::new(&root).expect("a HelmRelease");
        let release = HelmRelease::of(&subject);
        let app = AppTemplate::of(&release).expect("app-template by its shape");
        let controllers: Vec<_> = app.controllers().collect();
        assert_eq!(controllers.len(), 1);
        let containers: Vec<_> = app
            .containers(controllers[0].1)
            .map(|(name, _)| name)
            .collect();
        assert_eq!(containers, ["wait", "app"]);
        let entries: Vec<_> = app.persistence().map(|(name, _)| name).collect();
        assert_eq!(entries, ["config"]);
    }
}
