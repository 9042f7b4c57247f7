//! The functions and operators that expressions have, and by what their cost goes.

use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};

use cel::common::ast::operators;
use cel::common::types::{self, CelBool, CelString, Kind, STRING_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError, extensions};

use super::estimate::Work;
use super::value::wrong_type;

/// A function of the standard library or of its extension for texts.
pub(super) struct Function {
    pub name: &'static str,
    /// Whether it is called on a value: `text.trim()`.
    pub on_value: bool,
    /// How many arguments it takes.
    pub arguments: RangeInclusive<usize>,
    pub work: Work,
}

const fn of(name: &'static str, work: Work) -> Function {
    Function {
        name,
        on_value: false,
        arguments: 1..=1,
        work,
    }
}

const fn on(name: &'static str, arguments: RangeInclusive<usize>, work: Work) -> Function {
    Function {
        name,
        on_value: true,
        arguments,
        work,
    }
}

/// What there is, but for `matches` and the macros. `format` and the extensions for lists and numbers
/// are left out: what they print, sort or compare cannot be bounded well.
static FUNCTIONS: [Function; 32] = [
    of("size", Work::Read),
    of("type", Work::Read),
    of("dyn", Work::Optional),
    of("string", Work::Text),
    of("bytes", Work::Text),
    of("int", Work::Read),
    of("uint", Work::Read),
    of("double", Work::Read),
    of("bool", Work::Read),
    on("size", 0..=0, Work::Read),
    on("contains", 1..=1, Work::Read),
    on("startsWith", 1..=1, Work::Read),
    on("endsWith", 1..=1, Work::Read),
    on("indexOf", 1..=2, Work::Search),
    on("lastIndexOf", 1..=2, Work::Search),
    on("charAt", 1..=1, Work::Text),
    on("lowerAscii", 0..=0, Work::Text),
    on("upperAscii", 0..=0, Work::Text),
    on("trim", 0..=0, Work::Text),
    on("substring", 1..=2, Work::Text),
    on("replace", 2..=3, Work::Replace(0)),
    on("split", 1..=2, Work::Split(0)),
    on("join", 0..=1, Work::Join),
    on("hasValue", 0..=0, Work::Read),
    on("value", 0..=0, Work::Optional),
    on("or", 1..=1, Work::Optional),
    on("orValue", 1..=1, Work::Optional),
    of("optional.of", Work::Optional),
    of("optional.ofNonZeroValue", Work::Optional),
    Function {
        name: "optional.none",
        on_value: false,
        arguments: 0..=0,
        work: Work::Read,
    },
    // `matches` is rewritten when it is compiled; here it is for who mistypes it.
    on(MATCHES, 1..=1, Work::Read),
    Function {
        name: MATCHES,
        on_value: false,
        arguments: 2..=2,
        work: Work::Read,
    },
];

pub(super) const MATCHES: &str = "matches";

/// The macros and how many arguments they take.
static MACROS: [(&str, &str); 7] = [
    ("has", "one field, as `has(object.spec.chart)`"),
    ("all", "a name and a condition"),
    ("exists", "a name and a condition"),
    ("exists_one", "a name and a condition"),
    ("existsOne", "a name and a condition"),
    ("map", "a name, perhaps a condition, and a value"),
    ("filter", "a name and a condition"),
];

/// The names of types, for `type(value) == string`.
pub(super) static TYPES: [&str; 11] = [
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "optional_type",
    "string",
    "type",
    "uint",
];

pub(super) fn find(name: &str, on_value: bool) -> Option<&'static Function> {
    FUNCTIONS
        .iter()
        .find(|function| function.name == name && function.on_value == on_value)
}

/// What a macro of the name wants; it was called in another way when nobody expanded it.
pub(super) fn macro_arguments(name: &str) -> Option<&'static str> {
    let found = MACROS.iter().find(|(known, _)| *known == name);
    found.map(|(_, wants)| *wants)
}

/// Every name that can be called.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let functions = FUNCTIONS.iter().map(|function| function.name);
    functions.chain(MACROS.iter().map(|(name, _)| *name))
}

/// What the crate's operator is called as here, and by what its cost goes. The crate's own copy their
/// operands, however large, into an error that nobody reads.
pub(super) fn operator(name: &str) -> Option<(&'static str, Work)> {
    Some(match name {
        operators::ADD => ("@add", Work::Add),
        operators::SUBSTRACT => ("@subtract", Work::Compare),
        operators::MULTIPLY => ("@multiply", Work::Compare),
        operators::DIVIDE => ("@divide", Work::Compare),
        operators::MODULO => ("@modulo", Work::Compare),
        operators::LESS => ("@less", Work::Compare),
        operators::LESS_EQUALS => ("@less_equals", Work::Compare),
        operators::GREATER => ("@greater", Work::Compare),
        operators::GREATER_EQUALS => ("@greater_equals", Work::Compare),
        operators::IN => ("@contained", Work::In),
        _ => return None,
    })
}

/// `matches` with a pattern that was compiled.
pub(super) const MATCH: &str = "@match";

/// What expressions are evaluated in.
pub(super) static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    let declared = declare(&mut env);
    debug_assert!(declared.is_ok(), "a function is declared twice");
    Arc::new(env)
});

fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    extensions::strings(env)?;
    type Operator = cel::common::functions::Function;
    let operators: [(&str, Operator); 10] = [
        ("@add", add),
        ("@subtract", subtract),
        ("@multiply", multiply),
        ("@divide", divide),
        ("@modulo", modulo),
        ("@less", less),
        ("@less_equals", less_equals),
        ("@greater", greater),
        ("@greater_equals", greater_equals),
        ("@contained", contained),
    ];
    for (name, operator) in operators {
        let operands = vec![types::DYN_TYPE, types::DYN_TYPE];
        env.add_overload(name, name, operands, operator)?;
    }
    env.add_overload(MATCH, MATCH, vec![STRING_TYPE, PATTERN_TYPE], matches)
}

/// A compiled pattern, as a value that an expression can name.
#[derive(Clone, Debug)]
pub(super) struct Pattern(pub regex::Regex);

const PATTERN_TYPE: Type = Type::new_unspecified_type("pattern");
static PATTERN: Type = PATTERN_TYPE;

impl Val for Pattern {
    fn get_type(&self) -> &Type {
        &PATTERN
    }
    fn cel_type() -> &'static Type {
        &PATTERN
    }
    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

impl StaticVal for Pattern {}

type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

fn truth<'b, 'v>(truth: bool) -> CowVal<'b, 'v> {
    CowVal::owned(CelBool::from(truth))
}

#[allow(clippy::needless_pass_by_value)] // The crate's type of functions.
fn matches<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let [text, pattern] = arguments.as_slice() else {
        return Err(wrong_type());
    };
    let text = text.downcast_ref::<CelString<'_>>();
    let pattern = pattern.downcast_ref::<Pattern>();
    match (text, pattern) {
        (Some(text), Some(Pattern(pattern))) => Ok(truth(pattern.is_match(text.inner()))),
        _ => Err(wrong_type()),
    }
}

#[allow(clippy::needless_pass_by_value)]
fn contained<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    let [item, container] = arguments.as_slice() else {
        return Err(wrong_type());
    };
    let is_key = !matches!(item.get_type().kind(), Kind::Map | Kind::List);
    match container.as_container() {
        Some(list) if is_key || container.get_type().kind() == Kind::List => {
            list.contains(item.as_ref()).map(truth)
        }
        _ => Err(wrong_type()),
    }
}

/// The operands, when they are both numbers, or of one kind.
fn alike<'o, 'b, 'v>(
    arguments: &'o [CowVal<'b, 'v>],
) -> Result<(&'o (dyn Val + 'v), &'o (dyn Val + 'v)), ExecutionError> {
    let [left, right] = arguments else {
        return Err(wrong_type());
    };
    let is_number = |kind| matches!(kind, Kind::Int | Kind::UInt | Kind::Double);
    let (left_kind, right_kind) = (left.get_type().kind(), right.get_type().kind());
    if left_kind == right_kind || is_number(left_kind) && is_number(right_kind) {
        Ok((left.as_ref(), right.as_ref()))
    } else {
        Err(wrong_type())
    }
}

macro_rules! arithmetic {
    ($($name:ident: $as:ident $method:ident;)+) => {
        $(#[allow(clippy::needless_pass_by_value)]
        fn $name<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
            let (left, right) = alike(&arguments)?;
            let result = left.$as().ok_or_else(wrong_type)?.$method(right)?;
            Ok(CowVal::Owned(result.into_owned()))
        })+
    };
}

arithmetic! {
    add: as_adder add;
    subtract: as_subtractor sub;
    multiply: as_multiplier mul;
    divide: as_divider div;
    modulo: as_modder modulo;
}

macro_rules! comparison {
    ($($name:ident: $is:ident;)+) => {
        $(#[allow(clippy::needless_pass_by_value)]
        fn $name<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
            let (left, right) = alike(&arguments)?;
            let order = left.as_comparer().ok_or_else(wrong_type)?.compare(right)?;
            Ok(truth(order.$is()))
        })+
    };
}

comparison! {
    less: is_lt;
    less_equals: is_le;
    greater: is_gt;
    greater_equals: is_ge;
}
