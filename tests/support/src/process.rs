//! A program that runs beside the test: its log in a file, its end certain.

use std::fs::{self, File};
use std::ops::Index;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::watchdog::Watchdog;
use crate::{Error, Result, wait};

/// How long a program may take to end when asked to; then it is killed.
pub const GRACE: Duration = Duration::from_secs(5);

/// How many lines of a log an error quotes.
const TAIL: usize = 20;

/// A running program; stopped when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    running: Mutex<Running>,
    watchdog: Arc<Watchdog>,
}

/// The program, and by what it can be started again.
#[derive(Debug)]
struct Running {
    command: Command,
    child: Child,
}

impl Process {
    /// Starts a program whose output goes to `<folder>/<name>.log`, behind what a namesake wrote there.
    pub fn start(
        name: &str,
        mut command: Command,
        folder: &Path,
        watchdog: &Arc<Watchdog>,
    ) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(Error::io(format!("making {}", log.display())))?;
        let copy = file
            .try_clone()
            .map_err(Error::io("sharing a log between two streams"))?;
        // All of it stays on this machine: a proxy could only be in the way.
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        ] {
            command.env_remove(name);
        }
        command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            // Ctrl-C must not stop etcd under a running API server.
            .process_group(0);
        let child = spawn(name, &mut command, watchdog)?;
        Ok(Self {
            name: name.to_owned(),
            log,
            running: Mutex::new(Running { command, child }),
            watchdog: Arc::clone(watchdog),
        })
    }

    /// The name it was started under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.with(|child| child.id())
    }

    /// The file with what it printed.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// What it printed so far.
    pub fn log_text(&self) -> String {
        fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Says with its log's end that it ended, if it did.
    pub fn check(&self) -> Result<()> {
        let status = self
            .with(Child::try_wait)
            .map_err(Error::io(format!("asking after {}", self.name)))?;
        let Some(status) = status else { return Ok(()) };
        Err(self.ended(status))
    }

    /// Waits until `look` is content; at once an error if the program ends meanwhile.
    pub fn ready(
        &self,
        what: &str,
        patience: Duration,
        mut look: impl FnMut() -> Result<(), String>,
    ) -> Result<()> {
        wait::try_until(what, patience, || {
            self.check()?;
            Ok(look())
        })
    }

    /// Asks it to end, waits for [`GRACE`], then kills it. Done twice it does nothing.
    pub fn stop(&self) {
        self.with(|child| {
            let pid = child.id();
            if matches!(child.try_wait(), Ok(None)) {
                // std can only kill; the shell's own `kill` asks. The id is certain: the child is not waited for yet.
                let asked = Command::new("/bin/sh")
                    .args(["-c", "kill -TERM \"$1\"", "stop", &pid.to_string()])
                    .status();
                let deadline = Instant::now() + GRACE;
                while asked.is_ok()
                    && Instant::now() < deadline
                    && matches!(child.try_wait(), Ok(None))
                {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            self.end(child);
        });
    }

    /// Kills it, as a crash would: it is told nothing and tidies nothing up.
    pub fn kill(&self) {
        self.with(|child| self.end(child));
    }

    /// Lets it stand still: its sockets take connections, and nobody answers. It goes on when the returned
    /// value is dropped.
    pub fn pause(&self) -> Result<Paused<'_>> {
        self.signal("STOP")?;
        Ok(Paused(self))
    }

    /// Starts it again with the same arguments; it must have ended, or been killed.
    pub fn restart(&self) -> Result<()> {
        let mut running = self.running();
        self.end(&mut running.child);
        running.child = spawn(&self.name, &mut running.command, &self.watchdog)?;
        Ok(())
    }

    /// How much memory it takes, as Linux tells it.
    pub fn memory(&self) -> Result<Memory> {
        let path = format!("/proc/{}/status", self.id());
        let text = fs::read_to_string(&path).map_err(Error::io(format!("reading {path}")))?;
        let bytes = |field: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(field))?;
            let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
            Some(kib * 1024)
        };
        match (bytes("VmRSS:"), bytes("VmHWM:")) {
            (Some(resident), Some(peak)) => Ok(Memory { resident, peak }),
            _ => Err(Error::io(format!("looking for VmRSS and VmHWM in {path}"))(
                std::io::ErrorKind::InvalidData.into(),
            )),
        }
    }

    /// std can only kill; the shell's own `kill` sends what is asked. The id is certain: the child is not
    /// waited for yet.
    fn signal(&self, signal: &str) -> Result<()> {
        let pid = self.id().to_string();
        let status = Command::new("/bin/sh")
            .args(["-c", "kill -\"$1\" \"$2\"", "signal", signal, &pid])
            .status()
            .map_err(Error::io(format!("sending {signal} to {}", self.name)))?;
        if status.success() {
            Ok(())
        } else {
            Err(self.ended(status))
        }
    }

    fn end(&self, child: &mut Child) {
        // Both fail only where the child was waited for already, and then it is gone.
        let _ = child.kill();
        let _ = child.wait();
        self.watchdog.forget(child.id());
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Child) -> T) -> T {
        act(&mut self.running().child)
    }

    fn ended(&self, status: ExitStatus) -> Error {
        let text = self.log_text();
        let lines: Vec<_> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
        Error::Ended {
            name: self.name.clone(),
            status,
            log: self.log.clone(),
            tail,
        }
    }
}

fn spawn(name: &str, command: &mut Command, watchdog: &Watchdog) -> Result<Child> {
    let child = command
        .spawn()
        .map_err(Error::io(format!("starting {name}")))?;
    watchdog.watch(child.id());
    Ok(child)
}

/// The memory of a process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What is resident now.
    pub resident: u64,
    /// The most that ever was.
    pub peak: u64,
}

/// A program that stands still until this is dropped.
#[derive(Debug)]
#[must_use = "it goes on at once when this is dropped"]
pub struct Paused<'p>(&'p Process);

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        // Where it was killed meanwhile there is nobody to tell.
        let _ = self.0.signal("CONT");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Processes in the order in which they were started; stopped the other way round, so that nobody loses what it stands on.
#[derive(Debug, Default)]
pub struct Stack(Vec<Process>);

impl Stack {
    /// Adds the newest.
    pub fn push(&mut self, process: Process) {
        self.0.push(process);
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, Process> {
        self.0.iter()
    }

    /// Stops all, the newest first.
    pub fn stop(&mut self) {
        while let Some(process) = self.0.pop() {
            process.stop();
        }
    }
}

/// By the name that it was started under, which must be there.
impl Index<&str> for Stack {
    type Output = Process;

    fn index(&self, name: &str) -> &Process {
        self.iter()
            .find(|process| process.name == name)
            .unwrap_or_else(|| panic!("no process is called {name}"))
    }
}

impl<'a> IntoIterator for &'a Stack {
    type Item = &'a Process;
    type IntoIter = std::slice::Iter<'a, Process>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stop();
    }
}
