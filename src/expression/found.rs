//! What the model finds in a release, as variables of expressions: images, claims, the chart's source.

use cel::common::types::{CelBool, CelNull, CelString};

use super::size::{Size, Whole};
use super::value::{Lent, list, map};
use super::variables::endless;
use crate::model::claim::references;
use crate::model::image::is_digest;
use crate::model::images::{Image, Tag, find};
use crate::model::tag::{Pin, classify, classify_number};
use crate::model::template::{NameBuffer, Rendered, render};
use crate::model::{AppTemplate, ChartSource, HelmRelease, NodeId, Subject};

/// So many are found at the most, and so much text for them made. What has more is not evaluated.
const MOST: usize = 2000;
const MOST_TEXT: u64 = 1 << 20;

/// A list under construction.
struct Found<'a> {
    items: Vec<Lent<'a>>,
    /// Of all that was added.
    size: Whole,
    /// Of what is being added.
    item: Whole,
    /// The largest that was added.
    largest: Whole,
}

impl<'a> Found<'a> {
    fn new() -> Self {
        Self {
            items: Vec::new(),
            size: Whole::default(),
            item: Whole::default(),
            largest: Whole::default(),
        }
    }

    fn is_full(&self) -> bool {
        self.items.len() >= MOST || self.size.bytes >= MOST_TEXT
    }

    fn text(&mut self, text: impl Into<CelString<'a>>) -> Lent<'a> {
        let text = text.into();
        self.item.add_text(text.inner());
        Box::new(text)
    }

    fn add<const N: usize>(&mut self, entries: [(&'static str, Lent<'a>); N]) {
        for (key, _) in &entries {
            self.item.add_key(key);
        }
        // The list itself, and what is no text.
        self.item.add_list(N);
        self.item.nodes += 1;
        let item = std::mem::take(&mut self.item);
        self.size = self.size.and(item);
        self.largest = self.largest.or(item);
        self.items.push(map(entries));
    }

    fn finish(mut self) -> (Lent<'a>, Size) {
        self.size.add_list(self.items.len());
        let size = if self.is_full() {
            endless()
        } else {
            Size {
                whole: self.size,
                item: self.largest,
                looped: self.largest,
            }
        };
        (list(self.items), size)
    }
}

pub(super) fn images<'a>(subject: &Subject<'a>) -> (Lent<'a>, Size) {
    let mut found = Found::new();
    find(subject, &mut |image| {
        if !found.is_full() {
            add_image(&mut found, subject, &image);
        }
    });
    found.finish()
}

fn add_image<'a>(found: &mut Found<'a>, subject: &Subject<'a>, image: &Image<'a>) {
    let (tag, behind) = match image.tag {
        Tag::Text(text) => text.split_once('@').unwrap_or((text, "")),
        Tag::Number(_) => ("", ""),
    };
    let digest = match image.digest {
        "" => behind,
        digest => digest,
    };
    let (tag, pin) = match image.tag {
        Tag::Text(_) => (CelString::from(tag), classify(tag)),
        Tag::Number(number) => (number.to_string().into(), classify_number(number)),
    };
    let (registry, repository) = match image.name.split_once('/') {
        // As container runtimes tell a host from the first part of a path.
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest),
        _ => ("", image.name),
    };
    let entries = [
        ("image", found.text(whole(image.name, tag.inner(), digest))),
        ("registry", found.text(registry)),
        ("repository", found.text(repository)),
        ("tag", found.text(tag)),
        ("digest", found.text(digest)),
        (
            "pinned",
            Box::new(CelBool::from(is_digest(digest) || pin == Pin::Exact)) as Lent<'a>,
        ),
        ("path", path(found, subject, image.at)),
    ];
    found.add(entries);
}

/// The image as a pod would name it; empty where the chart knows its name.
fn whole(name: &str, tag: &str, digest: &str) -> String {
    let mut image = name.to_owned();
    for (mark, part) in [(":", tag), ("@", digest)] {
        if !name.is_empty() && !part.is_empty() {
            image.push_str(mark);
            image.push_str(part);
        }
    }
    image
}

fn path<'a>(found: &mut Found<'a>, subject: &Subject<'a>, at: NodeId) -> Lent<'a> {
    found.text(subject.tree.pointer(at).as_str().to_owned())
}

pub(super) fn claims<'a>(subject: &Subject<'a>) -> (Lent<'a>, Size) {
    let release = HelmRelease::of(subject);
    let app = AppTemplate::of(&release);
    let mut found = Found::new();
    for claim in references(&release, app.as_ref()) {
        let Some(text) = claim.value.as_str().filter(|text| !text.is_empty()) else {
            continue;
        };
        if found.is_full() {
            break;
        }
        let mut buffer = NameBuffer::default();
        let name = match render(text, &release, &mut buffer) {
            Rendered::Text(name) if name != text => CelString::from(name.to_owned()),
            Rendered::Text(_) | Rendered::Open(_) => CelString::from(text),
        };
        let entries = [
            ("name", found.text(name)),
            ("namespace", found.text(release.release_namespace())),
            ("path", path(&mut found, subject, claim.node)),
        ];
        found.add(entries);
    }
    found.finish()
}

pub(super) fn chart<'a>(subject: &Subject<'a>) -> (Lent<'a>, Size) {
    let release = HelmRelease::of(subject);
    let (kind, name, namespace, version) = match release.chart() {
        ChartSource::Template {
            at,
            source_kind,
            version,
        } => {
            let source = subject.tree.value(at).get("sourceRef");
            let text = |key| source.and_then(|source| source.get(key)?.as_str());
            let version = match version {
                Some(serde_json::Value::String(text)) => CelString::from(text.as_str()),
                Some(serde_json::Value::Number(number)) => number.to_string().into(),
                _ => CelString::from(""),
            };
            (
                source_kind,
                text("name").unwrap_or(""),
                text("namespace"),
                version,
            )
        }
        ChartSource::Reference {
            kind,
            name,
            namespace,
            ..
        } => (kind, name, namespace, CelString::from("")),
        ChartSource::Absent => return (Box::new(CelNull), Size::uniform(Whole::SCALAR)),
    };
    let chart = match release.chart() {
        ChartSource::Template { .. } => release.chart_name(),
        _ => "",
    };
    let mut found = Found::new();
    let value = map([
        ("kind", found.text(kind)),
        ("name", found.text(name)),
        (
            "namespace",
            found.text(namespace.unwrap_or(subject.namespace)),
        ),
        ("chart", found.text(chart)),
        ("version", found.text(version)),
    ]);
    let mut size = found.item;
    size.add_list(5);
    // The keys are shorter than this.
    size.bytes += 64;
    size.text = size.text.max(64);
    (value, Size::uniform(size))
}
