//! A release's values as Helm would merge them: the ConfigMaps of `spec.valuesFrom` in their order, then
//! `spec.values`.
//!
//! Nothing is done for a release that names no ConfigMap. Secrets are never read.

mod node;
mod strvals;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::mask::shown;
use crate::facts::{Answer, ConfigMap, Facts, Key};
use crate::model::{Case, Finding, Kind, Pointer, Subject, Unmerged, ValuesFrom, ValuesReference};
use crate::rules::secrets::literal_secret::LiteralSecret;
use crate::rules::{self, AnyRule, Family, Rule};
use crate::yaml;
use node::{Entries, Node, entries_of, merged, size, to_value};

/// What all ConfigMaps of a release may bring together.
const MOST_BYTES: usize = 1 << 20;
/// Further entries are not read: an author could have the API server asked for any number.
const MOST_ENTRIES: usize = 32;
/// What a text with an anchor counts at least: aliases can make much of little.
const ANCHORED: usize = MOST_BYTES / 16;

const CONFIG_MAP: &str = "ConfigMap";

const TOO_MUCH: &str = "the values of all ConfigMaps together are too large to be judged";

/// The values of one release, and where they came from.
pub(super) struct Values<'a> {
    /// The object with the merged values; `None` where nothing was merged.
    root: Option<Value>,
    values: Entries,
    references: Vec<ValuesReference<'a>>,
    unmerged: Vec<Unmerged>,
    /// The last of `unmerged` for each place that one of them sets, made where it is asked for.
    later: OnceCell<BTreeMap<Vec<String>, usize>>,
}

/// Reads and merges the values of a release; `None` where it takes none from ConfigMaps.
pub(super) fn read<'a>(subject: &Subject<'a>, facts: &dyn Facts) -> Option<Values<'a>> {
    let is_config_map = |reference: ValuesReference<'_>| reference.kind == CONFIG_MAP;
    if subject.kind != Kind::HelmRelease || !ValuesReference::all(subject).any(is_config_map) {
        return None;
    }
    let mut values = Values {
        root: None,
        values: Entries::new(),
        references: ValuesReference::all(subject).collect(),
        unmerged: Vec::new(),
        later: OnceCell::new(),
    };
    let mut merge = Merge {
        own: own_values(subject.root),
        result: Entries::new(),
        room: MOST_BYTES,
    };
    let mut is_merged = false;
    let mut broken = None;
    for reference in &values.references {
        let added = match text_of(subject, reference, facts) {
            Ok(None) => continue,
            Ok(Some(map)) => {
                let text = map.data.get(reference.key).map_or("", String::as_str);
                merge.add(reference, text)
            }
            Err(why) => Err(Refused::Entry(why)),
        };
        match added {
            Ok(()) => is_merged = true,
            Err(Refused::Entry(why)) => values.unmerged.push(Unmerged {
                index: reference.index,
                why,
            }),
            Err(Refused::All) => {
                broken = Some(reference.index);
                break;
            }
        }
    }
    if let Some(broken) = broken {
        values.unmerged = refuse_all(&values.references, broken);
    } else if is_merged {
        values.values = merged(&merge.result, &merge.own);
        values.root = with_values(subject.root, to_value(&values.values));
    }
    Some(values)
}

/// The ConfigMap that has the reference's key; `None` where it is not there and need not be.
fn text_of(
    subject: &Subject<'_>,
    reference: &ValuesReference<'_>,
    facts: &dyn Facts,
) -> Result<Option<Arc<ConfigMap>>, String> {
    match reference.kind {
        CONFIG_MAP => {}
        "Secret" => return Err(String::new()),
        _ => return Err("its kind is neither ConfigMap nor Secret".to_owned()),
    }
    if reference.index >= MOST_ENTRIES {
        return Err(format!("only the first {MOST_ENTRIES} entries are read"));
    }
    let key = Key {
        namespace: subject.namespace,
        name: reference.name,
    };
    match facts.config_map(key) {
        Answer::Known(map) if map.data.contains_key(reference.key) => Ok(Some(map)),
        Answer::Known(_) | Answer::Absent if reference.optional => Ok(None),
        Answer::Known(_) => Err("it does not have that key".to_owned()),
        Answer::Absent => Err("it does not exist".to_owned()),
        Answer::Unseen(why) => Err(why.to_string()),
    }
}

/// What cannot be merged.
enum Refused {
    /// One entry, and why.
    Entry(String),
    /// An entry was merged in part: nobody can say what the others then mean.
    All,
}

/// The merge as far as it has come.
struct Merge {
    /// `spec.values`.
    own: Entries,
    /// What the entries so far have brought.
    result: Entries,
    /// How much more they may bring.
    room: usize,
}

impl Merge {
    fn add(&mut self, reference: &ValuesReference<'_>, text: &str) -> Result<(), Refused> {
        let origin = Some(reference.index);
        self.spend(text.len())?;
        if !reference.target_path.is_empty() {
            let (path, literal) = (reference.target_path, reference.literal);
            // What helm-controller sets here, it sets in maps that `spec.values` shares.
            let mut result = merged(&self.result, &self.own);
            strvals::set(&mut result, path, text, literal, origin, &mut self.room)
                .map_err(|_| Refused::All)?;
            self.result = result;
            return Ok(());
        }
        if text.contains('&') {
            self.spend(ANCHORED)?;
        }
        let unreadable = |why: &str| Refused::Entry(why.to_owned());
        let map = match yaml::load(text).into_iter().next() {
            None => Map::new(),
            Some(Err(_)) => return Err(unreadable("it is not YAML as Kubernetes reads it")),
            Some(Ok(document)) => match document.value {
                Value::Object(map) => map,
                Value::Null => Map::new(),
                _ => return Err(unreadable("it does not hold a map of values")),
            },
        };
        let value = Value::Object(map);
        self.spend(size(&value).saturating_sub(text.len()))?;
        if let Value::Object(map) = value {
            self.result = merged(&self.result, &entries_of(map, origin));
        }
        Ok(())
    }

    /// Takes from the room; what does not fit leaves none for anything after it.
    fn spend(&mut self, size: usize) -> Result<(), Refused> {
        let left = self.room.checked_sub(size);
        self.room = left.unwrap_or(0);
        match left {
            Some(_) => Ok(()),
            None => Err(Refused::Entry(TOO_MUCH.to_owned())),
        }
    }
}

fn refuse_all(references: &[ValuesReference<'_>], broken: usize) -> Vec<Unmerged> {
    let why = |reference: &ValuesReference<'_>| match reference.kind {
        "Secret" => String::new(),
        _ if reference.index == broken => {
            "Helm cannot set what it holds at its `targetPath`".to_owned()
        }
        _ => format!("entry {broken} of `valuesFrom` cannot be merged, so none is"),
    };
    let refused = references.iter().map(|reference| Unmerged {
        index: reference.index,
        why: why(reference),
    });
    refused.collect()
}

fn own_values(root: &Value) -> Entries {
    let values = root.get("spec").and_then(|spec| spec.get("values"));
    let map = values.and_then(Value::as_object).cloned();
    entries_of(map.unwrap_or_default(), None)
}

/// The object with other values.
fn with_values(root: &Value, values: Value) -> Option<Value> {
    let without = |map: &Map<String, Value>, left_out: &str| -> Map<String, Value> {
        let kept = map.iter().filter(|(key, _)| *key != left_out);
        kept.map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let mut spec = without(root.get("spec")?.as_object()?, "values");
    spec.insert("values".to_owned(), values);
    let mut root = without(root.as_object()?, "spec");
    root.insert("spec".to_owned(), Value::Object(spec));
    Some(Value::Object(root))
}

impl Values<'_> {
    /// The case with the merged values in place of its own.
    pub(super) fn case<'c>(&'c self, case: &'c Case<'_>) -> Option<Case<'c>> {
        let root = self.root.as_ref().unwrap_or(case.subject.root);
        let mut subject = Subject::new(root)?
            .in_namespace(case.subject.namespace)
            .named(case.subject.name);
        subject.values_from = ValuesFrom::Merged(self.unmerged.clone());
        Some(Case {
            subject,
            before: case.before,
            request: case.request,
            now: case.now,
            comments: case.comments,
        })
    }

    /// Whether any entry could be merged.
    pub(super) fn are_merged(&self) -> bool {
        self.root.is_some()
    }

    /// Says of a finding on the merged object that it rests on a ConfigMap, and on which.
    pub(super) fn mark(&self, finding: &mut Finding, own: &Value) {
        let Some(root) = &self.root else { return };
        let Some(place) = below_values(&finding.pointer) else {
            return;
        };
        let found = finding.pointer.resolve(root);
        let is_own = found.is_some_and(is_scalar) && found == finding.pointer.resolve(own);
        // A secret is one wherever it stands. What else is wrong with the object's own words may be so
        // only beside the ConfigMap's, which the same commit may be about to mend.
        let stands_alone = |rule: &dyn AnyRule| rule.meta().family == Family::Secrets;
        if is_own && rules::find(&finding.rule).is_some_and(stands_alone) {
            return;
        }
        finding.on_facts();
        let Some(reference) = self.source(&finding.pointer, own) else {
            return;
        };
        finding.message.push_str(&format!(
            "; it comes from key `{}` of ConfigMap `{}`, at `{}`",
            reference.key,
            reference.name,
            shown(&place)
        ));
        // A secret in the ConfigMap is written out there, whatever becomes of it.
        let stays = finding.rule == LiteralSecret::META.name;
        if !stays && self.may_be_replaced(&place, reference.index) {
            finding.message.push_str(
                ", unless a later entry of `valuesFrom`, which could not be seen, replaces it",
            );
            finding.unverified();
        }
    }

    /// Whether an entry behind `index` that could not be seen names the place, something above it or
    /// something below it. A release can have ten thousand entries, and as many findings.
    fn may_be_replaced(&self, place: &Pointer, index: usize) -> bool {
        let later = self.later.get_or_init(|| {
            let mut later = BTreeMap::new();
            for unmerged in &self.unmerged {
                if let Some(entry) = self.references.get(unmerged.index) {
                    later.insert(keys(entry.target_path), unmerged.index);
                }
            }
            later
        });
        let place: Vec<String> = place.segments().collect();
        let is_later = |last: Option<&usize>| last.is_some_and(|last| *last > index);
        (0..place.len()).any(|above| is_later(later.get(&place[..above])))
            || later
                .range(place.clone()..)
                .take_while(|(keys, _)| keys.starts_with(&place))
                .any(|(_, last)| *last > index)
    }

    /// The place in the object itself that brings what is at `pointer` of the merged one.
    pub(super) fn entry(&self, pointer: &Pointer, own: &Value) -> Option<Pointer> {
        let reference = self.source(pointer, own)?;
        let list = Pointer::root().join("spec").join("valuesFrom");
        Some(list.join(&reference.index.to_string()))
    }

    /// The entry that brings what is at `pointer`, unless the object itself has something there.
    fn source(&self, pointer: &Pointer, own: &Value) -> Option<&ValuesReference<'_>> {
        let place = below_values(pointer)?;
        let root = self.root.as_ref()?;
        let (found, before) = (pointer.resolve(root)?, pointer.resolve(own));
        let is_own = match before {
            Some(before) => found == before || !(is_scalar(found) || is_scalar(before)),
            None => false,
        };
        if is_own {
            return None;
        }
        let mut segments = place.segments();
        let first = self.values.get(segments.next()?.as_str()).cloned();
        let node: Node = segments.try_fold(first?, |node, segment| node.child(&segment))?;
        self.references.get(node.origin()?)
    }
}

fn is_scalar(value: &Value) -> bool {
    !(value.is_object() || value.is_array())
}

/// The pointer from `spec.values` on.
fn below_values(pointer: &Pointer) -> Option<Pointer> {
    let rest = pointer.as_str().strip_prefix("/spec/values")?;
    Pointer::parse(rest)
}

/// The keys and indices that a `targetPath` leads through; none where it is empty.
fn keys(target_path: &str) -> Vec<String> {
    if target_path.is_empty() {
        return Vec::new();
    }
    let mut keys = vec![String::new()];
    let mut characters = target_path.chars();
    while let Some(character) = characters.next() {
        let last = keys.last_mut();
        match (character, last) {
            ('.' | '[', _) => keys.push(String::new()),
            (']', _) => {}
            ('\\', Some(key)) => key.extend(characters.next()),
            (other, Some(key)) => key.push(other),
            (_, None) => {}
        }
    }
    keys
}
