//! Walks the parser's tree once: names and functions are known, patterns are compiled, loops are
//! counted, operators are replaced by ours, and a plan is made by which the cost is known.

mod calls;
mod loops;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, LiteralValue, MapExpr, SelectExpr};

use super::ExpressionError;
use super::bounds::{DEPTH, Tokens, too_deep};
use super::estimate::{Plan, Walk};
use super::functions::{Pattern, TYPES};
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

fn constant(literal: &LiteralValue) -> Whole {
    match literal {
        LiteralValue::String(text) => Whole::made_text(text.inner().len() as u64),
        LiteralValue::Bytes(bytes) => Whole::made_text(bytes.inner().len() as u64),
        _ => Whole::SCALAR,
    }
}
