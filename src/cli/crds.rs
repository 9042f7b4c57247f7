//! `lockkeeper crds`: prints the custom resource definitions of the policies, for `kubectl apply -f -`.

use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::json;

use crate::policy::crd;

/// Flags of `lockkeeper crds`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lockkeeper crds | kubectl apply --server-side -f -
  lockkeeper crds | kubectl delete -f -     # every policy goes with them")]
pub(super) struct CrdsArgs {
    /// How they are printed
    #[arg(long, value_enum, default_value_t = Format::Yaml, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A document for each.
    Yaml,
    /// One `List`.
    Json,
}

/// Prints the definitions.
///
/// # Errors
/// When they cannot be printed.
pub(super) fn run(args: &CrdsArgs) -> anyhow::Result<ExitCode> {
    let text = match args.format {
        Format::Yaml => crd::yaml()?,
        Format::Json => {
            let list = json!({ "apiVersion": "v1", "kind": "List", "items": crd::definitions()? });
            format!("{}\n", serde_json::to_string_pretty(&list)?)
        }
    };
    super::print(text)?;
    Ok(ExitCode::SUCCESS)
}
