//! `lockkeeper check`: judges files before they are pushed.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::ValueEnum;
use jiff::Timestamp;

use super::{CLEAN, DENIED, FAILED, complain, explain, policy_file, print};
use crate::check::{Engine, FileReport, Problem, Report, check_text};
use crate::facts::NoFacts;
use crate::files::{self, Entry};
use crate::policy::Policy;
use crate::report::{github, human, json, junit, sarif};
use crate::telemetry;

/// Judge the Flux objects in YAML files, before they are pushed.
///
/// Reads files, folders and standard input as Kubernetes reads YAML, finds the HelmReleases,
/// OCIRepositories, HelmCharts and Flux Kustomizations in them, and judges each by the policy.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Exit codes:
  0  nothing to deny (or --exit-zero)
  1  something is denied
  2  the job could not be done, or not for every file: a path that cannot be
     read, a file that is not YAML, a broken policy, an unknown rule.
     2 wins over 1, and --exit-zero does not hide it

Examples:
  lockkeeper check
  lockkeeper check clusters/ apps/romm/helmrelease.yaml
  lockkeeper check --select unpinned-chart,unpinned-image apps/
  lockkeeper check --format sarif . > lockkeeper.sarif
  kustomize build apps/romm | lockkeeper check --stdin-filename apps/romm/kustomization.yaml -")]
pub(super) struct CheckArgs {
    /// Files and folders, or `-` for standard input. Folders are searched for .yaml, .yml and .json
    /// files that .gitignore does not leave out.
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// How the findings are printed.
    #[arg(long, short, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Only ask these rules.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    select: Vec<String>,
    /// Do not ask these rules.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// The policy file; without it, the `lockkeeper.yaml` that is found upwards from each PATH.
    #[arg(long, value_name = "FILE", env = "LOCKKEEPER_CONFIG")]
    config: Option<PathBuf>,
    /// The name that standard input is reported under, and from which the policy is looked for.
    #[arg(long, value_name = "FILE")]
    stdin_filename: Option<PathBuf>,
    /// End with 0 even when something is denied.
    #[arg(long)]
    exit_zero: bool,
    /// Also show what could not be verified, what is only audited, and what was skipped.
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: excerpts and a summary.
    Human,
    /// For programs: one document in a stable schema.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For CI systems that show tests.
    Junit,
    /// For GitHub Actions: annotations.
    Github,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    telemetry::tell_only_the_place_of_panics();
    let started = Instant::now();
    let policies = Policies::load(args)?;
    let (from_stdin, paths): (Vec<_>, Vec<_>) = args
        .paths
        .iter()
        .cloned()
        .enumerate()
        .partition(|(_, path)| path.as_os_str() == "-");
    let (arguments, paths): (Vec<usize>, Vec<PathBuf>) = paths.into_iter().unzip();
    let (entries, unreadable) = files::walk(&paths);
    let now = Timestamp::now();

    let mut reports: Vec<FileReport> = unreadable
        .into_iter()
        .map(|unreadable| FileReport {
            file: unreadable.path,
            problems: vec![Problem::of_file(format!(
                "it could not be read: {}",
                unreadable.reason
            ))],
            ..FileReport::default()
        })
        .collect();
    if let Some((argument, _)) = from_stdin.first() {
        reports.push(check_stdin(args, policies.of(*argument), now)?);
    }
    let mut progress = Progress::new(started, entries.len());
    reports.extend(files::check_all(
        &entries,
        |entry: &Entry, name: &str, text: &str| {
            let policy = policies.of(arguments[entry.argument]);
            check_text(name, text, &Engine::new(policy, &NoFacts, now))
        },
        |done| progress.show(done),
    ));
    progress.end();

    let report = Report {
        files: reports,
        seconds: started.elapsed().as_secs_f64(),
    };
    print(&render(&report, args)?)?;
    if args.format != Format::Human {
        complain_of(&report);
    }
    Ok(ExitCode::from(exit_code(&report, args.exit_zero)))
}

fn exit_code(report: &Report, exit_zero: bool) -> u8 {
    if report.has_errors() {
        FAILED
    } else if report.has_denials() && !exit_zero {
        DENIED
    } else {
        CLEAN
    }
}

fn render(report: &Report, args: &CheckArgs) -> anyhow::Result<String> {
    Ok(match args.format {
        Format::Human => human::render(
            report,
            human::Options {
                verbose: args.verbose,
                width: None,
            },
        ),
        Format::Json => json::render(report),
        Format::Sarif => sarif::render(report),
        Format::Junit => junit::render(report)?,
        Format::Github => github::render(report),
    })
}

/// Who pipes a report into a program still sees why the exit code is 2.
fn complain_of(report: &Report) {
    for (file, problem) in report.problems().filter(|(_, problem)| problem.is_error) {
        let place = problem.place.map_or_else(String::new, |place| {
            format!(":{}:{}", place.line, place.column)
        });
        complain(&format!("{}{place}: {}", file.file, problem.message));
    }
}

fn check_stdin(args: &CheckArgs, policy: &Policy, now: Timestamp) -> anyhow::Result<FileReport> {
    let name = args
        .stdin_filename
        .as_deref()
        .map_or_else(|| "<stdin>".to_owned(), files::shown);
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .context("standard input could not be read")?;
    Ok(files::check_bytes(&name, &bytes, |text| {
        check_text(&name, text, &Engine::new(policy, &NoFacts, now))
    }))
}

/// The policies of all arguments, each file read once.
struct Policies {
    loaded: Vec<Policy>,
    /// For each argument, the index into `loaded`.
    of_argument: Vec<usize>,
}

impl Policies {
    fn load(args: &CheckArgs) -> anyhow::Result<Self> {
        for name in args.select.iter().chain(&args.ignore) {
            explain::find(name)?;
        }
        let keep = |name: &str| {
            let is_in = |list: &[String]| list.iter().any(|listed| listed == name);
            (args.select.is_empty() || is_in(&args.select)) && !is_in(&args.ignore)
        };
        let mut policies = Self {
            loaded: Vec::new(),
            of_argument: Vec::new(),
        };
        let mut known: HashMap<Option<PathBuf>, usize> = HashMap::new();
        for path in &args.paths {
            let file = match &args.config {
                Some(file) => Some(file.clone()),
                None => policy_file::find(&start_of_search(path, args)),
            };
            let index = match known.get(&file) {
                Some(index) => *index,
                None => {
                    let mut policy = policy_file::load_or_builtin(file.as_deref())?;
                    policy.keep_rules(keep);
                    policies.loaded.push(policy);
                    known.insert(file, policies.loaded.len() - 1);
                    policies.loaded.len() - 1
                }
            };
            policies.of_argument.push(index);
        }
        Ok(policies)
    }

    fn of(&self, argument: usize) -> &Policy {
        &self.loaded[self.of_argument[argument]]
    }
}

fn start_of_search(path: &Path, args: &CheckArgs) -> PathBuf {
    match &args.stdin_filename {
        _ if path.as_os_str() != "-" => path.to_owned(),
        Some(name) => name.clone(),
        None => PathBuf::from("."),
    }
}

/// One line on a terminal that says how far the run is, once it has lasted a second.
struct Progress {
    started: Instant,
    shown_at: Instant,
    total: usize,
    is_shown: bool,
    can_show: bool,
}

impl Progress {
    const PATIENCE: Duration = Duration::from_secs(1);
    const PAUSE: Duration = Duration::from_millis(100);

    fn new(started: Instant, total: usize) -> Self {
        Self {
            started,
            shown_at: started,
            total,
            is_shown: false,
            can_show: io::stderr().is_terminal(),
        }
    }

    fn show(&mut self, done: usize) {
        let is_time =
            self.started.elapsed() >= Self::PATIENCE && self.shown_at.elapsed() >= Self::PAUSE;
        if self.can_show && is_time {
            self.is_shown = true;
            self.shown_at = Instant::now();
            let _ = write!(io::stderr(), "\r{done} of {} files", self.total);
        }
    }

    fn end(&mut self) {
        if self.is_shown {
            // Back to the first column, and the line cleared.
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
