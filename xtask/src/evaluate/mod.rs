//! `cargo xtask evaluate`: the secret detector on generated, labelled releases.
//!
//! Every token is drawn at run time from the seed; nothing that looks like a leaked credential is in
//! the source. A finding at a labelled place is right whichever of the two rules gives it.

mod draw;
mod negative;
mod odd;
mod positive;
mod shape;
mod vendors;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;

use anyhow::Context as _;
use lockkeeper::model::Subject;
use lockkeeper::secrets::scan_subject;
use serde_json::{Value, json};

use draw::Draw;

/// The bars below which the task fails.
const PRECISION: f64 = 0.99;
const RECALL: f64 = 0.97;
const FAMILY_RECALL: f64 = 0.90;

/// Values of a release, and the places in them that are secrets.
pub(crate) struct Case {
    /// `spec` without the chart: `values`, `postRenderers`, `commonMetadata`.
    pub(crate) spec: Value,
    pub(crate) annotations: Value,
    /// Pointers from the release's root.
    pub(crate) secrets: Vec<String>,
}

impl Case {
    /// A case of values alone, with pointers from `values`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "every caller makes the values for it"
    )]
    pub(crate) fn of_values(values: Value, secrets: &[&str]) -> Self {
        Self {
            spec: json!({ "values": values }),
            annotations: json!({}),
            secrets: secrets
                .iter()
                .map(|pointer| format!("/spec/values{pointer}"))
                .collect(),
        }
    }
}

/// A family of cases that test one thing.
pub(crate) type Family = (&'static str, fn(&mut Draw) -> Case);

#[derive(Default)]
struct Score {
    labelled: usize,
    found: usize,
    wrong: usize,
}

/// Runs the task.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let option = |name: &str| -> anyhow::Result<Option<u64>> {
        let Some(at) = arguments.iter().position(|argument| argument == name) else {
            return Ok(None);
        };
        arguments
            .get(at + 1)
            .and_then(|number| number.parse().ok())
            .with_context(|| format!("{name} takes a whole number"))
            .map(Some)
    };
    let seed = option("--seed")?.unwrap_or_else(fresh_seed);
    let cases = option("--cases")?.unwrap_or(40);
    let mut dump = dump(arguments)?;
    let is_verbose = arguments.iter().any(|argument| argument == "--verbose");
    // Seeds that are near to each other give cases that are not.
    let draws = seed.wrapping_mul(0xA076_1D64_78BD_642F);
    let mut scores = BTreeMap::new();
    let positive = positive::ROOMS
        .iter()
        .chain(&[vendors::FAMILIES, odd::FAMILIES]);
    let negative = negative::ROOMS.iter().chain(&[odd::NEGATIVE]);
    let all = positive
        .map(|room| (room, true))
        .chain(negative.map(|room| (room, false)))
        .flat_map(|(room, is_positive)| room.iter().map(move |family| (family, is_positive)));
    for (number, ((name, make), is_positive)) in all.enumerate() {
        for case in 0..cases {
            let mut draw = Draw::new(draws.wrapping_add(((number as u64) << 32) + case));
            let case = make(&mut draw);
            let score = scores.entry((is_positive, *name)).or_default();
            let root = release(&mut draw, &case);
            if let Some(file) = &mut dump {
                let line = json!({"family": name, "secrets": case.secrets, "release": root});
                writeln!(file, "{line}")?;
            }
            measure(&root, &case, score, is_verbose.then_some(*name));
        }
    }
    report(seed, &scores)
}

fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) % 1_000_000
}

/// The file of `--dump`: a line of JSON for every case, so that other tools can be measured beside.
fn dump(arguments: &[String]) -> anyhow::Result<Option<File>> {
    let Some(at) = arguments.iter().position(|argument| argument == "--dump") else {
        return Ok(None);
    };
    let path = arguments.get(at + 1).context("--dump takes a file")?;
    let file = File::create(path).with_context(|| format!("cannot write {path}"))?;
    Ok(Some(file))
}

fn measure(root: &Value, case: &Case, score: &mut Score, verbose: Option<&str>) {
    let Some(subject) = Subject::new(root) else {
        return;
    };
    let mut found = BTreeSet::new();
    scan_subject(&subject, |hit| {
        found.insert(subject.tree.pointer(hit.node).as_str().to_owned());
    });
    for secret in &case.secrets {
        assert!(root.pointer(secret).is_some(), "no value at {secret}");
        score.labelled += 1;
        if found.remove(secret) {
            score.found += 1;
        } else if let Some(name) = verbose {
            let value = root.pointer(secret).map(Value::to_string);
            println!("missed: {name}: {secret}: {}", value.unwrap_or_default());
        }
    }
    score.wrong += found.len();
    if let Some(name) = verbose {
        for wrong in found {
            let value = root.pointer(&wrong).map(Value::to_string);
            println!("wrong: {name}: {wrong}: {}", value.unwrap_or_default());
        }
    }
}

/// The whole release: the case with the ordinary things around it that real releases have.
fn release(draw: &mut Draw, case: &Case) -> Value {
    let name = draw.app();
    let mut root = json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": name, "namespace": draw.pick(&["media", "games", "observability", "default"]),
                     "annotations": case.annotations},
        "spec": {
            "interval": "5m",
            "chartRef": {"kind": "OCIRepository", "name": name},
            "install": {"remediation": {"retries": 3}},
            "values": {}
        }
    });
    if let (Some(to), Some(from)) = (root["spec"].as_object_mut(), case.spec.as_object()) {
        for (key, value) in from {
            to.insert(key.clone(), value.clone());
        }
    }
    let noise = negative::noise(draw);
    if let (Some(to), Some(from)) = (root["spec"]["values"].as_object_mut(), noise.as_object()) {
        for (key, value) in from {
            to.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    root
}

fn report(seed: u64, scores: &BTreeMap<(bool, &str), Score>) -> anyhow::Result<()> {
    let sum = |pick: fn(&Score) -> usize| scores.values().map(pick).sum::<usize>();
    let (labelled, found, wrong) = (
        sum(|score| score.labelled),
        sum(|score| score.found),
        sum(|score| score.wrong),
    );
    let mut is_good = true;
    println!(
        "{:<44} {:>8} {:>8} {:>8} {:>8}",
        "family", "secrets", "found", "recall", "wrong"
    );
    for ((is_positive, name), score) in scores.iter().rev() {
        let recall = ratio(score.found, score.labelled);
        let mark = if *is_positive && recall < FAMILY_RECALL {
            "  below the bar"
        } else {
            ""
        };
        is_good &= mark.is_empty();
        println!(
            "{name:<44} {:>8} {:>8} {:>8} {:>8}{mark}",
            score.labelled,
            score.found,
            if *is_positive {
                format!("{recall:.3}")
            } else {
                "–".to_owned()
            },
            score.wrong
        );
    }
    let precision = ratio(found, found + wrong);
    let recall = ratio(found, labelled);
    is_good &= precision >= PRECISION && recall >= RECALL;
    println!(
        "seed {seed}: precision {precision:.4}, recall {recall:.4} ({labelled} secrets in {} families, {wrong} wrong findings); bars {PRECISION}, {RECALL}, {FAMILY_RECALL} in each family",
        scores.len()
    );
    if is_good {
        Ok(())
    } else {
        anyhow::bail!("the detector is below its bars")
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases are small")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}
