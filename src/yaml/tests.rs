//! Streams as people write them, and properties that hold for any text.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn values(text: &str) -> Vec<Value> {
    load(text)
        .into_iter()
        .map(|document| document.expect("a good document").value)
        .collect()
}

fn error(text: &str) -> YamlError {
    load(text)
        .into_iter()
        .find_map(Result::err)
        .expect("one document is broken")
}

#[test]
fn a_stream_is_read_document_by_document() {
    for (text, expected) in [
        ("", vec![]),
        ("# nothing but this\n", vec![]),
        ("a: 1\n---\nb: 2\n", vec![json!({"a": 1}), json!({"b": 2})]),
        ("--- # comment\na: 1\n...\n", vec![json!({"a": 1})]),
        ("---\n---\na: 1\n", vec![json!(null), json!({"a": 1})]),
        (
            "\u{feff}a: 1\r\nb:\r\n- x\r\n",
            vec![json!({"a": 1, "b": ["x"]})],
        ),
        ("%YAML 1.1\n---\na: yes\n", vec![json!({"a": true})]),
        (
            "a:\n  b: |\n    x\n    y",
            vec![json!({"a": {"b": "x\ny"}})],
        ),
        (
            "a: 'yes'\nb: \"0777\"\nc: !secret no\n",
            vec![json!({"a": "yes", "b": "0777", "c": "no"})],
        ),
        (
            "1: a\nyes: b\n1.5: c\n",
            vec![json!({"1": "a", "true": "b", "1.5": "c"})],
        ),
        ("? a\n: b\n", vec![json!({"a": "b"})]),
    ] {
        assert_eq!(values(text), expected, "{text:?}");
    }
}

#[test]
fn a_broken_document_hides_no_other() {
    let text = "a: 1\n---\nb: [1, 2\n---\nc: 3\n---\nd: {{ x }}\n---\ne: 5\n";
    let documents = load(text);
    let kinds: Vec<_> = documents.iter().map(Result::is_ok).collect();
    assert_eq!(kinds, [true, false, true, false, true]);
    assert_eq!(
        documents[4].as_ref().map(|document| &document.value),
        Ok(&json!({"e": 5}))
    );
    let range = documents[3]
        .as_ref()
        .expect_err("it is broken")
        .range
        .clone();
    assert!(text[range].contains("d: {{ x }}"));
}

#[test]
fn anchors_aliases_and_merge_keys() {
    let text = "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\n\
                one: {<<: *base, a: 9}\ntwo: {a: 9, <<: *base}\nlist: {<<: [*base, *other]}\n\
                text: '<<'\nname: &name romm\nsame: *name\n";
    let value = &values(text)[0];
    assert_eq!(value["one"], json!({"a": 9, "b": 2}));
    assert_eq!(value["two"], json!({"a": 9, "b": 2}));
    assert_eq!(value["list"], json!({"a": 1, "b": 2, "c": 4}));
    assert_eq!(value["text"], "<<");
    assert_eq!(value["same"], "romm");
}

#[test]
fn what_kubernetes_refuses_is_an_error_with_its_place() {
    for (text, at) in [
        ("a: 1\n~: 2\n", "~"),
        ("a: .inf\n", ".inf"),
        ("a: !!int x\n", "x"),
        ("a: {{ b }}\n", "{ b"),
        ("a: {<<: 1}\n", "1"),
        ("a: &a [*a]\n", "*a"),
        ("a: *b\n", "*b"),
    ] {
        assert_eq!(
            error(text).at,
            text.find(at).expect("it is there"),
            "{text:?}"
        );
    }
    let tab = "a:\n\tb: c\n";
    assert_eq!(Lines::of(tab).place(error(tab).at).line, 2);
}

#[test]
fn a_key_that_is_set_again_is_told_and_wins() {
    let text = "a: 1\nb: 2\na: 3\n";
    let document = load(text).remove(0).expect("it is good");
    assert_eq!(document.value, json!({"a": 3, "b": 2}));
    assert_eq!(
        document.duplicates,
        [Duplicate {
            key: "a".to_owned(),
            at: 10
        }]
    );
}

#[test]
fn aliases_cannot_blow_up() {
    use std::fmt::Write as _;
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = level - 1;
        let aliases = vec![format!("*a{below}"); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").expect("a string takes it");
    }
    assert!(error(&text).message.contains("aliases"));
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(load(&nested(MAX_DEPTH))[0].is_ok(), "{open}");
        for depth in [MAX_DEPTH + 1, 5_000] {
            assert!(load(&nested(depth))[0].is_err(), "{open} {depth}");
        }
    }
    assert!(load(&"- ".repeat(5_000))[0].is_err());
}

#[test]
fn an_alias_may_be_a_key() {
    let text = "name: &app romm\nmap:\n  *app:\n    a: 1\n  b: '*app: x'\n*app: {c: *app}\nd: 4\n";
    assert_eq!(
        values(text),
        [
            json!({"name": "romm", "map": {"romm": {"a": 1}, "b": "*app: x"}, "romm": {"c": "romm"}, "d": 4})
        ]
    );
    assert_eq!(found(text, "/map/romm/a"), (Some("a"), "1"));
    assert_eq!(found(text, "/d"), (Some("d"), "4"));
    assert!(load(&"*a: 1\n".repeat(200))[0].is_err());
}

#[track_caller]
fn found<'a>(text: &'a str, pointer: &str) -> (Option<&'a str>, &'a str) {
    let document = load(text).pop().expect("a document").expect("a good one");
    let pointer = Pointer::parse(pointer).expect("a pointer");
    let located = locate(text, &document, &pointer).expect("the text is the document's");
    (located.key.map(|key| &text[key]), &text[located.target])
}

#[test]
fn a_pointer_is_found_in_the_text() {
    let text = "x: 1\n---\nspec:\n  ü/~: &v {k: 'a b'} # why\n  list:\n  - name: x\n    tag: 4.x\n  \
                other: *v\n  merged:\n    <<: *v\n  text: |\n    one\n    two\n  dup: 1\n  dup: 2\n";
    assert_eq!(found(text, "/spec/ü~1~0/k"), (Some("k"), "'a b'"));
    assert_eq!(found(text, "/spec/list/0/tag"), (Some("tag"), "4.x"));
    assert_eq!(found(text, "/spec/other/k"), (Some("k"), "'a b'"));
    assert_eq!(found(text, "/spec/merged/k"), (Some("k"), "'a b'"));
    assert_eq!(found(text, "/spec/dup"), (Some("dup"), "2"));
    assert_eq!(found(text, "/spec/text").0, Some("text"));
    // What is missing is told at the nearest place above it.
    assert_eq!(found(text, "/spec/list/0/tag/deeper").1, "4.x");
}

/// Like `==`, but a whole float equals the integer that Kubernetes makes of it.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[yYnNoO~0-9._+xbe:# -]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("\\PC{0,12}|<<|yes|1", inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "(\\PC|[\\n\\t:&*!|>{}\\[\\],'\"#%-]| |---\\n|a: ){0,80}") {
        for document in load(&text).into_iter().flatten() {
            let _ = locate(&text, &document, &Pointer::root().join("a"));
        }
    }

    #[test]
    fn json_is_yaml(value in any_json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }
            .expect("it is JSON");
        let loaded = load(&text);
        prop_assert_eq!(loaded.len(), 1, "{}", text);
        let document = loaded[0].as_ref().expect("JSON is YAML");
        prop_assert!(same(&document.value, &value), "{} became {}", text, document.value);
    }

    #[test]
    fn every_leaf_is_found_where_it_stands(value in any_json()) {
        let text = serde_json::to_string_pretty(&value).expect("it is JSON");
        let document = load(&text).remove(0).expect("JSON is YAML");
        let outline = Outline::of(&text, &document).expect("the text is the document's");
        let tree = crate::model::Tree::walk(&value);
        for node in tree.subtree(crate::model::NodeId::ROOT) {
            if let leaf @ (Value::String(_) | Value::Bool(_)) = tree.value(node) {
                let located = outline.locate(&tree.pointer(node));
                prop_assert!(located.is_exact);
                let written = serde_json::to_string(leaf).expect("it is JSON");
                prop_assert_eq!(&text[located.target], written.as_str());
            }
        }
    }
}
