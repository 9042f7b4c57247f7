//! `missing-tmpfs`: a root file system that cannot be written, and no place to write to.

mod asked;
mod scopes;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::asked::{Settled, settled};
use self::scopes::Scopes;
use super::{Filler, Storage, shown};
use crate::facts::Facts;
use crate::model::persistence::is_set;
use crate::model::{
    Action, Case, Findings, Kind, NodeId, Scope, Tree, mounts as declared, template,
};
use crate::mounts::{self, MountPath};
use crate::rules::{Family, Meta, Params, Rule, Stricter, rule};

rule! {
    /// ## What it does
    /// Finds containers of app-template releases with `readOnlyRootFilesystem: true` that have nothing
    /// mounted at a path that programs write to, `/tmp` unless the policy says more, nor above it.
    ///
    /// ## Why is this bad
    /// The pod starts, and fails at the first temporary file: some programs at once, others at the
    /// first upload, long after the rollout was called a success.
    ///
    /// ## Example
    /// ```yaml
    /// controllers:
    ///   romm:
    ///     containers:
    ///       app:
    ///         securityContext:
    ///           readOnlyRootFilesystem: true
    /// ```
    ///
    /// ## Use instead
    /// A volume in memory, or the annotation by which Lockkeeper's webhook adds one:
    /// ```yaml
    /// controllers:
    ///   romm:
    ///     containers:
    ///       app:
    ///         securityContext:
    ///           readOnlyRootFilesystem: true
    /// persistence:
    ///   tmp:
    ///     type: emptyDir
    ///     medium: Memory
    ///     sizeLimit: 64Mi
    /// ```
    /// ```yaml
    /// defaultPodOptions:
    ///   annotations:
    ///     lockkeeper.dev/tmpfs: /tmp=64Mi
    /// ```
    ///
    /// ## What is not judged
    /// Charts other than app-template; containers, controllers and mounts with `enabled: false`; pods
    /// whose annotation `lockkeeper.dev/tmpfs` asks for the path, or whose annotation or label of that
    /// name says `off`; what a chart that wraps
    /// app-template may mount by itself. Whether the image writes there at all, nobody can see: the rule
    /// is an audit unless the policy says otherwise. It does not know of TmpfsPolicies, which may give
    /// the pod its mount all the same. Where `valuesFrom`, a placeholder or a kustomize patch may add
    /// the mount, it is unverified.
    ///
    /// ## Options
    /// * `paths`: the paths that must be writable, `["/tmp"]` by default.
    ///
    /// ## References
    /// * <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>
    /// * <https://kubernetes.io/docs/concepts/storage/volumes/#emptydir>
    pub struct MissingTmpfs;
}

/// What a policy can set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct MissingTmpfsParams {
    /// The paths that must be writable.
    pub paths: Vec<MountPath>,
}

impl Default for MissingTmpfsParams {
    fn default() -> Self {
        Self {
            paths: MountPath::parse("/tmp").into_iter().collect(),
        }
    }
}

impl Params for MissingTmpfsParams {}

impl Stricter for MissingTmpfsParams {
    /// All paths that either asks for.
    fn stricter(mut self, other: Self) -> Self {
        for path in other.paths {
            if !self.paths.contains(&path) {
                self.paths.push(path);
            }
        }
        self
    }
}

impl Rule for MissingTmpfs {
    type Params = MissingTmpfsParams;
    const META: Meta = Meta {
        name: "missing-tmpfs",
        family: Family::Storage,
        subjects: &[Kind::HelmRelease],
        action: Action::Audit,
        summary: "a read-only root file system without a place for temporary files",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, params: &Self::Params, _: &dyn Facts, out: &mut Findings) {
        // What the chart sets by itself is not in the values.
        let Some(storage) = Storage::of(case).filter(|storage| storage.filler != Filler::Chart)
        else {
            return;
        };
        let has_read_only = storage.app.controllers().any(|(_, controller)| {
            containers(storage.tree(), controller)
                .any(|container| container.root(storage.tree()) != Root::Writable)
        });
        if has_read_only {
            for path in &params.paths {
                judge(&storage, path.as_str(), out);
            }
        }
    }
}

/// What is known of a container's root file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Writable,
    ReadOnly,
    /// A placeholder says.
    Open,
}

/// A container with the security context that the chart may fall back on.
#[derive(Clone, Copy)]
struct Container<'a> {
    name: &'a str,
    node: NodeId,
    default: Option<&'a Value>,
    merges: bool,
}

impl Container<'_> {
    fn root(&self, tree: &Tree<'_>) -> Root {
        let key = |context: &Value| context.get("readOnlyRootFilesystem").map(root);
        let own = tree
            .value(self.node)
            .get("securityContext")
            .filter(|context| is_set(context));
        let said = match own {
            Some(own) if self.merges => key(own).or_else(|| self.default.and_then(key)),
            Some(own) => key(own),
            None => self.default.and_then(key),
        };
        said.unwrap_or(Root::Writable)
    }
}

fn root(value: &Value) -> Root {
    match value {
        Value::Bool(true) => Root::ReadOnly,
        Value::String(text) if template::is_open(text) => Root::Open,
        _ => Root::Writable,
    }
}

fn containers<'s, 'a>(
    tree: &'s Tree<'a>,
    controller: NodeId,
) -> impl Iterator<Item = Container<'a>> + use<'s, 'a> {
    let value = tree.value(controller);
    let default = value
        .get("defaultContainerOptions")
        .and_then(|options| options.get("securityContext"));
    let merges = value
        .get("defaultContainerOptionsStrategy")
        .and_then(Value::as_str)
        == Some("merge");
    let for_init = value
        .get("applyDefaultContainerOptionsToInitContainers")
        .is_none_or(|apply| apply == &Value::Bool(true));
    [("initContainers", for_init), ("containers", true)]
        .into_iter()
        .filter_map(move |(map, inherits)| Some((tree.child(controller, map)?, inherits)))
        .flat_map(move |(map, inherits)| tree.children(map).map(move |node| (node, inherits)))
        .filter(move |(node, _)| {
            let container = tree.value(*node);
            container.is_object() && !crate::model::persistence::is_disabled(container)
        })
        .filter_map(move |(node, inherits)| {
            Some(Container {
                name: tree.node(node).step.key()?,
                node,
                default: default.filter(|_| inherits),
                merges,
            })
        })
}

fn judge(storage: &Storage<'_, '_>, path: &str, out: &mut Findings) {
    let tree = storage.tree();
    let mut covering = Scopes::default();
    let mut perhaps = Scopes::default();
    declared::each(&storage.app, &mut |mount| {
        let is_open = !mount.implied && template::is_open(mount.path);
        if is_open || (!mount.sure && mounts::covers(mount.path, path)) {
            perhaps.add(mount.scope);
        } else if mounts::covers(mount.path, path) {
            covering.add(mount.scope);
        }
    });
    covering.sort();
    perhaps.sort();
    for (controller, node) in storage.app.controllers() {
        let settled = settled(storage, node, path);
        if settled == Settled::Yes {
            continue;
        }
        for container in containers(tree, node) {
            let root = container.root(tree);
            let scope = Scope {
                controller: Some(controller),
                container: Some(container.name),
            };
            if root == Root::Writable || covering.hold(scope) {
                continue;
            }
            let mut message = format!(
                "container `{}` of controller `{}` has a read-only root and nothing mounted at `{path}`",
                shown(container.name),
                shown(controller)
            );
            let why = if root == Root::Open {
                Some("; a placeholder says whether its root is read-only")
            } else if settled == Settled::Perhaps {
                Some("; a placeholder in the annotation `lockkeeper.dev/tmpfs` may ask for it")
            } else if perhaps.hold(scope) {
                Some("; a mount with a placeholder may be there")
            } else {
                None
            };
            message.push_str(why.unwrap_or(""));
            if let Some(finding) = storage.lacks(out, container.node, message) {
                finding.help(HELP);
                if why.is_some() {
                    finding.unverified();
                }
            }
        }
    }
}

const HELP: &str = "add a `persistence` entry with `type: emptyDir` and `medium: Memory` there, or let the webhook add one by the pod annotation `lockkeeper.dev/tmpfs`, such as `/tmp=64Mi`";

#[cfg(test)]
mod tests;
