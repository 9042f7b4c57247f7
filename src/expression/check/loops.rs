//! Macros that loop: counted, nested within bounds, their cost on a usual object estimated.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators};

use super::{Checked, Checker};
use crate::expression::ExpressionError;
use crate::expression::bounds::{LOOPS, NESTED_LOOPS};
use crate::expression::estimate::{Cost, LoopPlan, Plan};

impl Checker<'_> {
    pub(super) fn comprehension(&mut self, comprehension: &mut ComprehensionExpr) -> Checked {
        let name = match &comprehension.accu_init.expr {
            Expr::Literal(LiteralValue::Boolean(start)) if *start.inner() => "all",
            Expr::Literal(LiteralValue::Boolean(_)) => "exists",
            Expr::Literal(_) => "exists_one",
            _ => "map",
        };
        let filters = name == "map" && self.tokens.find("map", true).is_none();
        let name = if filters { "filter" } else { name };
        let place = self.tokens.find(name, true);
        self.count += 1;
        if self.count > LOOPS {
            return Err(ExpressionError::new(format!(
                "the expression has more than {LOOPS} loops; split it into several"
            ))
            .at(place));
        }
        if self.loops.len() == NESTED_LOOPS {
            return Err(ExpressionError::new(format!(
                "loops stand more than {NESTED_LOOPS} deep in each other; filter with fewer"
            ))
            .at(place));
        }
        let range = self.check(&mut comprehension.iter_range)?;
        let size = self.walk.size(&range).in_loop();
        self.walk.loops[self.loops.len()] = size;
        self.loops.push(comprehension.iter_var.clone());
        self.walk.depth = self.loops.len();
        // The evaluator goes through what the macro adds: a connective or a list.
        self.depth += 2;
        let step = self.step(&mut comprehension.loop_step);
        self.loops.pop();
        self.walk.depth = self.loops.len();
        let (each, result) = step?;
        let plan = Plan::Loops(Box::new(LoopPlan {
            range,
            each,
            result,
        }));
        self.within_budget(&plan, &format!("`{name}` here"), place)?;
        Ok(plan)
    }

    /// The parts of a loop's step that were written: all but the accumulator `@result`, which the macro
    /// adds and which the evaluator must find as it is.
    fn step(&mut self, step: &mut IdedExpr) -> Result<(Vec<Plan>, Option<Plan>), ExpressionError> {
        let mut each = Vec::new();
        let mut result = None;
        let Expr::Call(call) = &mut step.expr else {
            return Err(ExpressionError::new("a loop has an unknown form"));
        };
        let is_sum = call.func_name == operators::ADD;
        for argument in &mut call.args {
            match &mut argument.expr {
                Expr::Ident(name) if name.starts_with('@') => {}
                Expr::List(list) if is_sum => {
                    for item in &mut list.elements {
                        result = Some(self.check(item)?);
                    }
                }
                // `condition ? @result + [item] : @result`.
                Expr::Call(sum) if sum.func_name == operators::ADD && is_accumulator(sum) => {
                    if let Some(Expr::List(list)) = sum.args.get_mut(1).map(|list| &mut list.expr) {
                        for item in &mut list.elements {
                            result = Some(self.check(item)?);
                        }
                    }
                }
                _ => each.push(self.check(argument)?),
            }
        }
        Ok((each, result))
    }

    /// Refuses what would cost too much on a usual object.
    pub(in crate::expression) fn within_budget(
        &mut self,
        plan: &Plan,
        what: &str,
        place: Option<(usize, usize)>,
    ) -> Result<(), ExpressionError> {
        self.walk.cost = Cost::default();
        self.walk.size(plan);
        if self.walk.cost.is_within_budget(0) {
            return Ok(());
        }
        Err(ExpressionError::new(format!(
            "{what} could cost too much on a usual object; loop over less, nest fewer loops, or make no large texts in them"
        ))
        .at(place))
    }
}

fn is_accumulator(call: &CallExpr) -> bool {
    matches!(
        call.args.first().map(|first| &first.expr),
        Some(Expr::Ident(name)) if name.starts_with('@')
    )
}
