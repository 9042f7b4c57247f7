//! JSON lent to the evaluator: a map or list becomes CEL's own when somebody looks into it, once, and is
//! shared after that, so that a loop variable costs a counter and not a copy.

use std::fmt;
use std::sync::{Arc, OnceLock};

use cel::ExecutionError;
use cel::common::traits::{Adder, Container, Indexer, Iterable, Iterator, Sizer, Zeroer};
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, Kind, LIST_TYPE,
    MAP_TYPE, Type,
};
use cel::common::value::{Builtin, BuiltinRef, CowVal, Val};
use serde_json::Value;

/// A value as the evaluator takes it.
pub(super) type Lent<'a> = Box<dyn Val + 'a>;

/// Lends a JSON value.
pub(super) fn lend(value: &Value) -> Lent<'_> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(flag) => Box::new(CelBool::from(*flag)),
        // As Kubernetes reads numbers: what is no 64-bit integer is a double.
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Box::new(CelInt::from(integer)),
            None => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => Box::new(CelString::from(text.as_str())),
        Value::Array(items) => Box::new(List(Arc::new(LentList {
            source: items,
            made: OnceLock::new(),
        }))),
        Value::Object(map) => Box::new(Map(Arc::new(LentMap {
            source: Some(map),
            made: OnceLock::new(),
            keys: OnceLock::new(),
        }))),
    }
}

/// Lends a map whose entries are lent already.
pub(super) fn map<'a>(entries: impl IntoIterator<Item = (&'static str, Lent<'a>)>) -> Lent<'a> {
    let entries = entries.into_iter();
    let made = entries.map(|(key, value)| (CelMapKey::from(key), value));
    Box::new(Map(Arc::new(LentMap {
        source: None,
        made: OnceLock::from(CelMap::from(
            made.collect::<std::collections::HashMap<_, _>>(),
        )),
        keys: OnceLock::new(),
    })))
}

/// Lends a list whose items are lent already.
pub(super) fn list(items: Vec<Lent<'_>>) -> Lent<'_> {
    Box::new(List(Arc::new(LentList {
        source: &[],
        made: OnceLock::from(CelList::from(items)),
    })))
}

/// No values in panics or logs.
macro_rules! nameless {
    ($type:ident, $word:literal) => {
        impl fmt::Debug for $type<'_> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str($word)
            }
        }
    };
}

struct LentMap<'a> {
    /// `None` where `made` was there from the beginning.
    source: Option<&'a serde_json::Map<String, Value>>,
    made: OnceLock<CelMap<'a>>,
    /// The keys in their order, as a hash map has none and verdicts must not vary.
    keys: OnceLock<Vec<CelString<'a>>>,
}

#[derive(Clone)]
struct Map<'a>(Arc<LentMap<'a>>);

nameless!(Map, "a map");

impl<'a> Map<'a> {
    fn made(&self) -> &CelMap<'a> {
        self.0.made.get_or_init(|| {
            let entries = self.0.source.into_iter().flatten();
            let made = entries.map(|(key, value)| (CelMapKey::from(key.as_str()), lend(value)));
            CelMap::from(made.collect::<std::collections::HashMap<_, _>>())
        })
    }

    fn keys(&self) -> &[CelString<'a>] {
        self.0.keys.get_or_init(|| match self.0.source {
            Some(source) => source.keys().map(|key| key.as_str().into()).collect(),
            None => {
                let mut keys: Vec<CelString<'a>> = self
                    .made()
                    .keys()
                    .filter_map(|key| match key {
                        CelMapKey::String(key) => Some(key.clone()),
                        _ => None,
                    })
                    .collect();
                keys.sort();
                keys
            }
        })
    }
}

struct LentList<'a> {
    source: &'a [Value],
    made: OnceLock<CelList<'a>>,
}

#[derive(Clone)]
struct List<'a>(Arc<LentList<'a>>);

nameless!(List, "a list");

impl<'a> List<'a> {
    fn made(&self) -> &CelList<'a> {
        self.0.made.get_or_init(|| {
            let items = self.0.source.iter().map(lend);
            CelList::from(items.collect::<Vec<_>>())
        })
    }
}

/// The accessors by which the evaluator asks what a value can do.
macro_rules! container {
    ($type:ident, $cel_type:ident, $variant:ident $(, $adder:ident)?) => {
        impl<'a> Val for $type<'a> {
            fn get_type(&self) -> &Type {
                &$cel_type
            }
            fn cel_type() -> &'static Type {
                &$cel_type
            }
            $(fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn $adder + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            })?
            fn as_container(&self) -> Option<&dyn Container> {
                Some(self)
            }
            fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }
            fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
            where
                Self: 'v,
            {
                Some(self)
            }
            fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }
            fn as_sizer(&self) -> Option<&dyn Sizer> {
                Some(self)
            }
            fn as_zeroer(&self) -> Option<&dyn Zeroer> {
                Some(self)
            }
            fn equals(&self, other: &dyn Val) -> bool {
                self.made().equals(other)
            }
            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
            where
                Self: 'v,
            {
                Box::new(self.clone())
            }
            // By these two a value is equal to one that the expression wrote, on either side.
            fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
            where
                Self: 'v,
            {
                BuiltinRef::$variant(self.made())
            }
            fn into_builtin<'v>(self: Box<Self>) -> Option<Builtin<'v>>
            where
                Self: 'v,
            {
                Some(Builtin::$variant(self.made().clone()))
            }
        }

        impl Sizer for $type<'_> {
            fn size(&self) -> CelInt {
                self.made().size()
            }
        }

        impl Zeroer for $type<'_> {
            fn is_zero_value(&self) -> bool {
                self.made().is_zero_value()
            }
        }
    };
}

container!(Map, MAP_TYPE, Map);
container!(List, LIST_TYPE, List, Adder);

impl Container for Map<'_> {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        // The crate's own error would hold a copy of what is no key.
        if matches!(key.get_type().kind(), Kind::Map | Kind::List) {
            return Err(wrong_type());
        }
        self.made().contains(key)
    }
}

impl Indexer for Map<'_> {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Indexer::get(self.made(), key)
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(key).map(CowVal::into_owned)
    }
}

impl Iterable for Map<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Keys(self.keys().iter()))
    }
}

struct Keys<'b, 'a>(std::slice::Iter<'b, CelString<'a>>);

impl<'b, 'v, 'a: 'v> Iterator<'b, 'v> for Keys<'b, 'a> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next().map(|key| key as &dyn Val)
    }
}

impl Container for List<'_> {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        self.made().contains(value)
    }
}

impl Indexer for List<'_> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let fraction = index.downcast_ref::<CelDouble>();
        // The crate's own error would hold a copy of the list.
        if fraction.is_some_and(|index| index.inner().fract() != 0.0) {
            return Err(wrong_type());
        }
        Indexer::get(self.made(), index)
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

impl Iterable for List<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        self.made().iter()
    }
}

impl Adder for List<'_> {
    fn add<'b, 'v>(&'b self, right: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.made().add(right)
    }
}

/// The error of an operator that has no meaning for its operands, without them.
pub(super) fn wrong_type() -> ExecutionError {
    ExecutionError::no_such_overload("", Vec::new())
}
