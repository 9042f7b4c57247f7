//! `cargo xtask up` and `down`: the control plane of the tests, with Flux and a registered Lockkeeper, for a person.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_testkit::tools::Tool;
use lockkeeper_testkit::{ControlPlane, wait};

use crate::cargo::{build, root, step};
use crate::test::tools;

/// A start takes about ten seconds; a machine that compiles meanwhile is given more.
const PATIENCE: Duration = Duration::from_secs(180);

/// The namespace of the examples.
const NAMESPACE: &str = "games";

/// What `examples/good/helmrelease.yaml` mounts: without it Lockkeeper refuses the release, as it asks the API server.
const CLAIM: &str = r#"{
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "romm"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
}"#;

/// What is known of a running `up`, for `down` and for the next `up`.
struct State {
    folder: PathBuf,
}

impl State {
    fn of_checkout() -> Self {
        Self {
            folder: root().join("target/up"),
        }
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }

    fn guide_file(&self) -> PathBuf {
        self.folder.join("guide.txt")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log.txt")
    }

    /// The id of the `up` that runs; one that ended without a word is forgotten.
    fn running(&self) -> Option<String> {
        let pid = fs::read_to_string(self.pid_file()).ok()?;
        let pid = pid.trim().to_owned();
        is_up(&pid).then_some(pid)
    }

    fn forget(&self) {
        for file in [self.pid_file(), self.guide_file()] {
            // Where it is not there it is forgotten already.
            let _ = fs::remove_file(file);
        }
    }
}

/// Whether the process of this id is an `up`, and not somebody who was given the id since.
fn is_up(pid: &str) -> bool {
    let shown = if Path::new("/proc/self").exists() {
        fs::read_to_string(format!("/proc/{pid}/cmdline")).map(|line| line.replace('\0', " "))
    } else {
        let listed = Command::new("ps").args(["-p", pid, "-o", "args="]).output();
        listed.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned())
    };
    shown.is_ok_and(|shown| {
        let mut words = shown.split_whitespace();
        words
            .next()
            .is_some_and(|program| program.ends_with("xtask"))
            && words.next() == Some("up")
    })
}

pub(crate) fn up(arguments: &[String]) -> anyhow::Result<()> {
    let state = State::of_checkout();
    if let Some(pid) = state.running() {
        bail!("it is up already (process {pid}); end it with `cargo xtask down`");
    }
    state.forget();
    fs::create_dir_all(&state.folder)
        .with_context(|| format!("making {}", state.folder.display()))?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => foreground(&state),
        ["--background"] => background(&state),
        _ => bail!("`cargo xtask up` takes only --background"),
    }?;
    Ok(())
}

fn foreground(state: &State) -> anyhow::Result<()> {
    // First of all, so that `down` ends it during the builds too.
    fs::write(state.pid_file(), std::process::id().to_string())
        .context("writing the process id")?;
    step("tools of the control plane", tools)?;
    step("build of lockkeeper", build)?;
    let plane = ControlPlane::start()?;
    let config = plane.admin().config().to_string_lossy().into_owned();
    let lockkeeper = Lockkeeper::start_with(&plane, "lockkeeper", &["--kubeconfig", &config]);
    let registered = lockkeeper.register(&plane);
    plane
        .admin()
        .run(&["create", "namespace", NAMESPACE])?
        .ok()?;
    plane
        .admin()
        .run_with(
            &["apply", "--namespace", NAMESPACE, "--filename", "-"],
            CLAIM,
        )?
        .ok()?;
    let guide = guide(&plane, &lockkeeper)?;
    fs::write(state.guide_file(), &guide).context("writing the guide")?;
    println!("{guide}");
    // Ctrl-C or `down` ends this process; the test kit's watchdog then ends all others and removes their folder.
    loop {
        if let Err(error) = lockkeeper.check() {
            state.forget();
            drop(registered);
            return Err(error.into());
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn guide(plane: &ControlPlane, lockkeeper: &Lockkeeper) -> anyhow::Result<String> {
    let kubectl = Tool::Kubectl.path()?;
    let bin = kubectl.parent().unwrap_or(Path::new("")).display();
    Ok(format!(
        "Kubernetes at {url}, Flux's kustomize-controller and helm-controller, and Lockkeeper at {webhook}.\n\
         \n\
         export KUBECONFIG={config}\n\
         export PATH={bin}:$PATH\n\
         \n\
         kubectl apply -f examples/bad/literal-secret.yaml      # refused, and told why\n\
         kubectl apply -f examples/good/helmrelease.yaml        # accepted\n\
         kubectl apply -f examples/good/ocirepository.yaml      # accepted\n\
         kubectl -n {NAMESPACE} patch ocirepository app-template --type=merge -p '{{\"spec\":{{\"ref\":{{\"tag\":\"latest\"}}}}}}'\n\
         kubectl get validatingwebhookconfiguration lockkeeper -o yaml\n\
         tail -f {folder}/lockkeeper.log\n\
         \n\
         Ctrl-C or `cargo xtask down` ends it and leaves nothing.",
        url = plane.url(),
        webhook = lockkeeper.url(),
        config = plane.admin().config().display(),
        folder = plane.folder().display(),
    ))
}

/// Starts another one of this program, away from the terminal, and waits for its guide.
fn background(state: &State) -> anyhow::Result<()> {
    // Here, where the progress is seen.
    step("tools of the control plane", tools)?;
    step("build of lockkeeper", build)?;
    let log = fs::File::create(state.log_file()).context("making the log")?;
    let mut child = Command::new(std::env::current_exe().context("this program's path")?)
        .arg("up")
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("sharing the log")?)
        .stderr(log)
        // Ctrl-C in this terminal is not for it.
        .process_group(0)
        .spawn()
        .context("starting it in the background")?;
    let guide = wait::until("the control plane to be up", PATIENCE, || {
        match child.try_wait() {
            Ok(Some(status)) => Ok(Err(status)),
            _ => fs::read_to_string(state.guide_file())
                .map(Ok)
                .map_err(|error| error.to_string()),
        }
    })?;
    match guide {
        Ok(guide) => println!("{guide}"),
        Err(status) => bail!(
            "it ended with {status}:\n{}",
            fs::read_to_string(state.log_file()).unwrap_or_default()
        ),
    }
    Ok(())
}

pub(crate) fn down(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(
        arguments.is_empty(),
        "`cargo xtask down` takes no arguments"
    );
    let state = State::of_checkout();
    let Some(pid) = state.running() else {
        state.forget();
        println!("nothing is up");
        return Ok(());
    };
    let asked = Command::new("kill").arg(&pid).status();
    ensure!(
        asked.is_ok_and(|status| status.success()),
        "process {pid} could not be asked to end"
    );
    let began = Instant::now();
    while is_up(&pid) {
        ensure!(
            began.elapsed() < Duration::from_secs(30),
            "process {pid} does not end"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    state.forget();
    println!("it is down");
    Ok(())
}
