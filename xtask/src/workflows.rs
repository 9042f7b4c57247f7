//! Holds the workflows in .github to the checkout: what they run, read and pass on is there.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::cargo::root;

/// A workflow's name, text and value.
fn workflows() -> Vec<(String, String, Value)> {
    let folder = root().join(".github/workflows");
    let mut read: Vec<_> = fs::read_dir(folder)
        .expect("workflows")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let text = fs::read_to_string(&path).expect("text");
            let mut documents = lockkeeper::yaml::load(&text);
            assert_eq!(documents.len(), 1, "{name}");
            let document = documents
                .remove(0)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(document.duplicates.is_empty(), "{name}: a key is set twice");
            (name.into_owned(), text, document.value)
        })
        .collect();
    read.sort_by(|one, two| one.0.cmp(&two.0));
    assert_eq!(read.len(), 2);
    read
}

/// The jobs of a workflow.
fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().expect("jobs").iter()
}

fn steps(job: &Value) -> impl Iterator<Item = &Value> {
    job["steps"].as_array().into_iter().flatten()
}

/// All texts within a value.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

#[test]
fn every_action_is_pinned_by_commit_and_says_its_version() {
    let mut pinned = 0;
    for (name, text, _) in workflows() {
        for line in text.lines() {
            let Some((_, uses)) = line.split_once("uses: ") else {
                continue;
            };
            if let Some(local) = uses.strip_prefix("./") {
                assert!(root().join(local).is_file(), "{name}: {local}");
                continue;
            }
            let (action, version) = uses.split_once(" # v").unwrap_or((uses, ""));
            let commit = action.split_once('@').map_or("", |(_, commit)| commit);
            let is_commit =
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(
                is_commit && version.split('.').count() == 3,
                "{name}: {uses}"
            );
            pinned += 1;
        }
    }
    assert!(pinned > 10, "only {pinned} actions were found");
}

#[test]
fn every_job_has_only_the_rights_and_the_time_that_it_names() {
    for (name, _, workflow) in workflows() {
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{name}");
        for (job, value) in jobs(&workflow) {
            let rights = value["permissions"].as_object();
            assert!(rights.is_some(), "{name}: {job} names no permissions");
            let is_called = value["uses"].is_string();
            assert!(
                is_called || value["timeout-minutes"].is_u64(),
                "{name}: {job}"
            );
            for step in steps(value) {
                // A value that is put into a script is run; one in its environment is read.
                let script = step["run"].as_str().unwrap_or("");
                assert!(!script.contains("${{"), "{name}: {job}: {script}");
                let is_checkout = step["uses"]
                    .as_str()
                    .is_some_and(|uses| uses.contains("/checkout@"));
                assert!(
                    !is_checkout || step["with"]["persist-credentials"] == false,
                    "{name}: {job} keeps its token where scripts find it"
                );
            }
        }
    }
}

#[test]
fn every_output_that_a_job_takes_is_one_that_another_gives() {
    let mut taken = 0;
    for (name, _, workflow) in workflows() {
        for (job, value) in jobs(&workflow) {
            let needs: BTreeSet<&str> = match &value["needs"] {
                Value::String(one) => [one.as_str()].into(),
                Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
                _ => BTreeSet::new(),
            };
            for needed in &needs {
                assert!(
                    workflow["jobs"][needed].is_object(),
                    "{name}: {job} needs {needed}"
                );
            }
            let mut found = Vec::new();
            texts(value, &mut found);
            for rest in found
                .iter()
                .flat_map(|text| text.split("${{ needs.").skip(1))
            {
                let path = rest.split(" }}").next().expect("a path");
                let (needed, output) = path.split_once(".outputs.").expect("an output");
                assert!(
                    needs.contains(needed),
                    "{name}: {job} does not need {needed}"
                );
                let given = &workflow["jobs"][needed]["outputs"][output];
                let (step, output) = given
                    .as_str()
                    .and_then(|given| given.strip_prefix("${{ steps."))
                    .and_then(|given| given.strip_suffix(" }}"))
                    .and_then(|given| given.split_once(".outputs."))
                    .unwrap_or_else(|| panic!("{name}: {needed} gives no {path}"));
                let giver = steps(&workflow["jobs"][needed]).find(|giver| giver["id"] == step);
                let script = giver.and_then(|giver| giver["run"].as_str()).unwrap_or("");
                assert!(
                    script.contains(&format!("{output}=")),
                    "{name}: {needed} sets no {output}"
                );
                taken += 1;
            }
        }
    }
    assert!(taken > 5, "only {taken} outputs were found");
}

#[test]
fn what_the_scripts_read_is_there() {
    let dockerfile = fs::read_to_string(root().join("Dockerfile")).expect("the Dockerfile");
    let roots = [".ci/", "charts/", "tests/", "Cargo.toml", "Dockerfile"];
    let mut checked = 0;
    for (name, _, workflow) in workflows() {
        let mut found = Vec::new();
        texts(&workflow, &mut found);
        let words = found.iter().flat_map(|text| text.split_whitespace());
        for word in words.map(|word| word.trim_matches(['\'', '"', ',', '(', ')'])) {
            let path = word.strip_suffix("/**").unwrap_or(word);
            if roots.iter().any(|root| path.starts_with(root)) {
                assert!(root().join(path).exists(), "{name}: {path}");
                checked += 1;
            }
        }
        for arguments in found.iter().filter(|text| text.starts_with("RUST_IMAGE=")) {
            for argument in arguments.lines() {
                let (argument, _) = argument.split_once('=').expect("a value");
                let is_taken = dockerfile
                    .lines()
                    .filter_map(|line| line.strip_prefix("ARG "))
                    .any(|line| line.split('=').next() == Some(argument));
                assert!(is_taken, "the Dockerfile takes no {argument}");
                checked += 1;
            }
        }
    }
    assert!(checked > 8, "only {checked} paths were found");
    // What a release sets in the chart: the digest of its image, in the one place for it.
    let values = fs::read_to_string(root().join("charts/lockkeeper/values.yaml")).expect("values");
    let digests = values.lines().filter(|line| *line == "  digest: \"\"");
    assert_eq!(digests.count(), 1);
}
