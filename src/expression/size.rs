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

/// The bounds of a value, and apart from that of what is in it: a list of texts is large while its items
/// are small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub whole: Whole,
    /// Of what is under a key or an index.
    pub item: Whole,
    /// Of what a loop over it, or over a part of it, goes through: the items of lists and the keys of maps.
    pub looped: Whole,
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
        Self {
            whole,
            item: whole,
            looped: whole,
        }
    }

    /// A lent JSON value.
    pub(super) fn of_json(value: &Value) -> Self {
        let mut looped = Whole::default();
        let whole = measure(value, &mut looped);
        Self {
            whole,
            item: whole,
            looped,
        }
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
            looped: item,
        }
    }

    /// What is under a key or an index.
    pub(super) fn part(self) -> Self {
        Self {
            whole: self.item,
            ..self
        }
    }

    /// What a loop's variable is.
    pub(super) fn in_loop(self) -> Self {
        Self {
            whole: self.looped,
            item: self.looped,
            looped: self.looped,
        }
    }

    /// The bounds of either.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            whole: self.whole.or(other.whole),
            item: self.item.or(other.item),
            looped: self.looped.or(other.looped),
        }
    }
}

/// Measures a value with all that is in it, and gathers what loops could go through.
fn measure(value: &Value, looped: &mut Whole) -> Whole {
    let mut whole = Whole::default();
    match value {
        Value::String(text) => whole.add_text(text),
        Value::Array(items) => {
            whole.add_list(items.len());
            for item in items {
                let item = measure(item, looped);
                *looped = looped.or(item);
                whole = whole.and(item);
            }
        }
        Value::Object(map) => {
            whole.add_list(map.len());
            for (key, item) in map {
                whole.add_key(key);
                *looped = looped.or(Whole::text(key.len() as u64));
                whole = whole.and(measure(item, looped));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => whole.nodes += 1,
    }
    whole
}
