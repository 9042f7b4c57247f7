//! Builds all tools, starts a control plane, and prints what each took: the figures of tests/control-plane/README.md.
//!
//! `cargo run -p lockkeeper-testkit --example figures`; for cold figures with an empty cache, set `XDG_CACHE_HOME` and
//! `GOCACHE` to empty folders.

use std::time::Instant;

use lockkeeper_testkit::Options;
use lockkeeper_testkit::tools::Tool;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:<26} {:>9} {:>8} {:>7}",
        "tool", "version", "seconds", "MB"
    );
    for tool in Tool::ALL {
        let started = Instant::now();
        let path = tool.path()?;
        let size = path.metadata()?.len() as f64 / 1e6;
        println!(
            "{:<26} {:>9} {:>8.0} {size:>7.1}",
            tool.name(),
            tool.wanted()?.to_string(),
            started.elapsed().as_secs_f64()
        );
    }
    for (name, options) in [
        ("API server only", Options::default().flux(false)),
        ("with Flux", Options::default()),
        (
            "with all",
            Options::default().controller_manager(true).kwok(true),
        ),
    ] {
        let plane = options.start()?;
        println!("\n{name}: ready in {:.1} s", plane.startup().as_secs_f64());
        for process in plane.processes() {
            // Linux tells; elsewhere the figure is left out.
            let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()))
                .unwrap_or_default();
            let memory = status
                .lines()
                .find_map(|line| line.strip_prefix("VmRSS:"))
                .map_or("", str::trim);
            println!("{:<26} {memory:>18}", process.name());
        }
        let stopping = Instant::now();
        drop(plane);
        println!("stopped in {:.1} s", stopping.elapsed().as_secs_f64());
    }
    Ok(())
}
