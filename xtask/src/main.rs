//! Development tasks: `cargo xtask <task>`.

mod cargo;
mod evaluate;
mod test;
mod up;

use std::process::ExitCode;

/// What a task does with the arguments behind its name.
type Run = fn(&[String]) -> anyhow::Result<ExitCode>;

/// One line a task: its name, its arguments and what it is for, and what it does.
#[rustfmt::skip]
const TASKS: &[(&str, &str, Run)] = &[
    ("test", "run all tests: the quick ones, then those on a real control plane", test::run),
    ("record", "write anew the reviews that a real API server sends", test::record),
    ("up", "[--background]: a control plane with Flux and Lockkeeper, until Ctrl-C or `down`", up::up),
    ("down", "end what `up` started", up::down),
    ("evaluate", "[--seed N] [--cases N]: measure the secret detector on generated cases", |arguments| Ok(evaluate::run(arguments.iter().cloned()))),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let task = arguments.first().map_or("", String::as_str);
    let Some((_, _, run)) = TASKS.iter().find(|(name, _, _)| *name == task) else {
        eprintln!("cargo xtask <task>");
        for (name, about, _) in TASKS {
            eprintln!("  {name:<9} {about}");
        }
        return ExitCode::from(2);
    };
    run(&arguments[1..]).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
