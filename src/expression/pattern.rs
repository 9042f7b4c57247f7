//! Patterns of `matches`: compiled once, within a limit, by an engine whose time is linear.

use regex::RegexBuilder;

use super::ExpressionError;
use super::functions::Pattern;

/// The name of the so-manieth pattern of an expression; nobody can write it.
pub(super) const PREFIX: &str = "@pattern";

/// The limits that are tried, in bytes of the compiled pattern: the least that is enough says how long
/// a byte of text can take at the worst.
const LIMITS: [usize; 5] = [1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18];
/// What the engine may keep beside the pattern while it searches.
const CACHE: usize = 1 << 17;
/// How deep groups may stand in each other.
const NESTED: u32 = 32;

/// Compiles a pattern; the second is its size in bytes at the most.
pub(super) fn compile(source: &str) -> Result<(Pattern, u64), ExpressionError> {
    for limit in LIMITS {
        let built = RegexBuilder::new(source)
            .size_limit(limit)
            .dfa_size_limit(CACHE)
            .nest_limit(NESTED)
            .build();
        match built {
            Ok(pattern) => return Ok((Pattern(pattern), limit as u64)),
            Err(regex::Error::CompiledTooBig(_)) => {}
            Err(error) => {
                let text = error.to_string();
                let why = text.lines().last().unwrap_or("");
                return Err(ExpressionError::new(format!(
                    "the pattern of `matches` cannot be compiled: {}",
                    why.trim_start_matches("error: ")
                )));
            }
        }
    }
    Err(ExpressionError::new(
        "the pattern of `matches` is too large when it is compiled; write `[0-9]` for `\\d`, or repeat less",
    ))
}
