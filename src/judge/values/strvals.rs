//! Helm's `--set` syntax: how helm-controller sets one value at a `targetPath`.
//!
//! This follows helm.sh/helm/v4/pkg/strvals step by step, oddities included: a comma in the text of
//! a ConfigMap begins another assignment, and `{a,b}` is a list.

use std::str::Chars;

use serde_json::Value;

use super::node::{Entries, Node, Origin};

/// Helm's own bounds, the last one ours: Helm has none.
const MOST_INDEX: usize = 65_536;
const MOST_NAMES: usize = 30;
const MOST_LISTS: usize = 64;
/// What a new item of a list takes of the room.
const ITEM: usize = 16;

/// The line cannot be read, or does not fit what is there.
#[derive(Debug)]
pub(super) struct Failed;

/// Why a step ends before the next one.
enum Stop {
    /// The text has ended, which is how a line ends well.
    End,
    Failed,
}

/// Sets `text` at `path`, as helm-controller does. `room` bounds what lists may grow by.
pub(super) fn set(
    entries: &mut Entries,
    path: &str,
    text: &str,
    literal: bool,
    origin: Origin,
    room: &mut usize,
) -> Result<(), Failed> {
    let quoted = |quote: char| text.starts_with(quote) && text.ends_with(quote);
    let (line, is_text) = if literal {
        (format!("{path}={}", escaped(text)), true)
    } else if quoted('\'') || quoted('"') {
        (format!("{path}={}", text.trim_matches(['\'', '"'])), true)
    } else {
        (format!("{path}={text}"), false)
    };
    let mut parser = Parser {
        rest: line.chars(),
        is_text,
        origin,
        room,
    };
    loop {
        match parser.key(entries, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Failed) => return Err(Failed),
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | ',' | '[' | ']' | '{' | '}') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

struct Parser<'t, 'r> {
    rest: Chars<'t>,
    /// Whether every value is a text, whatever it looks like.
    is_text: bool,
    origin: Origin,
    room: &'r mut usize,
}

impl Parser<'_, '_> {
    /// Reads up to one of `stops`, which is `None` where the text ends first.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut read = String::new();
        while let Some(character) = self.rest.next() {
            match character {
                stop if stops.contains(&stop) => return (read, Some(stop)),
                '\\' => match self.rest.next() {
                    Some(next) => read.push(next),
                    None => break,
                },
                other => read.push(other),
            }
        }
        (read, None)
    }

    fn key(&mut self, data: &mut Entries, names: usize) -> Result<(), Stop> {
        let (key, stop) = self.until(&['=', '[', ',', '.']);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(Stop::Failed),
            Some('[') => {
                let index = self.index()?;
                let list = match data.get(&*key) {
                    None => Node::list(Vec::new(), self.origin),
                    Some(list @ Node::List(..)) => list.clone(),
                    Some(_) => return Err(Stop::Failed),
                };
                let mut list = list;
                let done = self.item(&mut list, index, names, 0);
                if !matches!(done, Err(Stop::Failed)) {
                    put(data, &key, list);
                }
                done
            }
            Some('=') => match self.value()? {
                Read::Value(node) => {
                    put(data, &key, node);
                    Ok(())
                }
                Read::Nothing(node) => {
                    put(data, &key, node);
                    Err(Stop::End)
                }
            },
            Some('.') => {
                let names = names + 1;
                if names > MOST_NAMES {
                    return Err(Stop::Failed);
                }
                let inner = match data.get(&*key) {
                    None => Node::map(Entries::new(), self.origin),
                    Some(map @ Node::Map(..)) => map.clone(),
                    Some(_) => return Err(Stop::Failed),
                };
                let Node::Map(entries, _) = &inner else {
                    return Err(Stop::Failed);
                };
                let done = self.key(&mut entries.borrow_mut(), names);
                let is_empty = entries.borrow().is_empty();
                if done.is_ok() && is_empty {
                    return Err(Stop::Failed);
                }
                if !is_empty {
                    put(data, &key, inner.clone());
                }
                done
            }
            Some(_) => Err(Stop::Failed),
        }
    }

    fn index(&mut self) -> Result<usize, Stop> {
        match self.until(&[']']) {
            (index, Some(_)) => index.parse().map_err(|_| Stop::Failed),
            _ => Err(Stop::Failed),
        }
    }

    /// Sets the item at `index` of `list`, which becomes another list where it must grow.
    fn item(
        &mut self,
        list: &mut Node,
        index: usize,
        names: usize,
        lists: usize,
    ) -> Result<(), Stop> {
        if lists > MOST_LISTS {
            return Err(Stop::Failed);
        }
        let (between, stop) = self.until(&['[', '.', '=']);
        if !between.is_empty() {
            return Err(Stop::Failed);
        }
        match stop {
            Some('=') => match self.value()? {
                Read::Value(node) | Read::Nothing(node) => self.put_item(list, index, node),
            },
            Some('[') => {
                let next = self.index()?;
                let mut inner = match list.child(&index.to_string()) {
                    Some(inner @ Node::List(..)) => inner,
                    None => Node::list(Vec::new(), self.origin),
                    Some(Node::Scalar(value, _)) if value.is_null() => {
                        Node::list(Vec::new(), self.origin)
                    }
                    Some(_) => return Err(Stop::Failed),
                };
                self.item(&mut inner, next, names, lists + 1)?;
                self.put_item(list, index, inner)
            }
            Some('.') => {
                let existing = list.child(&index.to_string());
                let is_there = existing.is_some();
                let inner = match existing {
                    Some(map @ Node::Map(..)) => map,
                    _ => Node::map(Entries::new(), self.origin),
                };
                if is_there {
                    self.put_item(list, index, inner.clone())?;
                }
                if let Node::Map(entries, _) = &inner {
                    self.key(&mut entries.borrow_mut(), names)?;
                }
                self.put_item(list, index, inner)
            }
            _ => Err(Stop::Failed),
        }
    }

    fn put_item(&mut self, list: &mut Node, index: usize, node: Node) -> Result<(), Stop> {
        let Node::List(items, origin) = list else {
            return Err(Stop::Failed);
        };
        if index > MOST_INDEX {
            return Err(Stop::Failed);
        }
        let length = items.borrow().len();
        if index < length {
            if let Some(item) = items.borrow_mut().get_mut(index) {
                *item = node;
            }
            return Ok(());
        }
        // The list is copied, which takes room too: else a text could have it copied ten thousand times.
        let grows = (index + 1 - length) * ITEM + length;
        *self.room = self.room.checked_sub(grows).ok_or(Stop::Failed)?;
        let mut grown = items.borrow().clone();
        grown.resize(index, Node::scalar(Value::Null, self.origin));
        grown.push(node);
        *list = Node::list(grown, *origin);
        Ok(())
    }

    fn value(&mut self) -> Result<Read, Stop> {
        let mut ahead = self.rest.clone();
        match ahead.next() {
            None => return Ok(Read::Nothing(self.typed(String::new(), true))),
            Some('{') => self.rest = ahead,
            Some(_) => {
                let (text, _) = self.until(&[',']);
                return Ok(Read::Value(self.typed(text, self.is_text)));
            }
        }
        let mut items = Vec::new();
        loop {
            *self.room = self.room.checked_sub(ITEM).ok_or(Stop::Failed)?;
            let (text, stop) = self.until(&[',', '}']);
            items.push(self.typed(text, self.is_text));
            match stop {
                None => return Err(Stop::Failed),
                Some('}') => break,
                Some(_) => {}
            }
        }
        let mut ahead = self.rest.clone();
        if ahead.next() == Some(',') {
            self.rest = ahead;
        }
        Ok(Read::Value(Node::list(items, self.origin)))
    }

    fn typed(&self, text: String, is_text: bool) -> Node {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        let value = if is_text {
            Value::String(text)
        } else if is("true") || is("false") {
            Value::Bool(is("true"))
        } else if is("null") {
            Value::Null
        } else if text == "0" {
            Value::from(0)
        } else {
            match text.parse::<i64>() {
                Ok(number) if !text.starts_with('0') => Value::from(number),
                _ => Value::String(text),
            }
        };
        Node::scalar(value, self.origin)
    }
}

/// A value that was read, or the empty text where the line ends before it.
enum Read {
    Value(Node),
    Nothing(Node),
}

/// Helm sets nothing under an empty key.
fn put(data: &mut Entries, key: &str, node: Node) {
    if !key.is_empty() {
        data.insert(key.into(), node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_grows_by_one_item_at_a_time_is_not_copied_for_ever() {
        let grown = |items: usize| {
            let text: String = (1..items).map(|at| format!(",b[{at}]=1")).collect();
            let (mut entries, mut room) = (Entries::new(), 1 << 20);
            set(&mut entries, "b[0]", &text, false, None, &mut room)
        };
        assert!(grown(1000).is_ok());
        assert!(grown(30_000).is_err());
    }
}
