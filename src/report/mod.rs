//! What `check` found, as text: for people, for programs, for CI systems. Pure: a report in, text out.

pub mod github;
pub mod human;
pub mod json;
pub mod junit;
pub mod pages;
pub mod sarif;

use std::collections::BTreeMap;

use crate::check::{Found, Report};
use crate::model::{Action, Certainty, RuleName};

/// The numbers below every report.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Files that were read.
    pub files: usize,
    /// Objects that were judged.
    pub objects: usize,
    /// Findings that are denied.
    pub denied: usize,
    /// Warnings of what was seen for certain.
    pub warnings: usize,
    /// Warnings and audits of what could not be verified.
    pub unverified: usize,
    /// Findings that are only recorded.
    pub audited: usize,
    /// Files and documents that were left out on purpose.
    pub skipped: usize,
    /// What could not be judged.
    pub errors: usize,
    /// The number of findings of each rule that found any.
    pub findings_by_rule: BTreeMap<RuleName, usize>,
    /// How long it took.
    pub seconds: f64,
}

impl Summary {
    /// Counts.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let count = |wanted: fn(&Found) -> bool| {
            report.findings().filter(|(_, found)| wanted(found)).count()
        };
        let mut findings_by_rule = BTreeMap::new();
        for (_, found) in report.findings() {
            *findings_by_rule.entry(found.rule.clone()).or_insert(0) += 1;
        }
        Self {
            files: report.files.len(),
            objects: report.objects(),
            denied: count(|found| found.action == Action::Deny),
            warnings: count(|found| found.action == Action::Warn && !is_unverified(found)),
            unverified: count(is_unverified),
            audited: count(|found| found.action == Action::Audit && !is_unverified(found)),
            skipped: report.skipped().count(),
            errors: report
                .problems()
                .filter(|(_, problem)| problem.is_error)
                .count(),
            findings_by_rule,
            seconds: report.seconds,
        }
    }
}

/// Whether it is shown as unverified: a denial of what could not be verified is a denial first.
#[must_use]
pub fn is_unverified(found: &Found) -> bool {
    found.certainty == Certainty::Unverified && found.action != Action::Deny
}

/// A count with its noun.
fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
