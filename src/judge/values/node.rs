//! Values that share parts, as Go's maps do, each part with the entry that it came from.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

/// The place in `spec.valuesFrom` of the entry that brought a part; `None` for `spec.values` itself.
pub(super) type Origin = Option<usize>;

/// The entries of a map.
pub(super) type Entries = BTreeMap<Rc<str>, Node>;

/// A value. A clone of a map or list is the same map or list: helm-controller sets a `targetPath` in a
/// map that it shares with `spec.values`, and that shows in the result.
#[derive(Clone)]
pub(super) enum Node {
    /// A text, number, boolean or null.
    Scalar(Rc<Value>, Origin),
    /// A list.
    List(Rc<RefCell<Vec<Node>>>, Origin),
    /// A map.
    Map(Rc<RefCell<Entries>>, Origin),
}

impl Node {
    /// A new map.
    pub(super) fn map(entries: Entries, origin: Origin) -> Self {
        Node::Map(Rc::new(RefCell::new(entries)), origin)
    }

    /// A new list.
    pub(super) fn list(items: Vec<Node>, origin: Origin) -> Self {
        Node::List(Rc::new(RefCell::new(items)), origin)
    }

    /// A new scalar.
    pub(super) fn scalar(value: Value, origin: Origin) -> Self {
        Node::Scalar(Rc::new(value), origin)
    }

    /// Takes over a value.
    pub(super) fn of(value: Value, origin: Origin) -> Self {
        match value {
            Value::Object(map) => Node::map(entries_of(map, origin), origin),
            Value::Array(items) => {
                let items = items.into_iter().map(|item| Node::of(item, origin));
                Node::list(items.collect(), origin)
            }
            scalar => Node::scalar(scalar, origin),
        }
    }

    /// The value without its origins.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Node::Scalar(value, _) => Value::clone(value),
            Node::List(items, _) => items.borrow().iter().map(Node::to_value).collect(),
            Node::Map(entries, _) => to_value(&entries.borrow()),
        }
    }

    /// Where it came from.
    pub(super) fn origin(&self) -> Origin {
        match self {
            Node::Scalar(_, origin) | Node::List(_, origin) | Node::Map(_, origin) => *origin,
        }
    }

    /// The part that a key, or an index as text, leads to.
    pub(super) fn child(&self, segment: &str) -> Option<Node> {
        match self {
            Node::Scalar(..) => None,
            Node::List(items, _) => items.borrow().get(segment.parse::<usize>().ok()?).cloned(),
            Node::Map(entries, _) => entries.borrow().get(segment).cloned(),
        }
    }
}

/// Takes over a map of values.
pub(super) fn entries_of(map: serde_json::Map<String, Value>, origin: Origin) -> Entries {
    map.into_iter()
        .map(|(key, value)| (key.into(), Node::of(value, origin)))
        .collect()
}

/// The map without its origins.
pub(super) fn to_value(entries: &Entries) -> Value {
    let pairs = entries.iter();
    pairs
        .map(|(key, node)| (key.to_string(), node.to_value()))
        .collect()
}

/// Helm's merge: maps are merged key by key, and everything else of `over` replaces what was there.
pub(super) fn merged(under: &Entries, over: &Entries) -> Entries {
    let mut merged = under.clone();
    for (key, new) in over {
        let both = match (merged.get(key), new) {
            (Some(Node::Map(old, origin)), Node::Map(new, _)) => Some(Node::map(
                self::merged(&old.borrow(), &new.borrow()),
                *origin,
            )),
            _ => None,
        };
        merged.insert(Rc::clone(key), both.unwrap_or_else(|| new.clone()));
    }
    merged
}

/// What a value costs to keep: its texts, and something for each part.
pub(super) fn size(value: &Value) -> usize {
    const PART: usize = 16;
    PART + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + size(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
