//! The life of a release of the Helm chart: installed, upgraded without losing what Lockkeeper wrote, removed in an order
//! that blocks nobody.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockkeeper_control_plane::account::audit;
use lockkeeper_control_plane::helm::{Helm, chart, packed};
use lockkeeper_control_plane::{CONFIGURATIONS, plane};
use lockkeeper_testkit::kubectl::{Target, Way, target};
use serde_json::{Value, json};

fn helm() -> &'static Helm {
    static HELM: OnceLock<Helm> = OnceLock::new();
    HELM.get_or_init(|| Helm::on(plane()))
}

/// A release with its own names for what belongs to the whole cluster.
struct Release {
    name: String,
    /// Of `helm install` and `helm upgrade`.
    ways: [&'static [&'static str]; 2],
}

impl Release {
    fn helm(&self, command: &str, way: &[&str], values: &[&str]) {
        let chart = chart();
        // The definitions are the cluster's: of its releases one alone could bring them.
        let without = "--set=crds.install=false";
        let base = [
            command,
            &self.name,
            &chart,
            "--namespace",
            &self.name,
            without,
        ];
        helm()
            .run(&[&base[..], way, values].concat())
            .expect_accepted();
    }

    fn read(&self, place: Target<'_>) -> Value {
        let found = plane().admin().get(place).expect("kubectl");
        found.unwrap_or_else(|| panic!("{place} is not there"))
    }

    fn ca_secret(&self) -> String {
        format!("{}-ca", self.name)
    }

    /// What Lockkeeper writes into the objects of the chart, in the way in which it writes.
    fn written(&self) -> Vec<Value> {
        let mut written = Vec::new();
        for kind in CONFIGURATIONS {
            let found = self.read(target(kind, "", &self.name));
            for webhook in found["webhooks"].as_array().expect("webhooks") {
                written.push(webhook["clientConfig"]["caBundle"].clone());
            }
        }
        let secret = self.ca_secret();
        written.push(self.read(target("secret", &self.name, &secret))["data"].clone());
        written.push(self.read(target("lease", &self.name, &self.name))["spec"].clone());
        written
    }

    fn write(&self) {
        let files = plane()
            .webhook_certificate(&self.name)
            .expect("a certificate");
        let authority = std::fs::read(&files.authority).expect("a file");
        let bundle = STANDARD.encode(authority);
        let send = |way, object: &Value| {
            let output = plane().admin().send(way, &object.to_string());
            output.expect("kubectl").expect_accepted();
        };
        for kind in CONFIGURATIONS {
            let found = self.read(target(kind, "", &self.name));
            let webhooks = found["webhooks"].as_array().expect("webhooks");
            let patch: Vec<_> = (0..webhooks.len())
                .map(|index| json!({ "op": "add", "path": format!("/webhooks/{index}/clientConfig/caBundle"), "value": bundle }))
                .collect();
            let patch = json!(patch).to_string();
            let manager = "--field-manager=lockkeeper-certificates";
            let arguments = [
                "patch",
                kind,
                &self.name,
                "--type=json",
                manager,
                "-p",
                &patch,
            ];
            let patched = plane().admin().run(&arguments);
            patched.expect("kubectl").expect_accepted();
        }
        let mut secret = self.read(target("secret", &self.name, &self.ca_secret()));
        secret["data"] = json!({ "ca.crt": bundle });
        send(Way::Replace, &secret);
        let mut lease = self.read(target("lease", &self.name, &self.name));
        lease["spec"] = json!({ "holderIdentity": "a-pod", "leaseDurationSeconds": 15 });
        send(Way::Replace, &lease);
    }

    fn lives(&self) {
        let plane = plane();
        plane
            .admin()
            .run(&["create", "namespace", &self.name])
            .expect("kubectl")
            .expect_accepted();
        let [install, upgrade] = self.ways;
        self.helm("install", install, &[]);
        // The API server gives a Lease without a spec an empty one.
        let written = self.written();
        let nothing = |value: &Value| value.is_null() || *value == json!({});
        assert!(written.iter().all(nothing), "not written yet: {written:?}");
        self.write();
        let written = self.written();
        assert!(written.iter().all(|value| !value.is_null()), "{written:?}");

        self.helm(
            "upgrade",
            upgrade,
            &["--set=replicas=3", "--set=webhooks.podScope=all"],
        );
        assert_eq!(self.written(), written, "after an upgrade");
        self.helm(
            "upgrade",
            upgrade,
            &["--set=webhooks.failurePolicy.releases=Ignore"],
        );
        assert_eq!(self.written(), written, "after another one");
        let found = self.read(target(CONFIGURATIONS[0], "", &self.name));
        assert_eq!(
            found["webhooks"][0]["failurePolicy"], "Ignore",
            "it was an upgrade"
        );
        let deployment = self.read(target("deployment", &self.name, &self.name));
        assert_eq!(deployment["spec"]["replicas"], 2, "values are not kept");
        helm()
            .run(&["rollback", &self.name, "1", "--namespace", &self.name])
            .expect_accepted();
        assert_eq!(self.written(), written, "after a rollback");
    }

    /// What `helm uninstall` deletes, in its order.
    fn uninstalled(&self) -> Vec<String> {
        let from = audit(plane()).len();
        helm()
            .run(&["uninstall", &self.name, "--namespace", &self.name])
            .expect_accepted();
        audit(plane())[from..]
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| {
                line["verb"] == "delete"
                    && line["userAgent"]
                        .as_str()
                        .is_some_and(|agent| agent.contains("elm"))
            })
            .filter(|line| {
                let object = &line["objectRef"];
                let name = object["name"].as_str().unwrap_or_default();
                object["namespace"] == self.name.as_str() || name == self.name
            })
            .map(|line| {
                line["objectRef"]["resource"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }
}

fn release(name: &str, ways: [&'static [&'static str]; 2]) -> Release {
    Release {
        name: name.to_owned(),
        ways,
    }
}

/// Helm 4 applies on the server.
#[test]
fn an_upgrade_keeps_what_lockkeeper_wrote() {
    release("lockkeeper-applied", [&[], &[]]).lives();
}

/// Helm 3, and Helm 4 where a release was made by it.
#[test]
fn an_upgrade_that_patches_on_the_client_keeps_it_too() {
    release(
        "lockkeeper-patched",
        [&["--server-side=false"], &["--server-side=false"]],
    )
    .lives();
}

#[test]
fn an_upgrade_keeps_it_when_helm_changes_its_way() {
    release(
        "lockkeeper-changed",
        [&["--server-side=false"], &["--server-side=true"]],
    )
    .lives();
}

/// So that nothing waits for a Lockkeeper that is going. No hook does it: Helm deletes kinds in a fixed order.
#[test]
fn the_webhooks_go_first_and_nothing_stays() {
    let release = release("lockkeeper-removed", [&[], &[]]);
    release.lives();
    let order = release.uninstalled();
    let place = |resource: &str| {
        let found = order.iter().position(|other| other == resource);
        found.unwrap_or_else(|| panic!("no {resource} in {order:?}"))
    };
    assert_eq!(order[..2], CONFIGURATIONS, "{order:?}");
    assert!(place("services") < place("deployments"), "{order:?}");
    assert!(place("deployments") < place("clusterroles"), "{order:?}");
    assert!(place("deployments") < place("secrets"), "{order:?}");
    for kind in [
        "validatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
        "clusterroles",
        "clusterrolebindings",
        "roles",
        "rolebindings",
        "deployments",
        "services",
        "serviceaccounts",
        "secrets",
        "leases",
        "configmaps",
        "poddisruptionbudgets",
    ] {
        let selector = "--selector=app.kubernetes.io/instance=lockkeeper-removed";
        let left = plane()
            .admin()
            .run(&["get", kind, "--all-namespaces", "-o", "name", selector])
            .expect("kubectl")
            .expect_accepted();
        assert_eq!(left.stdout, "", "{kind}");
    }
}

/// Helm's folder `crds` would never be upgraded; templates are, and stay when the chart goes.
#[test]
fn an_upgrade_brings_the_definitions_of_its_version_and_loses_no_policy() {
    const DEFINITION: &str = "releasepolicies.lockkeeper.dev";
    let name = "lockkeeper-defined";
    let admin = plane().admin();
    // One that knows a name less.
    let older = packed("0.0.9", |file, text| match file {
        "files/crds.yaml" => text.replace("    - releasepol\n", ""),
        _ => text,
    });
    let path = plane().folder().join("lockkeeper-0.0.9.tgz");
    std::fs::write(&path, older.pack().expect("a chart")).expect("a file");
    let (older, chart) = (path.to_string_lossy(), chart());
    let run = |arguments: &[&str]| {
        let place = ["--namespace", name];
        helm().run(&[arguments, &place].concat()).expect_accepted()
    };
    let definition = || {
        let found = admin.get(target("customresourcedefinition", "", DEFINITION));
        found.expect("kubectl").expect("a definition")
    };
    let short = || definition()["spec"]["names"]["shortNames"].clone();
    let policy = || {
        let found = admin.get(target(DEFINITION, "", "stored"));
        found.expect("kubectl").expect("a policy")
    };
    for way in ["--server-side=true", "--server-side=false"] {
        run(&["install", name, &older, "--create-namespace", way]);
        assert_eq!(short(), json!(["rpol"]), "{way}");
        let wait = ["wait", "--for=condition=Established", "--timeout=60s"];
        let crd = format!("customresourcedefinition/{DEFINITION}");
        let output = admin.run(&[&wait[..], &[&crd]].concat());
        output.expect("kubectl").expect_accepted();
        let object = json!({
            "apiVersion": "lockkeeper.dev/v1alpha1", "kind": "ReleasePolicy", "metadata": { "name": "stored" },
            "spec": { "rules": { "missing-tmpfs": { "action": "off" } } },
        });
        let sent = admin.send(Way::ServerSide, &object.to_string());
        sent.expect("kubectl").expect_accepted();
        let before = policy();
        run(&["upgrade", name, &chart, way]);
        assert_eq!(short(), json!(["rpol", "releasepol"]), "{way}");
        run(&["uninstall", name]);
        assert_eq!(definition()["metadata"].get("deletionTimestamp"), None);
        assert_eq!(policy(), before, "{way}");
        for plural in ["releasepolicies", "tmpfspolicies", "exemptions"] {
            let name = format!("{plural}.lockkeeper.dev");
            let output = admin.run(&["delete", "customresourcedefinition", &name]);
            output.expect("kubectl").expect_accepted();
        }
    }
}

/// What the chart's README warns of: Helm then sends the objects whole, and what the chart does not render is gone.
#[test]
fn a_forced_replacement_keeps_nothing() {
    let by_client: &[&str] = &["--server-side=false"];
    let release = release("lockkeeper-forced", [by_client, by_client]);
    release.lives();
    let before = release.written();
    release.helm("upgrade", &["--server-side=false", "--force-replace"], &[]);
    let after = release.written();
    for (before, after) in before.iter().zip(&after) {
        assert!(!before.is_null() && before != after, "{before} {after}");
    }
}
