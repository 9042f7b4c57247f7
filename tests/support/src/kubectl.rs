//! What a person does with kubectl, as a given user: each call runs the real program.

use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::{Error, Result, wait};

/// kubectl with one user's kubeconfig.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    config: PathBuf,
    home: PathBuf,
}

/// The ways to send an object to the API server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// `kubectl create`, which takes `generateName` too.
    Create,
    /// `kubectl apply`: read, compare on the client, then create or patch.
    Apply,
    /// `kubectl apply --server-side`.
    ServerSide,
    /// `kubectl apply --server-side` under a given field manager and with conflicts forced, as Flux sends.
    ServerSideAs(&'static str),
    /// `kubectl apply --dry-run=server`.
    DryRun,
    /// `kubectl apply --server-side --dry-run=server`, Flux's first step.
    ServerSideDryRun,
    /// `kubectl replace`.
    Replace,
}

impl Way {
    /// Every way to send, in the order in which they are listed.
    pub const ALL: [Self; 7] = [
        Self::Create,
        Self::Apply,
        Self::ServerSide,
        Self::ServerSideAs("kustomize-controller"),
        Self::DryRun,
        Self::ServerSideDryRun,
        Self::Replace,
    ];

    fn arguments(self) -> Vec<&'static str> {
        match self {
            Self::Create => vec!["create"],
            Self::Apply => vec!["apply"],
            Self::ServerSide => vec!["apply", "--server-side"],
            Self::ServerSideAs(manager) => vec![
                "apply",
                "--server-side",
                "--force-conflicts",
                "--field-manager",
                manager,
            ],
            Self::DryRun => vec!["apply", "--dry-run=server"],
            Self::ServerSideDryRun => vec!["apply", "--server-side", "--dry-run=server"],
            Self::Replace => vec!["replace"],
        }
    }
}

/// An object's place: what kubectl needs to find it.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The kind or resource, with its group where it is ambiguous: `helmrelease`, `gitrepositories.source.toolkit.fluxcd.io`.
    pub kind: &'a str,
    /// Its namespace; empty for what has none.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// A [`Target`] in one short call.
pub const fn target<'a>(kind: &'a str, namespace: &'a str, name: &'a str) -> Target<'a> {
    Target {
        kind,
        namespace,
        name,
    }
}

impl<'a> Target<'a> {
    fn arguments(&self) -> Vec<&'a str> {
        let mut arguments = vec![self.kind, self.name];
        if !self.namespace.is_empty() {
            arguments.extend(["--namespace", self.namespace]);
        }
        arguments
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// What one call of kubectl came to.
#[derive(Clone, Debug)]
pub struct Output {
    /// The command as a person would type it.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained of, webhooks' warnings and denials among it.
    pub stderr: String,
}

impl Output {
    /// Whether kubectl was content.
    pub fn success(&self) -> bool {
        self.status.success()
    }

    /// The output if kubectl was content, else an error that shows it all.
    pub fn ok(self) -> Result<Self> {
        if self.success() {
            Ok(self)
        } else {
            Err(Error::Kubectl(Box::new(self)))
        }
    }

    /// Fails the test, showing all, unless kubectl was content.
    #[track_caller]
    pub fn expect_accepted(self) -> Self {
        assert!(self.success(), "should have been accepted: {self}");
        self
    }

    /// Fails the test, showing all, unless it was refused with these words on standard error.
    #[track_caller]
    pub fn expect_refused(self, words: &str) -> Self {
        assert!(!self.success(), "should have been refused: {self}");
        assert!(
            self.stderr.contains(words),
            "should have been refused with {words:?}: {self}"
        );
        self
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` ended with {}\n{}{}",
            self.command, self.status, self.stdout, self.stderr
        )
    }
}

/// A kubectl that prints as long as this value lives.
#[derive(Debug)]
pub struct Following {
    child: Child,
    lines: Option<JoinHandle<()>>,
}

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(lines) = self.lines.take() {
            let _ = lines.join();
        }
    }
}

impl Kubectl {
    /// kubectl at `program`, as the user of `config`; its caches go below `home`.
    pub fn new(program: &Path, config: &Path, home: &Path) -> Self {
        Self {
            program: program.to_owned(),
            config: config.to_owned(),
            home: home.to_owned(),
        }
    }

    /// The same kubectl as another user.
    #[must_use]
    pub fn with_config(&self, config: &Path) -> Self {
        Self {
            config: config.to_owned(),
            ..self.clone()
        }
    }

    /// The kubeconfig it uses, for programs that want one.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Runs kubectl with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Result<Output> {
        self.run_with(arguments, "")
    }

    /// Runs kubectl, which prints for ever (`get --watch`), and hands on each line as it comes; ends with the returned
    /// value.
    pub fn follow(
        &self,
        arguments: &[&str],
        mut each: impl FnMut(&str) + Send + 'static,
    ) -> Result<Following> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::io("starting kubectl"))?;
        let lines = child.stdout.take().map(|stdout| {
            std::thread::spawn(move || {
                let lines = BufReader::new(stdout).lines();
                lines
                    .map_while(std::io::Result::ok)
                    .for_each(|line| each(&line));
            })
        });
        Ok(Following { child, lines })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("KUBECONFIG", &self.config)
            .env("HOME", &self.home)
            .env_remove("KUBECTL_EXTERNAL_DIFF");
        command
    }

    /// Runs kubectl with these arguments and this standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::io("starting kubectl"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // kubectl reads all of its input before it prints; one that does not want it closes it, which is no fault.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child
            .wait_with_output()
            .map_err(Error::io("waiting for kubectl"))?;
        Ok(Output {
            command: format!("kubectl {}", arguments.join(" ")),
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Sends objects, given as YAML or JSON text.
    pub fn send(&self, how: Way, objects: &str) -> Result<Output> {
        let mut arguments = how.arguments();
        arguments.extend(["-f", "-"]);
        self.run_with(&arguments, objects)
    }

    /// Patches an object with a JSON merge patch, as `flux suspend` does; `subresource` may be empty.
    pub fn patch(&self, target: Target<'_>, subresource: &str, patch: &Value) -> Result<Output> {
        let patch = patch.to_string();
        let subresource = format!("--subresource={subresource}");
        let mut arguments = vec!["patch"];
        arguments.extend(target.arguments());
        arguments.extend(["--type=merge", "-p", &patch]);
        if !subresource.ends_with('=') {
            arguments.push(&subresource);
        }
        self.run(&arguments)
    }

    /// Deletes an object without waiting for its finalizers.
    pub fn delete(&self, target: Target<'_>) -> Result<Output> {
        let mut arguments = vec!["delete", "--wait=false"];
        arguments.extend(target.arguments());
        self.run(&arguments)
    }

    /// Reads an object; `None` where there is none.
    pub fn get(&self, target: Target<'_>) -> Result<Option<Value>> {
        let mut arguments = vec!["get", "--ignore-not-found", "-o", "json"];
        arguments.extend(target.arguments());
        let output = self.run(&arguments)?.ok()?;
        if output.stdout.trim().is_empty() {
            return Ok(None);
        }
        let what = output.command;
        serde_json::from_str(&output.stdout).map_err(|source| Error::Json { what, source })
    }

    /// Waits until an object exists and `holds`, and returns it; the error shows its status.
    pub fn wait(
        &self,
        target: Target<'_>,
        what: &str,
        patience: Duration,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        wait::try_until(&format!("{target} {what}"), patience, || {
            Ok(match self.get(target)? {
                None => Err("no such object".to_owned()),
                Some(object) if holds(&object) => Ok(object),
                Some(object) => Err(format!(
                    "{:#}",
                    object.get("status").unwrap_or(&Value::Null)
                )),
            })
        })
    }

    /// Waits until an object is gone.
    pub fn wait_gone(&self, target: Target<'_>, patience: Duration) -> Result<()> {
        wait::try_until(&format!("{target} to be gone"), patience, || {
            Ok(self
                .get(target)?
                .map_or(Ok(()), |object| Err(format!("{:#}", object["metadata"]))))
        })
    }
}

/// A condition of an object's status, by its type.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"]
        .as_array()?
        .iter()
        .find(|condition| condition["type"] == kind)
}

/// Whether an object's controller has seen its present generation and says `kind` of it with `status`.
pub fn has_condition(object: &Value, kind: &str, status: &str) -> bool {
    condition(object, kind).is_some_and(|condition| {
        condition["status"] == status
            && condition
                .get("observedGeneration")
                .is_none_or(|seen| *seen == object["metadata"]["generation"])
    })
}
