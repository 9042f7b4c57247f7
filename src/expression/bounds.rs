//! What bounds a text before the parser sees it, so that neither the parser nor anything that walks
//! its tree can run out of stack.

use cel::parser::pratt_parser::{Lexer, Token, TokenKind};

use super::ExpressionError;

/// The longest text, in bytes.
pub(super) const LONGEST: usize = 4096;
/// How deep brackets may stand in each other.
const BRACKETS: usize = 24;
/// How deep the parser's tree may be: operators and dots in a chain and brackets, added.
const CHAIN: usize = 64;
/// How deep an evaluation may be, where a path such as `object.spec.values` counts once. Without
/// optimisation the evaluator takes 40 KiB of stack a step, of the 2 MiB that threads have here.
pub(super) const DEPTH: usize = 28;
/// How many loops there may be.
pub(super) const LOOPS: usize = 16;
/// How deep loops may stand in each other.
pub(super) const NESTED_LOOPS: usize = 3;

/// A text whose tokens are all known and whose depth is bounded.
pub(super) struct Tokens<'t> {
    text: &'t str,
    /// Without spaces and comments.
    tokens: Vec<Token>,
}

impl<'t> Tokens<'t> {
    /// Reads the tokens.
    ///
    /// # Errors
    /// When the text is empty, too long, or too deep, or something is no token.
    pub(super) fn read(text: &'t str) -> Result<Self, ExpressionError> {
        if text.len() > LONGEST {
            return Err(ExpressionError::new(format!(
                "the expression has {} bytes, and {LONGEST} are the most; split it into several",
                text.len()
            )));
        }
        let mut read = Self {
            text,
            tokens: Vec::with_capacity(text.len() / 3),
        };
        let mut lexer = Lexer::new(text);
        loop {
            let token = lexer.lex();
            match token.kind {
                TokenKind::TokEnd => break,
                TokenKind::TokWhitespace | TokenKind::TokComment => {}
                TokenKind::TokError => {
                    let why = lexer.get_error().map_or("unexpected text", |error| {
                        // The lexer goes by bytes.
                        match error.message.as_str() {
                            "unexpected character" => "this character has no meaning in CEL",
                            message => message,
                        }
                    });
                    return Err(ExpressionError::new(why).at(read.place(token.start)));
                }
                _ => read.tokens.push(token),
            }
        }
        if read.tokens.is_empty() {
            return Err(ExpressionError::new(
                "the expression is empty; write one that is true or false",
            ));
        }
        read.bound_depth()?;
        Ok(read)
    }

    /// The line and column of a byte.
    pub(super) fn place(&self, byte: usize) -> Option<(usize, usize)> {
        let before = self.text.get(..byte)?;
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some((line, before[start..].chars().count() + 1))
    }

    fn text_of(&self, token: &Token) -> &'t str {
        self.text.get(token.start..token.end).unwrap_or("")
    }

    /// Where `name` stands first: as a function that is called, or as a name of its own.
    pub(super) fn find(&self, name: &str, is_called: bool) -> Option<(usize, usize)> {
        let name = name.trim_start_matches('.');
        let found = self.tokens.iter().enumerate().find(|(at, token)| {
            let next = self.tokens.get(at + 1).map(|next| next.kind);
            let before = at.checked_sub(1).map(|before| self.tokens[before].kind);
            self.text_of(token) == name
                && if is_called {
                    next == Some(TokenKind::TokLeftParen)
                } else {
                    before != Some(TokenKind::TokDot)
                }
        });
        self.place(found?.1.start)
    }

    /// Bounds the depth of the tree that any parser could make of the tokens: in each bracket, operators
    /// in a chain add up, and so do the brackets around it. `&&` and `||` are parsed as balanced trees,
    /// so their number does not count, and what stands on their two sides is not in one chain.
    fn bound_depth(&self) -> Result<(), ExpressionError> {
        /// One bracket that is open.
        #[derive(Clone, Copy, Default)]
        struct Level {
            chain: usize,
            choices: usize,
        }
        let mut levels = vec![Level::default()];
        // What the open brackets around the last level add.
        let mut around = 0;
        for token in &self.tokens {
            let open = levels.len();
            let Some(level) = levels.last_mut() else {
                break;
            };
            match token.kind {
                TokenKind::TokLeftParen | TokenKind::TokLeftBracket | TokenKind::TokLeftBrace => {
                    level.chain += 1;
                    around += level.chain + level.choices;
                    levels.push(Level::default());
                }
                TokenKind::TokRightParen
                | TokenKind::TokRightBracket
                | TokenKind::TokRightBrace
                    if open > 1 =>
                {
                    levels.pop();
                    // Nothing was added to it while the bracket was open.
                    let outer = levels.last().copied().unwrap_or_default();
                    around -= outer.chain + outer.choices;
                }
                TokenKind::TokComma => *level = Level::default(),
                TokenKind::TokLogicalAnd | TokenKind::TokLogicalOr | TokenKind::TokColon => {
                    level.chain = 0;
                }
                TokenKind::TokQuestion => {
                    level.choices += 1;
                    level.chain = 0;
                }
                TokenKind::TokDot
                | TokenKind::TokMinus
                | TokenKind::TokPlus
                | TokenKind::TokAsterisk
                | TokenKind::TokSlash
                | TokenKind::TokPercent
                | TokenKind::TokExclamation
                | TokenKind::TokEqualEqual
                | TokenKind::TokExclamationEqual
                | TokenKind::TokLess
                | TokenKind::TokLessEqual
                | TokenKind::TokGreater
                | TokenKind::TokGreaterEqual
                | TokenKind::TokIn => level.chain += 1,
                _ => {}
            }
            let here = levels.last().map_or(0, |level| level.chain + level.choices);
            if levels.len() > BRACKETS + 1 || around + here > CHAIN {
                return Err(too_deep().at(self.place(token.start)));
            }
        }
        Ok(())
    }
}

/// The error of an expression that is nested or chained too deep.
pub(super) fn too_deep() -> ExpressionError {
    ExpressionError::new(format!(
        "the expression is too deep here: {BRACKETS} brackets in each other, or {DEPTH} operators in a chain, are the most; split it with `&&` or into several"
    ))
}
