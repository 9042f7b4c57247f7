//! What is read of a pod: whether it is left alone, its containers, and what they have mounted.

use serde_json::Value;

use super::path::Place;
use super::{Asked, KEY, Size};
use crate::model::{Pointer, Quantity};

/// A pod, or the template of one.
#[derive(Clone, Copy)]
pub struct Pod<'a> {
    /// What has the pod's `metadata` and `spec`.
    pub root: &'a Value,
    /// The place of `root` in what is patched; the root itself for a pod.
    pub at: &'a Pointer,
    /// Names of volumes that will come from elsewhere: a StatefulSet's claim templates.
    pub other_volumes: &'a [&'a str],
    /// Whether the API server has yet to mount the service account's token.
    pub token_to_come: bool,
}

/// Why a pod is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exempt {
    /// Its annotation or label says so.
    Off,
    /// It runs on Windows, which has no tmpfs.
    Windows,
    /// It stands for a file on a node.
    Mirror,
}

impl Exempt {
    /// A word for logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Exempt::Off => "off",
            Exempt::Windows => "windows",
            Exempt::Mirror => "mirror-pod",
        }
    }
}

/// The lists of containers that are patched; ephemeral ones come later and are never.
pub(super) const LISTS: [&str; 2] = ["initContainers", "containers"];

/// Where a service account's token is mounted.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

impl<'a> Pod<'a> {
    /// A pod as a review brings it.
    #[must_use]
    pub fn admitted(root: &'a Value, at: &'a Pointer) -> Self {
        Self {
            root,
            at,
            other_volumes: &[],
            token_to_come: false,
        }
    }

    pub(super) fn spec(&self) -> Option<&'a Value> {
        self.root.get("spec")
    }

    fn metadata(&self, map: &str, key: &str) -> Option<&'a str> {
        self.root.get("metadata")?.get(map)?.get(key)?.as_str()
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&'a str> {
        self.metadata("labels", key)
    }

    /// Why it is left alone.
    #[must_use]
    pub fn exempt(&self) -> Option<Exempt> {
        let said_off = |map| self.metadata(map, KEY).map(Asked::parse) == Some(Asked::Off);
        let named_windows = |above: &str, key: &str| {
            let name = self.spec().and_then(|spec| spec.get(above)?.get(key));
            name.and_then(Value::as_str) == Some("windows")
        };
        if self
            .metadata("annotations", "kubernetes.io/config.mirror")
            .is_some()
        {
            Some(Exempt::Mirror)
        } else if said_off("annotations") || said_off("labels") {
            Some(Exempt::Off)
        } else if named_windows("os", "name")
            || named_windows("nodeSelector", "kubernetes.io/os")
            || self.has_windows_options()
        {
            Some(Exempt::Windows)
        } else {
            None
        }
    }

    /// Whether its security context says something that only Windows heeds, such as `hostProcess`.
    fn has_windows_options(&self) -> bool {
        let options = self.spec().and_then(|spec| {
            let context = spec.get("securityContext")?;
            context.get("windowsOptions")
        });
        options.is_some_and(Value::is_object)
    }

    /// What its annotation asks for.
    #[must_use]
    pub fn asked(&self) -> Asked {
        self.metadata("annotations", KEY)
            .map(Asked::parse)
            .unwrap_or_default()
    }

    /// The containers that are patched, each with its list and place there.
    pub(super) fn containers(&self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        let spec = self.spec();
        let pod_limit = spec.and_then(memory_limit);
        let token = self.token_to_come
            && spec.and_then(|spec| spec.get("automountServiceAccountToken"))
                != Some(&Value::Bool(false));
        LISTS.into_iter().flat_map(move |list| {
            let items = spec.and_then(|spec| spec.get(list)?.as_array());
            items
                .into_iter()
                .flatten()
                .enumerate()
                .map(move |(index, value)| Container {
                    list,
                    index,
                    value,
                    pod_limit,
                    token,
                })
        })
    }
}

fn memory_limit(of: &Value) -> Option<Quantity> {
    match of.get("resources")?.get("limits")?.get("memory")? {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// A container of a pod.
#[derive(Clone, Copy)]
pub(super) struct Container<'a> {
    pub(super) list: &'static str,
    pub(super) index: usize,
    value: &'a Value,
    pod_limit: Option<Quantity>,
    token: bool,
}

/// Something that stands in a container's file system already.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    pub(super) path: &'a str,
    pub(super) place: Place<'a>,
    /// How much is there, where it is a tmpfs that is being added.
    pub(super) size: Option<&'a Size>,
    /// The volume, where all of it is mounted there and not a part.
    pub(super) volume: Option<&'a str>,
    /// Whether it may lie within a tmpfs: the kubelet mounts its own file last.
    pub(super) may_lie_within: bool,
}

impl<'a> Container<'a> {
    pub(super) fn name(&self) -> &'a str {
        self.value.get("name").and_then(Value::as_str).unwrap_or("")
    }

    /// Whether its own security context takes the root file system from it.
    pub(super) fn has_read_only_root(&self) -> bool {
        let context = self.value.get("securityContext");
        context.and_then(|context| context.get("readOnlyRootFilesystem"))
            == Some(&Value::Bool(true))
    }

    /// Its memory limit, or the pod's where it has none of its own.
    pub(super) fn memory_limit(&self) -> Option<Quantity> {
        memory_limit(self.value).or(self.pod_limit)
    }

    /// Its mounts, when there is a list of them; an error when there is something else, or it is no map.
    pub(super) fn mounts(&self) -> Result<Option<&'a Vec<Value>>, ()> {
        list_in(self.value, "volumeMounts")
    }

    /// What stands in its file system already.
    pub(super) fn taken(&self) -> Vec<Taken<'a>> {
        let text = |of: &'a Value, key: &str| of.get(key).and_then(Value::as_str);
        let mut taken = Vec::new();
        let mut add = |path: &'a str, volume, may_lie_within| {
            taken.push(Taken {
                path,
                place: Place::of(path),
                size: None,
                volume,
                may_lie_within,
            });
        };
        for mount in self.mounts().ok().flatten().into_iter().flatten() {
            let Some(path) = text(mount, "mountPath") else {
                continue;
            };
            let is_part = ["subPath", "subPathExpr"]
                .iter()
                .any(|key| text(mount, key).is_some_and(|part| !part.is_empty()));
            let volume = if is_part { None } else { text(mount, "name") };
            add(path, volume, false);
        }
        let devices = self.value.get("volumeDevices").and_then(Value::as_array);
        for device in devices.into_iter().flatten() {
            if let Some(path) = text(device, "devicePath") {
                add(path, None, false);
            }
        }
        if let Some(path) = text(self.value, "terminationMessagePath") {
            add(path, None, true);
        }
        if self.token {
            add(TOKEN, None, false);
        }
        taken
    }
}

/// The list under `key`: `None` when there is none, an error when it is something else, or no map holds it.
pub(super) fn list_in<'a>(of: &'a Value, key: &str) -> Result<Option<&'a Vec<Value>>, ()> {
    match of.as_object().ok_or(())?.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(_) => Err(()),
    }
}
