//! `advancedMounts` names controllers and containers; here they are looked up.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::model::persistence::is_disabled;
use crate::model::{Findings, NodeId, Persistence, Tree, nearest};
use crate::rules::storage::{Filler, Storage, doubt_switch, shown};

/// Messages name so many of the names that exist, and look for the nearest among more.
const NAMED: usize = 5;
const COMPARED: usize = 20;

/// What a name in `advancedMounts` is.
enum Found<'a> {
    /// In force.
    There(&'a Value),
    /// Switched off, so nothing is mounted and nothing is said.
    Off,
    /// Not there.
    Missing,
}

pub(super) fn of_entry(storage: &Storage<'_, '_>, entry: &Persistence<'_, '_>, out: &mut Findings) {
    let tree = storage.tree();
    let Some(advanced) = tree.child(entry.node, "advancedMounts") else {
        return;
    };
    let controllers = tree.value(storage.app.values()).get("controllers");
    let controllers = controllers.and_then(Value::as_object);
    for node in tree.children(advanced) {
        let Some(name) = tree.node(node).step.key() else {
            continue;
        };
        match look(controllers, name) {
            Found::There(controller) => of_controller(storage, name, controller, node, entry, out),
            Found::Off => {}
            Found::Missing => {
                // Version 2 has a controller of this name by default.
                let is_default = storage.may_be_v2 && name == "main";
                if !is_default && !is_empty(tree, node) {
                    let all: [Option<&Map<_, _>>; 1] = [controllers];
                    unknown(storage, entry, node, ("controller", name, ""), &all, out);
                }
            }
        }
    }
}

/// The `advancedMounts` of claim templates name containers only: the controller is theirs.
pub(super) fn of_templates(storage: &Storage<'_, '_>, out: &mut Findings) {
    let tree = storage.tree();
    for (name, node) in storage.app.controllers() {
        let Some(templates) = tree.descend(node, &["statefulset", "volumeClaimTemplates"]) else {
            continue;
        };
        for template in tree.children(templates) {
            let key = tree.value(template).get("name").and_then(Value::as_str);
            let entry = Persistence::of(tree, (key.unwrap_or(""), template));
            let is_off = is_disabled(tree.value(template));
            if let Some(advanced) = tree.child(template, "advancedMounts").filter(|_| !is_off) {
                of_controller(storage, name, tree.value(node), advanced, &entry, out);
            }
        }
    }
}

fn of_controller(
    storage: &Storage<'_, '_>,
    name: &str,
    controller: &Value,
    mounts: NodeId,
    entry: &Persistence<'_, '_>,
    out: &mut Findings,
) {
    let tree = storage.tree();
    let map = |key: &str| controller.get(key).and_then(Value::as_object);
    let all = [map("containers"), map("initContainers")];
    for node in tree.children(mounts) {
        let Some(container) = tree.node(node).step.key() else {
            continue;
        };
        let is_missing = all
            .iter()
            .all(|map| matches!(look(*map, container), Found::Missing));
        let is_default = storage.may_be_v2 && name == "main" && container == "main";
        if is_missing && !is_default && !is_empty(tree, node) {
            unknown(
                storage,
                entry,
                node,
                ("container", container, name),
                &all,
                out,
            );
        }
    }
}

fn look<'a>(map: Option<&'a Map<String, Value>>, name: &str) -> Found<'a> {
    match map.and_then(|map| map.get(name)) {
        None => Found::Missing,
        Some(value) if is_disabled(value) => Found::Off,
        Some(value) => Found::There(value),
    }
}

/// A key without mounts mounts nothing.
fn is_empty(tree: &Tree<'_>, node: NodeId) -> bool {
    match tree.value(node) {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn unknown(
    storage: &Storage<'_, '_>,
    entry: &Persistence<'_, '_>,
    node: NodeId,
    (what, name, controller): (&str, &str, &str),
    known: &[Option<&Map<String, Value>>],
    out: &mut Findings,
) {
    if storage.filler == Filler::Chart {
        return;
    }
    let names = || {
        let maps = known.iter().flatten();
        maps.flat_map(|map| map.keys().map(String::as_str))
    };
    let key = entry.key;
    let shown_name = shown(name);
    let message = if controller.is_empty() {
        format!(
            "`{key}` is mounted in the controller `{shown_name}`, which does not exist, so the chart fails or mounts it nowhere"
        )
    } else {
        format!(
            "`{key}` is mounted in the container `{shown_name}` of controller `{controller}`, which does not exist, so the chart silently mounts it nowhere"
        )
    };
    let Some(finding) = storage.lacks(out, node, message) else {
        return;
    };
    let mut help = match nearest(shown_name, names().take(COMPARED)) {
        Some(near) => format!("did you mean `{near}`? "),
        None => String::new(),
    };
    help.push_str("the release has ");
    for (index, name) in names().take(NAMED).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        _ = write!(help, "{comma}`{}`", shown(name));
    }
    match known.iter().flatten().map(|map| map.len()).sum() {
        0 => _ = write!(help, "no {what} here"),
        more if more > NAMED => _ = write!(help, " and {} more", more - NAMED),
        _ => {}
    }
    finding.help(help);
    if !entry.is_surely_enabled() {
        doubt_switch(finding);
    }
    // Flux substitutes in keys too, and two that differ now may be the same then.
    if name.contains("${") || names().take(COMPARED).any(|name| name.contains("${")) {
        finding
            .message
            .push_str("; a placeholder is in its name, and may make it the right one");
        finding.unverified();
    }
}
