//! `lockkeeper certs issue`: a CA and a serving certificate into files.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};

use crate::certs::{Authority, Folder};
use crate::cli::{CLEAN, print};

/// Make a CA and a serving certificate in a folder.
///
/// For development, and for a Secret of your own. The folder gets ca.crt, ca.key, tls.crt and tls.key; a CA that is
/// there already signs again. Keep ca.key to yourself: who has it can be Lockkeeper to your API server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lockkeeper certs issue --dir certs/local --name localhost --name 127.0.0.1
  lockkeeper serve --tls-cert certs/local/tls.crt --tls-key certs/local/tls.key

  A Secret of your own for a Lockkeeper in the cluster:
  lockkeeper certs issue --dir ours --name lockkeeper.lockkeeper.svc
  kubectl -n lockkeeper create secret generic lockkeeper-tls \\
    --from-file=ours/tls.crt --from-file=ours/tls.key --from-file=ours/ca.crt")]
pub(super) struct IssueArgs {
    /// The folder; made if it is not there
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
    /// A DNS name or address that the certificate holds for; may be repeated
    #[arg(long = "name", value_name = "NAME", required = true)]
    names: Vec<String>,
    /// How many days the serving certificate holds; never longer than its CA
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
    /// Make another CA, also where one is there; whoever trusts that one must be given the new one
    #[arg(long)]
    new_ca: bool,
}

/// Makes and writes; prints what was written.
///
/// # Errors
/// When a name is none, or the folder cannot be used.
pub(super) fn run(args: &IssueArgs) -> anyhow::Result<ExitCode> {
    let now = Timestamp::now();
    let folder = Folder::open(&args.dir)?;
    let kept = match args.new_ca {
        true => None,
        false => folder.authority()?,
    };
    let is_kept = kept.is_some();
    let authority = match kept {
        Some(authority) if authority.holds_for(&args.names, now) => authority,
        Some(authority) => {
            let why = match authority.not_after() {
                over if over < now => format!("held until {over}"),
                _ => "may not sign for all of these names".to_owned(),
            };
            bail!(
                "the CA in {} {why}; make another with --new-ca, and give its ca.crt to whoever trusts this one",
                args.dir.display()
            );
        }
        None => Authority::make(&args.names, now)?,
    };
    let long = SignedDuration::from_hours(24 * i64::from(args.days));
    let pair = authority.issue_for(&args.names, now, long)?;
    if !is_kept {
        folder.put_authority(&authority)?;
    }
    folder.put_pair(&pair)?;
    let path = |name: &str| args.dir.join(name).display().to_string();
    let mut text = String::new();
    writeln!(
        text,
        "{}: the certificate for {}, until {}\n{}: its key",
        path("tls.crt"),
        args.names.join(", "),
        pair.not_after(),
        path("tls.key"),
    )?;
    writeln!(
        text,
        "{}: the CA{}, until {}\n{}: its key; who has it can be Lockkeeper",
        path("ca.crt"),
        if is_kept { " that was there" } else { "" },
        authority.not_after(),
        path("ca.key"),
    )?;
    print(text)?;
    Ok(ExitCode::from(CLEAN))
}
