//! Walks the parser's tree once: names and functions are known, patterns are compiled, loops are
//! counted, operators are replaced by ours, and a plan is made by which the cost is known.

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, MapExpr, SelectExpr, operators,
};

use super::ExpressionError;
use super::bounds::{DEPTH, LOOPS, NESTED_LOOPS, Tokens, too_deep};
use super::estimate::{LoopPlan, Plan, Walk, Work};
use super::functions::{self, Function, MATCH, MATCHES, Pattern, TYPES};
use super::pattern;
use super::size::Whole;
use super::variables::{NOMINAL, Name};
use crate::model::nearest;

type Checked = Result<Plan, ExpressionError>;

/// What was found so far.
pub(super) struct Checker<'t> {
    tokens: &'t Tokens<'t>,
    /// The names of the loops around, the outermost first.
    loops: Vec<String>,
    /// Sizes for a usual object.
    walk: Walk<'static>,
    count: usize,
    depth: usize,
    /// The patterns of `matches`.
    pub patterns: Vec<Pattern>,
    /// Which variables of the case are named.
    pub named: [bool; Name::COUNT],
}

impl<'t> Checker<'t> {
    pub(super) fn new(tokens: &'t Tokens<'t>) -> Self {
        Self {
            tokens,
            loops: Vec::new(),
            walk: Walk::new(&NOMINAL),
            count: 0,
            depth: 0,
            patterns: Vec::new(),
            named: [false; Name::COUNT],
        }
    }

    /// The plan of an expression, which is changed to what is evaluated.
    pub(super) fn check(&mut self, expr: &mut IdedExpr) -> Checked {
        if self.depth >= DEPTH {
            return Err(too_deep());
        }
        let depth = self.depth;
        self.depth += 1;
        let plan = match &mut expr.expr {
            Expr::Literal(literal) => Ok(Plan::Constant(constant(literal))),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.all(&mut list.elements).map(Plan::Items),
            Expr::Map(map) => self.map(map),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Struct(message) => {
                let place = message.type_name.split('.').next().unwrap_or("");
                Err(ExpressionError::new(format!(
                    "`{}{{…}}` makes a message of a type that is not known here; write a map, `{{'key': value}}`",
                    message.type_name
                ))
                .at(self.tokens.find(place, false)))
            }
            Expr::Unspecified => Err(ExpressionError::new("a part of the expression is missing")),
        };
        self.depth = depth;
        plan
    }

    fn all(&mut self, exprs: &mut [IdedExpr]) -> Result<Vec<Plan>, ExpressionError> {
        exprs.iter_mut().map(|expr| self.check(expr)).collect()
    }

    fn name(&mut self, written: &str) -> Checked {
        let name = written.trim_start_matches('.');
        let is_absolute = name.len() < written.len();
        let place = self.loops.iter().rposition(|known| known == name);
        if let Some(place) = place.filter(|_| !is_absolute) {
            return Ok(Plan::Loop(place));
        }
        if let Some(found) = Name::of(name) {
            self.named[found as usize] = true;
            return Ok(Plan::Variable(found as usize));
        }
        if TYPES.contains(&name) {
            return Ok(Plan::Constant(Whole::SCALAR));
        }
        let loops = self.loops.iter().map(String::as_str);
        let known = loops.chain(Name::ALL.iter().map(|name| name.as_str()));
        let help = match nearest(name, known) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("the variables are {}", Name::list()),
        };
        Err(
            ExpressionError::new(format!("there is no variable `{name}`; {help}"))
                .at(self.tokens.find(name, false)),
        )
    }

    fn select(&mut self, select: &mut SelectExpr) -> Checked {
        // The evaluator walks a path of names in one step.
        let is_path = is_path(&select.operand);
        self.depth -= usize::from(is_path);
        let operand = self.check(&mut select.operand)?;
        let part = Plan::Part(Box::new(operand));
        Ok(if select.test {
            Plan::Simple(vec![part])
        } else {
            part
        })
    }

    fn map(&mut self, map: &mut MapExpr) -> Checked {
        let mut items = Vec::with_capacity(map.entries.len() * 2);
        for entry in &mut map.entries {
            let EntryExpr::MapEntry(entry) = &mut entry.expr else {
                return Err(ExpressionError::new("a map has keys and values"));
            };
            // Anything could be a key, and the crate's error would hold a copy of it.
            if !matches!(entry.key.expr, Expr::Literal(_)) {
                return Err(ExpressionError::new(
                    "a key of a map must be written out, as in `{'key': value}`",
                ));
            }
            items.push(self.check(&mut entry.key)?);
            items.push(self.check(&mut entry.value)?);
        }
        Ok(Plan::Items(items))
    }

    fn call(&mut self, call: &mut CallExpr) -> Checked {
        if let Some(target) = &call.target {
            if matches!(&target.expr, Expr::Ident(name) if name == "optional") {
                let name = format!("optional.{}", call.func_name);
                let function = self.function(&name, &call.func_name, false, call.args.len())?;
                return Ok(Plan::Call(function.work, self.all(&mut call.args)?));
            }
            return self.method(call);
        }
        if let Some((ours, work)) = functions::operator(&call.func_name) {
            ours.clone_into(&mut call.func_name);
            return Ok(Plan::Call(work, self.all(&mut call.args)?));
        }
        match call.func_name.as_str() {
            operators::EQUALS | operators::NOT_EQUALS => {
                Ok(Plan::Call(Work::Equal, self.all(&mut call.args)?))
            }
            operators::LOGICAL_AND
            | operators::LOGICAL_OR
            | operators::LOGICAL_NOT
            | operators::NEGATE => Ok(Plan::Simple(self.all(&mut call.args)?)),
            operators::CONDITIONAL => match self.all(&mut call.args)?.try_into() {
                Ok(parts) => Ok(Plan::Choice(Box::new(parts))),
                Err(_) => Err(ExpressionError::new("`?` needs two values: `a ? b : c`")),
            },
            operators::INDEX => self.index(call),
            operators::OPT_INDEX => {
                let index = self.index(call)?;
                Ok(Plan::Call(Work::Optional, vec![index]))
            }
            operators::OPT_SELECT => {
                let operand = self.first(call)?;
                let part = Plan::Part(Box::new(operand));
                Ok(Plan::Call(Work::Optional, vec![part]))
            }
            MATCHES if call.args.len() == 2 => self.matches(call),
            _ => {
                let name = call.func_name.trim_start_matches('.');
                let function = self.function(name, name, false, call.args.len())?;
                Ok(Plan::Call(function.work, self.all(&mut call.args)?))
            }
        }
    }

    fn first(&mut self, call: &mut CallExpr) -> Checked {
        match call.args.first_mut() {
            Some(operand) => self.check(operand),
            None => Err(ExpressionError::new("an operator lacks its operand")),
        }
    }

    fn index(&mut self, call: &mut CallExpr) -> Checked {
        let of = self.first(call)?;
        let Some(key) = call.args.get_mut(1) else {
            return Err(ExpressionError::new("`[]` needs a key or a number"));
        };
        let is_plain = matches!(
            key.expr,
            Expr::Literal(LiteralValue::Int(_) | LiteralValue::String(_))
        );
        let key = self.check(key)?;
        Ok(if is_plain {
            Plan::Part(Box::new(of))
        } else {
            Plan::Index(Box::new([of, key]))
        })
    }

    fn method(&mut self, call: &mut CallExpr) -> Checked {
        if call.func_name == MATCHES && call.args.len() == 1 {
            // `text.matches(pattern)` is `matches(text, pattern)`.
            if let Some(target) = call.target.take() {
                call.args.insert(0, *target);
            }
            return self.matches(call);
        }
        let function = self.function(&call.func_name, &call.func_name, true, call.args.len())?;
        let mut plans = Vec::with_capacity(call.args.len() + 1);
        if let Some(target) = &mut call.target {
            plans.push(self.check(target)?);
        }
        let least = match call.args.first().map(|argument| &argument.expr) {
            Some(Expr::Literal(LiteralValue::String(text))) => text.inner().len() as u64,
            _ => 0,
        };
        for argument in &mut call.args {
            plans.push(self.check(argument)?);
        }
        let work = match function.work {
            Work::Replace(_) => Work::Replace(least),
            Work::Split(_) => Work::Split(least),
            work => work,
        };
        Ok(Plan::Call(work, plans))
    }

    fn matches(&mut self, call: &mut CallExpr) -> Checked {
        let place = self.tokens.find(MATCHES, true);
        let [text, written] = call.args.as_mut_slice() else {
            return Err(ExpressionError::new("`matches` needs a text and a pattern").at(place));
        };
        let Expr::Literal(LiteralValue::String(source)) = &written.expr else {
            return Err(ExpressionError::new(
                "the pattern of `matches` must be written out, so that it is compiled once; build no patterns",
            )
            .at(place));
        };
        let (pattern, size) = pattern::compile(source.inner()).map_err(|error| error.at(place))?;
        written.expr = Expr::Ident(format!("{}{}", pattern::PREFIX, self.patterns.len()));
        MATCH.clone_into(&mut call.func_name);
        self.patterns.push(pattern);
        Ok(Plan::Call(Work::Match(size), vec![self.check(text)?]))
    }

    /// The function of that name, by the name under which it is known and as it is written.
    fn function(
        &self,
        name: &str,
        written: &str,
        on_value: bool,
        arguments: usize,
    ) -> Result<&'static Function, ExpressionError> {
        let place = self.tokens.find(written, true);
        let error = |message: String| Err(ExpressionError::new(message).at(place));
        if let Some(function) = functions::find(name, on_value) {
            let (least, most) = (function.arguments.start(), function.arguments.end());
            if function.arguments.contains(&arguments) {
                return Ok(function);
            }
            let wanted = if least == most {
                format!("{least}")
            } else {
                format!("{least} to {most}")
            };
            return error(format!(
                "`{name}` takes {wanted} argument(s), and {arguments} are written"
            ));
        }
        if let Some(wants) = functions::macro_arguments(name) {
            return error(format!("`{name}` wants {wants}"));
        }
        if functions::find(name, !on_value).is_some() {
            let right = if on_value {
                format!("`{name}(value)`")
            } else {
                format!("`value.{name}()`")
            };
            return error(format!("`{name}` is written {right}"));
        }
        match nearest(name, functions::names()) {
            Some(nearest) => error(format!(
                "there is no function `{name}`; did you mean `{nearest}`?"
            )),
            None => error(format!("there is no function `{name}`")),
        }
    }

    fn comprehension(&mut self, comprehension: &mut ComprehensionExpr) -> Checked {
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
    pub(super) fn within_budget(
        &mut self,
        plan: &Plan,
        what: &str,
        place: Option<(usize, usize)>,
    ) -> Result<(), ExpressionError> {
        self.walk.cost = super::estimate::Cost::default();
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

/// Whether it is a name, or names below one.
fn is_path(mut expr: &IdedExpr) -> bool {
    while let Expr::Select(select) = &expr.expr
        && !select.test
    {
        expr = &select.operand;
    }
    matches!(expr.expr, Expr::Ident(_))
}

fn is_accumulator(call: &CallExpr) -> bool {
    matches!(
        call.args.first().map(|first| &first.expr),
        Some(Expr::Ident(name)) if name.starts_with('@')
    )
}

fn constant(literal: &LiteralValue) -> Whole {
    match literal {
        LiteralValue::String(text) => Whole::made_text(text.inner().len() as u64),
        LiteralValue::Bytes(bytes) => Whole::made_text(bytes.inner().len() as u64),
        _ => Whole::SCALAR,
    }
}
