//! A scalar that holds secrets, and the key that says what the scalar is.

use serde_json::Value;

use super::inside::{Found, MOST};
use crate::model::{NodeId, Step, Tree};

/// A scalar that holds secrets.
pub struct Hit {
    /// The scalar.
    pub node: NodeId,
    /// The node whose key, or whose `name`, says what the scalar is.
    pub(super) keyed: NodeId,
    /// The secrets in it; never empty.
    pub found: Vec<Found>,
}

impl Hit {
    /// The key that says what the scalar is; empty where none does.
    #[must_use]
    pub fn key<'a>(&self, tree: &Tree<'a>) -> &'a str {
        match tree.node(self.keyed).step {
            Step::Key(key) if says_nothing(key) => name_beside(tree, self.keyed).unwrap_or(key),
            Step::Key(key) => key,
            Step::Root | Step::Index(_) => "",
        }
    }

    /// Whether there were more secrets in the scalar than [`Self::found`] has.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.found.len() >= MOST
    }

    /// The worst of the secrets in the scalar.
    #[must_use]
    pub fn worst(&self) -> Option<&Found> {
        // The first of the worst: that is where a reader begins to look.
        self.found.iter().rev().max_by_key(|found| found.grade)
    }
}

/// Keys that say nothing of their value: the key above does, or the `name` beside.
fn says_nothing(key: &str) -> bool {
    matches!(key, "value" | "default" | "content" | "defaultValue")
}

/// The key that says what the value at `node` is, and the node that has that key.
pub(super) fn effective_key<'a>(tree: &Tree<'a>, node: NodeId) -> (&'a str, NodeId) {
    let mut at = node;
    loop {
        match tree.node(at).step {
            Step::Root => return ("", at),
            Step::Index(_) => {}
            Step::Key(key) if says_nothing(key) => {
                if let Some(name) = name_beside(tree, at) {
                    return (name, at);
                }
            }
            Step::Key(key) => return (key, at),
        }
        match tree.parent(at) {
            Some(parent) => at = parent,
            None => return ("", at),
        }
    }
}

/// The name in `{name, value}`, and the last segment of `path` in a JSON patch.
fn name_beside<'a>(tree: &Tree<'a>, node: NodeId) -> Option<&'a str> {
    let map = tree.value(tree.parent(node)?).as_object()?;
    let text = |key: &str| map.get(key).and_then(Value::as_str);
    if map.contains_key("op") {
        return text("path").and_then(|path| path.rsplit('/').next());
    }
    text("name").or_else(|| text("key"))
}
