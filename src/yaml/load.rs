//! Events to JSON values, document by document, without recursion.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{
    Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, Tag as ParsedTag,
};
use serde_json::{Map, Value};

use super::scalar::{self, Scalar, Tag};
use super::source::Source;
use super::{Document, Duplicate, MAX_DEPTH, YamlError};

/// What copies for anchors and aliases may cost in one document: a node is 1, its text 1 for each
/// 32 bytes. goyaml.v2 too allows about 400,000 nodes.
const MAX_COPIES: usize = 400_000;

/// Reads every document of a stream. A document that is broken is an error in its place; the ones
/// after it are read all the same. Documents that hold nothing but comments are left out.
#[must_use]
pub fn load(text: &str) -> Vec<Result<Document, YamlError>> {
    let mut source = Source::new(text);
    loop {
        match read(&source) {
            Ok(documents) => return documents,
            Err(Repair { colon }) => source.separate(colon),
        }
    }
}

/// The text needs a space before this colon, and is then to be read again.
pub(super) struct Repair {
    pub(super) colon: usize,
}

impl Repair {
    /// The repair that would mend the parser's error.
    pub(super) fn of(error: &ScanError, source: &Source<'_>) -> Option<Self> {
        // The error is an unknown anchor or a key without its colon; both stand at the alias.
        let colon = source.colon_of_alias(error.marker().byte_offset()?)?;
        Some(Self { colon })
    }
}

fn read(source: &Source<'_>) -> Result<Vec<Result<Document, YamlError>>, Repair> {
    let text = source.text();
    let original = |range: Range<usize>| source.original(range.start)..source.original(range.end);
    let mut documents = Vec::new();
    let mut parser = Parser::new_from_str_with_options(text, options(false));
    let mut builder: Option<Builder> = None;
    let mut start = 0;
    while let Some(event) = parser.next_event() {
        let failed = match event {
            Ok((Event::DocumentStart(..), span)) => {
                start = range_of(&span).start;
                builder = Some(Builder::default());
                continue;
            }
            Ok((Event::DocumentEnd, span)) => {
                let range = start..range_of(&span).end.max(start);
                start = range.end;
                if let Some(built) = builder.take() {
                    documents.extend(built.finish(original(range), source).map(Ok));
                }
                continue;
            }
            Ok((event, span)) => match &mut builder {
                Some(building) => building.take(event, &span).err(),
                None => None,
            },
            Err(error) => {
                if let Some(repair) = Repair::of(&error, source) {
                    return Err(repair);
                }
                Some(Failure::of(&error, start))
            }
        };
        let Some(failure) = failed else { continue };
        builder = None;
        let more = parser.proceed_next_document();
        let end = match parser.peek() {
            Some(Ok((Event::DocumentStart(..), span))) => range_of(span).start,
            _ => text.len(),
        };
        let error = |failure: Failure, range: Range<usize>| YamlError {
            message: failure.message,
            at: source.original(failure.at),
            range: original(range),
        };
        documents.push(Err(error(failure, start..end.max(start))));
        match more {
            Ok(true) => start = end,
            Ok(false) => break,
            Err(last) => {
                documents.push(Err(error(Failure::of(&last, end), end..text.len())));
                break;
            }
        }
    }
    Ok(documents)
}

/// How every parser here is set up: as libyaml reads, which is what Kubernetes uses.
pub(super) fn options(comments: bool) -> Options {
    let mut options = granit_parser::options! {
        block_scalar_eof_without_line_feed: true,
        max_buffered_comment_events: usize::MAX,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    options.set_emit_comments(comments);
    options
}

/// The parser over text.
pub(super) type TextParser<'a> = Parser<'a, StrInput<'a>>;

/// The bytes of a span; a parser over text always knows them.
pub(super) fn range_of(span: &Span) -> Range<usize> {
    span.byte_range().unwrap_or(0..0)
}

/// The text and type of a scalar event.
pub(super) fn resolve_event<'v>(
    text: &'v str,
    style: ScalarStyle,
    tag: Option<&ParsedTag>,
) -> Result<Scalar<'v>, String> {
    match tag {
        None if style == ScalarStyle::Plain => scalar::resolve(text, None),
        None => Ok(Scalar::Text(text)),
        Some(tag) => scalar::resolve(
            text,
            Some(
                tag.suffix_in_namespace("tag:yaml.org,2002:")
                    .map_or(Tag::Text, |name| Tag::of_core(&name)),
            ),
        ),
    }
}

/// Whether a key is YAML's merge key.
pub(super) fn is_merge(text: &str, style: ScalarStyle, tag: Option<&ParsedTag>) -> bool {
    text == "<<"
        && match tag {
            None => style == ScalarStyle::Plain,
            Some(tag) => tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() == Some("merge"),
        }
}

struct Failure {
    message: String,
    at: usize,
}

impl Failure {
    fn of(error: &ScanError, start: usize) -> Self {
        Self {
            message: error.info(),
            at: error.marker().byte_offset().unwrap_or(start),
        }
    }
}

enum Key {
    Merge,
    Named(String),
}

enum Frame {
    Map {
        map: Map<String, Value>,
        /// The key whose value comes next.
        key: Option<Key>,
        /// The values of merge keys, in their order.
        merges: Vec<Map<String, Value>>,
        anchor: usize,
    },
    List {
        items: Vec<Value>,
        anchor: usize,
    },
}

#[derive(Default)]
struct Builder {
    frames: Vec<Frame>,
    anchors: HashMap<usize, Value>,
    copied: usize,
    duplicates: Vec<Duplicate>,
    root: Option<Value>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Failure> {
        let at = range_of(span).start;
        let fail = |message: &str| Failure {
            message: message.to_owned(),
            at,
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref();
                if self.wants_key() && is_merge(&text, style, tag) {
                    self.set_key(Key::Merge, at);
                    return Ok(());
                }
                let scalar =
                    resolve_event(&text, style, tag).map_err(|message| Failure { message, at })?;
                if anchor != 0 {
                    let value = scalar.clone().into_value().map_err(fail)?;
                    self.remember(anchor, &value, at)?;
                }
                if self.wants_key() {
                    let key = scalar.into_key().map_err(fail)?;
                    self.set_key(Key::Named(key), at);
                    return Ok(());
                }
                // The parser's text is taken over where it is owned already.
                let value = match scalar {
                    Scalar::Text(_) => Value::String(text.into_owned()),
                    other => other.into_value().map_err(fail)?,
                };
                self.put(value, at)
            }
            Event::Alias(anchor) => {
                let value = self
                    .anchors
                    .get(&anchor)
                    .ok_or_else(|| fail("an alias stands inside of what its own anchor names"))?;
                let cost = cost_of(value);
                let value = value.clone();
                self.spend(cost, at)?;
                if self.wants_key() {
                    let key = key_of(value).ok_or_else(|| fail(COMPLEX_KEY))?;
                    self.set_key(Key::Named(key), at);
                    return Ok(());
                }
                self.put(value, at)
            }
            Event::MappingStart(_, anchor, _) => self.open(
                Frame::Map {
                    map: Map::new(),
                    key: None,
                    merges: Vec::new(),
                    anchor,
                },
                at,
            ),
            Event::SequenceStart(_, anchor, _) => self.open(
                Frame::List {
                    items: Vec::new(),
                    anchor,
                },
                at,
            ),
            Event::MappingEnd | Event::SequenceEnd => self.close(at),
            _ => Ok(()),
        }
    }

    fn wants_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Map { key: None, .. }))
    }

    fn set_key(&mut self, new: Key, at: usize) {
        if let Some(Frame::Map { map, key, .. }) = self.frames.last_mut() {
            if let Key::Named(name) = &new
                && map.contains_key(name)
            {
                self.duplicates.push(Duplicate {
                    key: name.clone(),
                    at,
                });
            }
            *key = Some(new);
        }
    }

    fn open(&mut self, frame: Frame, at: usize) -> Result<(), Failure> {
        let fail = |message: String| Err(Failure { message, at });
        if self.wants_key() {
            return fail(COMPLEX_KEY.to_owned());
        }
        if self.frames.len() >= MAX_DEPTH {
            return fail(format!("maps and lists are nested deeper than {MAX_DEPTH}"));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self, at: usize) -> Result<(), Failure> {
        let (value, anchor) = match self.frames.pop() {
            Some(Frame::Map {
                mut map,
                merges,
                anchor,
                ..
            }) => {
                // What the map itself says wins, wherever its `<<` stands: so does kustomize read it.
                for merged in merges.into_iter().rev() {
                    for (key, value) in merged {
                        map.entry(key).or_insert(value);
                    }
                }
                (Value::Object(map), anchor)
            }
            Some(Frame::List { items, anchor }) => (Value::Array(items), anchor),
            None => return Ok(()),
        };
        if anchor != 0 {
            self.remember(anchor, &value, at)?;
        }
        self.put(value, at)
    }

    fn put(&mut self, value: Value, at: usize) -> Result<(), Failure> {
        match self.frames.last_mut() {
            None => self.root = Some(value),
            Some(Frame::List { items, .. }) => items.push(value),
            Some(Frame::Map {
                map, key, merges, ..
            }) => match key.take() {
                Some(Key::Named(name)) => {
                    map.insert(name, value);
                }
                Some(Key::Merge) => merges.push(merged(value).ok_or_else(|| Failure {
                    message: "`<<` takes a map or a list of maps".to_owned(),
                    at,
                })?),
                None => {}
            },
        }
        Ok(())
    }

    fn remember(&mut self, anchor: usize, value: &Value, at: usize) -> Result<(), Failure> {
        self.spend(cost_of(value), at)?;
        self.anchors.insert(anchor, value.clone());
        Ok(())
    }

    fn spend(&mut self, cost: usize, at: usize) -> Result<(), Failure> {
        self.copied = self.copied.saturating_add(cost);
        if self.copied > MAX_COPIES {
            return Err(Failure {
                message: "aliases repeat too much of the document".to_owned(),
                at,
            });
        }
        Ok(())
    }

    fn finish(mut self, range: Range<usize>, source: &Source<'_>) -> Option<Document> {
        for duplicate in &mut self.duplicates {
            duplicate.at = source.original(duplicate.at);
        }
        Some(Document {
            value: self.root?,
            range,
            duplicates: self.duplicates,
        })
    }
}

const COMPLEX_KEY: &str = "a map's key must be a scalar; a value that begins with `{` needs quotes";

fn key_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a merge key brings: a map, or a list of maps of which the first wins.
fn merged(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        Value::Array(items) => {
            let mut all = Map::new();
            for item in items {
                let Value::Object(map) = item else {
                    return None;
                };
                for (key, value) in map {
                    all.entry(key).or_insert(value);
                }
            }
            Some(all)
        }
        _ => None,
    }
}

fn cost_of(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / 32,
        Value::Array(items) => 1 + items.iter().map(cost_of).sum::<usize>(),
        Value::Object(map) => {
            1 + map
                .iter()
                .map(|(key, value)| 1 + key.len() / 32 + cost_of(value))
                .sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}
