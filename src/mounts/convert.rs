//! emptyDirs that move from the node's disk to memory.

use serde_json::{Value, json};

use super::merge::Wanted;
use super::operations::Operations;
use super::volumes::{Volume, Volumes};
use super::warnings::Warnings;
use crate::model::Quantity;

/// The volumes that are converted.
#[derive(Default)]
pub(super) struct Conversions(Vec<Converted>);

struct Converted {
    volume: usize,
    size: String,
    amount: Quantity,
    /// Whether the volume says this size already.
    is_own: bool,
}

impl Conversions {
    /// Converts a volume; `None` where it is anything but an emptyDir on disk whose size can be read.
    pub(super) fn add(
        &mut self,
        volume: Volume<'_>,
        wanted: &Wanted<'_>,
        warnings: &mut Warnings,
    ) -> Option<usize> {
        let limit = volume.size_limit().ok()?;
        if !volume.is_disk() {
            return None;
        }
        let known = self
            .0
            .iter()
            .position(|converted| converted.volume == volume.index);
        let index = known.unwrap_or_else(|| {
            let (size, amount, is_own) = match limit {
                Some((size, amount)) => (size, amount, true),
                None => (wanted.size.as_str().to_owned(), wanted.size.amount(), false),
            };
            self.0.push(Converted {
                volume: volume.index,
                size,
                amount,
                is_own,
            });
            self.0.len() - 1
        });
        let converted = &mut self.0[index];
        if converted.amount != wanted.size.amount() {
            let is_larger = wanted.size.amount() > converted.amount;
            let old = converted.size.clone();
            if is_larger {
                wanted.size.as_str().clone_into(&mut converted.size);
                converted.amount = wanted.size.amount();
                converted.is_own = false;
            }
            let warning = format!(
                "the emptyDir at `{}` has two sizes, {old} and {}: {} is taken, the larger one",
                wanted.path,
                wanted.size.as_str(),
                converted.size
            );
            warnings.tell(warning);
        }
        Some(index)
    }

    /// The size that a converted volume gets.
    pub(super) fn size(&self, index: usize) -> (&str, Quantity) {
        let converted = &self.0[index];
        (&converted.size, converted.amount)
    }

    pub(super) fn patch(&self, volumes: &Volumes<'_>, operations: &mut Operations) {
        for converted in &self.0 {
            let place = converted.volume.to_string();
            let volume = volumes.list.and_then(|list| list.get(converted.volume));
            let map = volume.and_then(|volume| volume.get("emptyDir"));
            let size = Value::String(converted.size.clone());
            if !map.is_some_and(Value::is_object) {
                let map = json!({"medium": "Memory", "sizeLimit": size});
                operations.add(&["volumes", &place, "emptyDir"], map);
                continue;
            }
            let medium = Value::String("Memory".to_owned());
            operations.add(&["volumes", &place, "emptyDir", "medium"], medium);
            if !converted.is_own {
                operations.add(&["volumes", &place, "emptyDir", "sizeLimit"], size);
            }
        }
    }
}
