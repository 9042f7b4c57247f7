//! `invalid-mount`: a volume that is mounted nowhere, twice, or at a path that is none.

mod duplicates;
mod path;
mod references;

use serde_json::Value;

use self::duplicates::Gathered;
use super::volume::{self, HOST_PATH, NFS};
use super::{Storage, doubt_switch};
use crate::facts::Facts;
use crate::model::persistence::is_set;
use crate::model::{
    Action, Case, Findings, HelmRelease, Kind, Mount, NodeId, Persistence, Scope, Tree, VolumeKind,
    mounts,
};
use crate::rules::{Family, Meta, NoParams, Rule, rule};

rule! {
    /// ## What it does
    /// Refuses a mount that cannot be what was meant: `advancedMounts` for a controller or a
    /// container that the release does not have, two volumes at one path in one container, a
    /// relative path, `..` in a path, an absolute `subPath`, an NFS server or path that is none,
    /// and a relative `hostPath`.
    ///
    /// ## Why is this bad
    /// A mount for a container that does not exist is silent: the chart succeeds, the pod runs, the
    /// volume is mounted nowhere, and what the application writes is lost at the next restart. No
    /// schema sees it. The other mistakes fail later, in the API server or in the kubelet, after the
    /// commit was merged.
    ///
    /// ## Example
    /// ```yaml
    /// controllers:
    ///   romm:
    ///     containers:
    ///       app: {}
    /// persistence:
    ///   data:
    ///     existingClaim: romm
    ///     advancedMounts:
    ///       romm:
    ///         main:
    ///           - path: /romm/assets
    /// ```
    ///
    /// ## Use instead
    /// ```yaml
    /// controllers:
    ///   romm:
    ///     containers:
    ///       app: {}
    /// persistence:
    ///   data:
    ///     existingClaim: romm
    ///     advancedMounts:
    ///       romm:
    ///         app:
    ///           - path: /romm/assets
    /// ```
    ///
    /// ## What is not judged
    /// Entries, controllers and containers with `enabled: false`; one path in different containers;
    /// one volume at different paths. Where unread `valuesFrom` or a kustomize patch may add the
    /// controller or container, it is unverified. In other charts, lists of Kubernetes mounts
    /// (`volumeMounts`, `extraVolumeMounts`) are judged each by itself.
    ///
    /// ## Options
    /// None.
    ///
    /// ## References
    /// * <https://bjw-s-labs.github.io/helm-charts/docs/common-library/storage/>
    /// * <https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath>
    pub struct InvalidMount;
}

impl Rule for InvalidMount {
    type Params = NoParams;
    const META: Meta = Meta {
        name: "invalid-mount",
        family: Family::Storage,
        subjects: &[Kind::HelmRelease],
        action: Action::Deny,
        summary: "a volume that is mounted nowhere, twice, or at a path that is none",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, _: &NoParams, _: &dyn Facts, out: &mut Findings) {
        if let Some(storage) = Storage::of(case) {
            judge_app(&storage, out);
        }
        let release = HelmRelease::of(&case.subject);
        for list in volume::lists(&release, "olumeMounts") {
            judge_list(release.tree(), list, out);
        }
        for volume in volume::listed(&release) {
            judge_source(release.tree(), volume.node, volume.name, out);
        }
    }
}

fn judge_app(storage: &Storage<'_, '_>, out: &mut Findings) {
    let tree = storage.tree();
    for entry in storage.entries() {
        match entry.kind() {
            VolumeKind::Nfs => path::nfs(tree, entry.node, entry.key, out),
            VolumeKind::HostPath => path::host(tree, entry.node, "hostPath", entry.key, out),
            VolumeKind::Custom => {
                if let Some(spec) = tree.child(entry.node, "volumeSpec") {
                    judge_source(tree, spec, entry.key, out);
                }
            }
            _ => {}
        }
        judge_shape(tree, &entry, out);
        references::of_entry(storage, &entry, out);
    }
    references::of_templates(storage, out);
    let mut gathered = Gathered::default();
    mounts::each(&storage.app, &mut |mount| {
        if !mount.implied {
            path::mount(tree, &mount, "path", Action::Deny, out);
        }
        // An entry without mounts has no subPath that the chart would read.
        if tree
            .parent(mount.node)
            .is_some_and(|parent| tree.value(parent).is_array())
        {
            path::sub(tree, mount.node, mount.volume, out);
        }
        gathered.add(mount);
    });
    duplicates::of_app(storage, &mut gathered, out);
}

/// `globalMounts` is a list, and `advancedMounts` has lists below controllers and containers.
fn judge_shape(tree: &Tree<'_>, entry: &Persistence<'_, '_>, out: &mut Findings) {
    const HELP: &str =
        "write `globalMounts: [{path}]`, or `advancedMounts: {controller: {container: [{path}]}}`";
    let mut wrong = |node: NodeId, what: &str, of: &str| {
        let finding = out.at(
            tree,
            node,
            format!("{what} of `{}` does not hold {of}", entry.key),
        );
        finding.help(HELP);
        if !entry.is_surely_enabled() {
            doubt_switch(finding);
        }
    };
    // What is empty mounts nothing, whatever it is.
    let is_wrong = |value: &Value| is_set(value) && !value.is_array();
    if entry.field("globalMounts").is_some_and(is_wrong) {
        wrong(entry.at("globalMounts"), "`globalMounts`", "mounts");
    }
    let Some(advanced) = tree.child(entry.node, "advancedMounts") else {
        return;
    };
    for controller in tree.children(advanced) {
        let value = tree.value(controller);
        if is_set(value) && !value.is_object() {
            wrong(controller, "a controller in `advancedMounts`", "containers");
            continue;
        }
        for container in tree.children(controller) {
            if is_wrong(tree.value(container)) {
                wrong(container, "a container in `advancedMounts`", "mounts");
            }
        }
    }
}

/// The mounts of one container in Kubernetes' own words.
fn judge_list(tree: &Tree<'_>, list: NodeId, out: &mut Findings) {
    let mut gathered = Gathered::default();
    for node in tree.children(list) {
        let item = tree.value(node);
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let (Some(volume), Some(path)) = (text("name"), text("mountPath")) else {
            continue;
        };
        let mount = Mount {
            path,
            implied: false,
            node,
            volume,
            scope: Scope::default(),
            of_template: false,
            sure: true,
        };
        // The kubelet takes a relative path from the root, and the chart may mean that.
        path::mount(tree, &mount, "mountPath", Action::Warn, out);
        path::sub(tree, node, volume, out);
        gathered.add(mount);
    }
    duplicates::of_list(tree, &mut gathered, out);
}

/// The sources of a Kubernetes volume.
fn judge_source(tree: &Tree<'_>, volume: NodeId, name: &str, out: &mut Findings) {
    if let Some((node, _)) = volume::source(tree, volume, "nfs", NFS) {
        path::nfs(tree, node, name, out);
    }
    if let Some((node, _)) = volume::source(tree, volume, "hostPath", HOST_PATH) {
        path::host(tree, node, "path", name, out);
    }
}

#[cfg(test)]
mod tests;
