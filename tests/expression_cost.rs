//! The budget of expressions in time and memory: the worst that is allowed ends soon, and in little.
//! Run it with `--release` for the figures that users get; without optimisation the bound is looser.

use std::fmt::Write;
use std::time::{Duration, Instant};

use lockkeeper::expression::{Deadline, Expression, Failure, Variables};
use lockkeeper::model::{Case, Subject};
use serde_json::{Value, json};

/// What all evaluations of one review may take, on a machine that does other things too.
const LONGEST: Duration = if cfg!(debug_assertions) {
    Duration::from_secs(30)
} else {
    Duration::from_secs(2)
};
/// What they may allocate at one time, in bytes.
const MOST: u64 = 64 << 20;

/// Expressions that do much work for their length.
const WORST: [&str; 22] = [
    "O.all(a, O.all(b, O[a] == O[b] || true))",
    "O.all(a, O.all(b, a + b != ''))",
    "O.all(a, O.all(b, (object.kind + a + b).contains('aaaaaaaaaab') || true))",
    "O.all(a, O[a].all(b, object.spec.values.text.contains('aaaaaaaaaaaaaaaab') || true))",
    "O.map(a, O.map(b, object)).size() > 0",
    "O.map(a, O.map(b, {'a': O, 'b': [1, 2, a, b]})).size() > 0",
    "O.map(a, O.map(b, a + b)).map(c, c + c).map(c, c + c).size() > 0",
    "object.spec.values.text.split('').size() > 0",
    "object.spec.values.text.split('').map(a, a + a).map(a, [a, a, a]).size() > 0",
    "object.spec.values.text.split('').filter(a, a in ['b', 'c', 'd', 'e']).size() == 0",
    "[1, 2, 3, 4].map(a, object.spec.values.text + object.spec.values.text).join('x').size() > 0",
    "object.spec.values.text.replace('', 'abcdefgh').replace('a', 'bcdefgh').size() > 0",
    "object.spec.values.text.indexOf('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab') == -1",
    "object.spec.values.text.matches('(a|aa|aaa|a*)*(b|c)[0-9]{20}$') || true",
    "object.spec.values.text.matches('[a-q][^u-z]{13}x') || true",
    "object.spec.values.text.matches('(?i)\\\\w*\\\\pL{9}b$') || true",
    "O.all(a, object.spec.values.text.matches('(?:a?){30}a{30}b') || true)",
    "O.all(a, O.exists(b, nothing(a, b)) || true)",
    "O.exists(a, O.exists(b, object + 1 == 2 || O[a] < O[b]))",
    "O.all(a, O.exists(b, object.?spec.?values.?nothing.orValue(object) == a))",
    "object == object && O == O && [object, object] == [object, object]",
    "O.all(a, (a + a + a + a + a + a + a + a + a + a + a + a + a + a + a + a + a) != '')",
];

/// Objects of several shapes: what is worst depends on the shape.
fn objects() -> Vec<Value> {
    let wide = |count: usize, text: usize| {
        let mut values = serde_json::Map::new();
        for number in 0..count {
            values.insert(
                format!("key-{number}"),
                json!([number, {"name": "romm"}, "a"]),
            );
        }
        values.insert("text".to_owned(), json!("a".repeat(text)));
        json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "romm", "namespace": "media"}, "spec": {"values": values}})
    };
    vec![
        wide(10, 200),
        wide(100, 4 << 10),
        wide(300, 64 << 10),
        wide(1000, 10),
        wide(5, 1 << 20),
        wide(20_000, 100),
    ]
}

/// Evaluates until the budget is spent; the outcomes, and how long it took.
fn exhaust(object: &Value, expression: &Expression) -> (usize, Duration, u64) {
    let subject = Subject::new(object).expect("an object that is judged");
    let case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    let deadline = Deadline::default();
    let variables = Variables::new(&case, &deadline);
    let mut count = 0;
    let mut worst = 0;
    let start = Instant::now();
    // What costs next to nothing is asked so often that its own costs would show.
    while count < 20_000 {
        let mut held = Ok(true);
        let allocated = allocation_counter::measure(|| held = expression.holds(&variables));
        worst = worst.max(allocated.bytes_max);
        if held == Err(Failure::TooCostly) {
            break;
        }
        count += 1;
    }
    (count, start.elapsed(), worst)
}

#[test]
fn the_worst_that_is_allowed_ends_soon_and_in_little_memory() {
    let objects = objects();
    let (mut compiled, mut evaluated, mut refused) = (0, 0, 0);
    for text in WORST {
        let text = text.replace("O.", "object.spec.values.");
        let text = text
            .replace("O[", "object.spec.values[")
            .replace("O ", "object.spec.values ");
        let text = text.replace("'a': O", "'a': object.spec.values");
        let Ok(expression) = Expression::compile(&text) else {
            continue;
        };
        compiled += 1;
        for (shape, object) in objects.iter().enumerate() {
            let (count, took, memory) = exhaust(object, &expression);
            evaluated += usize::from(count > 0);
            refused += usize::from(count < 20_000);
            println!(
                "{count:>6} times {took:>10.1?} {:>6} KiB shape {shape}: {text}",
                memory >> 10
            );
            assert!(took < LONGEST, "{took:?}: {text}");
            assert!(memory < MOST, "{memory} bytes: {text}");
        }
    }
    assert!(
        compiled > 10 && evaluated > 30 && refused > 30,
        "{compiled} {evaluated} {refused}"
    );
}

#[test]
fn the_budget_is_of_the_review() {
    let objects = objects();
    let text = "object.spec.values.all(a, object.spec.values.exists(b, a == b))";
    let expression = Expression::compile(text).expect(text);
    let (count, _, _) = exhaust(&objects[1], &expression);
    assert!(count > 1, "one evaluation is allowed");
    assert!(count < 1000, "and so many are not");
    let (count, _, _) = exhaust(&objects[5], &expression);
    assert_eq!(count, 0, "20,000 times 20,000 is never begun");
}

#[test]
fn a_review_of_many_images_is_not_evaluated() {
    let mut containers = String::new();
    for number in 0..5000 {
        let comma = if number == 0 { "" } else { "," };
        write!(containers, "{comma}{{\"image\":\"a/b:{number}.0.0\"}}").expect("a text");
    }
    let values: Value =
        serde_json::from_str(&format!("{{\"containers\":[{containers}]}}")).expect("JSON");
    let object = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "media"}, "spec": {"values": values}});
    let subject = Subject::new(&object).expect("an object that is judged");
    let case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    let deadline = Deadline::default();
    let variables = Variables::new(&case, &deadline);
    let all = Expression::compile("images.all(i, i.pinned)").expect("an expression");
    assert_eq!(all.holds(&variables), Err(Failure::TooCostly));
    let other = Expression::compile("object.metadata.name == 'romm'").expect("an expression");
    assert_eq!(other.holds(&variables), Ok(true), "others still are");
}
