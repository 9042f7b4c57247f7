//! What Flux's users and source-controller do: push a commit or a chart, and see what the controllers make of it.
//!
//! No source-controller runs. An archive is served over loopback and written into the status of the source, as
//! source-controller would; from there on the real kustomize-controller and helm-controller act.

use std::time::Duration;

use serde_json::{Value, json};

use crate::archive::{Archive, sha256};
use crate::artifacts::ArtifactServer;
use crate::kubectl::{Kubectl, Output, Target, Way, condition, target};
use crate::{Result, wait};

/// Long enough for a controller that is at work elsewhere; a healthy one takes a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

const GIT_REPOSITORY: &str = "GitRepository";
const OCI_REPOSITORY: &str = "OCIRepository";
const HELM_CHART: &str = "HelmChart";

/// Flux, as far as a test plays it.
#[derive(Debug)]
pub struct Flux {
    kubectl: Kubectl,
    artifacts: ArtifactServer,
}

/// What a controller says of an object once it is done with it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether `Ready` is `True`.
    pub ready: bool,
    /// `Ready`'s reason.
    pub reason: String,
    /// `Ready`'s message, as `flux get` shows it.
    pub message: String,
    /// The whole object.
    pub object: Value,
}

impl Outcome {
    /// Fails the test with reason and message unless the object is Ready.
    #[track_caller]
    pub fn expect_ready(self) -> Self {
        assert!(
            self.ready,
            "should be Ready, is {}: {}",
            self.reason, self.message
        );
        self
    }

    /// Fails the test unless the object is not Ready and its message has these words.
    #[track_caller]
    pub fn expect_failed(self, words: &str) -> Self {
        assert!(
            !self.ready,
            "should have failed, is {}: {}",
            self.reason, self.message
        );
        assert!(
            self.message.contains(words),
            "should have failed with {words:?}, is {}: {}",
            self.reason,
            self.message
        );
        self
    }
}

impl Flux {
    /// Flux on the cluster of `kubectl`, which must be an admin's.
    pub fn new(kubectl: Kubectl, artifacts: ArtifactServer) -> Self {
        Self { kubectl, artifacts }
    }

    /// Pushes a commit: the `GitRepository` of this name, made if there is none, now holds these files. Returns the revision.
    pub fn push(&self, namespace: &str, name: &str, files: &Archive) -> Result<String> {
        let bytes = files.pack()?;
        let revision = format!("main@sha1:{}", &sha256(&bytes)[..40]);
        self.make(&json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": GIT_REPOSITORY,
            "metadata": { "name": name, "namespace": namespace },
            // Nobody fetches it; the name is one that never resolves.
            "spec": { "interval": "1h", "url": "https://git.invalid/fleet.git", "ref": { "branch": "main" } },
        }))?;
        self.publish(target(GIT_REPOSITORY, namespace, name), &revision, bytes)
    }

    /// Pushes a chart as an `OCIRepository` of this name, made if there is none. Returns the revision.
    pub fn push_oci_chart(
        &self,
        namespace: &str,
        name: &str,
        version: &str,
        chart: &Archive,
    ) -> Result<String> {
        let bytes = chart.pack()?;
        let revision = format!("{version}@sha256:{}", sha256(&bytes));
        self.make(&json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": OCI_REPOSITORY,
            "metadata": { "name": name, "namespace": namespace },
            "spec": { "interval": "1h", "url": format!("oci://registry.invalid/charts/{name}"), "ref": { "tag": version } },
        }))?;
        self.publish(target(OCI_REPOSITORY, namespace, name), &revision, bytes)
    }

    /// Gives a chart to the `HelmChart` that helm-controller made for a release with `spec.chart`
    /// (named `<the release's namespace>-<its name>`, in the source's namespace). Returns the revision.
    pub fn push_helm_chart(
        &self,
        namespace: &str,
        name: &str,
        version: &str,
        chart: &Archive,
    ) -> Result<String> {
        let place = target(HELM_CHART, namespace, name);
        self.kubectl
            .wait(place, "to be made by helm-controller", PATIENCE, |_| true)?;
        self.publish(place, version, chart.pack()?)
    }

    /// Applies a `Kustomization` on the `GitRepository` of the same name; `spec` adds to or replaces what is usual.
    pub fn kustomization(&self, namespace: &str, name: &str, spec: &Value) -> Result<Output> {
        let mut whole = json!({
            "interval": "1h",
            "retryInterval": "5s",
            "timeout": "30s",
            "path": "./",
            "prune": true,
            "sourceRef": { "kind": GIT_REPOSITORY, "name": name },
        });
        if let (Some(whole), Some(spec)) = (whole.as_object_mut(), spec.as_object()) {
            whole.extend(spec.clone());
        }
        let object = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": { "name": name, "namespace": namespace },
            "spec": whole,
        });
        self.kubectl.send(Way::ServerSide, &object.to_string())
    }

    /// Waits until kustomize-controller is done with a revision, well or ill.
    pub fn kustomization_outcome(
        &self,
        namespace: &str,
        name: &str,
        revision: &str,
    ) -> Result<Outcome> {
        self.outcome(
            target(
                "kustomizations.kustomize.toolkit.fluxcd.io",
                namespace,
                name,
            ),
            &|object| object["status"]["lastAttemptedRevision"] == revision,
        )
    }

    /// Waits until helm-controller is done with a release as it now is, well or ill; where a chart's version is given, with that.
    pub fn release_outcome(
        &self,
        namespace: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<Outcome> {
        let place = target("helmreleases.helm.toolkit.fluxcd.io", namespace, name);
        self.outcome(place, &|object| {
            // helm-controller adds the digest of an OCI artifact behind a plus sign.
            let attempted = object["status"]["lastAttemptedRevision"]
                .as_str()
                .and_then(|revision| revision.split('+').next());
            version.is_none() || attempted == version
        })
    }

    /// Asks a controller to look again, as `flux reconcile` does; `token` must be one not used before on this object.
    pub fn reconcile(&self, place: Target<'_>, token: &str) -> Result<Output> {
        self.kubectl.patch(
            place,
            "",
            &json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": token } } }),
        )
    }

    fn outcome(&self, place: Target<'_>, concerns: &dyn Fn(&Value) -> bool) -> Result<Outcome> {
        wait::try_until(&format!("{place} to be done"), PATIENCE, || {
            let Some(object) = self.kubectl.get(place)? else {
                return Ok(Err("no such object".to_owned()));
            };
            Ok(outcome_of(&object)
                .filter(|_| concerns(&object))
                .ok_or_else(|| format!("{:#}", object["status"])))
        })
    }

    /// Makes a source unless it exists; what a test has made of an existing one stays.
    fn make(&self, source: &Value) -> Result<()> {
        let metadata = &source["metadata"];
        let [kind, namespace, name] = [&source["kind"], &metadata["namespace"], &metadata["name"]]
            .map(|v| v.as_str().unwrap_or_default());
        if self.kubectl.get(target(kind, namespace, name))?.is_none() {
            self.kubectl
                .send(Way::ServerSide, &source.to_string())?
                .ok()?;
        }
        Ok(())
    }

    fn publish(&self, place: Target<'_>, revision: &str, bytes: Vec<u8>) -> Result<String> {
        let digest = sha256(&bytes);
        let size = bytes.len();
        let path = format!(
            "{}/{}/{}/{digest}.tar.gz",
            place.kind.to_lowercase(),
            place.namespace,
            place.name
        );
        let url = self.artifacts.serve(&path, bytes);
        let source = self
            .kubectl
            .wait(place, "to be there", PATIENCE, |_| true)?;
        // Its value is of no matter to anyone here, but it must be a time.
        let time = &source["metadata"]["creationTimestamp"];
        let generation = &source["metadata"]["generation"];
        let status = json!({
            "observedGeneration": generation,
            "artifact": {
                "path": path, "url": url, "revision": revision, "digest": format!("sha256:{digest}"), "size": size, "lastUpdateTime": time,
            },
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "Succeeded", "message": format!("stored artifact for revision '{revision}'"),
                "observedGeneration": generation, "lastTransitionTime": time,
            }],
        });
        self.kubectl
            .patch(place, "status", &json!({ "status": status }))?
            .ok()?;
        Ok(revision.to_owned())
    }
}

/// What stands in `Ready`, if it is about the object as it now is and not still open.
fn outcome_of(object: &Value) -> Option<Outcome> {
    let generation = &object["metadata"]["generation"];
    let ready = condition(object, "Ready")?;
    let settled = ready["observedGeneration"] == *generation && ready["status"] != "Unknown";
    let text = |field: &str| ready[field].as_str().unwrap_or_default().to_owned();
    settled.then(|| Outcome {
        ready: ready["status"] == "True",
        reason: text("reason"),
        message: text("message"),
        object: object.clone(),
    })
}
