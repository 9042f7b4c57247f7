//! Upper bounds of how large a value is, as far as work on it depends on that.

use serde_json::Value;

/// The bounds of one value with all that is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Whole {
    /// Values in it, itself included.
    pub nodes: u64,
    /// Bytes of all texts in it, keys included.
    pub bytes: u64,
    /// Bytes of its longest text.
    pub text: u64,
    /// Items of its longest list or map.
    pub length: u64,
    /// The part of `nodes` that a copy must copy: what is lent from the object is shared.
    pub own_nodes: u64,
    /// The part of `bytes` that a copy must copy.
    pub own_bytes: u64,
}

/// The bounds of a value, and apart from that of each item in it: a list of texts is large while its
/// items are small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub whole: Whole,
    pub item: Whole,
}

impl Whole {
    /// A number, true, false or null.
    pub(super) const SCALAR: Self = Self {
        nodes: 1,
        bytes: 0,
        text: 0,
        length: 0,
        own_nodes: 0,
        own_bytes: 0,
    };

    /// A text that the evaluator made.
    pub(super) fn made_text(bytes: u64) -> Self {
        Self {
            own_bytes: bytes,
            ..Self::text(bytes)
        }
    }

    /// A text that is lent.
    pub(super) fn text(bytes: u64) -> Self {
        Self {
            nodes: 1,
            bytes,
            text: bytes,
            ..Self::default()
        }
    }

    /// The bounds of either.
    pub(super) fn or(self, other: Self) -> Self {
        self.zip(other, u64::max)
    }

    /// The bounds of both together: what is the longest stays so.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            text: self.text.max(other.text),
            length: self.length.max(other.length),
            ..self.zip(other, u64::saturating_add)
        }
    }

    /// The bounds of so many of these.
    pub(super) fn times(self, count: u64) -> Self {
        Self {
            text: self.text,
            length: self.length,
            ..self.zip(self, |bound, _| bound.saturating_mul(count))
        }
    }

    fn zip(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            nodes: combine(self.nodes, other.nodes),
            bytes: combine(self.bytes, other.bytes),
            text: combine(self.text, other.text),
            length: combine(self.length, other.length),
            own_nodes: combine(self.own_nodes, other.own_nodes),
            own_bytes: combine(self.own_bytes, other.own_bytes),
        }
    }

    /// Adds a lent JSON value and all that is in it.
    pub(super) fn measure(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add_text(text),
            Value::Array(items) => {
                self.add_list(items.len());
                items.iter().for_each(|item| self.measure(item));
            }
            Value::Object(map) => {
                self.add_list(map.len());
                for (key, item) in map {
                    self.add_key(key);
                    self.measure(item);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => self.nodes += 1,
        }
    }

    /// Adds a text.
    pub(super) fn add_text(&mut self, text: &str) {
        self.nodes += 1;
        self.add_key(text);
    }

    /// Adds a key of a map.
    pub(super) fn add_key(&mut self, key: &str) {
        self.bytes += key.len() as u64;
        self.text = self.text.max(key.len() as u64);
    }

    /// Adds a list or map, without its items.
    pub(super) fn add_list(&mut self, length: usize) {
        self.nodes += 1;
        self.length = self.length.max(length as u64);
    }
}

impl Size {
    /// A value in which anything can be anywhere.
    pub(super) fn uniform(whole: Whole) -> Self {
        Self { whole, item: whole }
    }

    /// A list or map that an expression makes of these items.
    pub(super) fn of_items(count: u64, items: Whole, item: Whole) -> Self {
        Self {
            whole: Whole {
                nodes: items.nodes.saturating_add(1),
                length: count.max(items.length),
                own_nodes: items.own_nodes.saturating_add(count).saturating_add(1),
                ..items
            },
            item,
        }
    }

    /// What is under a key or an index.
    pub(super) fn part(self) -> Self {
        Self::uniform(self.item)
    }

    /// The bounds of either.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            whole: self.whole.or(other.whole),
            item: self.item.or(other.item),
        }
    }
}
