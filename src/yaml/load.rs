//! A text to its documents: a broken one hides no other.

use std::ops::Range;

use granit_parser::{
    Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, Tag as ParsedTag,
};

use super::build::{Builder, Failure};
use super::scalar::{self, Scalar, Tag};
use super::source::Source;
use super::{Document, MAX_DEPTH, YamlError};

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
