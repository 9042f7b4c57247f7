//! Where everything of one document stands in the text: made again for findings only.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

use super::Document;
use super::load::{Repair, TextParser, is_merge, options, range_of, resolve_event};
use super::source::Source;
use crate::model::Pointer;

/// The place of a value in the text, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The key that leads to it; `None` for list items and the root.
    pub key: Option<Range<usize>>,
    /// The value as it stands at this place: a scalar whole, an alias, a map or list.
    pub value: Range<usize>,
    /// The value that an alias brings, where it is written; else the same as `value`.
    pub target: Range<usize>,
    /// Whether the value is one scalar that ends on the line on which it begins.
    pub is_short: bool,
    /// Whether the pointer named this very place, and not something missing below it.
    pub is_exact: bool,
}

/// The places of all nodes of one document.
#[derive(Debug)]
pub struct Outline {
    nodes: Vec<Node>,
    anchors: HashMap<usize, usize>,
    /// What anchored scalars say: an alias can be a key.
    names: HashMap<usize, String>,
    comments: Vec<Range<usize>>,
    shadowed: Vec<Range<usize>>,
}

#[derive(Debug)]
struct Node {
    span: Range<usize>,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Scalar { is_short: bool },
    Alias(usize),
    List(Vec<usize>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
struct Entry {
    /// `None` is the merge key.
    key: Option<String>,
    at: Range<usize>,
    value: usize,
}

/// A collection that is still open, and the key whose value comes next.
struct Open {
    node: usize,
    key: Option<(Option<String>, Range<usize>)>,
}

impl Outline {
    /// Parses the document again. `None` when the text is no longer the document's.
    #[must_use]
    pub fn of(text: &str, document: &Document) -> Option<Self> {
        let mut source = Source::new(text.get(document.range.clone())?);
        loop {
            match Self::read(&source, document.range.start) {
                Ok(outline) => return outline,
                Err(Repair { colon }) => source.separate(colon),
            }
        }
    }

    fn read(source: &Source<'_>, offset: usize) -> Result<Option<Self>, Repair> {
        let mut parser: TextParser<'_> =
            Parser::new_from_str_with_options(source.text(), options(true));
        let mut outline = Self {
            nodes: Vec::new(),
            anchors: HashMap::new(),
            names: HashMap::new(),
            comments: Vec::new(),
            shadowed: Vec::new(),
        };
        let mut open: Vec<Open> = Vec::new();
        while let Some(event) = parser.next_event() {
            match event {
                Ok((Event::DocumentEnd, _)) => break,
                Ok((event, span)) => {
                    let local = range_of(&span);
                    let place =
                        source.original(local.start) + offset..source.original(local.end) + offset;
                    let is_short = span.start.line() == span.end.line();
                    outline.take(&event, place, is_short, &mut open);
                }
                Err(error) => return Repair::of(&error, source).map_or(Ok(None), Err),
            }
        }
        Ok((!outline.nodes.is_empty()).then_some(outline))
    }

    fn take(
        &mut self,
        event: &Event<'_>,
        span: Range<usize>,
        is_short: bool,
        open: &mut Vec<Open>,
    ) {
        match event {
            Event::Comment(..) => self.comments.push(span),
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref();
                let name = || {
                    resolve_event(text, *style, tag)
                        .ok()
                        .and_then(|scalar| scalar.into_key().ok())
                        .unwrap_or_else(|| text.to_string())
                };
                if *anchor != 0 {
                    self.names.insert(*anchor, name());
                }
                if let Some(Open {
                    key: key @ None,
                    node,
                }) = open.last_mut()
                    && matches!(self.nodes[*node].shape, Shape::Map(_))
                {
                    let name = (!is_merge(text, *style, tag)).then(name);
                    if *anchor != 0 {
                        // An anchored key can be named by an alias too.
                        let node = self.nodes.len();
                        self.nodes.push(Node {
                            span: span.clone(),
                            shape: Shape::Scalar { is_short: true },
                        });
                        self.anchors.insert(*anchor, node);
                    }
                    *key = Some((name, span));
                    return;
                }
                let is_short =
                    is_short && !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                self.add(span, Shape::Scalar { is_short }, *anchor, open);
            }
            Event::Alias(target) => {
                if let Some(Open {
                    key: key @ None,
                    node,
                }) = open.last_mut()
                    && matches!(self.nodes[*node].shape, Shape::Map(_))
                {
                    let name = self.names.get(target).cloned().unwrap_or_default();
                    *key = Some((Some(name), span));
                    return;
                }
                self.add(span, Shape::Alias(*target), 0, open);
            }
            Event::MappingStart(_, anchor, _) => {
                let node = self.add(span, Shape::Map(Vec::new()), *anchor, open);
                open.push(Open { node, key: None });
            }
            Event::SequenceStart(_, anchor, _) => {
                let node = self.add(span, Shape::List(Vec::new()), *anchor, open);
                open.push(Open { node, key: None });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some(closed) = open.pop() {
                    let node = &mut self.nodes[closed.node];
                    node.span.end = span.end.max(node.span.end);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, span: Range<usize>, shape: Shape, anchor: usize, open: &mut [Open]) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node { span, shape });
        if anchor != 0 {
            self.anchors.insert(anchor, node);
        }
        let mut shadowed = None;
        if let Some(parent) = open.last_mut() {
            match &mut self.nodes[parent.node].shape {
                Shape::List(items) => items.push(node),
                Shape::Map(entries) => {
                    if let Some((key, at)) = parent.key.take() {
                        if let Some(earlier) = entries.iter().find(|entry| entry.key == key)
                            && key.is_some()
                        {
                            shadowed = Some(earlier.value);
                        }
                        entries.push(Entry {
                            key,
                            at,
                            value: node,
                        });
                    }
                }
                Shape::Scalar { .. } | Shape::Alias(_) => {}
            }
        }
        if let Some(earlier) = shadowed {
            self.shadowed.push(self.nodes[earlier].span.clone());
        }
        node
    }

    /// The place that `pointer` names, or the nearest place above it. What an alias or a merge key
    /// brings is found where it is written.
    #[must_use]
    pub fn locate(&self, pointer: &Pointer) -> Located {
        let mut key = None;
        let mut node = 0;
        let mut is_exact = true;
        for segment in pointer.segments() {
            match self.child(self.follow(node), &segment) {
                Some((at, child)) => (key, node) = (at, child),
                None => {
                    is_exact = false;
                    break;
                }
            }
        }
        let here = &self.nodes[node];
        Located {
            key,
            value: here.span.clone(),
            target: self.nodes[self.follow(node)].span.clone(),
            is_short: matches!(
                here.shape,
                Shape::Scalar { is_short: true } | Shape::Alias(_)
            ),
            is_exact,
        }
    }

    /// The keys of all maps.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Range<usize>)> {
        self.nodes
            .iter()
            .filter_map(|node| match &node.shape {
                Shape::Map(entries) => Some(entries),
                _ => None,
            })
            .flatten()
            .filter_map(|entry| Some((entry.key.as_deref()?, &entry.at)))
    }

    /// Values that count for nothing, as their key is set again in the same map.
    #[must_use]
    pub fn shadowed(&self) -> &[Range<usize>] {
        &self.shadowed
    }

    /// The comments, in their order.
    #[must_use]
    pub fn comments(&self) -> &[Range<usize>] {
        &self.comments
    }

    fn follow(&self, node: usize) -> usize {
        let mut current = node;
        // Each step leads to a node that was defined before; the bound is for safety's sake.
        for _ in 0..super::MAX_DEPTH {
            let Shape::Alias(anchor) = self.nodes[current].shape else {
                break;
            };
            match self.anchors.get(&anchor) {
                Some(&target) => current = target,
                None => break,
            }
        }
        current
    }

    fn child(&self, node: usize, segment: &str) -> Option<(Option<Range<usize>>, usize)> {
        match &self.nodes[node].shape {
            Shape::List(items) => {
                let item = segment.parse::<usize>().ok()?;
                items.get(item).map(|child| (None, *child))
            }
            Shape::Map(entries) => {
                let named = |entry: &&Entry| entry.key.as_deref() == Some(segment);
                // The last of several equal keys is the one that counts.
                if let Some(entry) = entries.iter().rev().find(named) {
                    return Some((Some(entry.at.clone()), entry.value));
                }
                let merges = entries.iter().rev().filter(|entry| entry.key.is_none());
                merges
                    .flat_map(|entry| self.sources(self.follow(entry.value)))
                    .find_map(|source| self.child(source, segment))
            }
            Shape::Scalar { .. } | Shape::Alias(_) => None,
        }
    }

    /// The maps that the value of a merge key names, the strongest first.
    fn sources(&self, node: usize) -> Vec<usize> {
        match &self.nodes[node].shape {
            Shape::List(items) => items.iter().map(|item| self.follow(*item)).collect(),
            _ => vec![node],
        }
    }
}
