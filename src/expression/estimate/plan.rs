//! An expression as far as its cost depends on it.

use crate::expression::size::Whole;

/// An expression as far as its cost depends on it.
#[derive(Debug)]
pub(in crate::expression) enum Plan {
    /// What is written in the expression.
    Constant(Whole),
    /// A variable of the case, by its place in the sizes.
    Variable(usize),
    /// The variable of the so-manieth loop from the outermost.
    Loop(usize),
    /// `a.b`, `has(a.b)`, and the optional forms.
    Part(Box<Plan>),
    /// `a[b]`.
    Index(Box<[Plan; 2]>),
    /// What takes the time of its operands, and no more.
    Simple(Vec<Plan>),
    /// `a ? b : c`.
    Choice(Box<[Plan; 3]>),
    /// `[a, b]` and `{a: b}`, by all keys and values.
    Items(Vec<Plan>),
    /// A function or an operator whose time goes by the sizes of its operands.
    Call(Work, Vec<Plan>),
    /// A macro that loops.
    Loops(Box<LoopPlan>),
}

/// The plan of a macro that loops.
#[derive(Debug)]
pub(in crate::expression) struct LoopPlan {
    pub range: Plan,
    /// What is evaluated for every item, but for `result`.
    pub each: Vec<Plan>,
    /// What each item adds to the list that the macro makes; `None` where it makes none.
    pub result: Option<Plan>,
}

/// By what the time of a function goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expression) enum Work {
    /// `==` and `!=`.
    Equal,
    /// `<` and the like.
    Compare,
    /// `in`.
    In,
    /// `+`.
    Add,
    /// Reads its texts: `startsWith`, `contains`, `size`, `int` and the like. Gives no text.
    Read,
    /// Reads its texts, and gives a text no longer than the first.
    Text,
    /// Searches the first text for the second at every place.
    Search,
    /// `matches`, by the size of the compiled pattern.
    Match(u64),
    /// `replace`, by the least length of what is replaced.
    Replace(u64),
    /// `split`, by the least length of the separator.
    Split(u64),
    /// `join`.
    Join,
    /// Hands on one of its operands, in an optional value.
    Optional,
}
