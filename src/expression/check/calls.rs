//! Calls: operators are replaced by ours, functions are known, patterns are compiled.

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};

use super::{Checked, Checker};
use crate::expression::ExpressionError;
use crate::expression::estimate::{Plan, Work};
use crate::expression::functions::{self, Function, MATCH, MATCHES};
use crate::expression::pattern;
use crate::model::nearest;

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &mut CallExpr) -> Checked {
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
}
