//! Where volumes are mounted: paths, and the containers that a mount is for.

use serde_json::Value;

use super::persistence::{VolumeKind, is_disabled};
use super::{AppTemplate, NodeId, Persistence, Tree};

/// The containers that a mount is for. The wider scope sorts first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope<'a> {
    /// One controller; every controller when absent.
    pub controller: Option<&'a str>,
    /// One container of it; every container when absent.
    pub container: Option<&'a str>,
}

/// One volume at one path.
#[derive(Clone, Copy, Debug)]
pub struct Mount<'a> {
    /// The path; for an implied one of a `persistence` entry, its key without the leading slash.
    pub path: &'a str,
    /// Whether the path follows from the entry rather than being written.
    pub implied: bool,
    /// The node to blame: the mount, or the entry when it has no mounts.
    pub node: NodeId,
    /// The name of the volume.
    pub volume: &'a str,
    /// The containers that it is for.
    pub scope: Scope<'a>,
    /// Whether it comes from a StatefulSet's `volumeClaimTemplates`.
    pub of_template: bool,
    /// Whether nothing but the values decides that it is mounted.
    pub sure: bool,
}

impl<'a> Mount<'a> {
    /// The path's segments without what does not change it: `/config//a/.` is `config`, `a`.
    pub fn segments(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        segments(self.path)
    }
}

/// The segments of a path without the empty ones and `.`.
pub fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter(|segment| !segment.is_empty() && *segment != ".")
}

/// Calls `visit` for every mount of the enabled `persistence` entries and of the claim templates of
/// StatefulSets, as the chart makes them. A mount for a container that is not there or is switched
/// off is left out, and so is one whose path depends on the chart's version.
pub fn each<'a>(app: &AppTemplate<'_, 'a>, visit: &mut impl FnMut(Mount<'a>)) {
    let tree = app.tree();
    for entry in app.persistence() {
        each_of_entry(app, &Persistence::of(tree, entry), visit);
    }
    for (controller, node) in app.controllers() {
        if let Some(templates) = tree.descend(node, &["statefulset", "volumeClaimTemplates"]) {
            for template in tree.children(templates) {
                each_of_template(app, controller, template, visit);
            }
        }
    }
}

fn each_of_entry<'a>(
    app: &AppTemplate<'_, 'a>,
    entry: &Persistence<'_, 'a>,
    visit: &mut impl FnMut(Mount<'a>),
) {
    let implied = match entry.kind() {
        VolumeKind::HostPath => entry.text("hostPath").unwrap_or(entry.key),
        _ => entry.key,
    };
    let base = Mount {
        path: implied,
        implied: true,
        node: entry.node,
        volume: entry.key,
        scope: Scope::default(),
        of_template: false,
        sure: entry.is_surely_enabled(),
    };
    each_of_mounts(app, entry, base, visit);
}

fn each_of_template<'a>(
    app: &AppTemplate<'_, 'a>,
    controller: &'a str,
    template: NodeId,
    visit: &mut impl FnMut(Mount<'a>),
) {
    let tree = app.tree();
    let entry = Persistence::of(tree, ("", template));
    let Some(name) = entry.text("name") else {
        return;
    };
    if is_disabled(tree.value(template)) {
        return;
    }
    let base = Mount {
        path: name,
        implied: true,
        node: template,
        volume: name,
        scope: Scope {
            controller: Some(controller),
            container: None,
        },
        of_template: true,
        sure: entry.is_surely_enabled(),
    };
    each_of_mounts(app, &entry, base, visit);
}

/// Visits the mounts that an entry writes, or `base` when it writes none. `advancedMounts` names
/// controllers and their containers, and within a controller's template containers alone.
fn each_of_mounts<'a>(
    app: &AppTemplate<'_, 'a>,
    entry: &Persistence<'_, 'a>,
    base: Mount<'a>,
    visit: &mut impl FnMut(Mount<'a>),
) {
    let tree = entry.tree();
    if !entry.has_mounts() {
        visit(base);
        return;
    }
    let global = tree.child(entry.node, "globalMounts");
    let last = each_of_list(tree, global, base, false, visit);
    let Some(advanced) = tree.child(entry.node, "advancedMounts") else {
        return;
    };
    let mut each_of_controller = |controller: Option<&'a str>, containers: NodeId| {
        for container in tree.children(containers) {
            let scope = Scope {
                controller,
                container: tree.node(container).step.key(),
            };
            if is_in_force(app, scope) {
                each_of_list(tree, Some(container), Mount { scope, ..base }, last, visit);
            }
        }
    };
    if base.scope.controller.is_some() {
        each_of_controller(base.scope.controller, advanced);
    } else {
        for controller in tree.children(advanced) {
            each_of_controller(tree.node(controller).step.key(), controller);
        }
    }
}

/// Whether the container of a scope is there and not switched off, and its controller too.
fn is_in_force(app: &AppTemplate<'_, '_>, scope: Scope<'_>) -> bool {
    let is_on = |value: &&Value| !is_disabled(value);
    let (Some(controller), Some(container)) = (scope.controller, scope.container) else {
        return false;
    };
    let controllers = app.tree().value(app.values()).get("controllers");
    controllers
        .and_then(|controllers| controllers.get(controller))
        .filter(is_on)
        .is_some_and(|controller| {
            ["containers", "initContainers"].iter().any(|map| {
                controller
                    .get(map)
                    .and_then(|map| map.get(container))
                    .is_some_and(|container| is_on(&container))
            })
        })
}

/// Visits the mounts of one list. A mount without `path` takes the path of the mount before it in
/// some versions of the chart and the entry's own in others; `written` says whether one was there
/// before this list, and is handed back for the next.
fn each_of_list<'a>(
    tree: &Tree<'a>,
    list: Option<NodeId>,
    base: Mount<'a>,
    mut written: bool,
    visit: &mut impl FnMut(Mount<'a>),
) -> bool {
    let Some(list) = list else { return written };
    for node in tree.children(list) {
        let value = tree.value(node);
        let Some(mount) = value.as_object() else {
            continue;
        };
        match mount.get("path") {
            Some(Value::String(path)) if !path.is_empty() => {
                written = true;
                visit(Mount {
                    path,
                    implied: false,
                    node,
                    ..base
                });
            }
            _ if !written => visit(Mount { node, ..base }),
            _ => {}
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{HelmRelease, Subject};

    fn mounts(values: &Value) -> Vec<String> {
        let root = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "romm"},
            "spec": {"chartRef": {"kind": "OCIRepository", "name": "app-template"}, "values": values}
        });
        let subject = Subject::new(&root).expect("a HelmRelease");
        let release = HelmRelease::of(&subject);
        let app = AppTemplate::of(&release).expect("app-template");
        let mut found = Vec::new();
        each(&app, &mut |mount| {
            found.push(format!(
                "{}/{} {}",
                mount.scope.controller.unwrap_or("*"),
                mount.scope.container.unwrap_or("*"),
                mount.segments().collect::<Vec<_>>().join("/")
            ));
        });
        found
    }

    #[test]
    fn mounts_are_those_that_the_chart_makes() {
        let found = mounts(&json!({
            "controllers": {"romm": {"containers": {"app": {}}, "statefulset": {"volumeClaimTemplates": [
                {"name": "state", "advancedMounts": {"app": [{"path": "/state"}]}},
                {"name": "plain"},
                {"name": "off", "enabled": false}
            ]}}},
            "persistence": {
                "a": {"type": "emptyDir"},
                "b": {"globalMounts": [{"path": "/b//x/./"}, {"subPath": "y"}]},
                "c": {"advancedMounts": {"romm": {"app": [{"path": "/c"}, {"readOnly": true}]}}},
                "d": {"type": "hostPath", "hostPath": "/dev/dri", "advancedMounts": {}},
                "e": {"enabled": false},
                "f": {"globalMounts": [{"readOnly": true}]}
            }
        }));
        assert_eq!(
            found,
            [
                "*/* a",
                "*/* b/x",
                "romm/app c",
                "*/* dev/dri",
                "*/* f",
                "romm/app state",
                "romm/* plain",
            ]
        );
    }

    #[test]
    fn the_wider_scope_sorts_first() {
        let all = Scope::default();
        let controller = Scope {
            controller: Some("romm"),
            container: None,
        };
        let container = Scope {
            controller: Some("romm"),
            container: Some("app"),
        };
        assert!(all < controller && controller < container);
    }
}
