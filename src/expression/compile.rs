//! From a text to an expression, within bounds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::IdedExpr;
use cel::parser::PrattParser;

use super::bounds::Tokens;
use super::check::Checker;
use super::{Expression, ExpressionError};

pub(super) fn compile(text: &str) -> Result<Expression, ExpressionError> {
    let tokens = Tokens::read(text)?;
    let mut expr = parse(text, &tokens)?;
    let mut checker = Checker::new(&tokens);
    let plan = checker.check(&mut expr)?;
    checker.within_budget(&plan, "the expression", None)?;
    Ok(Expression {
        text: text.to_owned(),
        named: checker.named,
        patterns: checker.patterns,
        expr,
        plan,
    })
}

fn parse(text: &str, tokens: &Tokens<'_>) -> Result<IdedExpr, ExpressionError> {
    let parser = PrattParser::new()
        .enable_optional_syntax(true)
        .enable_ident_escape_syntax(true);
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse(text)));
    let Ok(parsed) = parsed else {
        return Err(ExpressionError::new(
            "the expression cannot be parsed; write it in another way",
        ));
    };
    parsed.map_err(|errors| {
        let Some(error) = errors.errors.first() else {
            return ExpressionError::new("the expression cannot be parsed");
        };
        let place = match error.pos {
            (1.., 1..) => usize::try_from(error.pos.0)
                .ok()
                .zip(usize::try_from(error.pos.1).ok()),
            _ => None,
        };
        let message = error.msg.trim_start_matches("Syntax error: ");
        let message = if message.contains("<EOF>' expecting") {
            "the expression ends too early"
        } else {
            message
        };
        // What is not finished is told at the end of the text.
        ExpressionError::new(message).at(place.or_else(|| tokens.place(text.len())))
    })
}
