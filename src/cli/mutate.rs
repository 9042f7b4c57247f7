//! `lockkeeper mutate`: shows the mounts in memory that the webhook would give a pod.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::world::{World, text_at};
use super::{policy_file, print};
use crate::admission::plan_pod;
use crate::facts::Facts;
use crate::mounts::{Exempt, Patch, Plan, WORKLOADS, Workload};
use crate::policy::Policy;
use crate::yaml::{self, Lines};

/// Show the mounts in memory that pods would get.
///
/// Reads Pods, Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and CronJobs, asks the
/// TmpfsPolicies of the policy file and the pods' annotation lockkeeper.dev/tmpfs, and prints the
/// objects as the webhook would change their pods. Other objects are printed as they are; a Namespace
/// among them tells its labels to the policies. Comments are lost.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Exit codes:
  0  the objects were printed, whether or not anything was changed
  2  the file or the policy cannot be read, or nothing in the file holds a pod

Examples:
  lockkeeper mutate pod.yaml
  lockkeeper mutate --policy lockkeeper.yaml deployment.yaml
  lockkeeper mutate --patch pod.json
  helm template romm app-template | lockkeeper mutate --policy lockkeeper.yaml -n games -")]
pub(super) struct MutateArgs {
    /// The file, YAML or JSON, of one or several documents; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The policy file with the TmpfsPolicies [default: none, only annotations count]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Print the JSON Patch (RFC 6902) of each object that holds a pod, instead of the objects
    #[arg(long)]
    patch: bool,
    /// The namespace of objects that name none
    #[arg(
        long,
        short,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    namespace: String,
}

/// Prints the objects or the patches.
///
/// # Errors
/// When the file or the policy cannot be read, or nothing in the file holds a pod.
pub(super) fn run(args: &MutateArgs) -> anyhow::Result<ExitCode> {
    let policy = policy_file::load_or_builtin(args.policy.as_deref())?;
    let shown = match args.file.to_str() {
        Some("-") => "standard input".into(),
        _ => args.file.to_string_lossy(),
    };
    let text = read(&args.file)?;
    let objects = objects(&text).with_context(|| format!("{shown} cannot be read"))?;
    let mut facts = World::default();
    for object in &objects {
        facts.take(object);
    }
    let mut printed = Vec::new();
    let mut count = 0;
    for object in objects {
        let Some(plan) = planned(&object, &args.namespace, &policy, &facts) else {
            if !args.patch {
                printed.push(yaml_of(&object)?);
            }
            continue;
        };
        count += 1;
        tell(&name_of(&object), &plan);
        printed.push(if args.patch {
            serde_json::to_string_pretty(&plan.patch)? + "\n"
        } else {
            yaml_of(&patched(object, &plan.patch)?)?
        });
    }
    ensure!(
        count > 0,
        "{shown} holds no {WORKLOADS}; of a HelmRelease, give it what `helm template` renders"
    );
    let between = if args.patch { "" } else { "---\n" };
    print(printed.join(between))?;
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin()
            .lock()
            .read_to_string(&mut text)
            .context("standard input could not be read")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("{} could not be read", file.display()))
}

fn objects(text: &str) -> anyhow::Result<Vec<Value>> {
    let mut objects = Vec::new();
    for document in yaml::load(text) {
        let at = |byte| {
            let place = Lines::of(text).place(byte);
            format!("line {}, column {}", place.line, place.column)
        };
        let document = document.map_err(|error| anyhow::anyhow!("{}: {error}", at(error.at)))?;
        match document.value {
            Value::Null => {}
            Value::Object(_) => objects.push(document.value),
            _ => bail!(
                "{}: expected a map, as every object is one",
                at(document.range.start)
            ),
        }
    }
    Ok(objects)
}

/// The plan for an object that holds a pod.
fn planned(object: &Value, namespace: &str, policy: &Policy, facts: &dyn Facts) -> Option<Plan> {
    let workload = Workload::of(object)?;
    let own = text_at(object, "/metadata/namespace");
    let namespace = if own.is_empty() { namespace } else { own };
    Some(plan_pod(&workload.pod(), namespace, policy, facts))
}

fn patched(mut object: Value, patch: &Patch) -> anyhow::Result<Value> {
    json_patch::patch(&mut object, patch).context("the mounts do not fit the object")?;
    Ok(object)
}

fn yaml_of(object: &Value) -> anyhow::Result<String> {
    let text = serde_saphyr::to_string(object)?;
    // What Kubernetes would read otherwise than it is meant goes out as JSON, which is YAML too.
    let is_same = matches!(&*objects(&text).unwrap_or_default(), [read] if read == object);
    if is_same {
        Ok(text.trim_end().to_owned() + "\n")
    } else {
        Ok(serde_json::to_string_pretty(object)? + "\n")
    }
}

fn name_of(object: &Value) -> String {
    let kind = text_at(object, "/kind");
    let name = match text_at(object, "/metadata/name") {
        "" => text_at(object, "/metadata/generateName"),
        name => name,
    };
    let name: String = format!("{kind} {name}")
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    name.trim_end().to_owned()
}

/// Says on standard error what the API server would pass on, and why nothing was changed.
fn tell(name: &str, plan: &Plan) {
    use clap::builder::styling::{AnsiColor, Style};
    let yellow = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
    let mut out = anstream::stderr();
    // Where nobody listens there is nobody to tell.
    for warning in &plan.warnings {
        let _ = writeln!(out, "{yellow}warning{yellow:#}: {name}: {warning}");
    }
    let why = match plan.exempt {
        Some(Exempt::Off) => "its annotation or label lockkeeper.dev/tmpfs says off",
        Some(Exempt::Windows) => "Windows has no tmpfs",
        Some(Exempt::Mirror) => "a mirror pod cannot be changed",
        None if plan.patch.is_empty() && !plan.warnings.is_empty() => {
            "nothing else asks for a mount that is not there"
        }
        None if plan.patch.is_empty() => {
            "no TmpfsPolicy and no annotation asks for a mount that is not there"
        }
        None => return,
    };
    let _ = writeln!(out, "{name} is unchanged: {why}");
}
