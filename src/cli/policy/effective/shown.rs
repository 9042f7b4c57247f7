//! `policy effective` for people.

use std::fmt::Write as _;

use clap::builder::styling::Style;

use super::super::super::printable;
use super::answer::{Answer, RuleRow};

const HEADING: Style = Style::new().bold();

/// The answer as text.
pub(super) fn human(answer: &Answer) -> String {
    let mut text = String::new();
    let object = &answer.object;
    let place = match &*object.namespace {
        "" => object.name.clone(),
        namespace => format!("{namespace}/{}", object.name),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} {}, by {}",
        object.kind,
        printable(&place),
        printable(&answer.from)
    );
    for note in &answer.notes {
        let _ = writeln!(text, "note: {}", printable(note));
    }
    let _ = writeln!(text, "\n{HEADING}Policies{HEADING:#}");
    if answer.policies.is_empty() {
        let _ = writeln!(text, "  none: the built-in policy alone");
    }
    let width = answer
        .policies
        .iter()
        .map(|row| row.name.chars().count())
        .max();
    let width = width.unwrap_or(0);
    for row in &answer.policies {
        let why = row
            .why
            .as_deref()
            .map_or_else(String::new, |why| format!(": {why}"));
        let said = match row.applies {
            "yes" => "is for it",
            "no" => "is not for it",
            _ => "may be for it",
        };
        let _ = writeln!(text, "  {:width$}  {said}{}", row.name, printable(&why));
    }
    let _ = writeln!(text, "\n{HEADING}Rules{HEADING:#}");
    let width = answer
        .rules
        .iter()
        .map(|row| row.rule.len())
        .max()
        .unwrap_or(0);
    for row in &answer.rules {
        rule(row, width, &mut text);
    }
    let _ = writeln!(text, "\n{HEADING}Settings{HEADING:#}");
    let ratchet = if answer.ratchet { "on" } else { "off" };
    let _ = writeln!(text, "  ratchet: {ratchet}");
    let _ = writeln!(text, "  onUnseen: {}", answer.on_unseen.as_str());
    match answer.lookup_namespaces.as_slice() {
        [] => text.push_str("  lookupNamespaces: none\n"),
        lookups => {
            for lookup in lookups {
                let _ = writeln!(
                    text,
                    "  lookupNamespaces: {} ({})",
                    lookup.namespaces, lookup.policy
                );
            }
        }
    }
    let _ = writeln!(text, "\n{HEADING}Exemptions{HEADING:#}");
    if answer.exemptions.is_empty() {
        text.push_str("  none\n");
    }
    for row in &answer.exemptions {
        let _ = writeln!(
            text,
            "  {}: {}, by {} until {}: {}",
            row.rule,
            row.state,
            printable(&row.by),
            row.until,
            printable(&row.reason)
        );
        if !row.opened_by.is_empty() {
            let _ = writeln!(text, "    opened by {}", row.opened_by.join(", "));
        } else if row.state == "not opened" {
            text.push_str("    no policy for this object opens it in `allowExemptions`\n");
        }
    }
    for line in &answer.unreadable_lines {
        let _ = writeln!(
            text,
            "  line {line} of the annotation cannot be read, and exempts nothing"
        );
    }
    text
}

fn rule(row: &RuleRow, width: usize, text: &mut String) {
    let _ = write!(text, "  {:width$}  {}", row.rule, row.action.as_str());
    let is_builtin = row.votes.iter().all(|vote| vote.policy.is_none());
    if is_builtin && row.parameters.is_empty() {
        text.push_str("  (built-in)\n");
        return;
    }
    text.push('\n');
    for vote in &row.votes {
        let standing = match vote.standing {
            "replaced" => ", replaced: a policy that names the rule says `replacesDefault`",
            "unknown" => ", no harder than `onUnseen`, as it may not be for this object",
            _ => "",
        };
        let policy = vote.policy.as_deref().unwrap_or("built-in");
        let _ = writeln!(text, "    {policy}: {}{standing}", vote.action.as_str());
    }
    for parameter in &row.parameters {
        let _ = writeln!(
            text,
            "    {}: {}, said by {}",
            parameter.name,
            printable(&parameter.value.to_string()),
            parameter.policy
        );
    }
}
