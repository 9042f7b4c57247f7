//! Texts that are written to harm: none may overflow a stack, hang or panic.

use std::thread;

use proptest::prelude::*;
use serde_json::json;

use super::{Deadline, Expression, Variables, error, of, release};
use crate::expression::bounds::LONGEST;
use crate::model::{Case, Subject};

/// Compiles and, where that is possible, evaluates on three quarters of the usual stack.
fn survives(texts: Vec<String>) -> usize {
    let run = move || {
        let object = release();
        let subject = Subject::new(&object).expect("an object that is judged");
        let case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
        let deadline = Deadline::default();
        let mut evaluated = 0;
        for text in texts {
            if let Ok(expression) = Expression::compile(&text) {
                let variables = Variables::new(&case, &deadline);
                let _ = expression.holds(&variables);
                evaluated += 1;
            }
        }
        evaluated
    };
    let thread = thread::Builder::new().stack_size(3 << 19).spawn(run);
    let evaluated = thread.expect("a thread").join();
    evaluated.expect("no panic")
}

/// As often as it fits.
fn filled(start: &str, repeated: &str, end: &str) -> String {
    let count = (LONGEST - start.len() - end.len()) / repeated.len();
    format!("{start}{}{end}", repeated.repeat(count))
}

/// So many brackets or operators in a row, and as many at the end.
const SHAPES: [(&str, &str, &str); 24] = [
    ("(", "true", ")"),
    ("[", "1", "]"),
    ("!", "true", ""),
    ("-", "1", ""),
    ("!-", "true", ""),
    ("{'a':", "1", "}"),
    ("object.", "a", ""),
    ("a.", "b", ""),
    ("object[", "0", "]"),
    ("1+", "1", ""),
    ("1 + (", "1", ")"),
    ("'a'+", "'a'", ""),
    ("true ? ", "true", " : true"),
    ("true ? true : ", "true", ""),
    ("true ? (", "true", ") : true"),
    ("true && ", "true", ""),
    ("true || (", "true", ")"),
    ("true && (false || ", "true", ")"),
    ("size(", "object", ")"),
    ("has(object.a", "", ")"),
    ("''.trim()", "", ".trim()"),
    ("object.?a", "", ".?a"),
    ("[1].map(x, ", "x", ")"),
    ("optional.of(", "1", ")"),
];

#[test]
fn deep_texts_are_refused_or_evaluated() {
    let mut texts = Vec::new();
    for (open, middle, close) in SHAPES {
        for count in [
            8, 20, 24, 30, 31, 32, 40, 60, 62, 63, 64, 100, 200, 1000, 4000,
        ] {
            let text = format!("{}{middle}{}", open.repeat(count), close.repeat(count));
            if text.len() <= LONGEST {
                texts.push(text);
            }
        }
        texts.push(filled(open, open, ""));
        texts.push(filled("", close.get(..1).unwrap_or("}"), ""));
        texts.push(filled("true ? [", open, ""));
    }
    assert!(survives(texts) > 50);
}

#[test]
fn what_is_too_deep_is_told_with_its_place() {
    let message = error(&"(".repeat(4000));
    assert!(
        message.starts_with("1:25: the expression is too deep here"),
        "{message}"
    );
    let message = error(&format!("1{} == 1", "+1".repeat(100)));
    assert!(message.contains("too deep"), "{message}");
    // Balanced by the parser, so their number does not count.
    assert_eq!(survives(vec![format!("true{}", " && true".repeat(400))]), 1);
    let message = error(&"a".repeat(LONGEST + 1));
    assert!(message.contains("4096 are the most"), "{message}");
}

#[test]
fn a_deep_object_is_compared() {
    let compare = || {
        let mut object = release();
        let nested = |_| {
            let deep = (0..120).fold(json!(1), |inner, _| json!({"a": [inner]}));
            json!(deep)
        };
        object["spec"]["values"] = json!([nested(0), nested(1)]);
        let text = "object.spec.values[0] == object.spec.values[1] && object == object";
        assert_eq!(of(&object, text), Ok(true));
        let text = format!("{}object == object{}", "[".repeat(20), "]".repeat(20));
        assert_eq!(of(&object, &format!("{text} == {text}")), Ok(true));
    };
    let thread = thread::Builder::new().stack_size(3 << 19).spawn(compare);
    thread.expect("a thread").join().expect("no panic");
}

#[test]
fn loops_are_counted() {
    let nested = |count: usize| {
        let names = ["a", "b", "c", "d"];
        let open: String = names[..count]
            .iter()
            .map(|name| format!("[1].all({name}, "))
            .collect();
        format!("{open}true{}", ")".repeat(count))
    };
    assert_eq!(survives(vec![nested(3)]), 1);
    assert!(error(&nested(4)).contains("more than 3 deep"));
    let many = vec!["[1].all(a, true)"; 17].join(" && ");
    assert!(error(&many).contains("more than 16 loops"));
}

#[test]
fn what_costs_too_much_on_a_usual_object_is_no_expression() {
    let all = "object.spec.values.all";
    let three = format!("{all}(a, {all}(b, {all}(c, a == b || b == c)))");
    let message = error(&three);
    assert!(
        message.contains("could cost too much on a usual object"),
        "{message}"
    );
    assert!(message.contains("`all` here"), "{message}");
    // Each doubles the text.
    let doubled = format!("[object.kind]{}.size() == 1", ".map(x, x + x)".repeat(16));
    assert!(error(&doubled).contains("could cost too much"));
    let two = format!("{all}(a, {all}(b, a == b))");
    assert_eq!(survives(vec![two]), 1);
}

const TOKENS: [&str; 64] = [
    "object",
    "oldObject",
    "request",
    "images",
    "claims",
    "chart",
    "x",
    "y",
    "spec",
    "metadata",
    "name",
    ".",
    ".",
    ".",
    ".?",
    "(",
    "(",
    ")",
    ")",
    "[",
    "[?",
    "]",
    "]",
    "{",
    "}",
    ",",
    ",",
    ":",
    "?",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "&&",
    "||",
    "1",
    "-1",
    "1.5",
    "2u",
    "'a'",
    "\"é\"",
    "b'a'",
    "true",
    "null",
    ".all(x, ",
    ".map(x, ",
    ".filter(y, ",
    ".exists_one(x, ",
    "has(",
    "size(",
    ".matches('a+')",
    ".split('')",
    ".replace('', 'ab')",
    ".join()",
    "9223372036854775807",
    "\n",
    "optional.of(",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn tokens_in_any_order_do_no_harm(
        tokens in proptest::collection::vec(proptest::sample::select(&TOKENS[..]), 1..60)
    ) {
        survives(vec![tokens.concat(), tokens.join(" ")]);
    }

    #[test]
    fn any_text_does_no_harm(text in ".{0,200}") {
        survives(vec![text]);
    }

    #[test]
    fn what_is_compiled_ends(
        operands in proptest::collection::vec(proptest::sample::select(&OPERANDS[..]), 1..12),
        operators in proptest::collection::vec(proptest::sample::select(&OPERATORS[..]), 12)
    ) {
        let mut text = String::new();
        for (operand, operator) in operands.iter().zip(operators) {
            text = if text.is_empty() { (*operand).to_owned() } else { format!("{text} {operator} {operand}") };
        }
        survives(vec![text]);
    }
}

const OPERANDS: [&str; 14] = [
    "object",
    "object.spec.values.list",
    "object.spec.values.map",
    "object.spec.values.count",
    "object.metadata.name",
    "images",
    "chart",
    "null",
    "[object, 1, 'a']",
    "object.metadata.name.split('')",
    "object.spec.values.map(k, object)",
    "object.spec.values.list.filter(x, x in object.spec.values.list)",
    "object.?nothing",
    "{'a': object}",
];

const OPERATORS: [&str; 14] = [
    "+",
    "-",
    "*",
    "/",
    "%",
    "<",
    ">=",
    "==",
    "!=",
    "in",
    "&&",
    "||",
    "? 1 :",
    "? object :",
];
