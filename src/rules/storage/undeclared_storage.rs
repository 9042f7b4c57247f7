//! `undeclared-storage`: a volume that does not say what it is made of.

use serde_json::Value;

use super::volume::{self, CLAIM, HOST_PATH, NFS};
use super::{Filler, Storage, doubt_switch, shown};
use crate::facts::Facts;
use crate::model::persistence::{VOLUME_KINDS, is_set};
use crate::model::template::is_open;
use crate::model::{
    Action, Case, Findings, HelmRelease, Kind, NodeId, Persistence, Tree, VolumeKind, nearest,
};
use crate::rules::{Family, Meta, NoParams, Rule, rule};

rule! {
    /// ## What it does
    /// Refuses a volume that does not say what it is made of: an app-template `persistence` entry
    /// without a claim and without `size` and `accessMode` to make one, an NFS share without
    /// `server` or `path`, a `hostPath` or `custom` entry without its path or `volumeSpec`, a
    /// `configMap` or `secret` entry that names none, and a claim that is both existing and to be
    /// made.
    ///
    /// ## Why is this bad
    /// The chart fails, or the pod waits for ever, after the commit was merged; and a release that
    /// keeps no data because its volume was never declared loses it at the first restart.
    ///
    /// ## Example
    /// ```yaml
    /// persistence:
    ///   data:
    ///     type: persistentVolumeClaim
    ///   library:
    ///     type: nfs
    ///     path: /mnt/roms
    /// ```
    ///
    /// ## Use instead
    /// ```yaml
    /// persistence:
    ///   data:
    ///     existingClaim: romm
    ///   library:
    ///     type: nfs
    ///     server: nas.internal
    ///     path: /mnt/roms
    /// ```
    ///
    /// ## What is not judged
    /// `persistence` in the values of other charts (what is not set there, the chart's defaults
    /// set), app-template 1, entries with `enabled: false`, and volumes that keep nothing, such as
    /// `emptyDir`. With `valuesFrom` that could not be read (Secrets never are), or in a file without a
    /// chart, what is missing is unverified.
    /// In lists of Kubernetes volumes (`volumes`, `extraVolumes`), NFS, hostPath and claim sources
    /// are judged.
    ///
    /// ## Options
    /// None.
    ///
    /// ## References
    /// * <https://bjw-s-labs.github.io/helm-charts/docs/common-library/storage/>
    /// * <https://kubernetes.io/docs/concepts/storage/volumes/>
    pub struct UndeclaredStorage;
}

const HELP_CLAIM: &str = "name a claim with `existingClaim`, or set both `size` and `accessMode` so that the chart makes one; for data that may be lost write `type: emptyDir`";
const HELP_BOTH: &str = "keep `existingClaim` and remove `size`, or remove `existingClaim` and let the chart make the claim";
const HELP_FIELD: &str = "set it, or say `enabled: false` if the volume is not wanted";
const HELP_TYPE: &str = "app-template knows persistentVolumeClaim, emptyDir, nfs, hostPath, configMap, secret, image, ephemeral and custom";

impl Rule for UndeclaredStorage {
    type Params = NoParams;
    const META: Meta = Meta {
        name: "undeclared-storage",
        family: Family::Storage,
        subjects: &[Kind::HelmRelease],
        action: Action::Deny,
        summary: "a volume that does not say what it is made of",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, _: &NoParams, _: &dyn Facts, out: &mut Findings) {
        // The chart's defaults fill the gaps of a chart that wraps app-template.
        if let Some(storage) = Storage::of(case).filter(|it| it.filler != Filler::Chart) {
            for entry in storage.entries() {
                judge_entry(&storage, &entry, out);
            }
            judge_templates(&storage, out);
        }
        let release = HelmRelease::of(&case.subject);
        for volume in volume::listed(&release) {
            judge_source(release.tree(), volume.node, volume.name, out);
        }
    }
}

fn judge_entry(storage: &Storage<'_, '_>, entry: &Persistence<'_, '_>, out: &mut Findings) {
    let tree = storage.tree();
    if !tree.value(entry.node).is_object() {
        return;
    }
    match entry.kind() {
        VolumeKind::Claim => judge_claim(storage, entry, out),
        VolumeKind::Nfs => want(storage, entry, &["server", "path"], out),
        VolumeKind::HostPath => want(storage, entry, &["hostPath"], out),
        VolumeKind::Image => want(storage, entry, &["image"], out),
        VolumeKind::Custom => {
            want(storage, entry, &["volumeSpec"], out);
            if let Some(spec) = tree.child(entry.node, "volumeSpec") {
                judge_source(tree, spec, entry.key, out);
            }
        }
        VolumeKind::ConfigMap => judge_reference(storage, entry, "ConfigMap", out),
        VolumeKind::Secret => judge_reference(storage, entry, "Secret", out),
        VolumeKind::Other(kind) => judge_kind(storage, entry, kind, out),
        VolumeKind::EmptyDir | VolumeKind::Ephemeral | VolumeKind::Projected => {}
    }
}

fn judge_claim(storage: &Storage<'_, '_>, entry: &Persistence<'_, '_>, out: &mut Findings) {
    let key = entry.key;
    if entry.has("existingClaim") {
        if entry.has("size") {
            let finding = out.at(
                storage.tree(),
                entry.at("size"),
                format!(
                    "persistence entry `{key}` names an existing claim and a `size` for a new one"
                ),
            );
            finding.help(HELP_BOTH);
            // Only the schemas of app-template 3 and later refuse it.
            if storage.may_be_v2 {
                finding.at_most(Action::Warn);
            }
            if !entry.is_surely_enabled() {
                doubt_switch(finding);
            }
        }
        return;
    }
    let message = match (entry.has("size"), entry.has("accessMode")) {
        (true, true) => return,
        (false, false) => format!(
            "persistence entry `{key}` names no claim, and has no `size` and `accessMode` to make one"
        ),
        (true, false) => {
            format!("persistence entry `{key}` has no `accessMode`, so no claim can be made")
        }
        (false, true) => {
            format!("persistence entry `{key}` has no `size`, so no claim can be made")
        }
    };
    // Version 2 has defaults for an entry of this name.
    if storage.may_be_v2 && key == "config" {
        return;
    }
    lacking(storage, entry, entry.node, message, HELP_CLAIM, out);
}

/// Wants fields without which the chart fails.
fn want(
    storage: &Storage<'_, '_>,
    entry: &Persistence<'_, '_>,
    fields: &[&str],
    out: &mut Findings,
) {
    for field in fields {
        if !entry.has(field) {
            let kind = entry.text("type").unwrap_or("volume");
            let message = format!(
                "persistence entry `{}` is of type `{kind}` and has no `{field}`",
                entry.key
            );
            lacking(storage, entry, entry.at(field), message, HELP_FIELD, out);
        }
    }
}

/// A ConfigMap or Secret must be named, in any way that this or a later version of the chart knows.
fn judge_reference(
    storage: &Storage<'_, '_>,
    entry: &Persistence<'_, '_>,
    kind: &str,
    out: &mut Findings,
) {
    const SAYS_NOTHING: &[&str] = &[
        "type",
        "enabled",
        "defaultMode",
        "items",
        "optional",
        "globalMounts",
        "advancedMounts",
        "annotations",
        "labels",
        "readOnly",
    ];
    let names_nothing = storage
        .tree()
        .value(entry.node)
        .as_object()
        .is_some_and(|map| {
            map.iter()
                .all(|(key, value)| SAYS_NOTHING.contains(&key.as_str()) || !is_set(value))
        });
    if names_nothing {
        let message = format!("persistence entry `{}` names no {kind}", entry.key);
        lacking(
            storage,
            entry,
            entry.node,
            message,
            "set `name`, or `identifier` for one that this release makes",
            out,
        );
    }
}

/// A type that the chart does not know makes it fail; one that only a later version may know is in doubt.
fn judge_kind(
    storage: &Storage<'_, '_>,
    entry: &Persistence<'_, '_>,
    kind: &str,
    out: &mut Findings,
) {
    let (key, tree, node) = (entry.key, storage.tree(), entry.at("type"));
    if is_open(kind) {
        out.at(
            tree,
            node,
            format!(
                "the type of persistence entry `{key}` is a placeholder, so it could not be judged"
            ),
        )
        .unverified();
        return;
    }
    let kind = shown(kind);
    let meant = match kind {
        "pvc" => Some(VOLUME_KINDS[0]),
        other => VOLUME_KINDS
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(other))
            .or_else(|| nearest(other, VOLUME_KINDS)),
    };
    let finding = match meant {
        Some(meant) => out.at(
            tree,
            node,
            format!("persistence entry `{key}` has the unknown type `{kind}`; did you mean `{meant}`?"),
        ),
        None => out
            .at(
                tree,
                node,
                format!("persistence entry `{key}` has the type `{kind}`, which is not known here, so it could not be judged"),
            )
            .unverified(),
    };
    finding.help(HELP_TYPE);
    if !entry.is_surely_enabled() {
        doubt_switch(finding);
    }
}

fn lacking(
    storage: &Storage<'_, '_>,
    entry: &Persistence<'_, '_>,
    node: NodeId,
    message: String,
    help: &'static str,
    out: &mut Findings,
) {
    if let Some(finding) = storage.lacks(out, node, message) {
        finding.help(help);
        if !entry.is_surely_enabled() {
            doubt_switch(finding);
        }
    }
}

/// The claim templates of StatefulSets. Lists are replaced whole, so nothing else can fill them.
fn judge_templates(storage: &Storage<'_, '_>, out: &mut Findings) {
    let tree = storage.tree();
    for (controller, node) in storage.app.controllers() {
        if tree.value(node).get("type").and_then(Value::as_str) != Some("statefulset") {
            continue;
        }
        let Some(templates) = tree.descend(node, &["statefulset", "volumeClaimTemplates"]) else {
            continue;
        };
        for template in tree.children(templates) {
            let template = Persistence::of(tree, ("", template));
            let is_off = template
                .field("enabled")
                .is_some_and(|enabled| !is_set(enabled));
            for field in ["name", "size", "accessMode"] {
                if !is_off && tree.value(template.node).is_object() && !template.has(field) {
                    out.at(
                        tree,
                        template.at(field),
                        format!("a claim template of controller `{controller}` has no `{field}`"),
                    )
                    .help("a claim template needs `name`, `size` and `accessMode`");
                }
            }
        }
    }
}

/// The sources of a Kubernetes volume that the API server refuses.
fn judge_source(tree: &Tree<'_>, node: NodeId, name: &str, out: &mut Findings) {
    let wanted: [(&str, &[&str], &[&str]); 3] = [
        ("nfs", NFS, &["server", "path"]),
        ("hostPath", HOST_PATH, &["path"]),
        ("persistentVolumeClaim", CLAIM, &["claimName"]),
    ];
    for (kind, known, fields) in wanted {
        let Some((at, source)) = volume::source(tree, node, kind, known) else {
            continue;
        };
        for field in fields {
            // An empty name of a claim is for `missing-claim` to say.
            let is_named = *field == "claimName" && source.get(field).is_some_and(Value::is_string);
            if !is_named && !source.get(field).is_some_and(is_set) {
                out.at(
                    tree,
                    tree.child(at, field).unwrap_or(at),
                    format!(
                        "volume `{}` is of type `{kind}` and has no `{field}`",
                        shown(name)
                    ),
                )
                .help("set it, or remove the volume");
            }
        }
    }
}

#[cfg(test)]
mod tests;
