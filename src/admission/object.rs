//! An object of a review, split into its fields by one pass; parsed only where it is judged.

use std::cell::OnceCell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::text::Text;
use crate::model::Before;

/// The fields of a map, their values unparsed. Of equal keys the last one counts, as everywhere in
/// Kubernetes.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'a> Fields<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .rev()
            .find(|(name, _)| name.as_str() == key)
            .map(|(_, value)| *value)
    }

    /// The text under `key`; `None` when it is absent or no string.
    pub(super) fn text(&self, key: &str) -> Option<Text<'a>> {
        serde_json::from_str(self.get(key)?.get()).ok()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), *value))
    }

    /// Parses all fields but `skipped`.
    fn parse_without(&self, skipped: Option<&str>) -> serde_json::Result<Map<String, Value>> {
        self.iter()
            .filter(|(key, _)| Some(*key) != skipped)
            .map(|(key, value)| Ok((key.to_owned(), serde_json::from_str(value.get())?)))
            .collect()
    }
}

/// What stands where a map should be.
#[derive(Debug, Default)]
pub(super) enum Shape<M> {
    /// Nothing, or null.
    #[default]
    Absent,
    /// The map.
    Map(M),
    /// Anything else.
    Other,
}

impl<M> Shape<M> {
    pub(super) fn map(&self) -> Option<&M> {
        match self {
            Shape::Map(map) => Some(map),
            Shape::Absent | Shape::Other => None,
        }
    }
}

/// An object: its fields, and those of its metadata and spec.
#[derive(Debug, Default)]
pub(super) struct Object<'a> {
    /// All fields but `metadata` and `spec`.
    pub(super) fields: Fields<'a>,
    /// The fields of `metadata`.
    pub(super) metadata: Shape<Fields<'a>>,
    /// The fields of `spec`.
    pub(super) spec: Shape<Fields<'a>>,
}

impl<'a> Object<'a> {
    pub(super) fn meta(&self, key: &str) -> Option<&'a RawValue> {
        self.metadata.map()?.get(key)
    }

    /// Whether it is on its way out: it has a `deletionTimestamp`.
    pub(super) fn is_deleting(&self) -> bool {
        self.meta("deletionTimestamp")
            .is_some_and(|raw| raw.get() != "null")
    }

    /// The object as rules see it: without `status` and `managedFields`, which are not the author's.
    pub(super) fn parse(&self) -> serde_json::Result<Value> {
        let mut root = self.fields.parse_without(Some("status"))?;
        if let Shape::Map(metadata) = &self.metadata {
            let metadata = metadata.parse_without(Some("managedFields"))?;
            root.insert("metadata".to_owned(), Value::Object(metadata));
        }
        if let Shape::Map(spec) = &self.spec {
            let spec = spec.parse_without(None)?;
            root.insert("spec".to_owned(), Value::Object(spec));
        }
        Ok(Value::Object(root))
    }
}

/// The old object of a review: parsed when the judge asks for it.
pub(super) struct OldObject<'r> {
    object: Option<&'r Object<'r>>,
    parsed: OnceCell<Option<Value>>,
}

impl<'r> OldObject<'r> {
    pub(super) fn new(object: Option<&'r Object<'r>>) -> Self {
        Self {
            object,
            parsed: OnceCell::new(),
        }
    }
}

impl fmt::Debug for OldObject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OldObject")
    }
}

impl Before for OldObject<'_> {
    fn root(&self) -> Option<&Value> {
        self.parsed
            .get_or_init(|| self.object?.parse().ok())
            .as_ref()
    }
}

/// What can be read from a JSON map.
trait FromMap<'de>: Sized {
    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

impl<'de: 'a, 'a> FromMap<'de> for Fields<'a> {
    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut fields = Vec::with_capacity(12);
        while let Some(entry) = map.next_entry()? {
            fields.push(entry);
        }
        Ok(Self(fields))
    }
}

impl<'de: 'a, 'a> FromMap<'de> for Object<'a> {
    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut fields = Vec::with_capacity(6);
        let mut metadata = Shape::Absent;
        let mut spec = Shape::Absent;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match key.as_str() {
                "metadata" => metadata = map.next_value()?,
                "spec" => spec = map.next_value()?,
                _ => fields.push((key, map.next_value()?)),
            }
        }
        Ok(Self {
            fields: Fields(fields),
            metadata,
            spec,
        })
    }
}

impl<'de, M: FromMap<'de>> Deserialize<'de> for Shape<M> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ShapeVisitor(PhantomData))
    }
}

struct ShapeVisitor<M>(PhantomData<M>);

impl<'de, M: FromMap<'de>> Visitor<'de> for ShapeVisitor<M> {
    type Value = Shape<M>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shape<M>, A::Error> {
        M::from_map(map).map(Shape::Map)
    }

    fn visit_unit<E: Error>(self) -> Result<Shape<M>, E> {
        Ok(Shape::Absent)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Shape<M>, E> {
        Ok(Shape::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Shape<M>, E> {
        Ok(Shape::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Shape<M>, E> {
        Ok(Shape::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Shape<M>, E> {
        Ok(Shape::Other)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Shape<M>, E> {
        Ok(Shape::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape<M>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Shape::Other)
    }
}
