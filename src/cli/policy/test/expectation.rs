//! What a document's comments expect of its verdict.

use std::path::PathBuf;

use crate::model::{Action, Operation, nearest};

/// What is expected, and by which request the object comes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expectation {
    /// Whether anything is expected at all: `# expect:` was there.
    pub(super) is_there: bool,
    /// Findings that must be there with just that action. Every denial must be among them.
    pub(super) findings: Vec<(Action, String)>,
    /// What is done with the object.
    pub(super) operation: Option<Operation>,
    /// The file of the object before an update.
    pub(super) old: Option<PathBuf>,
    /// Who asks.
    pub(super) user: Option<String>,
    /// Whether nothing will be stored.
    pub(super) dry_run: bool,
    allows: bool,
}

impl Expectation {
    /// Takes over one comment, given without its `#`; whether it is one of an expectation.
    ///
    /// # Errors
    /// When it is and cannot be understood: what is wrong, and what is known.
    pub(super) fn take<'k>(
        &mut self,
        comment: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Result<bool, String> {
        let comment = comment.trim();
        let (key, value) = match comment.split_once(':') {
            Some((key, value)) => (key.trim(), value.trim()),
            None => (comment, ""),
        };
        match key {
            "expect" => self.expect(value, known)?,
            "operation" => {
                self.operation = Some(match value {
                    "CREATE" => Operation::Create,
                    "UPDATE" => Operation::Update,
                    _ => return Err("expected `operation: CREATE` or `operation: UPDATE`".into()),
                });
            }
            "old" if value.is_empty() => {
                return Err("`old:` names the file of the object before the update".into());
            }
            "old" => self.old = Some(value.into()),
            "user" if !value.is_empty() => self.user = Some(value.to_owned()),
            "dry-run" => self.dry_run = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn expect<'k>(
        &mut self,
        list: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Result<(), String> {
        const FORM: &str =
            "expected `allow`, or a list such as `deny literal-secret, warn unpinned-image`";
        self.is_there = true;
        for item in list.split(',').map(str::trim) {
            if item == "allow" {
                self.allows = true;
                continue;
            }
            let (word, rule) = item.split_once(' ').ok_or(FORM)?;
            let action = match word {
                "deny" => Action::Deny,
                "warn" => Action::Warn,
                "audit" => Action::Audit,
                _ => return Err(FORM.into()),
            };
            let rule = rule.trim();
            if !known.clone().any(|name| name == rule) {
                let meant = nearest(rule, known)
                    .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
                return Err(format!("unknown rule `{rule}`{meant}"));
            }
            let finding = (action, rule.to_owned());
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
        Ok(())
    }

    /// What is wrong with all of it together.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let denies = self
            .findings
            .iter()
            .any(|(action, _)| *action == Action::Deny);
        let is_update = self.operation == Some(Operation::Update);
        if !self.is_there {
            Some("a request is described, and no `# expect:` says what is to come of it")
        } else if self.allows && denies {
            Some("`allow` says that nothing is denied, and a `deny` stands beside it")
        } else if is_update && self.old.is_none() {
            Some("`operation: UPDATE` needs `# old: FILE`, the object before the update")
        } else if self.operation == Some(Operation::Create) && self.old.is_some() {
            Some("`operation: CREATE` has no object before it: leave `# old:` out")
        } else {
            None
        }
    }

    /// Whether nothing at all was said.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Words for people: `deny literal-secret, warn unpinned-image`, or `allow`.
pub(super) fn words(findings: &[(Action, String)]) -> String {
    let said = |(action, rule): &(Action, String)| format!("{} {rule}", action.as_str());
    let mut words: Vec<String> = findings.iter().map(said).collect();
    if !findings.iter().any(|(action, _)| *action == Action::Deny) {
        words.insert(0, "allow".to_owned());
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(comments: &[&str]) -> Result<Expectation, String> {
        let known = ["literal-secret", "unpinned-image", "custom/no-beta"];
        let mut expectation = Expectation::default();
        for comment in comments {
            expectation.take(comment, known.into_iter())?;
        }
        match expectation.contradiction() {
            Some(wrong) if !expectation.is_empty() => Err(wrong.to_owned()),
            _ => Ok(expectation),
        }
    }

    #[test]
    fn comments_say_what_is_expected_and_of_which_request() {
        let read = read(&[
            "expect: warn unpinned-image, deny custom/no-beta",
            " old: before.yaml",
            "user: system:serviceaccount:flux-system:kustomize-controller",
            "dry-run",
            "a word: about something else",
        ])
        .expect("an expectation");
        assert_eq!(
            words(&read.findings),
            "warn unpinned-image, deny custom/no-beta"
        );
        assert_eq!(read.old, Some("before.yaml".into()));
        let user = "system:serviceaccount:flux-system:kustomize-controller";
        assert_eq!((read.user.as_deref(), read.dry_run), (Some(user), true));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (comments, expected) in [
            (
                &["expect: deny literal-secrets"][..],
                "unknown rule `literal-secrets`; did you mean `literal-secret`?",
            ),
            (&["expect:"], "expected `allow`"),
            (&["expect: refuse literal-secret"], "expected `allow`"),
            (
                &["expect: allow, deny literal-secret"],
                "`allow` says that nothing is denied",
            ),
            (
                &["operation: UPDATE", "expect: allow"],
                "`operation: UPDATE` needs `# old: FILE`",
            ),
            (
                &["operation: DELETE", "expect: allow"],
                "expected `operation: CREATE`",
            ),
            (
                &["operation: CREATE", "old: a.yaml", "expect: allow"],
                "`operation: CREATE` has no object",
            ),
            (&["dry-run"], "a request is described"),
        ] {
            let error = read(comments).expect_err("refused");
            assert!(error.starts_with(expected), "{comments:?}: {error}");
        }
    }
}
