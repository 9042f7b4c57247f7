//! The secret detector over the HelmReleases of real trees: `cargo bench --bench real -- <folder>`.
//! What to reach is in docs/performance.md.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lockkeeper::model::{Kind, Subject};
use lockkeeper::secrets::scan_subject;
use lockkeeper::yaml;
use serde_json::Value;

/// Scans of one release, of which the median counts.
const ROUNDS: usize = 31;

fn main() {
    // cargo adds flags of its own.
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let Some(folder) = folder else {
        println!("real: no folder of GitOps trees is given, so nothing is measured");
        return;
    };
    let mut files = Vec::new();
    find(Path::new(&folder), &mut files);
    let documents = files
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|text| yaml::load(&text))
        .filter_map(Result::ok);
    let releases: Vec<Value> = documents
        .map(|document| document.value)
        .filter(|value| {
            Subject::new(value).is_some_and(|subject| subject.kind == Kind::HelmRelease)
        })
        .collect();
    if releases.is_empty() {
        println!("real: there is no HelmRelease in {folder}");
        return;
    }
    let mut sizes: Vec<usize> = releases.iter().map(|root| root.to_string().len()).collect();
    let first = Instant::now();
    scan(&releases[0]);
    println!("the first scan, patterns included: {:?}", first.elapsed());
    let mut times: Vec<Duration> = releases.iter().map(scan).collect();
    sizes.sort_unstable();
    times.sort_unstable();
    let mean = times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap_or(u32::MAX);
    println!(
        "{} releases; JSON: median {} bytes, p95 {}, largest {}",
        releases.len(),
        at(&sizes, 50),
        at(&sizes, 95),
        at(&sizes, 100)
    );
    println!(
        "detector: mean {mean:?}, median {:?}, p95 {:?}, p99 {:?}, slowest {:?}",
        at(&times, 50),
        at(&times, 95),
        at(&times, 99),
        at(&times, 100)
    );
}

/// The median time of a scan of `root`.
fn scan(root: &Value) -> Duration {
    let subject = Subject::new(root).expect("a HelmRelease");
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let mut found = 0_usize;
            scan_subject(&subject, |_| found += 1);
            std::hint::black_box(found);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    at(&times, 50)
}

/// The value below which `percent` of the sorted ones lie.
fn at<T: Copy>(sorted: &[T], percent: usize) -> T {
    sorted[((sorted.len() * percent).div_ceil(100)).clamp(1, sorted.len()) - 1]
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() && !path.is_symlink() {
            find(&path, files);
        } else if path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
        {
            files.push(path);
        }
    }
}
