//! What whoever makes a pod should know of its mounts.

use std::collections::BTreeSet;

/// Warnings in the order in which they came up, each once.
#[derive(Default)]
pub(super) struct Warnings {
    list: Vec<String>,
    told: BTreeSet<String>,
}

impl Warnings {
    pub(super) fn tell(&mut self, warning: String) {
        if self.told.insert(warning.clone()) {
            self.list.push(warning);
        }
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.list
    }
}
