//! Where a HelmRelease names Secrets that its pods, its chart or Flux read.

use serde_json::Value;

use super::persistence::{is_disabled, is_switched_off};
use super::{AppTemplate, HelmRelease, NodeId, Persistence, Step, Tree, VolumeKind};

/// Who reads the Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// helm-controller, for `spec.valuesFrom`: in the HelmRelease's own namespace.
    Flux,
    /// A pod, by a field of Kubernetes or app-template's short form of one.
    Pod,
    /// The chart, by an `existingSecret` of its own.
    Chart,
}

/// A place that names a Secret which must be there.
#[derive(Clone, Copy, Debug)]
pub struct SecretReference<'a> {
    /// The node of the name.
    pub node: NodeId,
    /// The name as it is written; never empty.
    pub name: &'a str,
    /// Who reads it.
    pub reader: Reader,
}

/// All Secrets that a release names, but for what is optional or switched off, and for what
/// app-template makes itself and names by its identifier.
pub fn references<'s, 'a>(
    release: &HelmRelease<'s, 'a>,
    app: Option<&AppTemplate<'s, 'a>>,
) -> impl Iterator<Item = SecretReference<'a>> + use<'s, 'a> {
    let tree = release.tree();
    let app = app.copied();
    let in_values = release.values().into_iter().flat_map(move |values| {
        tree.subtree(values).filter_map(move |node| {
            let name = tree.value(node).as_str().filter(|name| !name.is_empty())?;
            let reader = reader(tree, app.as_ref(), node, name)?;
            let is_wanted = !is_optional(tree, node) && !is_switched_off(tree, values, node);
            is_wanted.then_some(SecretReference { node, name, reader })
        })
    });
    values_from(release).chain(in_values)
}

fn values_from<'s, 'a>(
    release: &HelmRelease<'s, 'a>,
) -> impl Iterator<Item = SecretReference<'a>> + use<'s, 'a> {
    let tree = release.tree();
    let list = tree.descend(NodeId::ROOT, &["spec", "valuesFrom"]);
    list.into_iter()
        .flat_map(move |list| tree.children(list))
        .filter(move |&item| tree.value(item).get("kind").and_then(Value::as_str) == Some("Secret"))
        .filter_map(move |item| {
            let node = tree.child(item, "name")?;
            let name = tree.value(node).as_str().filter(|name| !name.is_empty())?;
            (!is_optional(tree, node)).then_some(SecretReference {
                node,
                name,
                reader: Reader::Flux,
            })
        })
}

/// Whether the map that holds the name says `optional: true`.
fn is_optional(tree: &Tree<'_>, node: NodeId) -> bool {
    tree.parent(node)
        .is_some_and(|holder| tree.value(holder).get("optional") == Some(&Value::Bool(true)))
}

/// Who reads the text at `node` as the name of a Secret; `None` where it is none.
fn reader(
    tree: &Tree<'_>,
    app: Option<&AppTemplate<'_, '_>>,
    node: NodeId,
    name: &str,
) -> Option<Reader> {
    let holder = tree.parent(node)?;
    match tree.node(node).step {
        Step::Key("name") => of_name(tree, app, holder),
        Step::Key("secretName") => of_secret_name(tree, holder),
        Step::Key("secret") => {
            let app = app?;
            let is_shorthand = list_key(tree, holder) == Some("envFrom");
            (is_shorthand && !app_makes(app, name)).then_some(Reader::Pod)
        }
        Step::Key("envFromSecret") => Some(Reader::Pod),
        Step::Key(key) if names_secret(key) => Some(Reader::Chart),
        Step::Index(_) if is_pull_secrets(tree.node(holder).step.key()?) => Some(Reader::Pod),
        _ => None,
    }
}

/// The reader of `name` in the map at `holder`.
fn of_name(tree: &Tree<'_>, app: Option<&AppTemplate<'_, '_>>, holder: NodeId) -> Option<Reader> {
    let above = tree.parent(holder)?;
    match tree.node(holder).step {
        Step::Key("secretKeyRef") => Some(Reader::Pod),
        Step::Key("secretRef") => {
            // App-template takes an identifier, where there is one, and fails where it knows none.
            let is_own = app.is_some() && tree.value(holder).get("identifier").is_some();
            (is_env_from(tree, above) && !is_own).then_some(Reader::Pod)
        }
        Step::Key("secret") if is_projected(tree, above) => Some(Reader::Pod),
        Step::Key(key) if names_secret(key) => Some(Reader::Chart),
        Step::Key(key) => {
            let app = app?;
            let is_entry = tree.node(above).step == Step::Key("persistence")
                && tree.parent(above) == Some(app.values());
            let entry = Persistence::of(tree, (key, holder));
            (is_entry && entry.kind() == VolumeKind::Secret).then_some(Reader::Pod)
        }
        Step::Index(_) => {
            let list = tree.node(above).step.key()?;
            (is_pull_secrets(list) || list == "envFromSecrets").then_some(Reader::Pod)
        }
        Step::Root => None,
    }
}

/// The reader of `secretName` in the map at `holder`.
fn of_secret_name(tree: &Tree<'_>, holder: NodeId) -> Option<Reader> {
    match tree.node(holder).step {
        Step::Key("secret") if is_volume(tree, tree.parent(holder)?) => Some(Reader::Pod),
        Step::Key(key) if names_secret(key) => Some(Reader::Chart),
        Step::Index(_) if list_key(tree, holder)?.ends_with("SecretMounts") => Some(Reader::Pod),
        _ => None,
    }
}

/// The key of the list that `item` is in.
fn list_key<'a>(tree: &Tree<'a>, item: NodeId) -> Option<&'a str> {
    match tree.node(item).step {
        Step::Index(_) => tree.node(tree.parent(item)?).step.key(),
        _ => None,
    }
}

/// Whether a map is an item of `envFrom`, `extraEnvFrom` and the like, or stands there instead of a list.
fn is_env_from(tree: &Tree<'_>, map: NodeId) -> bool {
    let key = match tree.node(map).step {
        Step::Key(key) => Some(key),
        _ => list_key(tree, map),
    };
    key.is_some_and(|key| key.ends_with("nvFrom"))
}

/// Whether a map is a source of a projected volume.
fn is_projected(tree: &Tree<'_>, source: NodeId) -> bool {
    if list_key(tree, source) != Some("sources") {
        return false;
    }
    let volume = tree.parent(source).and_then(|list| tree.parent(list));
    volume.is_some_and(|volume| {
        tree.node(volume).step == Step::Key("projected")
            || tree.value(volume).get("type").and_then(Value::as_str) == Some("projected")
    })
}

/// Whether a map is a Kubernetes volume: in a list or a map of volumes, or app-template's `volumeSpec`.
fn is_volume(tree: &Tree<'_>, map: NodeId) -> bool {
    let is_of_volumes = tree
        .parent(map)
        .and_then(|above| tree.node(above).step.key())
        .is_some_and(|key| key.ends_with("olumes"));
    is_of_volumes || tree.node(map).step == Step::Key("volumeSpec")
}

fn is_pull_secrets(key: &str) -> bool {
    key.ends_with("ullSecrets")
}

/// Whether a chart's key holds the name of a Secret: `existingSecret` and its kin, but not the name
/// of a key in one (`existingSecretPasswordKey`) nor a switch (`useExistingSecret`). Certificates'
/// Secrets are left to cert-manager.
fn names_secret(key: &str) -> bool {
    let is_kin = match key.split_once("xistingSecret") {
        Some((before, after)) => matches!(after, "" | "Name" | "Ref") && before != "useE",
        None => {
            key.starts_with("existing") && (key.ends_with("Secret") || key.ends_with("SecretName"))
        }
    };
    is_kin && !["tls", "Tls", "TLS"].iter().any(|tls| key.contains(tls))
}

/// Whether app-template makes the Secret of that identifier.
fn app_makes(app: &AppTemplate<'_, '_>, identifier: &str) -> bool {
    app.tree()
        .value(app.values())
        .get("secrets")
        .and_then(|secrets| secrets.get(identifier))
        .is_some_and(|secret| secret.is_object() && !is_disabled(secret))
}

#[cfg(test)]
mod tests;
