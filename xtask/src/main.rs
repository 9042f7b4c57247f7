//! Development tasks: `cargo xtask <task>`.

mod cargo;
mod corpus;
mod deploy;
mod dist;
mod docs;
mod evaluate;
mod image;
mod served;
mod startup;
mod test;
mod up;
#[cfg(test)]
mod workflows;

use std::process::ExitCode;

/// A task with the arguments behind its name.
type Task = fn(&[String]) -> anyhow::Result<()>;

/// One line a task.
const TASKS: &[(&str, &str, Task)] = &[
    (
        "test",
        "run all tests: the quick ones, then those on a real control plane",
        test::run,
    ),
    (
        "corpus",
        "judge the GitOps trees below a folder, and hold the denials against docs/accuracy.md",
        corpus::run,
    ),
    (
        "docs",
        "write what is made from the code: docs/rules, charts/lockkeeper/files, the tables of docs/security.md",
        docs::run,
    ),
    (
        "deploy",
        "write deploy/kustomize from the Helm chart, by the real helm",
        deploy::run,
    ),
    (
        "evaluate",
        "measure the secret detector on generated cases [--seed N] [--cases N]",
        evaluate::run,
    ),
    (
        "image",
        "build the image that the Dockerfile describes, without Docker, and run what came out",
        image::run,
    ),
    (
        "startup",
        "measure the released binary: start to ready, and idle memory [binary...]",
        startup::run,
    ),
    (
        "record",
        "write anew the reviews that a real API server sends",
        test::record,
    ),
    (
        "up",
        "a control plane with Flux and Lockkeeper, until Ctrl-C; --background returns",
        up::up,
    ),
    ("down", "end what `up` started", up::down),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let task = arguments.first().map_or("", String::as_str);
    let Some((_, _, run)) = TASKS.iter().find(|(name, _, _)| *name == task) else {
        eprintln!("cargo xtask <task>");
        for (name, about, _) in TASKS {
            eprintln!("  {name:<8} {about}");
        }
        return ExitCode::from(2);
    };
    match run(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
