//! `lockkeeper explain`: what the rules are, and one rule's page.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use super::{CLEAN, print};
use crate::judge::{EXEMPTION, POLICY_MATCH};
use crate::model::nearest;
use crate::policy::CUSTOM;
use crate::report::pages;
use crate::rules::{self, AnyRule, RULES};

/// List the rules, or show one rule's page.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  lockkeeper explain
  lockkeeper explain unpinned-chart
  lockkeeper explain unpinned-chart --format json")]
pub(super) struct ExplainArgs {
    /// The rule; all rules are listed without one.
    rule: Option<String>,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Markdown,
    /// For programs.
    Json,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let text = match (&args.rule, args.format) {
        (None, Format::Markdown) => list(),
        (None, Format::Json) => json(&RULES.iter().map(|rule| page(*rule)).collect::<Vec<_>>())?,
        (Some(name), Format::Markdown) => pages::rule(find(name)?),
        (Some(name), Format::Json) => json(&page(find(name)?))?,
    };
    print(&text)?;
    Ok(ExitCode::from(CLEAN))
}

/// The rule of that name, or an error that says which was meant.
pub(super) fn find(name: &str) -> anyhow::Result<&'static dyn AnyRule> {
    rules::find(name).ok_or_else(|| {
        if name.starts_with(CUSTOM) {
            return anyhow::anyhow!(
                "`{name}` is a rule of a ReleasePolicy, which its message explains; `lockkeeper policy effective` shows which policy brings it"
            );
        }
        if [POLICY_MATCH, EXEMPTION].contains(&name) {
            return anyhow::anyhow!(
                "`{name}` is no rule: it tells what nobody can say of the policies themselves, and is never more than a warning"
            );
        }
        let known = RULES.iter().map(|rule| rule.meta().name);
        match nearest(name, known.clone()) {
            Some(nearest) => {
                anyhow::anyhow!("there is no rule `{name}`; did you mean `{nearest}`?")
            }
            None => anyhow::anyhow!(
                "there is no rule `{name}`; the rules are {}",
                known.collect::<Vec<_>>().join(", ")
            ),
        }
    })
}

fn list() -> String {
    let width = |text: fn(&dyn AnyRule) -> &'static str| {
        RULES
            .iter()
            .map(|rule| text(*rule).len())
            .max()
            .unwrap_or(0)
    };
    let name_width = width(|rule| rule.meta().name);
    let family_width = width(|rule| rule.meta().family.as_str());
    let mut text = String::new();
    for rule in RULES {
        let meta = rule.meta();
        let _ = writeln!(
            text,
            "{:name_width$}  {:family_width$}  {:5}  {}",
            meta.name,
            meta.family.as_str(),
            meta.action.as_str(),
            meta.summary
        );
    }
    text
}

#[derive(Serialize)]
struct Page {
    name: &'static str,
    family: &'static str,
    action: &'static str,
    kinds: Vec<&'static str>,
    summary: &'static str,
    parameters: Value,
    doc: &'static str,
}

fn page(rule: &dyn AnyRule) -> Page {
    let meta = rule.meta();
    Page {
        name: meta.name,
        family: meta.family.as_str(),
        action: meta.action.as_str(),
        kinds: meta.subjects.iter().map(|kind| kind.name()).collect(),
        summary: meta.summary,
        parameters: rule.defaults(),
        doc: rule.doc(),
    }
}

fn json(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}
