//! Holds the pages for administrators to the code: flags, metrics, alerts and reasons that they name must be there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The pages that tell people what to type.
const PAGES: [&str; 6] = [
    "docs/install.md",
    "docs/operate.md",
    "certs/README.md",
    "charts/lockkeeper/README.md",
    "deploy/README.md",
    "docs/policy.md",
];

fn help_of(words: &[&str]) -> Option<String> {
    let mut help = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
    let output = help
        .args(words)
        .arg("--help")
        .output()
        .expect("the binary runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    output.status.success().then_some(text)
}

/// The flags of a text.
fn flags(text: &str) -> BTreeSet<&str> {
    let is_part = |character: char| character.is_ascii_lowercase() || character == '-';
    text.split(|character: char| !is_part(character))
        .filter(|word| word.starts_with("--") && word.len() > 3)
        .collect()
}

/// Lines that call `lockkeeper`, and what stands between backticks and does.
fn calls(page: &str) -> impl Iterator<Item = &str> {
    let lines = page.lines().map(str::trim);
    lines
        .chain(page.split('`').skip(1).step_by(2))
        .filter(|text| text.starts_with("lockkeeper ") && !text.contains('\n'))
}

#[test]
fn every_call_of_lockkeeper_has_the_flags_of_its_help() {
    let mut checked = 0;
    for page in PAGES {
        let text = read(page);
        for call in calls(&text) {
            let words: Vec<&str> = call
                .split_whitespace()
                .skip(1)
                .take_while(|word| word.chars().all(|letter| letter.is_ascii_lowercase()))
                .take(2)
                .collect();
            let help = (1..=words.len())
                .rev()
                .find_map(|count| help_of(&words[..count]))
                .unwrap_or_else(|| panic!("{page}: there is no such command: {call}"));
            let known = flags(&help);
            for flag in flags(call) {
                assert!(known.contains(flag), "{page}: {flag} in {call}");
                checked += 1;
            }
        }
    }
    assert!(checked > 10, "only {checked} flags were found");
}

/// Flags that stand alone between backticks are those of `serve`, unless they are of another program.
#[test]
fn a_flag_that_is_named_alone_is_one_of_serve() {
    let others = [
        // kubectl, helm and the API server.
        "--server-side",
        "--set",
        "--force-replace",
        "--force",
        "--admission-control-config-file",
        // `lockkeeper certs rotate`.
        "--webhooks",
        "--overlap",
    ];
    let help = help_of(&["serve"]).expect("help");
    let known = flags(&help);
    let mut checked = 0;
    for page in &PAGES[..2] {
        let text = read(page);
        for quoted in text.split('`').skip(1).step_by(2) {
            if quoted.starts_with("--") {
                for flag in flags(quoted) {
                    assert!(
                        known.contains(flag) || others.contains(&flag),
                        "{page}: {flag}"
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 2, "only {checked} flags were found");
}

/// All Rust of a folder, one text.
fn code(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            code(&path, text);
        } else if path.extension().is_some_and(|end| end == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("text"));
        }
    }
}

/// The first cells of the table that begins with a heading.
fn rows<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let (_, table) = page.split_once(heading).expect("the table");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| row.split('|').nth(1))
        .map(str::trim)
        .collect()
}

#[test]
fn every_reason_of_readyz_is_one_of_the_code() {
    let mut text = String::new();
    code(Path::new("src"), &mut text);
    let page = read("docs/operate.md");
    let reasons = rows(&page, "| `/readyz` says | what to do |");
    assert!(reasons.len() > 7, "{reasons:?}");
    for reason in reasons {
        let quoted = reason.split('`').nth(1).expect("a reason");
        // What follows names the reason behind it; each part between dots stands in the code.
        let parts = quoted
            .split("there is no certificate to serve: ")
            .flat_map(|rest| rest.split('…'));
        for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
            assert!(text.contains(part), "no reason has {part:?}");
        }
    }
}

#[test]
fn metrics_and_alerts_of_the_page_are_those_of_the_chart() {
    let page = read("docs/operate.md");
    let rules = read("charts/lockkeeper/templates/prometheus-rule.yaml");
    let alerts: BTreeSet<String> = rows(&page, "| alert | first thing to do |")
        .iter()
        .map(|cell| cell.trim_matches('`').to_owned())
        .collect();
    let made: BTreeSet<String> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .map(str::to_owned)
        .collect();
    assert_eq!(alerts, made);
    let metrics = ["src/server/metrics.rs", "src/server/metrics/policies.rs"]
        .map(read)
        .concat();
    let named = rows(&page, "| metric | what it says |");
    assert!(named.len() > 7, "{named:?}");
    for cell in named {
        let name = cell.trim_matches('`').strip_prefix("lockkeeper_");
        let name = name.expect("one of ours");
        let registered = ["", "_total", "_seconds"].iter().any(|end| {
            let base = name.strip_suffix(end);
            base.is_some_and(|base| metrics.contains(&format!("\"{base}\"")))
        });
        assert!(registered, "{cell}");
    }
}

#[test]
fn every_threat_has_its_row_and_a_file_that_is_there() {
    let page = read("docs/security.md");
    let ids = rows(&page, "| id | about |");
    let wanted: Vec<String> = (1..=18).map(|id| id.to_string()).collect();
    assert_eq!(ids, wanted);
    let (_, table) = page.split_once("| id | about |").expect("the table");
    for row in table.lines().skip(2).take(wanted.len()) {
        let shown = row.trim_end_matches('|').rsplit('|').next();
        let files: Vec<&str> = shown
            .expect("a cell")
            .split('`')
            .skip(1)
            .step_by(2)
            .collect();
        assert!(!files.is_empty(), "{row}");
        for file in files {
            assert!(Path::new(file).is_file(), "{file}: {row}");
        }
    }
}
