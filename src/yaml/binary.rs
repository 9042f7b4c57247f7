//! Standard base64 with padding, as Go reads it: for `!!binary` alone.

/// Decodes `text`; bytes that are not UTF-8 become U+FFFD, as Go's JSON writes them. `None` when it
/// is not base64.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut symbols: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let padding = symbols
        .iter()
        .rev()
        .take(2)
        .take_while(|byte| **byte == b'=')
        .count();
    symbols.truncate(symbols.len() - padding);
    let mut bytes = Vec::with_capacity(symbols.len() / 4 * 3 + 2);
    for group in symbols.chunks(4) {
        let mut bits: u32 = 0;
        for &symbol in group {
            bits = bits << 6 | u32::from(sextet(symbol)?);
        }
        bits <<= 6 * (4 - group.len());
        let [_, first, second, third] = bits.to_be_bytes();
        bytes.extend(&[first, second, third][..group.len().checked_sub(1)?]);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn sextet(symbol: u8) -> Option<u8> {
    match symbol {
        b'A'..=b'Z' => Some(symbol - b'A'),
        b'a'..=b'z' => Some(symbol - b'a' + 26),
        b'0'..=b'9' => Some(symbol - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn decodes_what_go_decodes() {
        for (text, decoded) in [
            ("", ""),
            ("cm9tbQ==", "romm"),
            ("cm9t\nbS8=\n", "romm/"),
            ("cm9tbS8h", "romm/!"),
            ("/w==", "\u{fffd}"),
        ] {
            assert_eq!(decode(text).as_deref(), Some(decoded), "{text:?}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["cm9tbQ", "cm9tbQ=", "c===", "cm9t!Q==", "====", "=a=="] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
