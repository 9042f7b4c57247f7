//! Builds a tool with Go, once for every state of its module and Go version, into a cache outside the checkout.

use std::env;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Tool, Version, say};
use crate::{Error, Result};

/// How often a running build says that it still runs.
const TICK: Duration = Duration::from_secs(20);

/// The Go that is installed here.
#[derive(Debug)]
pub struct Go {
    /// Version and platform in Go's own words, part of the cache's key.
    pub identity: String,
}

impl Go {
    /// Asks for Go once; a clear sentence where it is missing.
    pub fn installed() -> Result<&'static Self> {
        static GO: OnceLock<Go> = OnceLock::new();
        if let Some(go) = GO.get() {
            return Ok(go);
        }
        let output = Self::command(&env::temp_dir())
            .args(["env", "GOVERSION", "GOOS", "GOARCH"])
            .output()
            .map_err(Error::NoGo)?;
        let identity = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(GO.get_or_init(|| Self { identity }))
    }

    /// The folders of modules that `module` (a folder with a `go.mod`) requires, in the order asked for.
    ///
    /// They are downloaded where they are not here yet, and checked against go.sum as a build would.
    pub fn folders(module: &Path, wanted: &[&str]) -> Result<Vec<PathBuf>> {
        let output = Self::command(module)
            .args(["mod", "download", "-json"])
            .args(wanted)
            .output()
            .map_err(Error::NoGo)?;
        let command = || format!("go mod download -json {}", wanted.join(" "));
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            let stderr = String::from_utf8_lossy(&said).into_owned();
            return Err(Error::Go {
                command: command(),
                folder: module.to_owned(),
                stderr,
            });
        }
        let answers = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
        let answers = answers
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| Error::Json {
                what: command(),
                source,
            })?;
        let folder = |path: &&str| {
            let answer = answers.iter().find(|answer| answer["Path"] == **path)?;
            answer["Dir"].as_str().map(PathBuf::from)
        };
        wanted
            .iter()
            .map(|path| folder(path).ok_or_else(|| Error::NoFolder(command(), (*path).to_owned())))
            .collect()
    }

    /// `go` in a folder, with the settings that make a build depend on nothing but the module and Go's version.
    pub fn command(folder: &Path) -> Command {
        let mut go = Command::new("go");
        go.current_dir(folder)
            .stdin(Stdio::null())
            .env("CGO_ENABLED", "0")
            .env("GOTOOLCHAIN", "local")
            .env("GOWORK", "off")
            // The modules lie in a checkout; what is committed there must not end up in the binaries.
            .env("GOFLAGS", "-mod=readonly -buildvcs=false");
        go
    }
}

/// The folder of all built tools: `$XDG_CACHE_HOME`, else `~/.cache`, then `lockkeeper/tools`.
pub fn cache_folder() -> PathBuf {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(env::temp_dir)
        .join("lockkeeper/tools")
}

/// The tool from the cache, built into it first where it is not there yet.
pub(super) fn built(tool: Tool, wanted: Version) -> Result<PathBuf> {
    let go = Go::installed()?;
    let flags = linker_flags(tool, wanted);
    let folder = cache_folder().join(key(tool, &go.identity, &flags)?);
    let binary = folder.join(tool.name());
    if binary.is_file() {
        return Ok(binary);
    }
    fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
    // One lock for all tools: two builds at once would take twice the memory and save no time.
    let _lock = locked(&cache_folder().join("lock"))?;
    // Another test binary may have built it while this one waited.
    if !binary.is_file() {
        build(tool, wanted, &flags, &binary)?;
    }
    Ok(binary)
}

/// Strips the binaries, and gives Kubernetes' the version that their own release build would give them.
fn linker_flags(tool: Tool, wanted: Version) -> String {
    let mut flags = "-s -w".to_owned();
    if tool.facts().folder == "kubernetes" {
        let Version { major, minor, .. } = wanted;
        let values = [
            ("gitVersion", wanted.to_string()),
            ("gitMajor", major.to_string()),
            ("gitMinor", minor.to_string()),
        ];
        for (name, value) in values {
            flags.push_str(&format!(" -X k8s.io/component-base/version.{name}={value}"));
        }
    }
    flags
}

fn key(tool: Tool, go: &str, flags: &str) -> Result<String> {
    let mut hash = Sha256::new();
    for name in ["go.mod", "go.sum"] {
        let path = tool.folder().join(name);
        let bytes = fs::read(&path).map_err(Error::io(format!("reading {}", path.display())))?;
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    }
    hash.update(go);
    hash.update(flags);
    Ok(format!(
        "{}-{}",
        tool.facts().folder,
        hex(&hash.finalize()[..8])
    ))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn locked(path: &Path) -> Result<File> {
    let what = || format!("locking {}", path.display());
    let file = File::create(path).map_err(Error::io(what()))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            say(format_args!("waiting for another build of the tools"));
        }
        Err(TryLockError::Error(error)) => return Err(Error::io(what())(error)),
    }
    file.lock().map_err(Error::io(what()))?;
    Ok(file)
}

fn build(tool: Tool, wanted: Version, flags: &str, binary: &Path) -> Result<()> {
    let facts = tool.facts();
    let module = tool.folder();
    // Beside the binary, so that the rename stays within one file system and nobody runs half a file.
    let partial = binary.with_extension("partial");
    let package = format!("{}{}", facts.module, facts.package);
    say(format_args!(
        "building {} {wanted} with {} (once)",
        tool.name(),
        Go::installed()?.identity.replace('\n', " ")
    ));
    let started = Instant::now();
    let mut command = Go::command(&module);
    command
        .args(["build", "-trimpath", "-ldflags", flags, "-o"])
        .arg(&partial)
        .arg(&package);
    let done = run(command, || {
        say(format_args!(
            "{} builds for {} s",
            tool.name(),
            started.elapsed().as_secs()
        ));
    })?;
    if let Err(stderr) = done {
        let command = format!("go build -trimpath -ldflags '{flags}' {package}");
        return Err(Error::Go {
            command,
            folder: module,
            stderr,
        });
    }
    fs::rename(&partial, binary).map_err(Error::io(format!("renaming {}", partial.display())))?;
    let size = binary.metadata().map_or(0, |data| data.len() / 1_000_000);
    say(format_args!(
        "built {} in {} s, {size} MB",
        tool.name(),
        started.elapsed().as_secs()
    ));
    Ok(())
}

/// Runs a long command; `tick` is called while it runs. The inner error is what it printed.
fn run(mut command: Command, tick: impl Fn()) -> Result<Result<(), String>> {
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Error::NoGo)?;
    let (send, done) = std::sync::mpsc::channel();
    let waiter = std::thread::spawn(move || {
        let output = child.wait_with_output();
        // The receiver is dropped only when this thread is no longer waited for.
        let _ = send.send(());
        output
    });
    while done.recv_timeout(TICK) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        tick();
    }
    let output = waiter
        .join()
        .map_err(|_| Error::io("waiting for go")(std::io::ErrorKind::Other.into()))?;
    let output = output.map_err(Error::io("waiting for go"))?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(if output.status.success() {
        Ok(())
    } else {
        Err(stderr)
    })
}
