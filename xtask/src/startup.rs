//! `cargo xtask startup [binary…]`: how long the released binary takes until it is ready, and what it takes of memory.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use lockkeeper_testkit::net;
use lockkeeper_testkit::pki::Authority;
use lockkeeper_testkit::reviewer::Reviewer;
use serde_json::Value;

use crate::cargo::root;
use crate::dist;
use crate::served::Served;

const STARTS: usize = 50;
/// The bar of a start without a cluster, at the 99th percentile.
const READY: Duration = Duration::from_millis(300);
/// The bar of resident memory while nothing is asked.
const IDLE_KIB: u64 = 15 * 1024;
/// How long nothing is asked before memory is read.
const IDLE: Duration = Duration::from_secs(2);
const REVIEWS: usize = 500;

/// Runs the task; an error when a bar is missed.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let binaries = if arguments.is_empty() {
        vec![dist::build()?]
    } else {
        arguments.iter().map(PathBuf::from).collect()
    };
    let mut missed = Vec::new();
    for binary in &binaries {
        let mut starts = (0..STARTS)
            .map(|_| start(binary))
            .collect::<anyhow::Result<Vec<_>>>()?;
        starts.sort_unstable();
        let [p50, p99] = [50, 99].map(|percent| starts[(STARTS * percent).div_ceil(100) - 1]);
        let (idle, busy) = memory(binary)?;
        println!("{}", binary.display());
        println!("  start to ready, {STARTS} starts: p50 {p50:.1?}, p99 {p99:.1?}");
        println!(
            "  resident: {:.1} MiB idle, {:.1} MiB after {REVIEWS} reviews",
            mebibytes(idle),
            mebibytes(busy)
        );
        if p99 > READY {
            missed.push(format!("{} starts in {p99:.1?}", binary.display()));
        }
        if idle > IDLE_KIB {
            missed.push(format!(
                "{} idles at {:.1} MiB",
                binary.display(),
                mebibytes(idle)
            ));
        }
    }
    ensure!(missed.is_empty(), "above the bar: {}", missed.join(", "));
    Ok(())
}

/// From the call that starts the process to the first `ok` of /readyz, asked without a pause.
fn start(binary: &Path) -> anyhow::Result<Duration> {
    let [port] = net::free_ports()?;
    let address = net::loopback(port);
    let began = Instant::now();
    let mut child = command(binary, address)
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("{} cannot be started", binary.display()))?;
    while net::healthy(address, "/readyz").is_err() && began.elapsed() < READY * 20 {
        std::thread::sleep(Duration::from_micros(500));
    }
    let took = began.elapsed();
    child.kill()?;
    child.wait()?;
    Ok(took)
}

/// The resident memory while nothing was asked yet, and after reviews; in KiB.
fn memory(binary: &Path) -> anyhow::Result<(u64, u64)> {
    let scratch = tempfile::tempdir()?;
    let files = Authority::new("startup")?.server_files(&["127.0.0.1"], scratch.path())?;
    let served = Served::start(
        command(binary, net::loopback(0))
            .arg("--tls-cert")
            .arg(&files.certificate)
            .arg("--tls-key")
            .arg(&files.key),
    )?;
    served.ready()?;
    std::thread::sleep(IDLE);
    let idle = resident(served.id())?;
    let reviewer = Reviewer::new(served.tls, &files)?;
    let review = review()?;
    for _ in 0..REVIEWS {
        ensure!(reviewer.validate(&review)?["allowed"] == false, "allowed");
    }
    Ok((idle, resident(served.id())?))
}

fn command(binary: &Path, plain: SocketAddr) -> Command {
    let mut command = Command::new(binary);
    command.args(["serve", "--no-cluster", "--log-level=warn"]);
    command.args(["--listen=127.0.0.1:0", "--metrics-listen"]);
    command.arg(plain.to_string());
    command
}

/// The example review, which is refused.
pub(crate) fn review() -> anyhow::Result<Value> {
    let path = root().join("examples/reviews/romm-unpinned.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_str(&text)?)
}

fn resident(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("Linux' /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("no VmRSS")?.parse()?)
}

#[expect(clippy::cast_precision_loss, reason = "printed with one digit")]
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}
