//! CEL over one case: compiled within bounds, evaluated.
//!
//! An expression is a text of CEL that is true or false of a case: `match.matchConditions` and
//! `customRules[].expression` of a policy. [`Variables`] says what it knows. It has the macros `has`,
//! `all`, `exists`, `exists_one`, `map` and `filter`, the standard functions for texts, lists, maps and
//! numbers, CEL's own extension for texts (`split`, `join`, `replace`, `lowerAscii` and so on), and
//! optional values (`object.?spec.?suspend.orValue(false)`). It has no clock, no dates, and no functions
//! that could look at anything outside of the case.
//!
//! The evaluator has no budget and cannot be interrupted, so everything is bounded before it begins:
//! the text and its depth before it is parsed (`bounds`), names, functions, loops and patterns when it
//! is compiled (`check`), and its cost on a usual object then, and on the real one before each
//! evaluation (`estimate`). The bounds of all evaluations of a review together mean less than a
//! second; `tests/expression_cost.rs` builds the worst that is allowed and measures it.

mod bounds;
mod check;
mod compile;
mod estimate;
mod failure;
mod found;
mod functions;
mod pattern;
mod size;
#[cfg(test)]
mod tests;
mod value;
mod variables;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cel::common::types::CelBool;
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, IdedExpr, Value};

pub use failure::{Deadline, ExpressionError, Failure};
pub use variables::Variables;

use estimate::{Plan, Walk};
use functions::{ENVIRONMENT, Pattern};
use size::Size;
use variables::Name;

/// A compiled expression.
pub struct Expression {
    text: String,
    expr: IdedExpr,
    plan: Plan,
    patterns: Vec<Pattern>,
    named: [bool; Name::COUNT],
}

impl fmt::Debug for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Expression")
            .field(&self.text)
            .finish()
    }
}

impl Expression {
    /// Compiles a text.
    ///
    /// # Errors
    /// When it is no CEL, names what is not there, or could cost too much: what is wrong, where that is
    /// known its place, and what to do.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        compile::compile(text)
    }

    /// The text as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is true of the case.
    ///
    /// # Errors
    /// When it is neither true nor false: why. No error holds a value of the object.
    pub fn holds(&self, variables: &Variables<'_>) -> Result<bool, Failure> {
        if variables.deadline.is_past() {
            return Err(Failure::OutOfTime);
        }
        // A variable may be made by code that can panic, such as a walk over the object.
        let held = catch_unwind(AssertUnwindSafe(|| self.evaluate(variables)));
        variables.deadline.evaluated(&self.text);
        held.unwrap_or(Err(Failure::Failed))
    }

    fn evaluate(&self, variables: &Variables<'_>) -> Result<bool, Failure> {
        let mut sizes = [Size::default(); Name::COUNT];
        for name in Name::ALL {
            if self.named[name as usize] {
                sizes[name as usize] = variables.get(name).1;
            }
        }
        let mut walk = Walk::new(&sizes);
        walk.size(&self.plan);
        if !variables.spend(walk.cost, self.named) {
            return Err(Failure::TooCostly);
        }
        let names = Names {
            values: Name::ALL.map(|name| {
                let is_named = self.named[name as usize];
                is_named.then(|| variables.get(name).0.as_ref())
            }),
            patterns: &self.patterns,
        };
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        context.set_variable_resolver(&names);
        let result = match Value::resolve_val(&self.expr, &context) {
            Ok(result) => result,
            Err(error) => return Err(Failure::from(&error)),
        };
        let truth = result.downcast_ref::<CelBool>();
        truth.map(|truth| *truth.inner()).ok_or(Failure::NotBoolean)
    }
}

/// The names that an evaluation can resolve.
struct Names<'e, 'c> {
    values: [Option<&'e (dyn Val + 'c)>; Name::COUNT],
    patterns: &'e [Pattern],
}

impl VariableResolver for Names<'_, '_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        if let Some(number) = name.strip_prefix(pattern::PREFIX) {
            let pattern = self.patterns.get(number.parse::<usize>().ok()?)?;
            return Some(CowVal::Borrowed(pattern));
        }
        let value = self.values[Name::of(name)? as usize]?;
        Some(CowVal::Borrowed(value))
    }
}
