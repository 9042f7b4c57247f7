//! Images in app-template's values: each container's effective image, and image volumes.

use serde_json::Value;

use super::{Image, Missing, Tag, is_empty, node_of, shapes, text_of};
use crate::model::persistence::is_disabled;
use crate::model::{AppTemplate, ImageReference, NodeId, Tree};

/// Gives every image that app-template will render to `sink`.
pub(super) fn find<'a>(
    app: &AppTemplate<'_, 'a>,
    missing: Missing,
    sink: &mut dyn FnMut(Image<'a>),
) {
    let tree = app.tree();
    for (_, controller) in app.controllers() {
        find_in_controller(tree, controller, missing, sink);
    }
    for (_, entry) in app.persistence() {
        match (tree.value(entry).get("type"), tree.child(entry, "image")) {
            (Some(Value::String(kind)), Some(image)) if kind == "image" => {
                // A volume's image is pulled by the kubelet, which knows no chart's default.
                sink(image_at(tree, image, Missing::Latest));
            }
            _ => shapes::find(tree, entry, sink),
        }
    }
    shapes::find_except(tree, app.values(), &["controllers", "persistence"], sink);
}

fn find_in_controller<'a>(
    tree: &Tree<'a>,
    controller: NodeId,
    missing: Missing,
    sink: &mut dyn FnMut(Image<'a>),
) {
    let defaults = Defaults::of(tree, controller);
    for (map, is_init) in [("initContainers", true), ("containers", false)] {
        let Some(map) = tree.child(controller, map) else {
            continue;
        };
        for container in tree.children(map) {
            let value = tree.value(container);
            // The chart passes over what is no map.
            if !value.is_object() || is_disabled(value) {
                continue;
            }
            let own = tree
                .child(container, "image")
                .filter(|image| !is_empty(tree.value(*image)));
            let inherited = defaults.image_for(is_init);
            let image = match (own, inherited) {
                (Some(own), Some(inherited)) if defaults.merges => {
                    merged(tree, own, inherited, missing)
                }
                (Some(own), _) => image_at(tree, own, missing),
                (None, Some(inherited)) => image_at(tree, inherited, missing),
                (None, None) => Image {
                    at: container,
                    name: "",
                    tag: Tag::NONE,
                    digest: "",
                    missing,
                    certain: true,
                },
            };
            sink(image);
            shapes::find_except(tree, container, &["image"], sink);
        }
    }
    let judged = ["initContainers", "containers", "defaultContainerOptions"];
    shapes::find_except(tree, controller, &judged, sink);
}

/// A controller's `defaultContainerOptions`, as far as they are about images.
struct Defaults {
    image: Option<NodeId>,
    merges: bool,
    for_init_containers: bool,
}

impl Defaults {
    fn of(tree: &Tree<'_>, controller: NodeId) -> Self {
        let value = tree.value(controller);
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        Self {
            image: tree
                .descend(controller, &["defaultContainerOptions", "image"])
                .filter(|image| !is_empty(tree.value(*image))),
            merges: text("defaultContainerOptionsStrategy") == Some("merge"),
            for_init_containers: value
                .get("applyDefaultContainerOptionsToInitContainers")
                .is_none_or(|apply| apply == &Value::Bool(true)),
        }
    }

    fn image_for(&self, is_init: bool) -> Option<NodeId> {
        self.image.filter(|_| !is_init || self.for_init_containers)
    }
}

/// The image of a map or a text that the chart takes as an image whatever it looks like.
fn image_at<'a>(tree: &Tree<'a>, at: NodeId, missing: Missing) -> Image<'a> {
    match tree.value(at) {
        Value::Object(map) => {
            let reference = ImageReference::split(text_of(map, &["repository"]));
            let digest = text_of(map, &["digest"]);
            Image {
                at: node_of(tree, at, &["tag"]),
                name: reference.name,
                tag: Tag::of(map.get("tag")).or(Tag::Text(reference.tag)),
                digest: if digest.is_empty() {
                    reference.digest
                } else {
                    digest
                },
                missing,
                certain: true,
            }
        }
        other => shapes::image_of_text(at, other.as_str().unwrap_or(""), missing),
    }
}

/// The container's own map with what it leaves empty from the default.
fn merged<'a>(tree: &Tree<'a>, own: NodeId, default: NodeId, missing: Missing) -> Image<'a> {
    let own = image_at(tree, own, missing);
    let default = image_at(tree, default, missing);
    let or = |own: &'a str, default: &'a str| if own.is_empty() { default } else { own };
    Image {
        at: if own.tag.is_none() && !default.tag.is_none() {
            default.at
        } else {
            own.at
        },
        name: or(own.name, default.name),
        tag: own.tag.or(default.tag),
        digest: or(own.digest, default.digest),
        missing,
        certain: true,
    }
}
