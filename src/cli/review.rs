//! `lockkeeper review`: replays a recorded AdmissionReview and prints the verdict.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{CLEAN, DENIED, policy_file, print};
use crate::admission::{Answer, NotJudged, Review};
use crate::facts::NoFacts;
use crate::judge::shown;
use crate::telemetry;

/// Flags of `lockkeeper review`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  the request would be allowed
  1  it would be denied
  2  the file, the policy or the review cannot be read

Examples:
  lockkeeper review examples/reviews/romm-unpinned.json
  lockkeeper review --policy lockkeeper.yaml --format json - < review.json")]
pub(super) struct ReviewArgs {
    /// The recorded AdmissionReview; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The policy file [default: the built-in policy]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Output::Human)]
    format: Output,
}

/// What `lockkeeper review` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// The verdict and its findings, for people
    Human,
    /// The AdmissionReview that the webhook would answer
    Json,
}

/// Prints the verdict: exit code 0 when it is allowed, 1 when it is denied.
///
/// # Errors
/// When the file, the policy or the review cannot be read.
pub(super) fn run(args: &ReviewArgs) -> anyhow::Result<ExitCode> {
    telemetry::tell_only_the_place_of_panics();
    let policy = policy_file::load_or_builtin(args.policy.as_deref())?;
    let body = read(&args.file)?;
    let shown = match args.file.to_str() {
        Some("-") => "standard input".into(),
        _ => args.file.to_string_lossy(),
    };
    let review = Review::read(&body).with_context(|| format!("{shown} is no review"))?;
    // The API server sends pods to the webhook that mutates, and all else to the one that judges.
    let is_pod = review.group().is_empty() && review.kind() == "Pod";
    let answer = if is_pod {
        review.mutate(&policy, &NoFacts)
    } else {
        review.validate(&policy, &NoFacts, Timestamp::now())
    };
    let answer = answer.with_context(|| format!("{shown} cannot be judged"))?;
    match args.format {
        Output::Human => print(human(&review, &answer))?,
        Output::Json => print([&*answer.to_bytes(review.uid()), b"\n"].concat())?,
    }
    Ok(ExitCode::from(if answer.is_allowed() {
        CLEAN
    } else {
        DENIED
    }))
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut body = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut body)
            .context("cannot read standard input")?;
        return Ok(body);
    }
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn human(review: &Review<'_>, answer: &Answer) -> String {
    let mut text = String::new();
    let word = if answer.is_allowed() {
        "allowed"
    } else {
        "denied"
    };
    let dry_run = if review.is_dry_run() { ", dry-run" } else { "" };
    let place: Vec<&str> = [review.namespace(), review.name()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let by = if review.user().is_empty() {
        "nobody"
    } else {
        review.user()
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{word}: {} {} ({} by {by}{dry_run})",
        review.kind(),
        place.join("/"),
        review.operation_name(),
    );
    if let Some(why) = answer.not_judged {
        let _ = writeln!(text, "  not judged: {}", reason(why));
    }
    for ruled in &answer.verdict.findings {
        let finding = &ruled.finding;
        let _ = writeln!(
            text,
            "  {} {} at {}\n    {}",
            ruled.action.as_str(),
            finding.rule,
            shown(&finding.pointer),
            finding.message
        );
        if let Some(note) = &ruled.note {
            let _ = writeln!(text, "    note: {note}");
        }
        if !finding.help.is_empty() {
            let _ = writeln!(text, "    help: {}", finding.help);
        }
    }
    for operation in answer.patch.iter() {
        let _ = writeln!(text, "  adds to {}", operation.path());
    }
    for warning in answer
        .warnings
        .iter()
        .filter(|_| answer.verdict.findings.is_empty())
    {
        let _ = writeln!(text, "  warning: {warning}");
    }
    // Names from the review may hold escape sequences for the terminal.
    text.chars()
        .map(|character| match character {
            '\n' => '\n',
            other if other.is_control() => ' ',
            other => other,
        })
        .collect()
}

fn reason(why: NotJudged) -> &'static str {
    match why {
        NotJudged::Kind => "no rule knows this kind",
        NotJudged::Operation => "this operation stores no object",
        NotJudged::Subresource => "a subresource is the controllers' own",
        NotJudged::Deleting => "the object is being deleted",
        NotJudged::Unchanged => "nothing that is judged differs from what is stored",
        NotJudged::NoMutation => "nothing is mutated",
    }
}
