//! Those who act on what the API server holds: Flux's controllers, and where wanted the controller manager and kwok.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::core::Core;
use super::furniture::FLUX;
use super::{Error, Kubectl, Process, Result, Stack, Tool, Watchdog};
use crate::net::{free_ports, healthy, listens, loopback};
use crate::tools::Go;

/// They wait for the API server's caches; a busy machine is given more than the usual second or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// kwok's own rules by which nodes and pods come to be Ready at once; they lie in its module, not in its binary.
const STAGES: [&str; 5] = [
    "kustomize/stage/node/fast/node-initialize.yaml",
    "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "kustomize/stage/pod/fast/pod-ready.yaml",
    "kustomize/stage/pod/fast/pod-complete.yaml",
    "kustomize/stage/pod/fast/pod-delete.yaml",
];

/// What is needed to start one more.
pub(super) struct Controllers<'a> {
    pub(super) core: &'a Core,
    pub(super) watchdog: &'a Arc<Watchdog>,
    pub(super) processes: &'a mut Stack,
}

impl Controllers<'_> {
    /// Starts Flux's controllers, each as the service account it has in a cluster.
    pub(super) fn start_flux(&mut self, controllers: &[(Tool, &Kubectl)]) -> Result<()> {
        let mut health = Vec::new();
        for (tool, account) in controllers {
            let [metrics, probes] = free_ports()?;
            let mut command = self.command(*tool, account.config())?;
            command.env("RUNTIME_NAMESPACE", FLUX).args([
                // By default they listen on all addresses.
                &format!("--metrics-addr=127.0.0.1:{metrics}"),
                &format!("--health-addr=127.0.0.1:{probes}"),
                "--watch-all-namespaces",
                "--log-level=info",
                "--log-encoding=json",
                // A refused artifact or a failing one is tried again soon: tests wait for it.
                "--http-retry=2",
                "--max-retry-delay=5s",
                "--interval-jitter-percentage=0",
            ]);
            self.processes.push(Process::start(
                tool.name(),
                command,
                &self.core.folder,
                self.watchdog,
            )?);
            health.push(probes);
        }
        // Both start side by side; the wait is for the slower one.
        for (probes, (tool, _)) in health.into_iter().zip(controllers) {
            self.await_ready(*tool, || healthy(loopback(probes), "/readyz"))?;
        }
        Ok(())
    }

    /// Starts the controller manager as an admin.
    pub(super) fn start_manager(&mut self) -> Result<()> {
        let [port] = free_ports()?;
        let core = self.core;
        let config = core.admin.config();
        let mut command = self.command(Tool::KubeControllerManager, config)?;
        command.args([
            format!("--kubeconfig={}", config.display()),
            format!(
                "--service-account-private-key-file={}",
                core.token_key.display()
            ),
            format!(
                "--root-ca-file={}",
                core.folder.join("api-ca.crt").display()
            ),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            format!(
                "--cert-dir={}",
                core.folder.join("kube-controller-manager").display()
            ),
            "--leader-elect=false".to_owned(),
        ]);
        self.processes.push(Process::start(
            Tool::KubeControllerManager.name(),
            command,
            &core.folder,
            self.watchdog,
        )?);
        self.await_ready(Tool::KubeControllerManager, || {
            if listens(loopback(port)) {
                Ok(())
            } else {
                Err("does not listen yet".to_owned())
            }
        })
    }

    /// Starts kwok on all nodes that will be.
    pub(super) fn start_kwok(&mut self) -> Result<()> {
        let [port] = free_ports()?;
        let config = self.core.admin.config();
        let mut command = self.command(Tool::Kwok, config)?;
        for module in Go::folders(&Tool::Kwok.folder(), &["sigs.k8s.io/kwok"])? {
            command.args(STAGES.map(|stage| format!("--config={}", module.join(stage).display())));
        }
        command.args([
            format!("--kubeconfig={}", config.display()),
            "--manage-all-nodes=true".to_owned(),
            // Nodes prove that they live by leases, as kubelets do.
            "--node-lease-duration-seconds=40".to_owned(),
            format!("--server-address=127.0.0.1:{port}"),
        ]);
        self.processes.push(Process::start(
            Tool::Kwok.name(),
            command,
            &self.core.folder,
            self.watchdog,
        )?);
        self.await_ready(Tool::Kwok, || healthy(loopback(port), "/healthz"))
    }

    /// A controller that reaches the API server by `config` and keeps its files to itself: Flux's controllers remove what
    /// they take for a predecessor's leftovers from the temporary folder, which may be another test's.
    fn command(&self, tool: Tool, config: &Path) -> Result<Command> {
        let temporary = self.core.folder.join(format!("{}.tmp", tool.name()));
        std::fs::create_dir_all(&temporary)
            .map_err(Error::io(format!("making {}", temporary.display())))?;
        let mut command = Command::new(tool.path()?);
        command
            .env("KUBECONFIG", config)
            .env("HOME", self.core.folder.join("home"))
            .env("TMPDIR", &temporary)
            .current_dir(&temporary);
        Ok(command)
    }

    fn await_ready(&self, tool: Tool, look: impl FnMut() -> Result<(), String>) -> Result<()> {
        let Some(process) = self
            .processes
            .iter()
            .find(|process| process.name() == tool.name())
        else {
            return Ok(());
        };
        process.ready(&format!("{} to be ready", tool.name()), PATIENCE, look)
    }
}
