//! Cleans up after a test however it ends: panic, Ctrl-C, SIGKILL, or a `static` that is never dropped.
//!
//! A small shell stands beside the test and reads from a pipe which processes live. When the test process
//! ends, the kernel closes the pipe; the shell then kills what still lives, newest first, and removes the
//! run's folder unless it holds a file named `keep`. This needs no unsafe code, no signal handler in the test,
//! and works on every Unix; a parent-death signal would fire when the *thread* that spawned ends, which is
//! a single test.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::{Error, Result};

/// The file in a run's folder that says: do not remove me.
pub const KEEP: &str = "keep";

/// Reads `+pid` and `-pid`; `$1` is the folder. `$pids` is newest first, so the API server dies before etcd.
/// A process on its way out may still write into the folder, and the removal then fails once.
const SCRIPT: &str = r#"
pids=
while read -r line; do
  pid=${line#?}
  case $line in
    +*) pids="$pid $pids" ;;
    -*) rest=; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest$p "; done; pids=$rest ;;
  esac
done
for pid in $pids; do kill -KILL "$pid"; done
[ -e "$1/keep" ] || rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

/// The shell and the pipe to it.
#[derive(Debug)]
pub struct Watchdog {
    shell: Mutex<Child>,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Watchdog {
    /// Sets a watchdog on the processes to come and on the folder of the run.
    pub fn new(folder: &Path) -> Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "watchdog"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of the terminal's foreground group: Ctrl-C is for the test, not for the one that cleans up after it.
            .process_group(0)
            .spawn()
            .map_err(Error::io("starting the watchdog's shell"))?;
        let pipe = Mutex::new(shell.stdin.take());
        Ok(Self {
            shell: Mutex::new(shell),
            pipe,
        })
    }

    /// A process has started.
    pub(crate) fn watch(&self, pid: u32) {
        self.tell('+', pid);
    }

    /// A process has ended and was waited for: its id may now be someone else's.
    pub(crate) fn forget(&self, pid: u32) {
        self.tell('-', pid);
    }

    fn tell(&self, sign: char, pid: u32) {
        if let Some(pipe) = self
            .pipe
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
        {
            // A shell that was killed cannot be told; the processes are still stopped by their handles.
            let _ = writeln!(pipe, "{sign}{pid}");
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.pipe
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // It ends by itself now that the pipe is closed; waiting leaves no zombie and no half-removed folder.
        let _ = self
            .shell
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .wait();
    }
}
