//! Finds the images that a HelmRelease names: in app-template's values, in the values of any other
//! chart by their shapes, and in what its post-renderers change.

mod app_template;
mod patches;
mod shapes;

use serde_json::{Map, Number, Value};

use crate::model::{AppTemplate, ChartSource, HelmRelease, NodeId, Subject, Tree};

/// A place that decides which image runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Image<'a> {
    /// Where a finding points.
    pub at: NodeId,
    /// The name without tag and digest; empty where the chart knows it.
    pub name: &'a str,
    /// The tag, perhaps with a digest behind an `@`.
    pub tag: Tag<'a>,
    /// The digest; empty when it has none of its own.
    pub digest: &'a str,
    /// What it means that the tag is missing.
    pub missing: Missing,
    /// Whether this is an image beyond doubt.
    pub certain: bool,
}

/// A tag as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tag<'a> {
    /// Text; empty when there is none.
    Text(&'a str),
    /// What YAML reads as a number: `tag: 17`.
    Number(&'a Number),
}

impl<'a> Tag<'a> {
    const NONE: Self = Tag::Text("");

    fn of(value: Option<&'a Value>) -> Self {
        match value {
            Some(Value::String(text)) => Tag::Text(text),
            Some(Value::Number(number)) => Tag::Number(number),
            _ => Tag::NONE,
        }
    }

    fn is_none(self) -> bool {
        matches!(self, Tag::Text(text) if text.trim().is_empty())
    }

    /// This tag, or `other` where it is none.
    fn or(self, other: Self) -> Self {
        if self.is_none() { other } else { self }
    }
}

/// What it means that an image has no tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The chart has a default, which its version pins.
    ChartDefault,
    /// The kubelet pulls `latest`.
    Latest,
    /// The chart has no default, as app-template.
    Required,
    /// Nobody here can see whether there is a default.
    Unseen,
}

/// Gives every image of the release to `sink`, without allocating.
pub(crate) fn find<'a>(subject: &Subject<'a>, sink: &mut dyn FnMut(Image<'a>)) {
    let release = HelmRelease::of(subject);
    if let Some(app) = AppTemplate::of(&release) {
        app_template::find(&app, whole_default(&release), sink);
    } else if let Some(values) = release.values() {
        shapes::find(&subject.tree, values, sink);
    }
    if let Some(spec) = subject.spec() {
        patches::find(&subject.tree, spec, sink);
    }
}

/// What a missing image means in a chart of app-template's shape. Only app-template itself surely
/// has no default; other charts are built on the same library and have one.
fn whole_default(release: &HelmRelease<'_, '_>) -> Missing {
    let is_itself = release.chart_name().contains("app-template");
    match release.chart() {
        ChartSource::Template { .. } if !is_itself => Missing::ChartDefault,
        _ if is_itself && !release.has_unseen_values() => Missing::Required,
        _ => Missing::Unseen,
    }
}

/// The text under the first of `keys` that has some.
fn text_of<'a>(map: &'a Map<String, Value>, keys: &[&str]) -> &'a str {
    keys.iter()
        .filter_map(|key| map.get(*key)?.as_str())
        .find(|text| !text.is_empty())
        .unwrap_or("")
}

/// The child under the first of `keys` that is there, or the map itself.
fn node_of(tree: &Tree<'_>, map: NodeId, keys: &[&str]) -> NodeId {
    keys.iter()
        .find_map(|key| tree.child(map, key))
        .unwrap_or(map)
}

/// Helm's and sprig's `empty`, as far as maps of images need it.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
