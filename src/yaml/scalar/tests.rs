//! Each line was put to sigs.k8s.io/yaml v1.6.0 too.

use serde_json::{Value, json};

use super::*;

fn value(text: &str) -> Value {
    resolve(text, None)
        .expect("no tag, no error")
        .into_value()
        .expect("JSON has it")
}

#[test]
fn plain_scalars_mean_what_kubernetes_takes_them_for() {
    for (text, expected) in [
        ("", json!(null)),
        ("~", json!(null)),
        ("Null", json!(null)),
        ("nUll", json!("nUll")),
        ("yes", json!(true)),
        ("y", json!(true)),
        ("On", json!(true)),
        ("oN", json!("oN")),
        ("off", json!(false)),
        ("N", json!(false)),
        ("none", json!("none")),
        ("0777", json!(511)),
        ("0o17", json!(15)),
        ("0_7", json!(7)),
        ("0X1F", json!(31)),
        ("+0x1f", json!(31)),
        ("0b11", json!(3)),
        ("-0b11", json!(-3)),
        ("09", json!(9)),
        ("0x", json!("0x")),
        ("-0", json!(0)),
        ("+5", json!(5)),
        ("5_", json!(5)),
        ("_5", json!("_5")),
        ("1_000", json!(1000)),
        ("1.0", json!(1)),
        ("1.10", json!(1.1)),
        ("1.", json!(1)),
        ("1e3", json!(1000)),
        ("1_2.5_0", json!(12.5)),
        (".5", json!(0.5)),
        (".5_0", json!(0.5)),
        ("._5", json!("._5")),
        ("+.5", json!(0.5)),
        ("-.5", json!(-0.5)),
        ("1e400", json!("1e400")),
        (
            "18446744073709551615",
            json!(18_446_744_073_709_551_615_u64),
        ),
        (
            "18446744073709551616",
            json!(18_446_744_073_709_551_616_f64),
        ),
        (
            "+18446744073709551615",
            json!(18_446_744_073_709_551_616_f64),
        ),
        ("-9223372036854775808", json!(i64::MIN)),
        ("2001-01-01", json!("2001-01-01")),
        ("12:30:45", json!("12:30:45")),
        ("1.2.3", json!("1.2.3")),
        ("-", json!("-")),
        ("=", json!("=")),
        ("<<", json!("<<")),
    ] {
        assert_eq!(value(text), expected, "{text:?}");
    }
}

#[test]
fn infinity_and_nan_are_no_json() {
    for text in [".inf", "-.Inf", "+.INF", ".nan"] {
        let scalar = resolve(text, None).expect("a float");
        assert!(scalar.into_value().is_err(), "{text:?}");
    }
}

#[test]
fn keys_become_strings_as_in_sigs_yaml() {
    for (text, key) in [
        ("yes", "true"),
        ("010", "8"),
        ("1.0", "1"),
        ("1.5", "1.5"),
        ("1e5", "100000"),
        ("1e6", "1e+06"),
        ("1e22", "1e+22"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("16777217.0", "1.6777216e+07"),
        (".inf", ".inf"),
        ("-.inf", "-.inf"),
        (".nan", ".nan"),
        ("name", "name"),
    ] {
        let scalar = resolve(text, None).expect("no tag, no error");
        assert_eq!(scalar.into_key().as_deref(), Ok(key), "{text:?}");
    }
    for text in ["~", "18446744073709551615"] {
        let scalar = resolve(text, None).expect("no tag, no error");
        assert!(scalar.into_key().is_err(), "{text:?}");
    }
}

#[test]
fn tags_are_held_to() {
    for (text, tag, expected) in [
        ("12", "str", json!("12")),
        ("5", "int", json!(5)),
        ("5", "float", json!(5)),
        ("yes", "bool", json!(true)),
        ("", "null", json!(null)),
        ("cm9tbQ==", "binary", json!("romm")),
        ("2001-01-01", "timestamp", json!("2001-01-01")),
    ] {
        let scalar = resolve(text, Some(Tag::of_core(tag))).expect("fits its tag");
        assert_eq!(scalar.into_value(), Ok(expected), "!!{tag} {text:?}");
    }
    for (text, tag) in [
        ("1.5", "int"),
        ("x", "bool"),
        ("x", "null"),
        ("!", "binary"),
    ] {
        let error = resolve(text, Some(Tag::of_core(tag)));
        assert!(error.is_err(), "!!{tag} {text:?}");
    }
}
