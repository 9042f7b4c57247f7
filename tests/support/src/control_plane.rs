//! A cluster of one machine's processes: etcd, the API server, Flux's controllers; started together, ended together.

mod controllers;
mod core;
mod furniture;
mod keep;

pub use self::core::WEBHOOK_CLIENT;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::artifacts::ArtifactServer;
use crate::flux::Flux;
use crate::kubeconfig::{self, Credentials};
use crate::kubectl::{Kubectl, Way};
use crate::pki::{Authority, Files};
use crate::process::{Paused, Process, Stack};
use crate::tools::Tool;
use crate::watchdog::Watchdog;
use crate::{Error, Result, crds, pki};

/// Starts are tried again where someone else took a port between our choice and the program's listening.
const TRIES: u32 = 3;

/// What to start beside etcd and the API server.
#[derive(Clone, Debug)]
pub struct Options {
    definitions: bool,
    flux: bool,
    controller_manager: bool,
    kwok: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            definitions: true,
            flux: true,
            controller_manager: false,
            kwok: false,
        }
    }
}

impl Options {
    /// Whether the definitions of Flux are installed; its controllers do not run without them.
    #[must_use]
    pub const fn definitions(self, definitions: bool) -> Self {
        Self {
            definitions,
            ..self
        }
    }

    /// Whether kustomize-controller and helm-controller run; the definitions are installed without them too.
    #[must_use]
    pub const fn flux(self, flux: bool) -> Self {
        Self { flux, ..self }
    }

    /// Whether kube-controller-manager runs: without it namespaces are not emptied, owners not followed, Deployments make no pods.
    #[must_use]
    pub const fn controller_manager(self, controller_manager: bool) -> Self {
        Self {
            controller_manager,
            ..self
        }
    }

    /// Whether kwok plays the kubelet on every node object that a test makes.
    #[must_use]
    pub const fn kwok(self, kwok: bool) -> Self {
        Self { kwok, ..self }
    }

    /// Finds or builds the tools and starts them.
    pub fn start(&self) -> Result<ControlPlane> {
        // All that may take minutes comes first: nothing runs while Go builds.
        for tool in self.tools() {
            tool.path()?;
        }
        let definitions = if self.definitions {
            crds::paths()?
        } else {
            Vec::new()
        };
        let mut tries = 1;
        loop {
            match ControlPlane::try_start(self, &definitions) {
                Err(error) if tries < TRIES && lost_a_port(&error) => {
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    /// The tools that these options need.
    pub fn tools(&self) -> Vec<Tool> {
        let mut tools = vec![Tool::Etcd, Tool::KubeApiserver, Tool::Kubectl];
        if self.flux {
            tools.extend([Tool::KustomizeController, Tool::HelmController]);
        }
        if self.controller_manager {
            tools.push(Tool::KubeControllerManager);
        }
        if self.kwok {
            tools.push(Tool::Kwok);
        }
        tools
    }
}

/// A running control plane; all of it ends with this value, or with the process that holds it.
///
/// It may live in a `static` behind a `OnceLock`, one for a test binary; tests then keep apart by [`ControlPlane::namespace`].
pub struct ControlPlane {
    processes: Stack,
    folder: PathBuf,
    url: String,
    users: Authority,
    webhooks: Authority,
    admin: Kubectl,
    person: Kubectl,
    kustomize_controller: Kubectl,
    helm_controller: Kubectl,
    flux: Flux,
    controller_manager: bool,
    startup: Duration,
    count: AtomicU32,
    // Last: dropped after all others, it removes the folder.
    watchdog: Arc<Watchdog>,
}

impl ControlPlane {
    /// Starts the API server with Flux and without a controller manager: what most tests want.
    pub fn start() -> Result<Self> {
        Options::default().start()
    }

    fn try_start(options: &Options, definitions: &[PathBuf]) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("lockkeeper-")
            .tempdir()
            .map_err(Error::io("making a folder for the control plane"))?
            // The watchdog removes it, also where no destructor runs.
            .keep();
        let watchdog = Arc::new(Watchdog::new(&folder)?);
        keep::on_panic(&folder);
        // Held until the folder is marked: the last one to let go of the watchdog has it removed.
        let held = Arc::clone(&watchdog);
        Self::start_in(options, definitions, folder.clone(), watchdog).inspect_err(|error| {
            if lost_a_port(error) {
                keep::forget(&folder);
            } else {
                keep::now(&folder);
            }
            drop(held);
        })
    }

    fn start_in(
        options: &Options,
        definitions: &[PathBuf],
        folder: PathBuf,
        watchdog: Arc<Watchdog>,
    ) -> Result<Self> {
        let began = Instant::now();
        let mut processes = Stack::default();
        let core = core::start(&folder, &watchdog, &mut processes)?;
        furniture::install(&core.admin, definitions)?;
        let kustomize_controller = core.service_account("kustomize-controller")?;
        let helm_controller = core.service_account("helm-controller")?;
        let person = core.user(furniture::PERSON, None)?;
        let mut controllers = controllers::Controllers {
            core: &core,
            watchdog: &watchdog,
            processes: &mut processes,
        };
        if options.controller_manager {
            controllers.start_manager()?;
        }
        if options.kwok {
            controllers.start_kwok()?;
        }
        if options.flux {
            controllers.start_flux(&[
                (Tool::KustomizeController, &kustomize_controller),
                (Tool::HelmController, &helm_controller),
            ])?;
        }
        let flux = Flux::new(core.admin.clone(), ArtifactServer::start()?);
        Ok(Self {
            processes,
            folder,
            url: core.url,
            users: core.authority,
            webhooks: Authority::new("lockkeeper-testkit webhooks")?,
            admin: core.admin,
            person,
            kustomize_controller,
            helm_controller,
            flux,
            controller_manager: options.controller_manager,
            startup: began.elapsed(),
            count: AtomicU32::new(0),
            watchdog,
        })
    }

    /// kubectl as the cluster's admin (group `system:masters`).
    pub fn admin(&self) -> &Kubectl {
        &self.admin
    }

    /// kubectl as `jane`, a person who may do all with Flux's objects, pods, claims and maps, and nothing else.
    pub fn person(&self) -> &Kubectl {
        &self.person
    }

    /// kubectl as Flux's kustomize-controller, by a token of its service account.
    pub fn kustomize_controller(&self) -> &Kubectl {
        &self.kustomize_controller
    }

    /// kubectl as Flux's helm-controller, by a token of its service account.
    pub fn helm_controller(&self) -> &Kubectl {
        &self.helm_controller
    }

    /// kubectl as another user, who may do nothing until a test binds a role to them.
    pub fn user(&self, name: &str, group: Option<&str>) -> Result<Kubectl> {
        core::user(
            &self.users,
            &self.folder,
            &self.url,
            &self.admin,
            name,
            group,
        )
    }

    /// kubectl as a service account, made where there is none, by a token as its pod would have it. It may do nothing
    /// until a test binds a role to it.
    pub fn service_account(&self, namespace: &str, name: &str) -> Result<Kubectl> {
        let account = format!(
            "{{ apiVersion: v1, kind: ServiceAccount, metadata: {{ name: {name}, namespace: {namespace} }} }}"
        );
        self.admin.send(Way::ServerSide, &account)?.ok()?;
        core::service_account(
            &self.users,
            &self.folder,
            &self.url,
            &self.admin,
            namespace,
            name,
        )
    }

    /// The API server's process, to pause it, to kill it, to start it again.
    pub fn api_server(&self) -> ApiServer<'_> {
        ApiServer {
            process: &self.processes[core::API_SERVER],
            admin: &self.admin,
        }
    }

    /// Flux's part: commits, charts and what becomes of them.
    pub fn flux(&self) -> &Flux {
        &self.flux
    }

    /// Makes a namespace of its own for a test and returns its name: `<prefix>-<number>`.
    pub fn namespace(&self, prefix: &str) -> Result<String> {
        let name = format!("{prefix}-{}", self.count.fetch_add(1, Ordering::Relaxed));
        self.admin.run(&["create", "namespace", &name])?.ok()?;
        if !self.controller_manager {
            furniture::default_account(&self.admin, &name)?;
        }
        Ok(name)
    }

    /// Starts a caller's server beside the control plane, its log in [`ControlPlane::folder`]; it ends with the returned value.
    pub fn run(&self, name: &str, command: Command) -> Result<Process> {
        Process::start(name, command, &self.folder, &self.watchdog)
    }

    /// A serving certificate for a webhook on 127.0.0.1 by an authority of the webhooks' own, as files.
    pub fn webhook_certificate(&self, name: &str) -> Result<Files> {
        self.webhooks
            .server_files(&["127.0.0.1", "localhost"], &self.folder.join(name))
    }

    /// The authority of the certificate by which the API server shows itself to webhooks that ask for one; it is called
    /// [`WEBHOOK_CLIENT`] there.
    pub fn webhook_client_authority(&self) -> PathBuf {
        self.folder.join("api-ca.crt")
    }

    /// Registers webhooks (YAML of webhook configurations), removed again when the returned value is dropped.
    ///
    /// All tests of a binary share the API server: a configuration should select its own test's namespace.
    pub fn register(&self, configurations: &str) -> Result<Registered<'_>> {
        self.admin.send(Way::ServerSide, configurations)?.ok()?;
        Ok(Registered {
            admin: &self.admin,
            configurations: configurations.to_owned(),
        })
    }

    /// The API server's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where logs, kubeconfigs and data lie. `<name>.log` is a process's log, `audit.log` the API server's audit.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The processes of the control plane, etcd first.
    pub fn processes(&self) -> &Stack {
        &self.processes
    }

    /// How long the start took, builds not counted.
    pub fn startup(&self) -> Duration {
        self.startup
    }
}

/// The API server of a [`ControlPlane`], for tests of what becomes of others without it. etcd goes on meanwhile.
#[derive(Clone, Copy)]
pub struct ApiServer<'p> {
    process: &'p Process,
    admin: &'p Kubectl,
}

impl<'p> ApiServer<'p> {
    /// Kills it as a crash would; connections to it are refused from now on.
    pub fn kill(self) {
        self.process.kill();
    }

    /// Lets it stand still until the returned value is dropped: connections are taken, and nobody answers.
    pub fn pause(self) -> Result<Paused<'p>> {
        self.process.pause()
    }

    /// Starts it again on the same port and waits until it is ready.
    pub fn restart(self) -> Result<()> {
        self.process.restart()?;
        core::await_ready(self.process, self.admin)
    }
}

/// Whether a program ended as someone else listens where it wanted to.
fn lost_a_port(error: &Error) -> bool {
    matches!(error, Error::Ended { tail, .. } if tail.contains("address already in use"))
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.processes.stop();
        keep::forget(&self.folder);
    }
}

/// Webhook configurations that a test has registered.
pub struct Registered<'a> {
    admin: &'a Kubectl,
    configurations: String,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        // Where the API server is gone, so are they.
        let _ = self.admin.run_with(
            &["delete", "--ignore-not-found", "-f", "-"],
            &self.configurations,
        );
    }
}
