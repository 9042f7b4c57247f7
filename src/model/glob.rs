//! Globs within bounds.

use globset::{Glob, GlobBuilder};

/// Why a text is no glob.
#[derive(Debug, thiserror::Error)]
pub enum GlobError {
    /// It is too long to be compiled safely.
    #[error("it has more than {LONGEST} bytes; write several")]
    TooLong,
    /// It has no meaning.
    #[error(transparent)]
    Wrong(#[from] globset::Error),
}

/// The longest glob, in bytes. Braces in braces are compiled by recursion, and who runs out of stack ends the process.
const LONGEST: usize = 512;

/// Compiles a glob; `by_segment` says that `*` and `?` match no `/`.
///
/// # Errors
/// When it is too long or has no meaning.
pub fn glob(pattern: &str, by_segment: bool) -> Result<Glob, GlobError> {
    if pattern.len() > LONGEST {
        return Err(GlobError::TooLong);
    }
    let mut builder = GlobBuilder::new(pattern);
    Ok(builder.literal_separator(by_segment).build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_in_braces_are_refused_before_they_can_exhaust_the_stack() {
        let nested = |depth: usize| format!("{}a{}", "{".repeat(depth), "}".repeat(depth));
        assert!(matches!(
            glob(&nested(100_000), false),
            Err(GlobError::TooLong)
        ));
        // What is short enough is compiled, or refused for what it is.
        let deepest = std::thread::Builder::new().stack_size(1 << 20);
        let deepest = deepest.spawn(move || glob(&nested(LONGEST / 2 - 1), true).is_ok());
        assert!(deepest.expect("a thread").join().is_ok());
        assert!(
            glob("{a,b}-*", true)
                .expect("a glob")
                .compile_matcher()
                .is_match("a-1")
        );
    }
}
