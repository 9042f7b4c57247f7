//! The volumes of a pod, as far as they matter to a tmpfs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pod::{Pod, list_in};
use crate::model::Quantity;

/// The volumes that a pod has.
pub(super) struct Volumes<'a> {
    pub(super) list: Option<&'a Vec<Value>>,
    others: &'a [&'a str],
    by_name: BTreeMap<&'a str, usize>,
}

/// A volume of the pod.
#[derive(Clone, Copy)]
pub(super) struct Volume<'a> {
    pub(super) index: usize,
    value: &'a Value,
}

impl<'a> Volumes<'a> {
    pub(super) fn of(pod: &Pod<'a>) -> Result<Self, ()> {
        let spec = pod.spec().ok_or(())?;
        let list = list_in(spec, "volumes")?;
        let named = list.into_iter().flatten().enumerate();
        let named = named.filter_map(|(index, value)| Some((value.get("name")?.as_str()?, index)));
        Ok(Self {
            list,
            others: pod.other_volumes,
            by_name: named.collect(),
        })
    }

    pub(super) fn find(&self, name: &str) -> Option<Volume<'a>> {
        let index = *self.by_name.get(name)?;
        let value = self.list?.get(index)?;
        Some(Volume { index, value })
    }

    /// The names that no other volume can have.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.by_name
            .keys()
            .copied()
            .chain(self.others.iter().copied())
    }
}

impl<'a> Volume<'a> {
    /// Its `emptyDir`; `None` where the volume is of another kind. A volume that names no kind is one.
    fn empty_dir(&self) -> Option<Option<&'a Value>> {
        let fields = self.value.as_object()?;
        match fields.get("emptyDir") {
            Some(Value::Null) | None => fields
                .iter()
                .all(|(key, value)| key == "name" || value.is_null())
                .then_some(None),
            Some(map) => map.is_object().then_some(Some(map)),
        }
    }

    fn medium(&self) -> Option<&'a str> {
        let map = self.empty_dir()?;
        let medium = map.and_then(|map| map.get("medium")?.as_str());
        Some(medium.unwrap_or(""))
    }

    /// Whether it is a tmpfs.
    pub(super) fn is_memory(&self) -> bool {
        self.medium() == Some("Memory")
    }

    /// Whether it is an emptyDir on the node's disk.
    pub(super) fn is_disk(&self) -> bool {
        self.medium() == Some("")
    }

    /// The size that it is limited to; an error where it cannot be read.
    pub(super) fn size_limit(&self) -> Result<Option<(String, Quantity)>, ()> {
        let limit = self
            .empty_dir()
            .flatten()
            .and_then(|map| map.get("sizeLimit"));
        let text = match limit {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => return Err(()),
        };
        let amount = text.parse().map_err(|_| ())?;
        Ok(Some((text, amount)))
    }
}
