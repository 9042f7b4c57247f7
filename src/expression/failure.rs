//! What can be wrong with an expression: when it is compiled, and when it is evaluated.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use cel::ExecutionError;
use thiserror::Error;

/// Why a text is no expression that can be evaluated. The text is the policy's own, so it may be quoted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}{message}", Place(*.place))]
pub struct ExpressionError {
    message: String,
    place: Option<(usize, usize)>,
}

impl ExpressionError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: None,
        }
    }

    pub(super) fn at(mut self, place: Option<(usize, usize)>) -> Self {
        self.place = place;
        self
    }

    /// The line and the column in characters, both from 1, where they are known.
    #[must_use]
    pub fn place(&self) -> Option<(usize, usize)> {
        self.place
    }
}

struct Place(Option<(usize, usize)>);

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some((line, column)) => write!(formatter, "{line}:{column}: "),
            None => Ok(()),
        }
    }
}

/// Why an expression is neither true nor false of a case. It never holds a value of the object: the
/// crate's own errors quote keys and values, and one of them may be a secret.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Failure {
    /// A key or an index that is not there.
    #[error("it asks for a key or an item that is not there; ask `has()` or `size()` first")]
    MissingKey,
    /// An operator or function that has no meaning for its operands.
    #[error(
        "it applies an operator or a function to a value of the wrong type; ask `type()` first, or convert the value"
    )]
    WrongType,
    /// The result is something else than true or false.
    #[error("its result is neither true nor false")]
    NotBoolean,
    /// It might take too long, or too much memory, for this object.
    #[error(
        "it would cost too much on an object of this size; narrow what it loops over, or what it searches"
    )]
    TooCostly,
    /// The time for the review's expressions is over.
    #[error("the time for expressions was over before it was evaluated")]
    OutOfTime,
    /// Anything else: a number that overflows, a text that is no number, a fault of the evaluator.
    #[error(
        "its evaluation failed, as by a division by zero or a text that cannot be converted; ask for such values first"
    )]
    Failed,
}

impl From<&ExecutionError> for Failure {
    fn from(error: &ExecutionError) -> Self {
        match error {
            ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_) => Self::MissingKey,
            ExecutionError::NoSuchOverload(_)
            | ExecutionError::UnexpectedType { .. }
            | ExecutionError::UnsupportedTargetType { .. }
            | ExecutionError::UnsupportedKeyType(_)
            | ExecutionError::UnsupportedIndex(..)
            | ExecutionError::UnsupportedBinaryOperator(..)
            | ExecutionError::ValuesNotComparable(..) => Self::WrongType,
            _ => Self::Failed,
        }
    }
}

/// When expressions must end. It is shared between the thread that judges and whoever waits for it. One
/// evaluation is bounded by its cost, so it is enough to ask before each.
#[derive(Debug, Default)]
pub struct Deadline {
    passed: AtomicBool,
    overdue: OnceLock<Box<str>>,
}

impl Deadline {
    /// From now on, nothing is evaluated.
    pub fn pass(&self) {
        self.passed.store(true, Ordering::Relaxed);
    }

    /// Whether the time is over.
    #[must_use]
    pub fn is_past(&self) -> bool {
        self.passed.load(Ordering::Relaxed)
    }

    /// The text of the expression that was being evaluated when the time was over; known once that has ended.
    #[must_use]
    pub fn overdue(&self) -> Option<&str> {
        self.overdue.get().map(|text| &**text)
    }

    /// Notes that this expression has just been evaluated.
    pub(super) fn evaluated(&self, text: &str) {
        if self.is_past() {
            self.overdue.get_or_init(|| text.into());
        }
    }
}
