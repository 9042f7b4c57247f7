//! Small questions about bytes that several scanners ask.

/// Where `needle` begins in `haystack`.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

/// How far any scanner looks from its place. Texts are hostile too: what is looked for at each of
/// many places must not be looked for to the end of the text.
pub(super) const NEAR: usize = 512;

/// Where `needle` begins in `haystack`, when it is near.
pub(super) fn find_near(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    find(&haystack[..haystack.len().min(NEAR)], needle)
}

/// Where the line of `at` begins, as far as it is near.
pub(super) fn line_start(bytes: &[u8], at: usize) -> usize {
    let nearest = at.saturating_sub(NEAR);
    memchr::memrchr(b'\n', &bytes[nearest..at]).map_or(nearest, |newline| nearest + newline + 1)
}

/// Where the line of `at` ends, as far as it is near.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    let farthest = bytes.len().min(at + NEAR);
    memchr::memchr(b'\n', &bytes[at..farthest]).map_or(farthest, |newline| at + newline)
}

/// Whether a byte can be in the name of a variable.
pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a byte can be in base64, in either alphabet.
pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// The length of the run at the beginning of `bytes` whose bytes all satisfy `fits`.
pub(super) fn run(bytes: &[u8], fits: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| fits(**byte)).count()
}

/// Whether `text` begins with `prefix`, in letters of either case.
pub(super) fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    text.len() >= prefix.len() && text[..prefix.len()].eq_ignore_ascii_case(prefix)
}
