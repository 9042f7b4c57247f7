//! The Helm chart and `deploy`, by the real helm and the real API server: what they render, and what is refused.
//!
//! Nothing is installed here: its webhooks would be asked about what the other tests send. See `chart_lives`.

mod definitions;
mod deploy;
mod pods;
mod rendered;
mod schema;
mod webhooks;

use std::sync::OnceLock;

use lockkeeper_control_plane::helm::Helm;
use lockkeeper_testkit::kubectl::Way;
use lockkeeper_testkit::{ControlPlane, Options, crds};

fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| {
        let plane = Options::default()
            .flux(false)
            .start()
            .expect("the control plane starts");
        for path in crds::optional().expect("definitions") {
            let text = std::fs::read_to_string(path).expect("a definition");
            let output = plane.admin().send(Way::ServerSide, &text);
            output.expect("kubectl").expect_accepted();
        }
        let wait = ["wait", "--for=condition=Established", "--timeout=60s"];
        let all = ["customresourcedefinitions", "--all"];
        let output = plane.admin().run(&[&wait[..], &all].concat());
        output.expect("kubectl").expect_accepted();
        plane
    })
}

fn helm() -> &'static Helm {
    static HELM: OnceLock<Helm> = OnceLock::new();
    HELM.get_or_init(|| Helm::on(plane()))
}
