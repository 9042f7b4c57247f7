//! Secrets that are numbers: a substituted pin, a key that is written byte by byte.

use serde_json::{Number, Value};

use super::super::hit::{Hit, effective_key};
use super::super::inside::Found;
use super::super::keys::Class;
use super::super::prefilter::may_be_secret;
use super::super::value::Grade;
use super::{class_at, whole};
use crate::model::{NodeId, Tree};

/// Whether a list is a key that is written byte by byte, as Zigbee's is.
pub(super) fn is_key_in_bytes(items: &[Value]) -> bool {
    items.len() >= 16
        && items.len() <= 64
        && items
            .iter()
            .all(|item| item.as_u64().is_some_and(|item| item <= 255))
}

/// Reports such a list under the key of a secret.
pub(super) fn bytes<'a>(tree: &Tree<'a>, node: NodeId, on: &mut impl FnMut(Hit)) {
    let (key, keyed) = effective_key(tree, node);
    if may_be_secret(key) && class_at(tree, key, keyed).is_secret() {
        on(Hit {
            node,
            keyed,
            found: vec![Found {
                literal: None,
                ..whole(Grade::Literal, "")
            }],
        });
    }
}

/// A number is a password where its key says so: a substituted `"${PIN}"` arrives as one.
pub(super) fn number<'a>(tree: &Tree<'a>, node: NodeId, number: &Number, on: &mut impl FnMut(Hit)) {
    let (key, keyed) = effective_key(tree, node);
    if !may_be_secret(key) {
        return;
    }
    let value = number.as_i64().map_or(u64::MAX, i64::unsigned_abs);
    // A switch, as in `HASHED_PASSWORD: 1`.
    if value <= 1 {
        return;
    }
    let is_secret = match class_at(tree, key, keyed) {
        Class::Password => true,
        Class::Strong => value >= 10_000_000,
        // A short number is the pin of a board, a long one somebody's.
        Class::Ambiguous => {
            key.len() >= 3 && ends_with_pin(key) && (1000..=99_999_999).contains(&value)
        }
        _ => false,
    };
    if is_secret {
        let grade = if value < 100_000_000 {
            Grade::Weak
        } else {
            Grade::Literal
        };
        on(Hit {
            node,
            keyed,
            found: vec![whole(grade, &number.to_string())],
        });
    }
}

fn ends_with_pin(key: &str) -> bool {
    key.as_bytes()[key.len() - 3..].eq_ignore_ascii_case(b"pin")
}
