//! `lockkeeper completions`: for the shell's tab key.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{CLEAN, Cli, print};

/// Print completions for a shell.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  lockkeeper completions bash > ~/.local/share/bash-completion/completions/lockkeeper
  lockkeeper completions zsh > \"${fpath[1]}/_lockkeeper\"
  lockkeeper completions fish > ~/.config/fish/completions/lockkeeper.fish")]
pub(super) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "lockkeeper", &mut script);
    print(&script)?;
    Ok(ExitCode::from(CLEAN))
}
