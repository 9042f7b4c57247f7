//! The detector behind the rules of the family secrets: keys, values, formats.

/// Whether a short text, such as a map's key, itself looks like a secret and must not be shown.
#[must_use]
pub fn looks_like_secret(text: &str) -> bool {
    text.contains("PRIVATE KEY") || (text.starts_with("eyJ") && text.len() > 40)
}
