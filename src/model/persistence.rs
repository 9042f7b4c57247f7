//! An entry of app-template's `persistence`: one volume of the release, and where it comes from.

use serde_json::Value;

use super::{NodeId, Tree};

/// The kinds of volumes that app-template makes, by `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeKind<'a> {
    /// `persistentVolumeClaim`, which is also what an entry without `type` is.
    Claim,
    /// `emptyDir`.
    EmptyDir,
    /// `nfs`.
    Nfs,
    /// `hostPath`.
    HostPath,
    /// `configMap`.
    ConfigMap,
    /// `secret`.
    Secret,
    /// `image`.
    Image,
    /// `ephemeral`.
    Ephemeral,
    /// `projected`.
    Projected,
    /// `custom`: `volumeSpec` is a Kubernetes volume.
    Custom,
    /// Anything else, as it is written.
    Other(&'a str),
}

/// The names of all kinds.
pub const VOLUME_KINDS: [&str; 10] = [
    "persistentVolumeClaim",
    "emptyDir",
    "nfs",
    "hostPath",
    "configMap",
    "secret",
    "image",
    "ephemeral",
    "projected",
    "custom",
];

/// One entry of `persistence`.
#[derive(Clone, Copy, Debug)]
pub struct Persistence<'s, 'a> {
    tree: &'s Tree<'a>,
    /// Its key, which is the volume's name and, without mounts, its path.
    pub key: &'a str,
    /// Its node.
    pub node: NodeId,
}

impl<'s, 'a> Persistence<'s, 'a> {
    /// Views the entry at `node`.
    #[must_use]
    pub fn of(tree: &'s Tree<'a>, (key, node): (&'a str, NodeId)) -> Self {
        Self { tree, key, node }
    }

    /// The walk over the object.
    #[must_use]
    pub fn tree(&self) -> &'s Tree<'a> {
        self.tree
    }

    /// What `type` says.
    #[must_use]
    pub fn kind(&self) -> VolumeKind<'a> {
        match self.text("type").unwrap_or("persistentVolumeClaim") {
            "persistentVolumeClaim" => VolumeKind::Claim,
            "emptyDir" => VolumeKind::EmptyDir,
            "nfs" => VolumeKind::Nfs,
            "hostPath" => VolumeKind::HostPath,
            "configMap" => VolumeKind::ConfigMap,
            "secret" => VolumeKind::Secret,
            "image" => VolumeKind::Image,
            "ephemeral" => VolumeKind::Ephemeral,
            "projected" => VolumeKind::Projected,
            "custom" => VolumeKind::Custom,
            other => VolumeKind::Other(other),
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn field(&self, field: &str) -> Option<&'a Value> {
        self.tree.value(self.node).get(field)
    }

    /// The node of a field; the entry's own where it has no such field.
    #[must_use]
    pub fn at(&self, field: &str) -> NodeId {
        self.tree.child(self.node, field).unwrap_or(self.node)
    }

    /// A field that is a text with something in it.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&'a str> {
        self.field(field)?.as_str().filter(|text| !text.is_empty())
    }

    /// Whether a field has a value that a Helm template takes for one.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.field(field).is_some_and(is_set)
    }

    /// Whether the values themselves say that the entry is in force, rather than a placeholder.
    #[must_use]
    pub fn is_surely_enabled(&self) -> bool {
        matches!(
            self.field("enabled"),
            None | Some(Value::Null | Value::Bool(true))
        )
    }

    /// Whether the entry says where it is mounted.
    #[must_use]
    pub fn has_mounts(&self) -> bool {
        self.has("globalMounts") || self.has("advancedMounts")
    }
}

/// Whether a map says `enabled: false`, which switches it off. A placeholder may be either.
#[must_use]
pub fn is_disabled(map: &Value) -> bool {
    map.get("enabled") == Some(&Value::Bool(false))
}

/// Whether a map between `values` and `node` says `enabled: false`.
#[must_use]
pub fn is_switched_off(tree: &Tree<'_>, values: NodeId, node: NodeId) -> bool {
    tree.ancestors(node)
        .skip(1)
        .take_while(|&above| above != values)
        .any(|above| is_disabled(tree.value(above)))
}

/// Whether `if` in a Helm template takes the value for true.
#[must_use]
pub fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_without_type_is_a_claim() {
        let root = json!({"existingClaim": "romm", "size": ""});
        let tree = Tree::walk(&root);
        let entry = Persistence::of(&tree, ("data", NodeId::ROOT));
        assert_eq!(entry.kind(), VolumeKind::Claim);
        assert!(entry.has("existingClaim"));
        assert!(!entry.has("size"));
        assert!(!entry.has_mounts());
    }

    #[test]
    fn every_kind_has_its_name() {
        for name in VOLUME_KINDS {
            let root = json!({"type": name});
            let tree = Tree::walk(&root);
            let kind = Persistence::of(&tree, ("data", NodeId::ROOT)).kind();
            assert!(!matches!(kind, VolumeKind::Other(_)), "{name}");
        }
    }

    #[test]
    fn only_a_literal_switch_is_sure() {
        for (enabled, sure) in [
            (json!(true), true),
            (json!("${X}"), false),
            (json!(null), true),
        ] {
            let root = json!({"enabled": enabled});
            let tree = Tree::walk(&root);
            let entry = Persistence::of(&tree, ("data", NodeId::ROOT));
            assert_eq!(entry.is_surely_enabled(), sure, "{enabled}");
        }
    }
}
