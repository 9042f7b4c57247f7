//! What expressions mean, and what their errors say.

mod hostile;
mod variables;

use serde_json::{Value, json};

use super::{Deadline, Expression, Failure, Variables};
use crate::model::{Case, Subject};

/// A release with something of every kind of value.
fn release() -> Value {
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "media", "labels": {"app.kubernetes.io/name": "romm"}},
        "spec": {
            "interval": "30m",
            "chartRef": {"kind": "OCIRepository", "name": "app-template", "namespace": "flux-system"},
            "suspend": null,
            "values": {"count": 3, "half": 0.5, "whole": 2.0, "on": true, "big": 18_446_744_073_709_551_615_u64,
                "list": ["a", "b", "c"], "numbers": [1, 2, 3], "map": {"x": {"y": 1}},
                "copy": {"x": {"y": 1}}}
        }
    })
}

/// What an expression says of an object.
fn of(object: &Value, text: &str) -> Result<bool, Failure> {
    let expression = Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let subject = Subject::new(object).expect("an object that is judged");
    let case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    expression.holds(&Variables::new(&case, &Deadline::default()))
}

fn holds(text: &str) -> Result<bool, Failure> {
    of(&release(), text)
}

fn error(text: &str) -> String {
    Expression::compile(text)
        .expect_err(&format!("no error: {text}"))
        .to_string()
}

#[test]
fn what_people_write_is_true() {
    for text in [
        "object.metadata.namespace == 'media' && has(object.spec.chartRef)",
        "!has(object.spec.chart)",
        "has(object.metadata.labels) && 'app.kubernetes.io/name' in object.metadata.labels",
        "object.metadata.labels['app.kubernetes.io/name'] == 'romm'",
        "object.metadata.labels.`app.kubernetes.io/name` == 'romm'",
        "object.spec.values.list.exists(item, item == 'b')",
        "object.spec.values.list.all(item, item.size() == 1)",
        "object.spec.values.list.exists_one(item, item == 'c')",
        "object.spec.values.numbers.map(n, n * 2) == [2, 4, 6]",
        "object.spec.values.numbers.map(n, n > 1, n + 1) == [3, 4]",
        "object.spec.values.numbers.filter(n, n % 2 == 1) == [1, 3]",
        "object.spec.values.map.map(key, key) == ['x']",
        "object.spec.values.map.all(key, object.spec.values.map[key].y == 1)",
        "size(object.spec.values.list) == 3 && object.spec.values.list.size() == 3",
        "object.metadata.name.matches('^[a-z]+$') && matches(object.metadata.name, 'ro')",
        "object.metadata.name.startsWith('ro') && object.metadata.name.endsWith('mm')",
        "object.metadata.name.contains('om')",
        "(object.spec.values.on ? 'yes' : 'no') == 'yes'",
        "object.spec.suspend == null && has(object.spec.suspend)",
        "type(object.spec.suspend) == null_type && type(object.spec.values.list) == list",
        "type(object.spec.values.count) == int && type(object.spec.values.half) == double",
        "type(object.spec.values.map) == map && type(object.metadata.name) == string",
        "object.spec.values.count == 3 && object.spec.values.count == 3.0",
        "object.spec.values.whole == 2 && object.spec.values.half < 1",
        "type(object.spec.values.big) == double",
        "object.spec.values.count + 1 == 4 && -object.spec.values.count == -3",
        "object.spec.values.list + ['d'] == ['a', 'b', 'c', 'd']",
        "['a'] + object.spec.values.list == ['a', 'a', 'b', 'c']",
        "object.spec.values.map == {'x': {'y': 1}} && {'x': {'y': 1}} == object.spec.values.map",
        "object.spec.values.map == object.spec.values.copy",
        "object.spec.values.map in [{'x': {'y': 1}}]",
        "object.spec.values.list[1] == 'b' && object.spec.values.list[1.0] == 'b'",
        "'a' in object.spec.values.list && !('z' in object.spec.values.list)",
        "object.metadata.name in ['romm', 'other']",
        "'a' < 'b' && 2 >= 1.5 && object.metadata.name > 'a'",
        "object.metadata.name + '-data' == 'romm-data'",
        "'a/b/c'.split('/')[2] == 'c' && ['a', 'b'].join('-') == 'a-b'",
        "'A b'.lowerAscii().replace(' ', '_').upperAscii().trim().substring(0, 1) == 'A'",
        "'abcb'.indexOf('b') == 1 && 'abcb'.lastIndexOf('b') == 3 && 'abc'.charAt(1) == 'b'",
        "int('3') == 3 && string(3) == '3' && double('0.5') == 0.5 && uint(3) == 3u",
        "object.?spec.?chart.?spec.?version.orValue('none') == 'none'",
        "object.?spec.?interval.orValue('') == '30m' && !object.?spec.?nothing.hasValue()",
        "optional.of(1).value() == 1 && !optional.none().hasValue()",
        "object.metadata[?'name'].orValue('') == 'romm'",
        "// a comment\nobject.metadata.name\n  == 'romm'",
        // An error on one side does not matter where the other decides.
        "object.spec.nothing == 1 || true",
        "object.spec.values.numbers.exists(n, n / 0 == 1 || n == 2)",
        ".object.metadata.name == 'romm'",
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
    assert_eq!(holds("object.metadata.namespace == 'games'"), Ok(false));
}

#[test]
fn why_it_is_neither_true_nor_false() {
    for (text, why) in [
        ("object.spec.chart.spec.version == '1'", Failure::MissingKey),
        ("object.spec.values.list[3] == 'd'", Failure::MissingKey),
        ("object.spec.values.map['z'] == 1", Failure::MissingKey),
        ("object.metadata.name + 1 == 'romm1'", Failure::WrongType),
        ("object.metadata < object.spec", Failure::WrongType),
        ("object + object == object", Failure::WrongType),
        ("object.spec.values.list[0.5] == 'a'", Failure::WrongType),
        ("object in {'a': 1}", Failure::WrongType),
        (
            "object.spec.values.count.startsWith('3')",
            Failure::WrongType,
        ),
        ("size(object.spec.values.count) == 1", Failure::WrongType),
        ("object.spec.values.count && true", Failure::WrongType),
        ("object.metadata.name", Failure::NotBoolean),
        ("object.spec.suspend", Failure::NotBoolean),
        ("object", Failure::NotBoolean),
        ("1 / (object.spec.values.count - 3) == 1", Failure::Failed),
        ("int(object.metadata.name) == 1", Failure::Failed),
        (
            "9223372036854775807 + object.spec.values.count > 0",
            Failure::Failed,
        ),
    ] {
        assert_eq!(holds(text), Err(why), "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_when_it_is_compiled() {
    for (text, expected) in [
        (
            "",
            "the expression is empty; write one that is true or false",
        ),
        (
            "true &&\n  objct.spec.suspend",
            "2:3: there is no variable `objct`; did you mean `object`?",
        ),
        (
            "images.all(image, imag.tag != '')",
            "1:19: there is no variable `imag`; did you mean `image`?",
        ),
        (
            "images.all(image, true) || image.tag == ''",
            "did you mean `images`?",
        ),
        (
            "zzz",
            "1:1: there is no variable `zzz`; the variables are `object`, `oldObject`, `request`, `images`, `claims`, `chart`",
        ),
        (
            "object.metadata.name.startWith('a')",
            "1:22: there is no function `startWith`; did you mean `startsWith`?",
        ),
        (
            "object.metadata.name.startsWith('a', 'b')",
            "1:22: `startsWith` takes 1 argument(s), and 2 are written",
        ),
        ("trim('a') == 'a'", "1:1: `trim` is written `value.trim()`"),
        ("'3'.int() == 3", "1:5: `int` is written `int(value)`"),
        ("has(object)", "invalid argument to has() macro"),
        ("images.all(image)", "`all` wants a name and a condition"),
        ("object.metadata.name ==", "the expression ends too early"),
        ("object.metadata.name = 'a'", "1:22:"),
        (
            "object.metadata.name == 'a",
            "1:25: unterminated string literal",
        ),
        ("object.é", "1:8: this character has no meaning in CEL"),
        ("a.b.C{x: 1} == 1", "1:1: `a.b.C{…}` makes a message"),
        (
            "{object.kind: 1} == {}",
            "a key of a map must be written out",
        ),
        (
            "object.kind.matches(object.kind)",
            "1:13: the pattern of `matches` must be written out",
        ),
        (
            "object.kind.matches('(a')",
            "1:13: the pattern of `matches` cannot be compiled: unclosed group",
        ),
        (
            "object.kind.matches('(\\\\w{99}){99}')",
            "the pattern of `matches` is too large",
        ),
        (
            "timestamp(object.kind) == 1",
            "there is no function `timestamp`",
        ),
    ] {
        let message = error(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
    let place = Expression::compile("true &&\n  objct").map_err(|error| error.place());
    assert_eq!(place.err(), Some(Some((2, 3))));
}

#[test]
fn a_secret_is_in_no_failure() {
    let secret = ["made", "up", "4711"].join("-");
    let mut object = release();
    object["spec"]["values"]["password"] = json!(secret);
    for text in [
        "object[object.spec.values.password] == 1",
        "object.spec.values.password + 1 == 1",
        "int(object.spec.values.password) == 1",
        "object.spec.values.password < 1",
        "object.spec.values.list[object.spec.values.password] == 1",
        "object.spec.values.password",
    ] {
        let failure = of(&object, text).expect_err(text);
        assert!(!format!("{failure} {failure:?}").contains("4711"), "{text}");
    }
    let subject = Subject::new(&object).expect("an object that is judged");
    let case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    let deadline = Deadline::default();
    let variables = Variables::new(&case, &deadline);
    let named = variables.get(super::Name::Object);
    assert!(!format!("{variables:?} {:?}", named.0).contains("4711"));
}

#[test]
fn after_the_deadline_nothing_is_evaluated() {
    let object = release();
    let subject = Subject::new(&object).expect("an object that is judged");
    let case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    let deadline = Deadline::default();
    let variables = Variables::new(&case, &deadline);
    let expression = Expression::compile("true").expect("an expression");
    assert_eq!(expression.holds(&variables), Ok(true));
    deadline.pass();
    assert_eq!(expression.holds(&variables), Err(Failure::OutOfTime));
}

#[test]
fn an_expression_can_be_shared() {
    fn shared<T: Send + Sync>(_: &T) {}
    let expression = Expression::compile("object.kind.matches('^a')").expect("an expression");
    shared(&expression);
    assert_eq!(expression.text(), "object.kind.matches('^a')");
}
