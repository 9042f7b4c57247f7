//! Holds the map in src/lib.rs to the code, and the docs to the files and tests that they name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The Rust files of a module, without its tests.
fn sources(module: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new("src").join(module)];
    let file = Path::new("src").join(format!("{module}.rs"));
    files.extend(file.is_file().then_some(file));
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("a folder can be read").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            if path.is_dir() {
                folders.push(path);
            } else if !matches!(&*name, "tests.rs" | "testing.rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "there is no module {module}");
    files
}

/// The modules that a module names, its inline tests left out.
fn named_by(module: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for path in sources(module) {
        let text = fs::read_to_string(&path).expect("text");
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let begins_tests = line == "#[cfg(test)]"
                && lines
                    .peek()
                    .is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'));
            if begins_tests {
                break;
            }
            for (_, rest) in line
                .match_indices("crate::")
                .map(|(at, word)| line.split_at(at + word.len()))
            {
                assert!(
                    !rest.starts_with('{'),
                    "{}: one `use` a module",
                    path.display()
                );
                let end = rest
                    .find(|character: char| !(character.is_ascii_lowercase() || character == '_'))
                    .unwrap_or(rest.len());
                named.insert(rest[..end].to_owned());
            }
        }
    }
    named.remove(module);
    named
}

/// The rows of the map: a module, and what it may call.
fn map() -> Vec<(String, String)> {
    let lib = fs::read_to_string("src/lib.rs").expect("text");
    lib.lines()
        .filter_map(|line| line.strip_prefix("//! | [`"))
        .map(|row| {
            let cells: Vec<&str> = row.split(" | ").collect();
            let module = cells[0].trim_end_matches("`]").to_owned();
            let calls = cells.last().expect("a cell").trim_end_matches(" |");
            (module, calls.to_owned())
        })
        .collect()
}

#[test]
fn every_module_calls_what_the_map_says_and_nothing_above_it() {
    let map = map();
    let lib = fs::read_to_string("src/lib.rs").expect("text");
    let declared: BTreeSet<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let mapped: BTreeSet<&str> = map.iter().map(|(module, _)| module.as_str()).collect();
    assert_eq!(mapped, declared);
    for (place, (module, calls)) in map.iter().enumerate() {
        let named = named_by(module);
        for callee in &named {
            let below = map[place + 1..].iter().any(|(other, _)| other == callee);
            assert!(below, "{module} calls {callee}, which is not below it");
        }
        let said: BTreeSet<String> = match calls.as_str() {
            "everything" => continue,
            "nothing" => BTreeSet::new(),
            list => list.split(", ").map(str::to_owned).collect(),
        };
        assert_eq!(named, said, "{module}");
    }
}

/// The parts of a text between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_path(text: &str) -> bool {
    let roots = [
        "src/",
        "tests/",
        "docs/",
        "examples/",
        "xtask/",
        ".ci/",
        "certs/",
    ];
    roots.iter().any(|root| text.starts_with(root)) && !text.contains(['<', '*', ' '])
}

/// A heading as GitHub names it in links.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words
        .chars()
        .filter(|&letter| letter.is_alphanumeric() || " -_".contains(letter));
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn docs_name_files_that_are_there() {
    let mut pages: Vec<PathBuf> = [
        "README.md",
        "CONTRIBUTING.md",
        "certs/README.md",
        "tests/control-plane/README.md",
    ]
    .map(PathBuf::from)
    .into();
    let docs = fs::read_dir("docs").expect("the folder of docs");
    pages.extend(docs.map(|entry| entry.expect("an entry").path()));
    let mut checked = 0;
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|end| end == "md"))
    {
        let text = fs::read_to_string(page).expect("text");
        for path in quoted(&text).filter(|path| is_path(path)) {
            assert!(Path::new(path).exists(), "{}: {path}", page.display());
            checked += 1;
        }
        let folder = page.parent().expect("a folder");
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let is_local = !link.contains("://") && !link.starts_with('#');
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let is_there = || {
                let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                folder.join(file).exists()
                    && (heading.is_empty() || headings.any(|line| slug(line) == heading))
            };
            assert!(!is_local || is_there(), "{}: {link}", page.display());
            checked += usize::from(is_local);
        }
    }
    assert!(checked > 20, "only {checked} paths were found");
}

#[test]
fn every_promise_names_a_test_that_is_there() {
    let text = fs::read_to_string("docs/architecture.md").expect("text");
    let (_, promises) = text.split_once("| promise | test |").expect("the table");
    let rows: Vec<&str> = promises
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 3);
    for row in rows {
        let mut file = String::new();
        let mut tests = 0;
        for word in quoted(row.split(" | ").last().expect("a cell")) {
            if is_path(word) {
                file = fs::read_to_string(word).expect(word);
            } else {
                assert!(
                    file.contains(&format!("fn {word}(")),
                    "no test {word}: {row}"
                );
                tests += 1;
            }
        }
        assert!(tests > 0, "no test is named: {row}");
    }
}
