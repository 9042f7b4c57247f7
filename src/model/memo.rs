//! Keeps what one walk over an object found, for the rules that ask for it again.

use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

/// A list that is made once for an object. The model does not know what it is a list of: whoever makes
/// it does, and there is one maker. An empty list costs no allocation.
#[derive(Default)]
pub struct Memo(OnceLock<Option<Box<dyn Any + Send + Sync>>>);

impl Memo {
    /// The list; made by the first call.
    pub fn list<T: Any + Send + Sync>(&self, make: impl FnOnce() -> Vec<T>) -> &[T] {
        let kept = self.0.get_or_init(|| {
            let list = make();
            (!list.is_empty()).then(|| Box::new(list) as Box<dyn Any + Send + Sync>)
        });
        kept.as_ref()
            .and_then(|kept| kept.downcast_ref::<Vec<T>>())
            .map_or(&[], Vec::as_slice)
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Memo")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_made_once() {
        let memo = Memo::default();
        assert_eq!(memo.list(|| vec![1, 2]), [1, 2]);
        assert_eq!(memo.list(|| vec![3]), [1, 2]);
        let empty = Memo::default();
        assert!(empty.list(Vec::<u8>::new).is_empty());
    }
}
