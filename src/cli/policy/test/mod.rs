//! `lockkeeper policy test`: judges the examples of a policy repository, and compares with what their comments expect.

mod expectation;
mod found;
mod shown;
mod sources;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use jiff::Timestamp;

use self::shown::{Report, Test};
use super::super::{CLEAN, DENIED, FAILED, complain, print};
use crate::telemetry;

/// Test policies: judge example files and compare with what their comments expect
///
/// Judges every HelmRelease, OCIRepository, HelmChart and Flux Kustomization below the folders
/// as at admission. A comment in the object's document says what is expected:
///
///   # expect: deny literal-secret, warn unpinned-image
///
/// Every denial must be listed. What is listed as warn or audit must be there; other warnings
/// are no failure. `# expect: allow` stands for no denial at all. `# old: FILE` makes it an
/// UPDATE of the object in that file; `# user: NAME` and `# dry-run` describe the request.
/// Namespaces among the documents tell their labels, PersistentVolumeClaims which claims their
/// namespace has.
#[derive(clap::Args, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "\
The policy is that of --policy, else all documents of lockkeeper.dev below the folders, else
the `lockkeeper.yaml` that is found upwards.

Exit codes:
  0  everything was as expected
  1  something was not
  2  a file cannot be read, the policy is broken, an expectation cannot be understood
     or names an unknown rule, or there is no expectation at all

Examples:
  lockkeeper policy test .
  lockkeeper policy test tests/ --policy policies/
  lockkeeper policy test . --format junit --output policies.xml"
)]
pub(super) struct TestArgs {
    /// Folders and files with examples
    #[arg(value_name = "DIR", required = true)]
    paths: Vec<PathBuf>,
    /// The policy: a file, or a folder of which every document of lockkeeper.dev counts; may be repeated
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// How the results are printed
    #[arg(long, short, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    format: Format,
    /// Write the results to this file, and the table for people to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: a table.
    Human,
    /// For CI systems that show tests.
    Junit,
    /// For programs.
    Json,
}

/// Runs the tests.
///
/// # Errors
/// When the policy or the files cannot be read, or nothing is expected anywhere.
pub(super) fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    telemetry::tell_only_the_place_of_panics();
    let now = Timestamp::now();
    let (files, mut errors) = sources::read(&args.paths);
    let policy = sources::policy(&args.policy, &args.paths, &files, now)?;
    let report = found::judge_all(&files, &policy, now, &mut errors);
    for error in &errors {
        complain(error);
    }
    if report.tests.is_empty() && errors.is_empty() {
        bail!(
            "no document says what is expected of it; write `# expect: deny <rule>` or `# expect: allow` above an object"
        );
    }
    let rendered = render(&report, args.format)?;
    match &args.output {
        None => print(rendered)?,
        Some(path) => {
            std::fs::write(path, rendered)
                .with_context(|| format!("cannot write {}", path.display()))?;
            print(render(&report, Format::Human)?)?;
        }
    }
    let all_are_ok = report.tests.iter().all(Test::is_ok);
    Ok(ExitCode::from(match (errors.is_empty(), all_are_ok) {
        (false, _) => FAILED,
        (true, false) => DENIED,
        (true, true) => CLEAN,
    }))
}

fn render(report: &Report, format: Format) -> anyhow::Result<String> {
    Ok(match format {
        Format::Human => shown::human(report),
        Format::Junit => shown::junit(report)?,
        Format::Json => shown::json(report)?,
    })
}
