//! Secret manifests within a text: the entries of their `data` are base64.

use std::borrow::Cow;

use super::base64;
use super::bytes::{find, is_base64, run};
use super::inside::{Scanner, What};
use super::keys::Class;
use super::value::{Setting, judge};

/// Reads the entries of `data` in the manifest whose `kind: Secret` stands at `at`.
pub(super) fn at_secret(scanner: &mut Scanner<'_, '_>, at: usize) {
    let text = scanner.text;
    let after = at + "kind: Secret".len();
    // `kind: SecretStore` is another kind.
    if text
        .as_bytes()
        .get(after)
        .is_some_and(u8::is_ascii_alphanumeric)
    {
        return;
    }
    // A manifest is looked at once, however often it says its kind.
    if at < scanner.manifests {
        return;
    }
    let read = scanner.manifests;
    let start = text[read..at]
        .rfind("\n---")
        .map_or(read, |mark| read + mark + 1);
    let end = find(&text.as_bytes()[at..], b"\n---").map_or(text.len(), |end| at + end);
    scanner.manifests = end;
    let mut offset = start;
    let mut data = None;
    for line in text[start..end].split_inclusive('\n') {
        let indent = run(line.as_bytes(), |byte| byte == b' ');
        let content = line.trim();
        if let "data:" | "stringData:" = content {
            data = Some((indent, content == "data:"));
        } else if let Some((outer, is_encoded)) = data
            && !content.is_empty()
        {
            if indent <= outer {
                data = None;
            } else {
                entry(scanner, offset, line, is_encoded);
            }
        }
        offset += line.len();
    }
}

/// Judges an entry, as what it decodes to where it is encoded.
fn entry(scanner: &mut Scanner<'_, '_>, offset: usize, line: &str, is_encoded: bool) {
    let Some((key, value)) = line.split_once(": ") else {
        return;
    };
    let (key, value) = (key.trim(), value.trim().trim_matches(['"', '\'']));
    let decoded = if is_encoded {
        let fits = value.len() >= 8 && value.bytes().all(is_base64);
        let Some(decoded) = fits.then(|| base64::to_text(value.as_bytes())).flatten() else {
            return;
        };
        Cow::Owned(decoded)
    } else {
        Cow::Borrowed(value)
    };
    let class = match Class::of(key) {
        Class::Unknown => Class::Ambiguous,
        class => class,
    };
    let names = scanner.context.names;
    let judged = judge(class, key, &decoded, Setting::Scalar, names).map(|judged| judged.grade);
    let place = scanner.range_of(value);
    match judged {
        Some(grade) => {
            let key = offset + (line.len() - line.trim_start().len());
            let key = key..key + line.trim_start().find(':').unwrap_or(0);
            scanner.add(grade, What::Value, place, Some(key));
        }
        // What is plain is met by the pass itself.
        None if is_encoded => scanner.scan_inner(&decoded, place),
        None => {}
    }
}
