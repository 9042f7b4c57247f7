//! The files that `check` reads: the walk over paths, and reading and judging them in parallel.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ignore::WalkBuilder;

use crate::check::{FileReport, Problem};
use crate::yaml::Lines;

/// A file to read, and the argument that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path.
    pub path: PathBuf,
    /// The index of the argument.
    pub argument: usize,
}

/// A path that could not be walked, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The path as it was asked for.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Finds the files below each path: a file itself whatever its name is, and in folders what ends with
/// `.yaml`, `.yml`, `.json` or `.j2` and no ignore file leaves out. Files come in the order of the
/// arguments, then by name; each once.
#[must_use]
pub fn walk(paths: &[PathBuf]) -> (Vec<Entry>, Vec<Unreadable>) {
    let mut entries = Vec::new();
    let mut unreadable = Vec::new();
    let mut seen = HashSet::new();
    for (argument, path) in paths.iter().enumerate() {
        // The walk would tell the same in longer words.
        if let Err(error) = std::fs::metadata(path) {
            unreadable.push(Unreadable {
                path: path.display().to_string(),
                reason: error.to_string(),
            });
            continue;
        }
        let walk = WalkBuilder::new(path)
            // Flux applies hidden folders too, so they are judged; Git's own is no tree.
            .hidden(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            // What one machine's Git ignores must not change what CI finds.
            .git_global(false)
            .git_exclude(false)
            // Flux knows no `.ignore`, and what it applies must be seen.
            .ignore(false)
            // In a repository, what lies around it must not decide either: Git looks no further.
            .require_git(is_in_repository(path))
            .sort_by_file_name(std::cmp::Ord::cmp)
            .build();
        for entry in walk {
            match entry {
                Ok(entry) => {
                    let kind = entry.file_type();
                    // In folders neither symbolic links, which Flux's artifacts leave out, nor
                    // pipes, which would be waited for.
                    let wanted = match entry.depth() {
                        0 => kind.is_some_and(|kind| !kind.is_dir()),
                        _ => kind.is_some_and(|kind| kind.is_file()) && is_manifest(entry.path()),
                    };
                    let path = clean(entry.path());
                    if wanted && seen.insert(path.clone()) {
                        entries.push(Entry { path, argument });
                    }
                }
                Err(error) => unreadable.push(Unreadable {
                    path: path.display().to_string(),
                    reason: error.to_string(),
                }),
            }
        }
    }
    (entries, unreadable)
}

/// Whether the path lies in a Git repository, whose root is where ignore files end.
fn is_in_repository(path: &Path) -> bool {
    std::path::absolute(path).is_ok_and(|path| {
        path.ancestors().any(|folder| {
            let git = folder.join(".git");
            git.is_file() || git.join("HEAD").is_file()
        })
    })
}

/// `./a` is `a`: so it is in every other tool's output.
fn clean(path: &Path) -> PathBuf {
    path.strip_prefix("./").unwrap_or(path).to_owned()
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["yaml", "yml", "json", "j2"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// Reads and judges the files on all cores. The reports come in the order of the entries; `progress`
/// hears now and then how many are done.
pub fn check_all(
    entries: &[Entry],
    check: impl Fn(&Entry, &str, &str) -> FileReport + Sync,
    mut progress: impl FnMut(usize),
) -> Vec<FileReport> {
    const TICK: Duration = Duration::from_millis(100);
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism()
        .map_or(1, std::num::NonZero::get)
        .min(entries.len().max(1));
    let (sender, receiver) = mpsc::channel();
    let mut reports: Vec<Option<FileReport>> = Vec::new();
    reports.resize_with(entries.len(), || None);
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let (next, check) = (&next, &check);
            scope.spawn(move || {
                while let Some((index, entry)) = take(next, entries) {
                    if sender.send((index, read(entry, check))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut done = 0;
        loop {
            match receiver.recv_timeout(TICK) {
                Ok((index, report)) => {
                    reports[index] = Some(report);
                    done += 1;
                    if done % 64 == 0 {
                        progress(done);
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => progress(done),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    reports.into_iter().flatten().collect()
}

fn take<'e>(next: &AtomicUsize, entries: &'e [Entry]) -> Option<(usize, &'e Entry)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    entries.get(index).map(|entry| (index, entry))
}

fn read(entry: &Entry, check: &impl Fn(&Entry, &str, &str) -> FileReport) -> FileReport {
    let name = shown(&entry.path);
    match std::fs::read(&entry.path) {
        Ok(bytes) => check_bytes(&name, &bytes, |text| check(entry, &name, text)),
        Err(error) => FileReport {
            file: name,
            problems: vec![Problem::of_file(format!("it could not be read: {error}"))],
            ..FileReport::default()
        },
    }
}

/// Judges bytes that should be text.
pub fn check_bytes(name: &str, bytes: &[u8], check: impl FnOnce(&str) -> FileReport) -> FileReport {
    match std::str::from_utf8(bytes) {
        Ok(text) => check(text),
        Err(error) => {
            let good = &bytes[..error.valid_up_to()];
            let good = std::str::from_utf8(good).unwrap_or_default();
            FileReport {
                file: name.to_owned(),
                problems: vec![Problem {
                    place: Some(Lines::of(good).place(good.len())),
                    message: "this is not UTF-8".to_owned(),
                    is_error: true,
                }],
                ..FileReport::default()
            }
        }
    }
}

/// The path with forward slashes, as reports name it on every system.
#[must_use]
pub fn shown(path: &Path) -> String {
    let name = path.display().to_string();
    if std::path::MAIN_SEPARATOR == '\\' {
        name.replace('\\', "/")
    } else {
        name
    }
}
