//! What goes wrong while a certificate is kept, until it goes well again.

use std::fmt::Display;

/// The last problem, told in the log once as long as it stays the same.
#[derive(Default)]
pub(super) struct Failure(Option<String>);

impl Failure {
    /// Takes over a problem; `meanwhile` is what becomes of it.
    pub(super) fn tell(&mut self, problem: &impl Display, meanwhile: &str) {
        let problem = problem.to_string();
        if self.0.as_deref() != Some(&problem) {
            tracing::warn!(reason = problem, "{meanwhile}");
            self.0 = Some(problem);
        }
    }

    /// The problem, while there is one.
    pub(super) fn reason(&self) -> Option<&str> {
        self.0.as_deref()
    }
}
