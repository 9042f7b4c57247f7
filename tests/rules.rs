//! Holds the registry, the rules' pages, their fixtures and docs/rules together.
//!
//! After a change to a page or a message: `cargo xtask docs`, and `INSTA_UPDATE=always cargo test --test rules`,
//! then read what git says has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use lockkeeper::check::{Engine, FileReport, Report, check_text};
use lockkeeper::facts::NoFacts;
use lockkeeper::model::{Action, Form};
use lockkeeper::policy::Policy;
use lockkeeper::report::{human, pages};
use lockkeeper::rules::{AnyRule, RULES};

const FIXTURES: &str = "tests/fixtures/rules";

/// The rule that judges only what Flux has substituted.
const ADMISSION_ONLY: &str = "unresolved-placeholder";

/// The sections of a page, in their order; the others are optional.
const SECTIONS: [&str; 5] = [
    "What it does",
    "Why is this bad",
    "Example",
    "Use instead",
    "References",
];
const OPTIONAL: [&str; 2] = ["What is not judged", "Options"];

fn judged(path: &Path) -> FileReport {
    let text = fs::read_to_string(path).expect("a fixture can be read");
    let policy = Policy::builtin();
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
    let name = path.file_name().expect("a file").to_string_lossy();
    let mut engine = Engine::new(&policy, &NoFacts, now);
    if path.starts_with(Path::new(FIXTURES).join(ADMISSION_ONLY)) {
        engine.form = Form::Applied;
    }
    check_text(&name, &text, &engine)
}

/// The fixtures of a rule whose names begin with `prefix`.
fn fixtures(rule: &str, prefix: &str) -> Vec<PathBuf> {
    let folder = Path::new(FIXTURES).join(rule);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("a folder can be read").path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(prefix))
        })
        .collect();
    paths.sort();
    paths
}

fn names() -> BTreeSet<&'static str> {
    RULES.iter().map(|rule| rule.meta().name).collect()
}

fn sections(rule: &dyn AnyRule) -> Vec<(String, String)> {
    let page = pages::rule(rule);
    page.split("\n## ")
        .skip(1)
        .map(|section| {
            let (title, text) = section.split_once('\n').expect("a section has text");
            (title.trim().to_owned(), text.trim().to_owned())
        })
        .collect()
}

#[test]
fn every_name_is_its_own_and_in_kebab_case() {
    assert_eq!(names().len(), RULES.len());
    for name in names() {
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{name}"
        );
    }
}

#[test]
fn every_page_has_its_sections() {
    for rule in RULES {
        let name = rule.meta().name;
        let sections = sections(*rule);
        for (title, text) in &sections {
            assert!(!text.is_empty(), "{name}: {title} is empty");
            assert!(
                SECTIONS.contains(&title.as_str()) || OPTIONAL.contains(&title.as_str()),
                "{name}: no page has a section {title}"
            );
        }
        let titles: Vec<_> = sections
            .iter()
            .map(|(title, _)| title.as_str())
            .filter(|title| SECTIONS.contains(title))
            .collect();
        assert_eq!(titles, SECTIONS, "{name}");
    }
}

#[test]
fn every_parameter_is_in_the_options() {
    for rule in RULES {
        let name = rule.meta().name;
        let sections: BTreeMap<_, _> = sections(*rule).into_iter().collect();
        let options = sections.get("Options").map_or("", String::as_str);
        let defaults = rule.defaults();
        let defaults = defaults.as_object().expect("parameters are a map");
        for key in defaults.keys() {
            assert!(
                options.contains(&format!("`{key}`")),
                "{name}: the section Options does not name `{key}`"
            );
        }
    }
}

#[test]
fn every_rule_has_fixtures_and_every_fixture_a_rule() {
    for name in names() {
        assert!(
            !fixtures(name, "bad").is_empty(),
            "{name} has no bad fixture"
        );
        assert!(
            !fixtures(name, "good").is_empty(),
            "{name} has no good fixture"
        );
        for path in fixtures(name, "") {
            let file = path.file_name().expect("a file").to_string_lossy();
            assert!(
                file.starts_with("bad") || file.starts_with("good"),
                "{} is neither good nor bad",
                path.display()
            );
        }
    }
    for folder in fs::read_dir(FIXTURES).expect("the fixtures are there") {
        let folder = folder.expect("a folder can be read").file_name();
        let folder = folder.to_string_lossy();
        assert!(names().contains(&*folder), "{folder} is no rule");
    }
}

#[test]
fn fixtures_are_what_they_are_called() {
    for name in names() {
        for path in fixtures(name, "") {
            let report = judged(&path);
            let shown = path.display();
            assert_eq!(report.problems, [], "{shown}");
            assert_eq!(report.skipped, [], "{shown}");
            assert!(!report.objects.is_empty(), "{shown} holds nothing to judge");
        }
        for path in fixtures(name, "bad") {
            let report = judged(&path);
            assert!(
                report.findings.iter().any(|found| found.rule == name),
                "{} is not found by {name}",
                path.display()
            );
        }
        for path in fixtures(name, "good") {
            let report = judged(&path);
            let denied: Vec<_> = report
                .findings
                .iter()
                .filter(|found| found.rule == name && found.action == Action::Deny)
                .map(|found| (found.start.line, &found.message))
                .collect();
            assert!(denied.is_empty(), "{}: {denied:?}", path.display());
        }
    }
}

/// The wording of a message is reviewed like code.
#[test]
fn bad_fixtures_look_as_they_did() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    let mut wanted = BTreeSet::new();
    for name in names() {
        for path in fixtures(name, "bad") {
            let report = Report {
                files: vec![judged(&path)],
                seconds: 0.0,
            };
            let options = human::Options {
                verbose: true,
                width: Some(120),
            };
            let text = human::render(&report, options);
            let stem = path.file_stem().expect("a file").to_string_lossy();
            let snapshot = format!("{name}--{stem}");
            insta::assert_snapshot!(
                snapshot.clone(),
                anstream::adapter::strip_str(&text).to_string()
            );
            wanted.insert(format!("{snapshot}.snap"));
        }
    }
    for file in fs::read_dir("tests/snapshots").expect("the snapshots are there") {
        let file = file.expect("a folder can be read").file_name();
        let file = file.to_string_lossy();
        let is_ours = file.contains("--") && file.ends_with(".snap");
        assert!(
            !is_ours || wanted.contains(&*file),
            "{file} belongs to no fixture: delete it"
        );
    }
}

#[test]
fn docs_are_the_rules_own_words() {
    let folder = Path::new("docs/rules");
    let mut wanted = BTreeSet::new();
    for (file, page) in pages::all() {
        let path = folder.join(&file);
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page,
            "{} is out of date: run `cargo xtask docs`",
            path.display()
        );
        wanted.insert(file);
    }
    for file in fs::read_dir(folder).expect("the docs are there") {
        let file = file.expect("a folder can be read").file_name();
        let file = file.to_string_lossy();
        assert!(
            wanted.contains(&*file),
            "docs/rules/{file} belongs to no rule"
        );
    }
}
