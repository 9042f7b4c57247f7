//! The definitions that `lockkeeper crds` prints, at a real API server: what it takes, what it refuses and where, what
//! it keeps of what it does not know, and what `kubectl get` shows.
//!
//! No Lockkeeper runs here: what is refused is refused by the API server alone.

mod columns;
mod right;
mod unknown;
mod wrong;

use std::sync::OnceLock;

use lockkeeper_control_plane::{binary, plane};
use lockkeeper_testkit::ControlPlane;
use lockkeeper_testkit::kubectl::{Output, Way};
use serde_json::{Value, json};

/// The control plane with the definitions.
fn defined() -> &'static ControlPlane {
    static DEFINED: OnceLock<()> = OnceLock::new();
    DEFINED.get_or_init(|| {
        let printed = binary::run(&["crds"]);
        let output = plane().admin().send(Way::ServerSide, &printed);
        let output = output.expect("kubectl").expect_accepted();
        // What it would rather not have it says as a warning.
        assert_eq!(output.stderr, "", "{output}");
        let wait = ["wait", "--for=condition=Established", "--timeout=60s"];
        let all = [
            "customresourcedefinitions/releasepolicies.lockkeeper.dev",
            "customresourcedefinitions/tmpfspolicies.lockkeeper.dev",
            "customresourcedefinitions/exemptions.lockkeeper.dev",
        ];
        let output = plane().admin().run(&[&wait[..], &all].concat());
        output.expect("kubectl").expect_accepted();
    });
    plane()
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "lockkeeper.dev/v1alpha1",
        "kind": kind,
        "metadata": { "name": name },
        "spec": spec,
    })
}

/// Sends an object, which is not stored.
fn dry_run(kind: &str, spec: &Value) -> Output {
    let object = object(kind, "tried", spec).to_string();
    let sent = defined().admin().send(Way::DryRun, &object);
    sent.expect("kubectl")
}
