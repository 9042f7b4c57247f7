//! RFC 6902 operations: as few as there can be, and all of them `add`.

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation};
use serde_json::Value;

use crate::model::Pointer;

/// Operations below one place of a document.
pub(super) struct Operations {
    at: PointerBuf,
    list: Vec<PatchOperation>,
}

impl Operations {
    /// Operations on the spec of the pod at `pod`.
    pub(super) fn on_spec(pod: &Pointer) -> Self {
        let mut at = PointerBuf::from_tokens(pod.segments());
        at.push_back("spec");
        Self {
            at,
            list: Vec::new(),
        }
    }

    /// Adds a value, or takes the place of what is there.
    pub(super) fn add(&mut self, path: &[&str], value: Value) {
        let mut at = self.at.clone();
        for token in path {
            at.push_back(*token);
        }
        self.list
            .push(PatchOperation::Add(AddOperation { path: at, value }));
    }

    /// Appends to a list; where there is none, it is made with all of `items` at once.
    pub(super) fn append(&mut self, path: &[&str], is_there: bool, items: Vec<Value>) {
        if items.is_empty() {
            return;
        }
        if is_there {
            let end = [path, &["-"]].concat();
            for item in items {
                self.add(&end, item);
            }
        } else {
            self.add(path, Value::Array(items));
        }
    }

    pub(super) fn into_patch(self) -> Patch {
        Patch(self.list)
    }
}
