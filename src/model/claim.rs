//! PersistentVolumeClaims in the values of a release: where they are named, and which of them the
//! release makes itself.

use std::collections::HashSet;

use serde_json::Value;

use super::persistence::{Persistence, VolumeKind, is_set, is_switched_off};
use super::resource_name::{Made, MadeNames, full_name, name_in_own};
use super::{AppTemplate, HelmRelease, NodeId, Step, Tree};

/// How a claim is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimPlace {
    /// `existingClaim` of an app-template `persistence` entry, which the chart takes as it is.
    Entry,
    /// `claimName` of a Kubernetes volume.
    Volume,
    /// `existingClaim` in the values of any chart.
    Existing,
    /// `claimName` in the values of any chart, which may be the name of a claim that the chart makes.
    Named,
}

/// A place that names a claim.
#[derive(Clone, Copy, Debug)]
pub struct ClaimReference<'a> {
    /// The node of the name.
    pub node: NodeId,
    /// What stands there.
    pub value: &'a Value,
    /// How it is named.
    pub place: ClaimPlace,
}

/// All claims that the values of a release name, but for what is switched off.
pub fn references<'s, 'a>(
    release: &HelmRelease<'s, 'a>,
    app: Option<&AppTemplate<'s, 'a>>,
) -> impl Iterator<Item = ClaimReference<'a>> + use<'s, 'a> {
    let tree = release.tree();
    let values = release.values();
    let entries = app.and_then(|app| tree.child(app.values(), "persistence"));
    values
        .into_iter()
        .flat_map(move |values| tree.subtree(values).map(move |node| (values, node)))
        .filter_map(move |(values, node)| {
            let place = match tree.node(node).step {
                Step::Key("existingClaim") => existing(tree, entries, node)?,
                Step::Key("claimName") => {
                    let parent = tree.node(tree.parent(node)?);
                    if parent.step == Step::Key("persistentVolumeClaim") {
                        ClaimPlace::Volume
                    } else {
                        ClaimPlace::Named
                    }
                }
                _ => return None,
            };
            (!is_switched_off(tree, values, node)).then(|| ClaimReference {
                node,
                value: tree.value(node),
                place,
            })
        })
}

/// The place of an `existingClaim`; `None` where app-template does not read it.
fn existing(tree: &Tree<'_>, entries: Option<NodeId>, node: NodeId) -> Option<ClaimPlace> {
    let entry = tree.parent(node)?;
    if entries.is_none() || tree.parent(entry) != entries {
        return Some(ClaimPlace::Existing);
    }
    match Persistence::of(tree, ("", entry)).kind() {
        VolumeKind::Claim => Some(ClaimPlace::Entry),
        // Version 1 called it `pvc`.
        VolumeKind::Other(_) => Some(ClaimPlace::Existing),
        _ => None,
    }
}

/// The claims that the values of a release make. It allocates: made only for a claim that is not there.
#[derive(Debug, Default)]
pub struct ClaimsMade<'a> {
    names: MadeNames,
    /// The names of StatefulSets' claim templates: their claims are `<template>-<set>-<ordinal>`.
    templates: HashSet<&'a str>,
    /// The chart has claims of its own, whose names hold the release's.
    own: Option<String>,
}

impl<'a> ClaimsMade<'a> {
    /// Reads the values of a release.
    #[must_use]
    pub fn of(release: &HelmRelease<'_, 'a>, app: Option<&AppTemplate<'_, 'a>>) -> Self {
        let mut made = Self::default();
        let tree = release.tree();
        let name = release.release_name();
        if let Some(app) = app {
            made.add_entries(app, release, &name);
        }
        made.own = name_in_own(release, app);
        let Some(values) = release.values() else {
            return made;
        };
        for node in tree.subtree(values) {
            match (tree.node(node).step, tree.value(node)) {
                (Step::Key("volumeClaimTemplates"), Value::Array(templates)) => {
                    made.templates.extend(templates.iter().filter_map(name_of));
                }
                (_, map @ Value::Object(_)) if is_claim(map) => match name_of(map) {
                    Some(name) => made.names.add(name, release),
                    None => made.names.vague = true,
                },
                (_, Value::String(text)) if text.contains("kind: PersistentVolumeClaim") => {
                    made.names.vague = true;
                }
                (Step::Key("claimName"), Value::String(name)) if creates(tree, node) => {
                    made.names.add(name, release);
                }
                _ => {}
            }
        }
        made
    }

    /// The claims of app-template's entries.
    fn add_entries(
        &mut self,
        app: &AppTemplate<'_, 'a>,
        release: &HelmRelease<'_, 'a>,
        name: &str,
    ) {
        let tree = app.tree();
        let Some(full) = full_name(tree.value(app.values()), name) else {
            self.names.vague = true;
            return;
        };
        for (key, node) in app.persistence() {
            let entry = Persistence::of(tree, (key, node));
            if entry.kind() == VolumeKind::Claim && !entry.has("existingClaim") {
                self.names.add_entry(&full, key, tree.value(node), release);
            }
        }
    }

    /// Whether the release makes the claim of that name.
    #[must_use]
    pub fn makes(&self, name: &str) -> Made {
        let is_numbered = name
            .rsplit_once('-')
            .is_some_and(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
        let of_template = || {
            name.match_indices('-')
                .any(|(at, _)| self.templates.contains(&name[..at]))
        };
        if self.names.contains(name) || (is_numbered && of_template()) {
            return Made::Surely;
        }
        let of_chart = self
            .own
            .as_deref()
            .is_some_and(|release| is_numbered && name.contains(release));
        if self.names.vague || of_chart {
            Made::Perhaps
        } else {
            Made::No
        }
    }
}

fn is_claim(map: &Value) -> bool {
    map.get("kind").and_then(Value::as_str) == Some("PersistentVolumeClaim")
}

/// `name`, or `metadata.name`.
fn name_of(map: &Value) -> Option<&str> {
    map.pointer("/metadata/name")
        .or_else(|| map.get("name"))
        .and_then(Value::as_str)
}

/// Whether `create` beside the node is set: then the name is that of a claim to make.
fn creates(tree: &Tree<'_>, node: NodeId) -> bool {
    tree.parent(node)
        .and_then(|parent| tree.value(parent).get("create"))
        .is_some_and(is_set)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Subject;

    fn with_release<T>(values: &Value, look: impl FnOnce(&HelmRelease<'_, '_>) -> T) -> T {
        let root = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "romm", "namespace": "games"}, "spec": {"values": values}
        });
        let subject = Subject::new(&root).expect("a HelmRelease");
        look(&HelmRelease::of(&subject))
    }

    #[test]
    fn claims_are_found_wherever_charts_name_them() {
        let values = json!({
            "controllers": {"romm": {"containers": {"app": {}}}},
            "persistence": {
                "a": {"existingClaim": "entry"},
                "b": {"type": "emptyDir", "existingClaim": "not-read"},
                "c": {"type": "custom", "volumeSpec": {"persistentVolumeClaim": {"claimName": "volume"}}},
                "d": {"enabled": false, "existingClaim": "off"}
            },
            "postgresql": {"primary": {"persistence": {"existingClaim": "existing"}}},
            "forgejo": {"persistence": {"claimName": "named"}}
        });
        let found: Vec<_> = with_release(&values, |release| {
            let app = AppTemplate::of(release).expect("app-template");
            references(release, Some(&app))
                .map(|claim| (claim.value.as_str().unwrap_or("").to_owned(), claim.place))
                .collect()
        });
        assert_eq!(
            found,
            [
                ("named".to_owned(), ClaimPlace::Named),
                ("entry".to_owned(), ClaimPlace::Entry),
                ("volume".to_owned(), ClaimPlace::Volume),
                ("existing".to_owned(), ClaimPlace::Existing),
            ]
        );
    }

    #[test]
    fn a_release_makes_claims_of_its_own() {
        let values = json!({
            "controllers": {"romm": {"containers": {"app": {}}, "statefulset": {
                "volumeClaimTemplates": [{"name": "state"}]}}},
            "persistence": {
                "config": {"size": "1Gi", "accessMode": "ReadWriteOnce"},
                "forced": {"forceRename": "{{ .Release.Name }}-Kept", "size": "1Gi"},
                "media": {"existingClaim": "media"}
            },
            "rawResources": {"extra": {"kind": "PersistentVolumeClaim", "metadata": {"name": "raw"}}}
        });
        with_release(&values, |release| {
            let app = AppTemplate::of(release);
            let made = ClaimsMade::of(release, app.as_ref());
            for name in ["romm", "romm-config", "romm-kept", "state-romm-0", "raw"] {
                assert_eq!(made.makes(name), Made::Surely, "{name}");
            }
            for name in ["media", "romm-media", "state-romm", "other"] {
                assert_eq!(made.makes(name), Made::No, "{name}");
            }
        });
    }

    #[test]
    fn charts_may_make_claims_that_values_do_not_show() {
        with_release(
            &json!({"persistence": {"create": true, "claimName": "git"}}),
            |release| {
                let made = ClaimsMade::of(release, None);
                assert_eq!(made.makes("git"), Made::Surely);
                assert_eq!(made.makes("data-romm-postgresql-0"), Made::Perhaps);
                assert_eq!(made.makes("data"), Made::No);
            },
        );
        let raw = json!({"extraDeploy": ["apiVersion: v1\nkind: PersistentVolumeClaim\n"]});
        with_release(&raw, |release| {
            assert_eq!(ClaimsMade::of(release, None).makes("data"), Made::Perhaps);
        });
    }
}
