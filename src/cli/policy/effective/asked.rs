//! What `policy effective` is asked: the policies, the object, and what is known around it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::super::world::{World, text_at};
use super::super::super::{policy_file, warn};
use super::EffectiveArgs;
use crate::cluster::{Cluster, PoliciesRead, Way};
use crate::facts::{Answer, Unseen};
use crate::model::{Kind, Subject};
use crate::policy::{Document, Policy};
use crate::yaml;

/// The policies, the object, and what is known around it.
pub(super) struct Asked {
    pub(super) policy: Policy,
    pub(super) object: Value,
    pub(super) world: World,
    /// Where the policies are from.
    pub(super) from: String,
    /// What is not known, and what that means.
    pub(super) notes: Vec<String>,
}

impl Asked {
    pub(super) fn of(args: &EffectiveArgs, now: Timestamp) -> anyhow::Result<Self> {
        let mut world = World::default();
        let mut object = match &args.file {
            Some(path) => Some(object_of(path, args, &mut world)?),
            None => None,
        };
        let (kind, namespace, name) = match &object {
            Some(object) => (
                Kind::of(text_at(object, "/apiVersion"), text_at(object, "/kind")),
                args.namespace
                    .as_deref()
                    .unwrap_or_else(|| text_at(object, "/metadata/namespace"))
                    .to_owned(),
                text_at(object, "/metadata/name").to_owned(),
            ),
            None => (
                None,
                args.namespace.clone().unwrap_or_default(),
                args.name.clone().unwrap_or_default(),
            ),
        };
        let kind = kind.or(args.kind).unwrap_or(Kind::HelmRelease);
        let mut notes = Vec::new();
        let (policy, from) = if let Some((way, shown)) = way(args) {
            let read = read(&way, kind, &namespace, &name)?;
            match read.labels {
                _ if world.knows(&namespace) => {}
                Ok(Some(labels)) => world.namespace(namespace.clone(), Answer::Known(labels)),
                Ok(None) => {
                    notes.push(
                        "there is no such namespace, so it counts as one without labels".to_owned(),
                    );
                    world.namespace(namespace.clone(), Answer::Absent);
                }
                Err(why) => {
                    notes.push(format!("the labels of the namespace are not known: {why}"));
                    world.namespace(namespace.clone(), Answer::Unseen(Unseen::NotRead));
                }
            }
            if object.is_none() {
                object = match read.object {
                    Ok(found) => found,
                    Err(why) => {
                        notes.push(format!("the object cannot be read: {why}"));
                        None
                    }
                };
            }
            (compiled(&read.documents, now), shown)
        } else {
            let file = args
                .policy
                .clone()
                .or_else(|| policy_file::find(args.file.as_deref().unwrap_or(Path::new("."))));
            let shown = match &file {
                Some(file) => file.display().to_string(),
                None => "the built-in policy alone".to_owned(),
            };
            if !world.knows(&namespace) {
                notes.push("the labels of the namespace are not known".to_owned());
            }
            (policy_file::load_or_builtin(file.as_deref())?, shown)
        };
        let mut object = object.unwrap_or_else(|| {
            notes.push("the object itself is not known: it counts as one without labels, annotations and values, and expressions may say otherwise of the real one".to_owned());
            json!({"apiVersion": format!("{}/v1", kind.group()), "kind": kind.name(),
                "metadata": {"name": name}})
        });
        if !namespace.is_empty() {
            object["metadata"]["namespace"] = namespace.into();
        }
        Ok(Self {
            policy,
            object,
            world,
            from,
            notes,
        })
    }
}

/// The way to the cluster, where the policies are to come from there, and its words.
fn way(args: &EffectiveArgs) -> Option<(Way, String)> {
    if args.policy.is_some() {
        return None;
    }
    // As kubectl does, though only the first of several.
    let from_environment = || {
        let all = std::env::var_os("KUBECONFIG")?;
        let first = std::env::split_paths(&all).find(|path| !path.as_os_str().is_empty())?;
        Some(Way::Kubeconfig(first))
    };
    let way = Way::find(args.kubeconfig.clone()).or_else(from_environment)?;
    let shown = match &way {
        Way::Kubeconfig(path) => format!("the cluster of {}", path.display()),
        Way::InCluster => "the cluster of this pod".to_owned(),
    };
    Some((way, shown))
}

fn read(way: &Way, kind: Kind, namespace: &str, name: &str) -> anyhow::Result<PoliciesRead> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(async {
        let cluster = Cluster::new(way).await?;
        let read = cluster.read_policies(kind, namespace, name).await;
        read.map_err(|why| anyhow!("{why}"))
    })
}

/// The policy of the cluster's documents. One that is broken is told: what the webhook holds in its place is not known
/// here.
fn compiled(documents: &[Value], now: Timestamp) -> Policy {
    let mut read = Vec::new();
    for document in documents {
        let (kind, name) = (
            text_at(document, "/kind"),
            text_at(document, "/metadata/name"),
        );
        match Document::read(document) {
            Ok(compiled) => {
                for remark in compiled.remarks(now) {
                    warn(&format!("{kind} {name}: {remark}"));
                }
                read.push(compiled.into());
            }
            Err(error) => warn(&format!(
                "{kind} {name} is broken and left out here, while the webhook keeps its last good version: {}: {error}",
                error.pointer
            )),
        }
    }
    Policy::of(read)
}

/// The object of a file that is asked for.
fn object_of(path: &PathBuf, args: &EffectiveArgs, world: &mut World) -> anyhow::Result<Value> {
    let shown = path.display();
    let text =
        std::fs::read_to_string(path).with_context(|| format!("{shown} could not be read"))?;
    let mut objects = Vec::new();
    for document in yaml::load(&text) {
        let value = document
            .map_err(|error| anyhow!("{shown} is not YAML as Kubernetes reads it: {error}"))?
            .value;
        if world.take(&value) {
            continue;
        }
        let is_asked = Subject::new(&value).is_some_and(|subject| {
            let is = |asked: &Option<String>, own: &str| {
                asked
                    .as_deref()
                    .is_none_or(|asked| own.is_empty() || own == asked)
            };
            args.kind.is_none_or(|kind| kind == subject.kind)
                && is(&args.namespace, subject.namespace)
                && is(&args.name, subject.name)
        });
        if is_asked {
            objects.push(value);
        }
    }
    match (objects.pop(), objects.pop()) {
        (Some(object), None) => Ok(object),
        (None, _) => bail!("{shown} holds no object of that kind and name"),
        (Some(_), Some(_)) => {
            bail!("{shown} holds several objects; say which with --kind, --namespace and --name")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_policy_of_the_cluster_is_left_out_and_the_others_count() {
        let policy = |name: &str, rule: &str| {
            json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "ReleasePolicy",
                "metadata": {"name": name}, "spec": {"rules": {rule: {"action": "deny"}}}})
        };
        let documents = [
            policy("good", "missing-tmpfs"),
            policy("broken", "missing-tmp"),
        ];
        let compiled = compiled(&documents, Timestamp::UNIX_EPOCH);
        let names: Vec<_> = compiled
            .releases()
            .iter()
            .map(|policy| policy.name())
            .collect();
        assert_eq!(names, ["good"]);
    }
}
