//! Images that a release's post-renderers set: kustomize's `images` and the plain cases of patches.

use serde_json::Value;

use super::{Image, Missing, shapes};
use crate::model::template::is_open;
use crate::model::{NodeId, Tree};

/// Gives every image that `spec.postRenderers` sets to `sink`.
pub(super) fn find<'a>(tree: &Tree<'a>, spec: NodeId, sink: &mut dyn FnMut(Image<'a>)) {
    let Some(renderers) = tree.child(spec, "postRenderers") else {
        return;
    };
    for renderer in tree.children(renderers) {
        let Some(kustomize) = tree.child(renderer, "kustomize") else {
            continue;
        };
        // `images` and `patchesStrategicMerge` have shapes that values have too.
        shapes::find_except(tree, kustomize, &["patches"], sink);
        for list in ["patches", "patchesJson6902"] {
            let patches = tree.child(kustomize, list);
            for patch in patches.into_iter().flat_map(|list| tree.children(list)) {
                find_in_patch(tree, patch, sink);
            }
        }
    }
}

fn find_in_patch<'a>(tree: &Tree<'a>, entry: NodeId, sink: &mut dyn FnMut(Image<'a>)) {
    let Some(patch) = tree.child(entry, "patch") else {
        return;
    };
    match tree.value(patch) {
        Value::String(text) => find_in_text(patch, text, sink),
        // An older API wrote the operations as a list.
        _ => {
            for operation in tree.children(patch) {
                let value = tree.value(operation);
                let text = |key: &str| value.get(key).and_then(Value::as_str);
                if let (Some(path), Some(image), Some(at)) =
                    (text("path"), text("value"), tree.child(operation, "value"))
                    && path.ends_with("/image")
                {
                    sink(shapes::image_of_text(at, image, missing_at(path)));
                }
            }
        }
    }
}

/// Reads a patch line by line: `image: text`, and `path: …/image` with its `value: text`. What is
/// written in another way is not seen.
fn find_in_text<'a>(at: NodeId, patch: &'a str, sink: &mut dyn FnMut(Image<'a>)) {
    let mut operation = Operation::default();
    for line in patch.split(['\n', ',']) {
        let line = line.trim_start();
        if line.starts_with(['-', '{', '[']) {
            operation = Operation::default();
        }
        let Some((key, value)) = entry_of(line) else {
            continue;
        };
        match key {
            "image" => {
                if let Some(image) = shapes::image_of_reference(at, value, Missing::ChartDefault) {
                    sink(image);
                }
            }
            "path" => operation.path = value,
            "value" => operation.value = value,
            _ => continue,
        }
        if operation.path.ends_with("/image") && !operation.value.is_empty() {
            let missing = missing_at(operation.path);
            sink(shapes::image_of_text(at, operation.value, missing));
            operation = Operation::default();
        }
    }
}

/// The words of one operation of a JSON patch, in whatever order they come.
#[derive(Default)]
struct Operation<'a> {
    path: &'a str,
    value: &'a str,
}

fn missing_at(path: &str) -> Missing {
    if path.contains("ontainers/") {
        Missing::Latest
    } else {
        Missing::ChartDefault
    }
}

/// The key and the scalar of a line of YAML or JSON; `None` for everything else.
fn entry_of(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches(['-', '{', '[', ' ', '\t']);
    let (key, value) = line.split_once(':')?;
    let quotes = ['"', '\''];
    let key = key.trim().trim_matches(quotes);
    let value = value.split(" #").next().unwrap_or(value).trim();
    let value = if is_open(value) {
        value
    } else {
        value.trim_end_matches(['}', ']', ' '])
    };
    let value = value.trim_matches(quotes);
    (!key.is_empty() && !value.is_empty()).then_some((key, value))
}
