//! What a scalar's text means to Kubernetes: the table of sigs.k8s.io/yaml (goyaml.v2), which is YAML 1.1.

use serde_json::{Number, Value};

use super::binary;

/// The type that an explicit tag asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// `!!str`, and every local tag such as `!secret`: the text stays text.
    Text,
    /// `!!binary`: base64 of the text.
    Binary,
    /// `!!bool`.
    Bool,
    /// `!!int`.
    Int,
    /// `!!float`.
    Float,
    /// `!!null`.
    Null,
}

impl Tag {
    /// The type behind a name in the namespace `tag:yaml.org,2002:`.
    pub(super) fn of_core(name: &str) -> Self {
        match name {
            "binary" => Tag::Binary,
            "bool" => Tag::Bool,
            "int" => Tag::Int,
            "float" => Tag::Float,
            "null" => Tag::Null,
            // A timestamp stays text too: JSON has no type for it.
            _ => Tag::Text,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Tag::Text => "!!str",
            Tag::Binary => "!!binary",
            Tag::Bool => "!!bool",
            Tag::Int => "!!int",
            Tag::Float => "!!float",
            Tag::Null => "!!null",
        }
    }
}

/// A scalar after resolution; floats are kept apart from integers, as a key is written otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    /// The text as it stands.
    Text(&'a str),
    /// Text that had to be made: decoded base64.
    Decoded(String),
}

/// Resolves the text of a scalar that is not quoted, or that has an explicit tag.
pub(super) fn resolve(text: &str, tag: Option<Tag>) -> Result<Scalar<'_>, String> {
    let Some(tag) = tag else {
        return Ok(resolve_plain(text));
    };
    let resolved = match tag {
        Tag::Text => return Ok(Scalar::Text(text)),
        Tag::Binary => {
            return binary::decode(text)
                .map(Scalar::Decoded)
                .ok_or_else(|| "a !!binary value is not base64".to_owned());
        }
        Tag::Bool | Tag::Int | Tag::Float | Tag::Null => resolve_plain(text),
    };
    match (tag, resolved) {
        (Tag::Bool, scalar @ Scalar::Bool(_))
        | (Tag::Int, scalar @ (Scalar::Int(_) | Scalar::Unsigned(_)))
        | (Tag::Float, scalar @ Scalar::Float(_))
        | (Tag::Null, scalar @ Scalar::Null) => Ok(scalar),
        #[expect(clippy::cast_precision_loss, reason = "goyaml.v2 converts so too")]
        (Tag::Float, Scalar::Int(number)) => Ok(Scalar::Float(number as f64)),
        // The value is not told: it may be a secret.
        _ => Err(format!("a value tagged {} is none", tag.name())),
    }
}

fn resolve_plain(text: &str) -> Scalar<'_> {
    let Some(&first) = text.as_bytes().first() else {
        return Scalar::Null;
    };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => match text {
            ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" => Scalar::Float(f64::INFINITY),
            _ => dotted(text),
        },
        b'0'..=b'9' | b'+' | b'-' => number(text),
        _ => Scalar::Text(text),
    }
}

/// Go's `ParseFloat`, which takes underscores between digits only.
fn dotted(text: &str) -> Scalar<'_> {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let separates = bytes.iter().enumerate().all(|(at, byte)| {
        *byte != b'_' || at > 0 && is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1))
    });
    let parsed = match (separates, text.contains('_')) {
        (false, _) => None,
        (true, false) => float(text),
        (true, true) => float(&text.replace('_', "")),
    };
    parsed.map_or(Scalar::Text(text), Scalar::Float)
}

fn word(text: &str) -> Scalar<'_> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::Text(text),
    }
}

fn number(text: &str) -> Scalar<'_> {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    // Longer digits are a float at best; this also bounds the copy.
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_'))
    {
        return Scalar::Text(text);
    }
    let without_underscores;
    let plain = if text.contains('_') {
        without_underscores = text.replace('_', "");
        without_underscores.as_str()
    } else {
        text
    };
    integer(plain)
        .or_else(|| float(plain).map(Scalar::Float))
        .unwrap_or(Scalar::Text(text))
}

/// Go's `ParseInt` and `ParseUint` with base 0.
fn integer(text: &str) -> Option<Scalar<'static>> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty()
        || !digits
            .bytes()
            .all(|digit| char::from(digit).is_digit(radix))
    {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match i64::try_from(i128::from(magnitude) * sign) {
        Ok(number) => Some(Scalar::Int(number)),
        Err(_) if sign == 1 && !text.starts_with('+') => Some(Scalar::Unsigned(magnitude)),
        Err(_) => None,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, within the range of an f64.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && is_digits(digits)
    });
    if whole.is_empty() && fraction.is_empty()
        || !is_digits(whole)
        || !is_digits(fraction)
        || !exponent_fits
    {
        return None;
    }
    text.parse::<f64>().ok().filter(|float| float.is_finite())
}

impl Scalar<'_> {
    /// The JSON value that Kubernetes would get.
    pub(super) fn into_value(self) -> Result<Value, &'static str> {
        Ok(match self {
            Scalar::Null => Value::Null,
            Scalar::Bool(flag) => Value::Bool(flag),
            Scalar::Int(number) => Value::Number(number.into()),
            Scalar::Unsigned(number) => Value::Number(number.into()),
            Scalar::Float(float) => Value::Number(
                json_number(float).ok_or("JSON has no infinity and no NaN: quote the value")?,
            ),
            Scalar::Text(text) => Value::String(text.to_owned()),
            Scalar::Decoded(text) => Value::String(text),
        })
    }

    /// The key that sigs.k8s.io/yaml makes of it.
    pub(super) fn into_key(self) -> Result<String, &'static str> {
        Ok(match self {
            Scalar::Null => return Err("a map's key is null: quote it if it is text"),
            Scalar::Unsigned(_) => return Err("a map's key is too large a number: quote it"),
            Scalar::Bool(flag) => flag.to_string(),
            Scalar::Int(number) => number.to_string(),
            Scalar::Float(float) => float_key(float),
            Scalar::Text(text) => text.to_owned(),
            Scalar::Decoded(text) => text,
        })
    }
}

/// Go writes `1.0` into JSON as `1`, so it arrives as an integer.
fn json_number(float: f64) -> Option<Number> {
    // 2^63: what is below it fits, exactly, into an i64.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if float.fract() == 0.0 && float.abs() < LIMIT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole, and below the limit"
        )]
        return Some(Number::from(float as i64));
    }
    Number::from_f64(float)
}

/// Go's `FormatFloat(float, 'g', -1, 32)`, with YAML's words for what is no number.
fn float_key(float: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "sigs.k8s.io/yaml does so")]
    let short = float as f32;
    if short.is_nan() {
        return ".nan".to_owned();
    }
    if short.is_infinite() {
        return if short > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{short:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return short.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn value(text: &str) -> Value {
        resolve(text, None)
            .expect("no tag, no error")
            .into_value()
            .expect("JSON has it")
    }

    /// Each line was put to sigs.k8s.io/yaml v1.6.0.
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
}
