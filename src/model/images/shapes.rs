//! Images in the values of any chart, by the shapes that charts give them.

use serde_json::{Map, Value};

use super::{Image, Missing, Tag, node_of, text_of};
use crate::model::persistence::is_disabled;
use crate::model::template::is_open;
use crate::model::{ImageReference, NodeId, Step, Tree};

/// Maps of text that no chart takes images from.
const SKIPPED: &[&str] = &["env", "data", "stringData", "configMaps", "secrets"];

/// Keys beside `repository` and `tag` that say that these are Git's, Helm's or a backup's.
const FOREIGN: &[&str] = &[
    "branch",
    "chart",
    "commit",
    "git",
    "password",
    "path",
    "ref",
    "revision",
    "sourceRef",
    "sshKey",
    "targetRevision",
    "url",
];

/// Names of maps whose `repository` is not a registry's.
const FOREIGN_MAPS: &[&str] = &["backup", "chart", "git", "helm", "helmChart", "source"];

/// Hosts of Git repositories that serve no images under this name.
const GIT_HOSTS: &[&str] = &[
    "github.com/",
    "gitlab.com/",
    "bitbucket.org/",
    "codeberg.org/",
];

/// Where the walk stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    key: &'a str,
    /// The value is an image, by its key or by the `images` that it is in.
    is_image: bool,
    /// The value is a container of a pod.
    is_container: bool,
    /// The value is a field of a container.
    in_container: bool,
}

impl<'a> Place<'a> {
    /// The place of a value under `key` here.
    fn under(self, key: &'a str) -> Self {
        Self {
            key,
            is_image: is_image_key(key) || key == "images" || self.key == "images",
            is_container: self.key.ends_with("ontainers"),
            in_container: self.is_container,
        }
    }

    /// The place of an item of the list here.
    fn item(self) -> Self {
        Self {
            key: "",
            is_image: self.key == "images",
            is_container: self.key.ends_with("ontainers"),
            in_container: false,
        }
    }

    fn missing(self) -> Missing {
        if self.in_container {
            Missing::Latest
        } else {
            Missing::ChartDefault
        }
    }
}

/// Gives every image at or below `id` to `sink`. Whether `id` itself is enabled is not asked.
pub(super) fn find<'a>(tree: &Tree<'a>, id: NodeId, sink: &mut dyn FnMut(Image<'a>)) {
    if let Value::Object(map) = tree.value(id)
        && let Some(image) = image_of_map(tree, id, map, Place::default())
    {
        sink(image);
    }
    find_except(tree, id, &[], sink);
}

/// The same without what is under some keys of the map at `id`.
pub(super) fn find_except<'a>(
    tree: &Tree<'a>,
    id: NodeId,
    except: &[&str],
    sink: &mut dyn FnMut(Image<'a>),
) {
    let place = Place {
        key: tree.node(id).step.key().unwrap_or(""),
        ..Place::default()
    };
    children(tree, id, place, except, sink);
}

fn visit<'a>(tree: &Tree<'a>, id: NodeId, place: Place<'a>, sink: &mut dyn FnMut(Image<'a>)) {
    match tree.value(id) {
        Value::Object(map) => {
            // A part that is switched off runs nothing.
            if is_disabled(tree.value(id)) {
                return;
            }
            if let Some(image) = image_of_map(tree, id, map, place) {
                sink(image);
            }
            children(tree, id, place, &[], sink);
        }
        Value::Array(_) => children(tree, id, place, &[], sink),
        Value::String(text) if place.is_image => {
            let map = tree.parent(id).and_then(|map| tree.value(map).as_object());
            let is_tagged_beside = map.is_some_and(has_own_tag);
            if !(is_image_key(place.key) && is_tagged_beside)
                && let Some(image) = image_of_reference(id, text, place.missing())
                // Beside images, a map under `images` may have other words.
                && (is_image_key(place.key) || !image.tag.is_none() || !image.digest.is_empty())
            {
                sink(image);
            }
        }
        scalar if place.key == "imageTag" || place.key.ends_with("ImageTag") => {
            let in_map = tree.parent(id).and_then(|map| tree.value(map).as_object());
            sink(Image {
                at: id,
                name: in_map.map_or("", |map| text_of(map, &["image", "imageRepository"])),
                tag: Tag::of(Some(scalar)),
                digest: in_map.map_or("", |map| text_of(map, &["imageDigest"])),
                missing: Missing::ChartDefault,
                certain: true,
            });
        }
        _ => {}
    }
}

fn children<'a>(
    tree: &Tree<'a>,
    id: NodeId,
    place: Place<'a>,
    except: &[&str],
    sink: &mut dyn FnMut(Image<'a>),
) {
    for child in tree.children(id) {
        match tree.node(child).step {
            Step::Key(key) if is_skipped(key) || except.contains(&key) => {}
            Step::Key(key) => visit(tree, child, place.under(key), sink),
            // Texts in a list are images under `images` only.
            Step::Index(_) if place.key != "images" && tree.value(child).is_string() => {}
            Step::Root | Step::Index(_) => visit(tree, child, place.item(), sink),
        }
    }
}

/// The image that a map as a whole is.
fn image_of_map<'a>(
    tree: &Tree<'a>,
    id: NodeId,
    map: &'a Map<String, Value>,
    place: Place<'a>,
) -> Option<Image<'a>> {
    let digest = text_of(map, &["digest", "sha", "imageDigest"]);
    let tag = Tag::of(map.get("tag"));
    let image = |name: &'a str, keys: &[&str]| Image {
        at: node_of(tree, id, keys),
        name,
        tag,
        digest,
        missing: Missing::ChartDefault,
        certain: true,
    };
    if place.is_image {
        if map.contains_key("newTag") || map.contains_key("newName") {
            // kustomize's images: what it does not set stays the chart's.
            return Some(Image {
                tag: Tag::of(map.get("newTag")),
                ..image(text_of(map, &["newName", "name"]), &["newTag"])
            });
        }
        let reference = text_of(map, &["reference"]);
        if !reference.is_empty() {
            let at = node_of(tree, id, &["reference"]);
            return image_of_reference(at, reference, Missing::Latest);
        }
        let name = ImageReference::split(text_of(map, &["repository", "repo", "name"]));
        let describes = !name.name.is_empty()
            || !tag.is_none()
            || !digest.is_empty()
            || map.contains_key("registry");
        return describes.then(|| Image {
            tag: tag.or(Tag::Text(name.tag)),
            digest: if digest.is_empty() {
                name.digest
            } else {
                digest
            },
            ..image(name.name, &["tag", "digest", "sha"])
        });
    }
    if !has_own_tag(map) {
        return None;
    }
    let text = text_of(map, &["image"]);
    if !text.is_empty() {
        return Some(image(
            ImageReference::split(text).name,
            &["tag", "digest", "sha"],
        ));
    }
    let repository = text_of(map, &["repository"]);
    is_image_repository(repository, map, place).then(|| Image {
        certain: false,
        ..image(repository, &["tag"])
    })
}

/// Whether `repository` beside a `tag` is an image's and not Git's, Helm's or a backup's.
fn is_image_repository(repository: &str, map: &Map<String, Value>, place: Place<'_>) -> bool {
    let plausible = is_open(repository) || ImageReference::parse(repository).is_some();
    plausible
        && !repository.ends_with(".git")
        && !GIT_HOSTS.iter().any(|host| repository.starts_with(host))
        && !FOREIGN.iter().any(|key| map.contains_key(*key))
        && !FOREIGN_MAPS.contains(&place.key)
}

fn has_own_tag(map: &Map<String, Value>) -> bool {
    let digest = text_of(map, &["digest", "sha", "imageDigest"]);
    !Tag::of(map.get("tag")).is_none() || !digest.is_empty()
}

/// Text that is a reference, or will be one when its placeholders are filled.
pub(super) fn image_of_reference(at: NodeId, text: &str, missing: Missing) -> Option<Image<'_>> {
    (is_open(text) || ImageReference::parse(text).is_some()).then(|| Image {
        certain: missing == Missing::Latest,
        ..image_of_text(at, text, missing)
    })
}

/// Text that its place makes an image, whatever it looks like.
pub(super) fn image_of_text(at: NodeId, text: &str, missing: Missing) -> Image<'_> {
    let reference = ImageReference::split(text);
    // In `${IMAGE:=nginx:1.27}` and `{{ .Values.image }}` the tag is anywhere or nowhere.
    let is_torn = reference.digest.is_empty()
        && is_open(text)
        && (reference.tag.is_empty() || reference.tag.contains('}'));
    Image {
        at,
        name: if is_torn { "" } else { reference.name },
        tag: Tag::Text(if is_torn { text } else { reference.tag }),
        digest: reference.digest,
        missing,
        certain: true,
    }
}

fn is_image_key(key: &str) -> bool {
    key == "image" || key.ends_with("Image") || key.ends_with("_image") || key.ends_with("-image")
}

fn is_skipped(key: &str) -> bool {
    SKIPPED.contains(&key) || key.ends_with("nnotations") || key.ends_with("abels")
}
