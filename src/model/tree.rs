//! One walk over an object into an arena, shared by every rule: nothing is walked twice.

use serde_json::Value;

use super::Pointer;

/// How a node is reached from its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// The root of the object.
    Root,
    /// A key of a map.
    Key(&'a str),
    /// An item of a list.
    Index(usize),
}

impl<'a> Step<'a> {
    /// The key, when the step is one.
    #[must_use]
    pub fn key(self) -> Option<&'a str> {
        match self {
            Step::Key(key) => Some(key),
            Step::Root | Step::Index(_) => None,
        }
    }
}

/// The place of a node in its [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The root of every tree.
    pub const ROOT: NodeId = NodeId(0);
}

/// A value, the step that led to it, and where its subtree ends.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// The node above; the root is its own parent.
    pub parent: NodeId,
    /// How this node is reached from its parent.
    pub step: Step<'a>,
    /// The value.
    pub value: &'a Value,
    end: u32,
}

/// All nodes of one object in document order, so that a subtree is one contiguous run.
#[derive(Debug)]
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

impl<'a> Tree<'a> {
    /// Walks `root` once. The depth is bounded by whoever parsed the value.
    #[must_use]
    pub fn walk(root: &'a Value) -> Self {
        let mut tree = Self {
            nodes: Vec::with_capacity(256),
        };
        tree.add(NodeId::ROOT, Step::Root, root);
        tree
    }

    fn add(&mut self, parent: NodeId, step: Step<'a>, value: &'a Value) {
        let id = self.nodes.len();
        let index = u32::try_from(id).unwrap_or(u32::MAX);
        self.nodes.push(Node {
            parent,
            step,
            value,
            end: index + 1,
        });
        match value {
            Value::Object(map) => {
                for (key, child) in map {
                    self.add(NodeId(index), Step::Key(key), child);
                }
            }
            Value::Array(items) => {
                for (position, child) in items.iter().enumerate() {
                    self.add(NodeId(index), Step::Index(position), child);
                }
            }
            _ => return,
        }
        self.nodes[id].end = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
    }

    /// The number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the tree has no node; a walked tree always has its root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node at `id`.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    /// The value at `id`.
    #[must_use]
    pub fn value(&self, id: NodeId) -> &'a Value {
        self.node(id).value
    }

    /// The node right after the subtree of `id`: where a walk goes on that skips it.
    #[must_use]
    pub fn after(&self, id: NodeId) -> NodeId {
        NodeId(self.node(id).end)
    }

    /// The node that follows `id` in document order, whether below it or after it.
    #[must_use]
    pub fn next(&self, id: NodeId) -> NodeId {
        NodeId(id.0 + 1)
    }

    /// `id` and all nodes below it, in document order.
    pub fn subtree(&self, id: NodeId) -> impl Iterator<Item = NodeId> + use<> {
        (id.0..self.node(id).end).map(NodeId)
    }

    /// The direct children of `id`, in document order.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.node(id).end;
        let mut next = id.0 + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = NodeId(next);
                next = self.node(child).end;
                child
            })
        })
    }

    /// The child of `id` under `key`.
    #[must_use]
    pub fn child(&self, id: NodeId, key: &str) -> Option<NodeId> {
        // A map's lookup is cheaper than trying each child of a large map that lacks the key.
        self.value(id).as_object()?.get(key)?;
        self.children(id)
            .find(|&child| self.node(child).step == Step::Key(key))
    }

    /// The node below `id` along `path`.
    #[must_use]
    pub fn descend(&self, id: NodeId, path: &[&str]) -> Option<NodeId> {
        path.iter()
            .try_fold(id, |current, key| self.child(current, key))
    }

    /// The parent of `id`; `None` at the root.
    #[must_use]
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        (id != NodeId::ROOT).then(|| self.node(id).parent)
    }

    /// `id`, its parent, and so on to the root.
    pub fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(Some(id), |&current| self.parent(current))
    }

    /// The pointer to `id`; made for findings only, as it allocates.
    #[must_use]
    pub fn pointer(&self, id: NodeId) -> Pointer {
        let mut steps: Vec<_> = self
            .ancestors(id)
            .map(|ancestor| self.node(ancestor).step)
            .collect();
        steps.reverse();
        let mut pointer = Pointer::root();
        for step in steps {
            match step {
                Step::Root => {}
                Step::Key(key) => pointer.push(key),
                Step::Index(index) => pointer.push(&index.to_string()),
            }
        }
        pointer
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn children_skip_grandchildren() {
        let value = json!({"a": {"b": [1, 2]}, "c": 3});
        let tree = Tree::walk(&value);
        assert_eq!(tree.len(), 6);
        let keys: Vec<_> = tree
            .children(NodeId::ROOT)
            .filter_map(|id| tree.node(id).step.key())
            .collect();
        assert_eq!(keys, ["a", "c"]);
    }

    #[test]
    fn pointers_name_the_node() {
        let value = json!({"a": {"b": [1, {"x": 2}]}});
        let tree = Tree::walk(&value);
        let list = tree
            .descend(NodeId::ROOT, &["a", "b"])
            .expect("the list is there");
        let last = tree.subtree(list).last().expect("not empty");
        assert_eq!(tree.pointer(last).as_str(), "/a/b/1/x");
        assert_eq!(tree.after(list).0 as usize, tree.len());
    }
}
