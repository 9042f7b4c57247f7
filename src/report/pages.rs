//! The rules' pages in Markdown: for `lockkeeper explain` and docs/rules, from the rule's own comment.

use std::fmt::Write as _;

use crate::rules::{AnyRule, RULES};

/// The page of one rule.
#[must_use]
pub fn rule(rule: &dyn AnyRule) -> String {
    let meta = rule.meta();
    let kinds: Vec<_> = meta.subjects.iter().map(|kind| kind.name()).collect();
    let mut text = format!(
        "# {}\n\n*{}; judges {}; built-in action `{}`.*\n\n",
        meta.name,
        meta.family.as_str(),
        kinds.join(", "),
        meta.action.as_str()
    );
    for line in rule.doc().lines() {
        // A doc comment's lines begin with the space after `///`.
        text.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
        text.push('\n');
    }
    text
}

/// The list of all pages.
#[must_use]
pub fn index() -> String {
    let mut text = "# Rules\n\n\
        Made from the rules' own comments by `cargo xtask docs`; `lockkeeper explain RULE` prints the same pages.\n\n\
        | rule | family | built-in action | refuses |\n|---|---|---|---|\n"
        .to_owned();
    for rule in RULES {
        let meta = rule.meta();
        let _ = writeln!(
            text,
            "| [{name}]({name}.md) | {} | `{}` | {} |",
            meta.family.as_str(),
            meta.action.as_str(),
            meta.summary,
            name = meta.name,
        );
    }
    text
}

/// Every page with its file name, the index first.
#[must_use]
pub fn all() -> Vec<(String, String)> {
    let pages = RULES
        .iter()
        .map(|known| (format!("{}.md", known.meta().name), rule(*known)));
    std::iter::once(("README.md".to_owned(), index()))
        .chain(pages)
        .collect()
}
