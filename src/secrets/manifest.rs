//! Secret manifests within a text: the entries of their `data` are base64.

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
    let start = before(text, at);
    let end = find(&text.as_bytes()[at..], b"\n---").map_or(text.len(), |end| at + end);
    let mut offset = start;
    let mut data_indent = None;
    for line in text[start..end].split_inclusive('\n') {
        let indent = run(line.as_bytes(), |byte| byte == b' ');
        let content = line.trim();
        if content == "data:" {
            data_indent = Some(indent);
        } else if let Some(outer) = data_indent
            && !content.is_empty()
        {
            if indent <= outer {
                data_indent = None;
            } else {
                entry(scanner, offset, line);
            }
        }
        offset += line.len();
    }
}

/// Where the manifest begins: after the last `---`.
fn before(text: &str, at: usize) -> usize {
    text[..at].rfind("\n---").map_or(0, |mark| mark + 1)
}

/// Judges `key: base64` as what it decodes to.
fn entry(scanner: &mut Scanner<'_, '_>, offset: usize, line: &str) {
    let Some((key, value)) = line.split_once(": ") else {
        return;
    };
    let (key, value) = (key.trim(), value.trim().trim_matches(['"', '\'']));
    if value.len() < 8 || !value.bytes().all(is_base64) {
        return;
    }
    let Some(decoded) = base64::to_text(value.as_bytes()) else {
        return;
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
        None => scanner.scan_inner(&decoded, place),
    }
}
