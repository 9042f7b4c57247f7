//! `lockkeeper policy effective`: what is in force for one object, and which policy says so.

mod answer;
mod asked;
mod shown;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{bail, ensure};
use clap::ValueEnum;
use jiff::Timestamp;

use self::asked::Asked;
use super::super::{CLEAN, explain, print};
use crate::model::Kind;
use crate::policy::CUSTOM;
use crate::telemetry;

/// Show what is in force for an object, and which policy says so.
///
/// Tells which ReleasePolicies are for the object and why the others are not, the action and parameters of every rule
/// with the policies that set them, and the exemptions that name it.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
The policies are those of --policy, else those of the cluster that --kubeconfig, the pod's
service account or $KUBECONFIG leads to, else those of the `lockkeeper.yaml` that is found
upwards. From a cluster, ReleasePolicies, the namespace's Exemptions and labels and the object
are read with your rights; nothing is written.

Exit codes:
  0  it was shown
  2  the policies cannot be read, or a rule is unknown

Examples:
  lockkeeper policy effective --namespace games --name romm
  lockkeeper policy effective -n games --name romm --rule unpinned-image
  lockkeeper policy effective --policy lockkeeper.yaml --file apps/romm/helmrelease.yaml
  lockkeeper policy effective --kubeconfig ~/.kube/config -n games --name romm --format json")]
pub(super) struct EffectiveArgs {
    /// The object's namespace [default: that of the object in --file]
    #[arg(long, short, value_name = "NAME", required_unless_present = "file")]
    namespace: Option<String>,
    /// The object's name [default: that of the only object in --file]
    #[arg(long, value_name = "NAME", required_unless_present = "file")]
    name: Option<String>,
    /// The object's kind [default: HelmRelease, or that of the only object in --file]
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// The file with the policies
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The cluster with the policies
    #[arg(long, value_name = "FILE", conflicts_with = "policy")]
    kubeconfig: Option<PathBuf>,
    /// The object itself, with its labels and what expressions look at; a Namespace beside it tells its labels
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How it is printed
    #[arg(long, short, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    format: Format,
    /// Show this rule alone; may be repeated
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

fn kind(text: &str) -> Result<Kind, String> {
    let named = |kind: &Kind| kind.name().eq_ignore_ascii_case(text);
    Kind::ALL
        .into_iter()
        .find(named)
        .ok_or_else(|| "expected HelmRelease, OCIRepository, HelmChart or Kustomization".to_owned())
}

/// Shows it.
///
/// # Errors
/// When the policies or the object cannot be read, or a rule is unknown.
pub(super) fn run(args: &EffectiveArgs) -> anyhow::Result<ExitCode> {
    telemetry::tell_only_the_place_of_panics();
    for rule in args.rule.iter().filter(|rule| !rule.starts_with(CUSTOM)) {
        explain::find(rule)?;
    }
    let now = Timestamp::now();
    let asked = Asked::of(args, now)?;
    let Some(answer) = asked.answer(now, &args.rule) else {
        bail!("the object is of no kind that is judged");
    };
    for rule in &args.rule {
        let is_there = answer.rules.iter().any(|row| row.rule == *rule);
        ensure!(
            is_there,
            "no policy for this object brings `{rule}`, or it judges other kinds"
        );
    }
    print(match args.format {
        Format::Human => shown::human(&answer),
        Format::Json => serde_json::to_string_pretty(&answer)? + "\n",
    })?;
    Ok(ExitCode::from(CLEAN))
}
