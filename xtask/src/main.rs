//! Development tasks: `cargo xtask <task>`.

mod evaluate;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("evaluate") => evaluate::run(arguments),
        other => {
            if let Some(task) = other {
                eprintln!("unknown task `{task}`");
            }
            eprintln!(
                "tasks:\n  evaluate [--seed N] [--cases N]   measure the secret detector on generated cases"
            );
            ExitCode::from(2)
        }
    }
}
