//! The walk: which scalars of an object are judged, and under which key.

mod numbers;

use serde_json::Value;

use super::base64;
use super::bytes::is_name;
use super::command;
use super::hit::{Hit, effective_key};
use super::inside::{Context, Found, What, scan};
use super::keys::{Class, speaks_of_snmp};
use super::prefilter::may_be_secret;
use super::value::{Grade, Setting, is_basic, judge};
use super::weak::Names;
use crate::model::{HelmRelease, NodeId, Step, Subject, Tree};

/// The scalars of the object that hold secrets, in its order; found at the first call.
#[must_use]
pub fn secrets_of<'s>(subject: &'s Subject<'_>) -> &'s [Hit] {
    subject.secrets.list(|| {
        let mut hits = Vec::new();
        scan_subject(subject, |hit| hits.push(hit));
        hits
    })
}

/// kubectl's copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Calls `on` with every scalar of the object that holds a secret.
pub fn scan_subject(subject: &Subject<'_>, mut on: impl FnMut(Hit)) {
    let tree = &subject.tree;
    let release = HelmRelease::of(subject);
    let spec = |key: &str| {
        subject
            .root
            .get("spec")
            .and_then(|spec| spec.get(key))
            .and_then(Value::as_str)
            .unwrap_or("")
    };
    let names = Names::of([
        subject.name,
        release.chart_name(),
        subject.namespace,
        spec("releaseName"),
        spec("targetNamespace"),
    ]);
    let context = Context {
        names: &names,
        depth: 0,
    };
    if let Some(metadata) = tree.child(NodeId::ROOT, "metadata") {
        for map in ["annotations", "labels"] {
            if let Some(map) = tree.child(metadata, map) {
                walk(tree, map, true, context, &mut on);
            }
        }
    }
    if let Some(spec) = subject.spec() {
        walk(tree, spec, false, context, &mut on);
    }
}

fn walk<'a>(
    tree: &Tree<'a>,
    top: NodeId,
    is_note: bool,
    context: Context<'_>,
    on: &mut impl FnMut(Hit),
) {
    let end = tree.after(top);
    let mut at = top;
    while at < end {
        let node = tree.node(at);
        if let Step::Key(name) = node.step {
            key(at, name, context, on);
        }
        match node.value {
            Value::Object(_) | Value::Array(_) => {
                if let Value::Array(items) = node.value
                    && numbers::is_key_in_bytes(items)
                {
                    numbers::bytes(tree, at, on);
                }
                if node.step.key().is_some_and(only_names) {
                    at = tree.after(at);
                    continue;
                }
            }
            Value::String(text) => {
                if node.step.key() != Some(LAST_APPLIED) {
                    string(tree, at, text, is_note, context, on);
                }
            }
            Value::Number(number) => numbers::number(tree, at, number, on),
            Value::Null | Value::Bool(_) => {}
        }
        at = tree.next(at);
    }
}

/// No shorter key is a token.
const SHORTEST_TOKEN: usize = 20;

/// A token can be a key too: `tokens: {<token>: alice}`. Only known formats are looked for.
fn key(node: NodeId, name: &str, context: Context<'_>, on: &mut impl FnMut(Hit)) {
    if name.len() < SHORTEST_TOKEN || !may_be_token(name.as_bytes()) {
        return;
    }
    let mut found = Vec::new();
    scan(name, context, &mut found);
    let what = found.iter().find_map(|found| match found.what {
        What::Format(what) => Some(what),
        What::UrlPassword if found.grade == Grade::Literal => Some("a URL with its password"),
        _ => None,
    });
    if let Some(what) = what {
        on(Hit {
            node,
            keyed: node,
            found: vec![Found {
                what: What::Key(what),
                literal: None,
                ..whole(Grade::Literal, "")
            }],
        });
    }
}

/// Whether a key has a digit, or letters of both cases around a mark: names in kebab-case, in capitals
/// and in camelCase have not.
fn may_be_token(name: &[u8]) -> bool {
    let has = |fits: fn(&u8) -> bool| name.iter().any(fits);
    has(u8::is_ascii_digit)
        || has(|byte| matches!(byte, b'-' | b'_'))
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase)
}

/// Keys under which everything only names where a value is, or is encrypted.
fn only_names(key: &str) -> bool {
    // Each of them ends so; most keys are told apart by their length and last letters.
    matches!(
        key,
        "secretKeyRef"
            | "configMapKeyRef"
            | "secretRef"
            | "configMapRef"
            | "remoteRef"
            | "valueFrom"
            | "valuesFrom"
            | "envFrom"
            | "fieldRef"
            | "resourceFieldRef"
            | "secretStoreRef"
            | "encryptedData"
            | "sops"
            | "secretKeys"
            | "existingSecretKeys"
            | "sourceRef"
            | "chartRef"
    )
}

fn string<'a>(
    tree: &Tree<'a>,
    node: NodeId,
    text: &'a str,
    is_note: bool,
    context: Context<'_>,
    on: &mut impl FnMut(Hit),
) {
    if text.len() < 2 || is_placeholder(text) {
        return;
    }
    let data = secret_data(tree, node);
    let (key, keyed) = match (data, tree.node(node).step) {
        (Some(_), Step::Key(key)) => (key, node),
        _ => effective_key(tree, node),
    };
    let mut found = Vec::new();
    let mut class = class_at(tree, key, keyed);
    if is_note {
        // Annotations are written for many readers: a strong word there is none yet.
        class = class.min(Class::Opaque);
    }
    if let Some(data) = data {
        // What a Secret holds is more often a secret than not, unless its key says otherwise.
        if class == Class::Unknown {
            class = Class::Ambiguous;
        }
        if data == Data::Base64 {
            encoded(key, class, text, context, &mut found);
        }
    }
    if found.is_empty() {
        if class.is_secret() {
            under_key(key, class, text, context.names, &mut found);
        } else if key == "auth" && is_basic(text) {
            found.push(whole(Grade::Literal, text));
        }
        if let Step::Index(index) = tree.node(node).step {
            argument(tree, node, index, text, context.names, &mut found);
        }
        scan(text, context, &mut found);
    }
    if !found.is_empty() {
        on(Hit { node, keyed, found });
    }
}

/// Whether the whole text is one `${NAME}`: what a clean release has most where a secret could be.
fn is_placeholder(text: &str) -> bool {
    text.strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| name.bytes().all(is_name))
}

/// The class of `key`, which stands at `keyed`; one that is only `key`, `token` or `secret` takes the
/// key above to it, and `passwords` gives its own to what is below.
fn class_at(tree: &Tree<'_>, key: &str, keyed: NodeId) -> Class {
    let above = || {
        tree.parent(keyed)
            .map_or("", |parent| effective_key(tree, parent).0)
    };
    if may_be_secret(key) {
        if key.eq_ignore_ascii_case("community") && is_below_snmp(tree, keyed) {
            return Class::Password;
        }
        return Class::of_key_under(key, above());
    }
    match tree.parent(keyed).map(|parent| tree.node(parent).step) {
        Some(Step::Key(parent)) if may_be_secret(parent) => Class::of_key_under(key, parent),
        _ => Class::Unknown,
    }
}

/// Whether any key above `node` is about SNMP: its exporter has `auths: {home: {community: x}}`.
fn is_below_snmp(tree: &Tree<'_>, mut node: NodeId) -> bool {
    while let Some(parent) = tree.parent(node) {
        if tree.node(parent).step.key().is_some_and(speaks_of_snmp) {
            return true;
        }
        node = parent;
    }
    false
}

fn under_key(key: &str, class: Class, text: &str, names: &Names<'_>, found: &mut Vec<Found>) {
    let trimmed = text.trim();
    // A file under the key of a secret is read as a file, unless it is one block of base64.
    if trimmed.contains('\n')
        && !trimmed
            .bytes()
            .all(|byte| super::bytes::is_base64(byte) || byte == b'\n')
    {
        return;
    }
    if let Some(judged) = judge(class, key, text, Setting::Scalar, names) {
        let start = (judged.literal.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        found.push(Found {
            grade: judged.grade,
            what: What::Value,
            literal: Some(start..start + judged.literal.len()),
            key: None,
            line: 0,
        });
    }
}

fn whole(grade: Grade, text: &str) -> Found {
    Found {
        grade,
        what: What::Value,
        literal: Some(0..text.len()),
        key: None,
        line: 0,
    }
}

/// How the values of an embedded Secret are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    Plain,
    Base64,
}

/// Whether the value at `node` is an entry of an embedded Secret.
fn secret_data(tree: &Tree<'_>, node: NodeId) -> Option<Data> {
    let map = tree.parent(node)?;
    let kind = match tree.node(map).step {
        Step::Key("stringData") => return Some(Data::Plain),
        Step::Key("data") => Data::Base64,
        _ => return None,
    };
    let manifest = tree.value(tree.parent(map)?);
    (manifest.get("kind").and_then(Value::as_str) == Some("Secret")).then_some(kind)
}

/// Judges what an entry of a Secret's `data` decodes to.
fn encoded(key: &str, class: Class, text: &str, context: Context<'_>, found: &mut Vec<Found>) {
    let Some(decoded) = base64::to_text(text.trim().as_bytes()) else {
        return;
    };
    let mut inner = Vec::new();
    if class.is_secret() {
        under_key(key, class, &decoded, context.names, &mut inner);
    }
    scan(&decoded, context, &mut inner);
    if let Some(worst) = inner.into_iter().max_by_key(|inner| inner.grade) {
        found.push(Found {
            literal: None,
            key: None,
            line: 0,
            ..worst
        });
    }
}

/// `--password`, `x` in two items; `-u`, `user:x` after curl.
fn argument<'a>(
    tree: &Tree<'a>,
    node: NodeId,
    index: usize,
    text: &'a str,
    names: &Names<'_>,
    found: &mut Vec<Found>,
) {
    let Some(items) = tree
        .parent(node)
        .and_then(|list| tree.value(list).as_array())
    else {
        return;
    };
    let before = index
        .checked_sub(1)
        .and_then(|index| items.get(index))
        .and_then(Value::as_str)
        .filter(|flag| flag.starts_with('-') && !flag.contains(['=', ' ']));
    // Go's programs take `-password` for `--password`; `-p` is for the table of programs.
    let named = before
        .filter(|flag| flag.len() > 3 && may_be_secret(flag) && !text.starts_with('-'))
        .and_then(|flag| {
            let key = flag.trim_start_matches('-');
            judge(Class::of(key), key, text, Setting::Scalar, names)
        });
    let judged = named.or_else(|| command::after_flag(items, before?, text, names));
    let judged = judged.or_else(|| command::glued_flag(items, text, names));
    if let Some(judged) = judged {
        let start = (judged.literal.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        found.push(Found {
            literal: Some(start..start + judged.literal.len()),
            ..whole(judged.grade, text)
        });
    }
}
