//! Two mounts at one path in one container. Mounts for every container are gathered once, not once a
//! container, so that the work grows with the document and not with its square.

use serde_json::Value;

use crate::model::{Findings, Mount, NodeId, Scope, Tree};
use crate::rules::storage::{Filler, Storage, shown};

/// So many mounts fit on the stack; a release with more pays one allocation.
const FEW: usize = 48;

const NONE: Mount<'static> = Mount {
    path: "",
    implied: true,
    node: NodeId::ROOT,
    volume: "",
    scope: Scope {
        controller: None,
        container: None,
    },
    of_template: false,
    sure: true,
};

/// The mounts of a release.
pub(super) struct Gathered<'a> {
    few: [Mount<'a>; FEW],
    count: usize,
    many: Vec<Mount<'a>>,
}

impl Default for Gathered<'_> {
    fn default() -> Self {
        Self {
            few: [NONE; FEW],
            count: 0,
            many: Vec::new(),
        }
    }
}

impl<'a> Gathered<'a> {
    pub(super) fn add(&mut self, mount: Mount<'a>) {
        if let Some(place) = self.few.get_mut(self.count) {
            *place = mount;
            self.count += 1;
            return;
        }
        if self.many.is_empty() {
            self.many.extend(self.few);
        }
        self.many.push(mount);
    }

    fn as_mut_slice(&mut self) -> &mut [Mount<'a>] {
        if self.many.is_empty() {
            &mut self.few[..self.count]
        } else {
            &mut self.many
        }
    }

    /// Sorts by path, the wider scope first, and calls `found` with each mount that has another in
    /// its way, and that other.
    fn duplicates(&mut self, mut found: impl FnMut(&Mount<'a>, &Mount<'a>)) {
        let mounts = self.as_mut_slice();
        mounts.sort_unstable_by(|left, right| {
            left.segments()
                .cmp(right.segments())
                .then(left.scope.cmp(&right.scope))
                .then(left.node.cmp(&right.node))
        });
        for group in mounts.chunk_by(|left, right| left.segments().eq(right.segments())) {
            in_group(group, &mut found);
        }
    }
}

/// The duplicates among mounts at one path.
fn in_group<'a>(group: &[Mount<'a>], found: &mut impl FnMut(&Mount<'a>, &Mount<'a>)) {
    // The first mount for everything, for the controller at hand, and for the container at hand.
    let mut wider: [Option<&Mount<'a>>; 3] = [None; 3];
    for mount in group {
        let in_the_way = wider
            .iter()
            .flatten()
            .find(|other| holds(other.scope, mount.scope) && !replaces(mount, other));
        match in_the_way {
            Some(other) => found(mount, other),
            None => {
                let level = usize::from(mount.scope.controller.is_some())
                    + usize::from(mount.scope.container.is_some());
                wider[level] = Some(mount);
            }
        }
    }
}

/// Whether every container of `narrow` is one of `wide`.
fn holds(wide: Scope<'_>, narrow: Scope<'_>) -> bool {
    let fits = |wide: Option<&str>, narrow| wide.is_none() || wide == narrow;
    fits(wide.controller, narrow.controller) && fits(wide.container, narrow.container)
}

/// A claim template takes the place of a `persistence` entry of its name.
fn replaces(mount: &Mount<'_>, other: &Mount<'_>) -> bool {
    mount.of_template != other.of_template && mount.volume == other.volume
}

/// The duplicates of an app-template release.
pub(super) fn of_app(storage: &Storage<'_, '_>, gathered: &mut Gathered<'_>, out: &mut Findings) {
    let tree = storage.tree();
    let mut pairs = Vec::new();
    gathered.duplicates(|mount, other| pairs.push((*mount, *other)));
    // Where nothing runs, nothing collides.
    let has_containers = || {
        storage
            .app
            .controllers()
            .any(|(_, controller)| storage.app.containers(controller).next().is_some())
    };
    if pairs.is_empty() || !has_containers() {
        return;
    }
    pairs.sort_unstable_by_key(|(mount, _)| mount.node);
    for (mount, other) in pairs {
        let says_no_mounts = |mount: &Mount<'_>| is_bare(tree, mount);
        let is_default = says_no_mounts(&mount) || says_no_mounts(&other);
        if is_default && storage.filler == Filler::Chart {
            continue;
        }
        let place = match (mount.scope.controller, mount.scope.container) {
            (None, _) => "every container".to_owned(),
            (Some(controller), None) => format!("every container of controller `{controller}`"),
            (Some(controller), Some(container)) => {
                format!("container `{container}` of controller `{controller}`")
            }
        };
        let mut message = collision(&mount, &other, &place);
        let mut unsure = !(mount.sure && other.sure);
        if unsure {
            message.push_str("; `enabled` of one of them is a placeholder");
        } else if let (true, Filler::Unseen(why)) = (is_default, storage.filler) {
            message.push_str("; ");
            message.push_str(why);
            unsure = true;
        }
        let finding = out.at(tree, mount.node, message).help(HELP);
        if unsure {
            finding.unverified();
        }
    }
}

/// The duplicates of one list of Kubernetes mounts.
pub(super) fn of_list(tree: &Tree<'_>, gathered: &mut Gathered<'_>, out: &mut Findings) {
    let mut pairs = Vec::new();
    gathered.duplicates(|mount, other| pairs.push((*mount, *other)));
    pairs.sort_unstable_by_key(|(mount, _)| mount.node);
    for (mount, other) in pairs {
        out.at(tree, mount.node, collision(&mount, &other, "one container"))
            .help(HELP);
    }
}

const HELP: &str =
    "give each volume a path of its own, or mount single files with `subPath` at different paths";

/// Whether the mount is the default of an entry that says nothing about mounts.
fn is_bare(tree: &Tree<'_>, mount: &Mount<'_>) -> bool {
    let says = |key: &str| {
        tree.value(mount.node)
            .get(key)
            .is_some_and(|value| !matches!(value, Value::Null))
    };
    mount.implied
        && tree
            .parent(mount.node)
            .is_some_and(|parent| tree.value(parent).is_object())
        && !says("globalMounts")
        && !says("advancedMounts")
}

fn collision(mount: &Mount<'_>, other: &Mount<'_>, place: &str) -> String {
    let mut path = String::new();
    for segment in mount.segments() {
        path.push('/');
        path.push_str(segment);
    }
    if path.is_empty() {
        path.push('/');
    }
    let path = shown(&path);
    if mount.volume == other.volume {
        format!("`{}` is mounted twice at `{path}` in {place}", mount.volume)
    } else {
        format!(
            "`{}` and `{}` are both mounted at `{path}` in {place}",
            other.volume, mount.volume
        )
    }
}
