//! Base64 in either alphabet, into a buffer on the stack or, for whole files, on the heap.

/// The most bytes that [`Decoded`] keeps.
const KEPT: usize = 192;

/// The largest text that is decoded whole.
const LARGEST: usize = 512 * 1024;

/// Base64 of no more than a few words is not looked into, where no key says what it is.
const SHORTEST: usize = 24;

/// The first decoded bytes of a base64 text; nothing is allocated.
pub(super) struct Decoded {
    bytes: [u8; KEPT],
    len: usize,
}

impl Decoded {
    /// Decodes as much as fits; `None` when `text` is no base64.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let mut decoded = Self {
            bytes: [0; KEPT],
            len: 0,
        };
        decode(text, |byte| {
            if decoded.len < KEPT {
                decoded.bytes[decoded.len] = byte;
                decoded.len += 1;
            }
        })?;
        Some(decoded)
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The text, when it is printable.
    pub(super) fn text(&self) -> Option<&str> {
        let text = std::str::from_utf8(self.bytes()).ok()?;
        is_printable(text).then_some(text)
    }
}

/// Whether `text` is base64 of text, as far as its first line shows. Names and random strings are not.
pub(super) fn is_of_text(text: &[u8]) -> bool {
    let is_base64 = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b'\r')
    };
    if text.len() < SHORTEST || !text.iter().all(is_base64) {
        return false;
    }
    let line = text.split(u8::is_ascii_whitespace).next().unwrap_or(text);
    let Some(decoded) = Decoded::of(&line[..line.len().min(64)]) else {
        return false;
    };
    let readable = match std::str::from_utf8(decoded.bytes()) {
        Ok(text) => text,
        // A character may be cut at the end.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&decoded.bytes()[..error.valid_up_to()]).unwrap_or("")
        }
        Err(_) => "",
    };
    readable.len() >= 16 && is_printable(readable)
}

/// Decodes the whole text; `None` when it is no base64, not printable, or too large.
pub(super) fn to_text(text: &[u8]) -> Option<String> {
    if text.len() > LARGEST {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    decode(text, |byte| bytes.push(byte))?;
    let text = String::from_utf8(bytes).ok()?;
    is_printable(&text).then_some(text)
}

fn is_printable(text: &str) -> bool {
    !text
        .chars()
        .any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t'))
}

fn decode(text: &[u8], mut put: impl FnMut(u8)) -> Option<()> {
    let mut kept: u32 = 0;
    let mut bits = 0;
    let mut padded = false;
    for &byte in text {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                padded = true;
                continue;
            }
            b'\n' | b'\r' | b' ' => continue,
            _ => return None,
        };
        if padded {
            return None;
        }
        kept = kept << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            put((kept >> bits & 0xFF) as u8);
        }
    }
    // One letter alone holds no byte.
    (bits < 6).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_are_read() {
        assert_eq!(to_text(b"aGVsbG8=").as_deref(), Some("hello"));
        assert_eq!(to_text(b"aGVsbG8").as_deref(), Some("hello"));
        assert_eq!(
            Decoded::of(b"Pz8_Pj4-").map(|d| d.bytes().to_vec()),
            Some(b"???>>>".to_vec())
        );
        assert_eq!(to_text(b"aGVs bG8="), Some("hello".to_owned()));
        assert_eq!(to_text(b"not base64!"), None);
        assert_eq!(to_text(b"AAECAw=="), None);
    }

    #[test]
    fn base64_of_text_is_told_from_names() {
        // `DB_USER=romm` and a line break, twice.
        assert!(is_of_text(b"REJfVVNFUj1yb21tCkRCX1VTRVI9cm9tbQo="));
        for text in [
            "RemovePodsViolatingTopologySpreadConstraint",
            "persistentVolumeClaimRetentionPolicy",
            "9f2c71e8b4d05a6633ec17ab9024d7f1",
            "ghcr.io/example/romm",
            "home/operations/containers/apps2",
        ] {
            assert!(!is_of_text(text.as_bytes()), "{text}");
        }
    }
}
