//! `cargo xtask corpus <folder>`: judges every object of real GitOps trees and holds the denials
//! against what docs/accuracy.md settled.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::cargo::root;
use crate::dist;

/// Where every denial is settled in words.
const SETTLED: &str = "docs/accuracy.md";

/// Rounds of which the quickest counts: the first one reads from a cold disk.
const ROUNDS: usize = 5;

/// Runs the task; an error when a denial is not settled or a labelled secret was not found.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let [folder] = arguments else {
        bail!("usage: cargo xtask corpus <folder of GitOps trees>");
    };
    let folder = Path::new(folder);
    let binary = dist::build()?;
    let (report, quickest) = check(&binary, folder)?;
    let findings = list(&report, "findings");
    print_table(&report, findings);
    println!("{:.3} s, the quickest of {ROUNDS}", quickest.as_secs_f64());
    for (key, why) in [("skipped", "reason"), ("problems", "message")] {
        for entry in list(&report, key) {
            println!("{key}: {}: {}", text(entry, "file"), text(entry, why));
        }
    }
    let unsettled = unsettled(findings, folder)?;
    let missed = labelled_but_not_found(findings, folder)?;
    ensure!(
        unsettled == 0,
        "{unsettled} denials are not settled: read them, mend the rule, or write them into {SETTLED}"
    );
    ensure!(missed == 0, "{missed} labelled secrets were not found");
    Ok(())
}

/// The report, and how long the quickest round took.
fn check(binary: &Path, folder: &Path) -> anyhow::Result<(Value, Duration)> {
    let mut quickest = Duration::MAX;
    let mut report = Value::Null;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let output = Command::new(binary)
            .args(["check", "--format", "json"])
            .arg(folder)
            .stderr(Stdio::inherit())
            .output()?;
        quickest = quickest.min(start.elapsed());
        ensure!(
            matches!(output.status.code(), Some(0 | 1)),
            "`lockkeeper check` ended with {}",
            output.status
        );
        report = serde_json::from_slice(&output.stdout)?;
    }
    Ok((report, quickest))
}

fn list<'a>(report: &'a Value, key: &str) -> &'a [Value] {
    report
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn print_table(report: &Value, findings: &[Value]) {
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for finding in findings {
        let column = match (text(finding, "certainty"), text(finding, "action")) {
            ("unverified", _) => 2,
            (_, "deny") => 0,
            (_, "warn") => 1,
            _ => 3,
        };
        counts.entry(text(finding, "rule")).or_default()[column] += 1;
    }
    let summary = |key: &str| {
        report
            .pointer(&format!("/summary/{key}"))
            .map_or(0, |count| count.as_u64().unwrap_or(0))
    };
    println!("{} files, {} objects", summary("files"), summary("objects"));
    println!(
        "{:24} {:>6} {:>6} {:>11} {:>6}",
        "rule", "deny", "warn", "unverified", "audit"
    );
    for (rule, [deny, warn, unverified, audit]) in counts {
        println!("{rule:24} {deny:6} {warn:6} {unverified:11} {audit:6}");
    }
}

/// Prints every denial, and counts those that docs/accuracy.md does not settle.
fn unsettled(findings: &[Value], folder: &Path) -> anyhow::Result<usize> {
    let settled = std::fs::read_to_string(root().join(SETTLED)).context(SETTLED)?;
    let mut missing = 0;
    for finding in findings
        .iter()
        .filter(|finding| text(finding, "action") == "deny")
    {
        let file = relative(finding, folder);
        let row = |line: &str| {
            line.contains(&format!("`{file}`"))
                && line.contains(&format!("`{}`", text(finding, "pointer")))
        };
        let is_settled = settled.lines().any(row);
        missing += usize::from(!is_settled);
        println!(
            "{} {} {file} {}",
            if is_settled {
                "settled "
            } else {
                "NOT SETTLED"
            },
            text(finding, "rule"),
            text(finding, "pointer")
        );
    }
    Ok(missing)
}

/// Counts the labelled secrets (labels.tsv beside the trees) in whose file their rule found nothing.
fn labelled_but_not_found(findings: &[Value], folder: &Path) -> anyhow::Result<usize> {
    let Ok(labels) = std::fs::read_to_string(folder.join("labels.tsv")) else {
        return Ok(0);
    };
    let mut missing = 0;
    for line in labels
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let mut fields = line.split('\t');
        let (Some(repository), Some(file), _, Some(rule)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            bail!("labels.tsv: not a label: {line}");
        };
        let file = format!("{repository}/{file}");
        let found = findings
            .iter()
            .any(|finding| text(finding, "rule") == rule && relative(finding, folder) == file);
        if !found {
            missing += 1;
            eprintln!("labelled but not found: {rule} in {file}");
        }
    }
    Ok(missing)
}

fn relative<'a>(finding: &'a Value, folder: &Path) -> &'a str {
    let file = text(finding, "file");
    folder
        .to_str()
        .and_then(|folder| file.strip_prefix(folder.trim_end_matches('/')))
        .map_or(file, |rest| rest.trim_start_matches('/'))
}
