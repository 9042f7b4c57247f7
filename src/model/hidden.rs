//! A value that nobody can print: compared in constant time, zeroed when it is dropped.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret's value. It has no `Debug`, `Display`, `Clone` or `Serialize`, and no way to read it.
pub struct Hidden(Zeroizing<Vec<u8>>);

impl Hidden {
    /// Takes the value, of which no other copy should be kept.
    #[must_use]
    pub fn new(value: Vec<u8>) -> Self {
        Self(Zeroizing::new(value))
    }

    /// Whether the value has at least `length` bytes.
    #[must_use]
    pub fn has(&self, length: usize) -> bool {
        self.0.len() >= length
    }

    /// Whether `text` is the value as Flux substitutes it: without its line breaks. The time tells
    /// nothing of where the two differ: digests are compared, and those to their end.
    #[must_use]
    pub fn is_substituted_as(&self, text: &str) -> bool {
        let mut digest = Sha256::new();
        for line in self.0.split(|byte| *byte == b'\n') {
            digest.update(line);
        }
        let ours: [u8; 32] = digest.finalize().into();
        let theirs: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        ours.ct_eq(&theirs).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_as_flux_writes_them() {
        let value = Hidden::new(b"first-line\nsecond-line\n".to_vec());
        assert!(value.is_substituted_as("first-linesecond-line"));
        assert!(!value.is_substituted_as("first-line"));
        assert!(!value.is_substituted_as(""));
        assert!(value.has(8));
        assert!(!value.has(64));
    }
}
