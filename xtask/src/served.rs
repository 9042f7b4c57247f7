//! A running `lockkeeper serve`, as the tasks that look at the released binary start it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use lockkeeper_testkit::{net, wait};

/// How long a start or an end may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(20);

/// The process; killed when dropped.
pub(crate) struct Served {
    child: Child,
    /// Where reviews go.
    pub(crate) tls: SocketAddr,
    /// Health.
    pub(crate) plain: SocketAddr,
    /// All that it printed up to the addresses.
    printed: String,
}

impl Served {
    /// Starts it and reads where it listens.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let stdout = child.stdout.take().context("its output")?;
        let mut printed = String::new();
        let (mut tls, mut plain) = (None, None);
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            tls = tls.or_else(|| address(&line, "Reviews:", "https://"));
            plain = plain.or_else(|| address(&line, "Health:", "http://"));
            printed.push_str(&line);
            printed.push('\n');
            if let (Some(tls), Some(plain)) = (tls, plain) {
                return Ok(Self {
                    child,
                    tls,
                    plain,
                    printed,
                });
            }
        }
        let status = child.wait()?;
        bail!("it ended with {status} before it served:\n{printed}");
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it says that it is ready.
    pub(crate) fn ready(&self) -> anyhow::Result<()> {
        wait::until("it to be ready", PATIENCE, || {
            net::healthy(self.plain, "/readyz")
        })
        .with_context(|| self.printed.clone())
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn terminate(mut self) -> anyhow::Result<ExitStatus> {
        let pid = self.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status()?;
        anyhow::ensure!(asked.success(), "process {pid} cannot be asked to end");
        let status = wait::until("it to end", PATIENCE, || match self.child.try_wait() {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err("it runs".to_owned()),
            Err(error) => Err(error.to_string()),
        })?;
        Ok(status)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(line: &str, name: &str, scheme: &str) -> Option<SocketAddr> {
    let (_, rest) = line.strip_prefix(name)?.split_once(scheme)?;
    rest.split('/').next()?.parse().ok()
}
