//! Whether a piece of JSON says the same as a value, without parsing it into one: the comparison
//! ends at the first difference.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::text::Text;

/// Whether `raw` says the same as `value`, in whatever order and spacing.
pub(super) fn says_the_same(raw: &RawValue, value: &Value) -> bool {
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    Same(value).deserialize(&mut reader).is_ok()
}

#[derive(Clone, Copy)]
struct Same<'v>(&'v Value);

impl<'de> DeserializeSeed<'de> for Same<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

fn hold<E: Error>(same: bool) -> Result<(), E> {
    if same {
        Ok(())
    } else {
        Err(E::custom("different"))
    }
}

impl<'de> Visitor<'de> for Same<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the same value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        hold(self.0.is_null())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        hold(self.0.as_bool() == Some(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        hold(self.0.as_i64() == Some(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        hold(self.0.as_u64() == Some(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        // An integer is not the same as a fraction of equal worth: rules may print either.
        let own = self.0.as_number().filter(|own| own.is_f64());
        hold(own.and_then(serde_json::Number::as_f64) == Some(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        hold(self.0.as_str() == Some(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some(own) = self.0.as_array() else {
            return hold(false);
        };
        for item in own {
            hold(items.next_element_seed(Same(item))?.is_some())?;
        }
        hold(items.next_element::<serde::de::IgnoredAny>()?.is_none())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some(own) = self.0.as_object() else {
            return hold(false);
        };
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let Some(value) = own.get(key.as_str()) else {
                return hold(false);
            };
            map.next_value_seed(Same(value))?;
            // A key that is there twice could stand in for one that is missing.
            hold(seen.insert(key.0))?;
        }
        hold(seen.len() == own.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(left: &str, right: &str) -> bool {
        let raw: &RawValue = serde_json::from_str(left).expect("JSON");
        let value = serde_json::from_str(right).expect("JSON");
        says_the_same(raw, &value)
    }

    #[test]
    fn order_and_spacing_do_not_matter_and_all_else_does() {
        for equal in [
            (
                r#"{"a": [1, {"b": null}], "c": "x"}"#,
                r#"{"c":"\u0078","a":[1,{"b":null}]}"#,
            ),
            ("1.5", "1.50"),
            ("-3", "-3"),
            ("true", "true"),
        ] {
            assert!(same(equal.0, equal.1), "{equal:?}");
        }
        for different in [
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#),
            (r#"{"a":1,"b":2}"#, r#"{"a":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":1,"a":1}"#, r#"{"a":1,"b":1}"#),
            ("[1]", "[1,2]"),
            ("[1,2]", "[1]"),
            ("1", "1.0"),
            ("1", "\"1\""),
            ("null", "{}"),
        ] {
            assert!(!same(different.0, different.1), "{different:?}");
        }
    }
}
