//! Only the API server may send reviews, by the certificate that its AdmissionConfiguration names.

use lockkeeper_control_plane::home::Home;
use lockkeeper_control_plane::load::Load;
use lockkeeper_control_plane::lockkeeper::await_refusal;
use lockkeeper_testkit::control_plane::WEBHOOK_CLIENT;
use lockkeeper_testkit::reviewer::Reviewer;
use serde_json::json;

use crate::plane;

#[test]
fn the_api_server_is_answered_by_its_certificate_and_nobody_else_is() {
    let authority = plane().webhook_client_authority().display().to_string();
    let start = |prefix: &str, name: &str| {
        let home = Home::new(plane(), prefix);
        let replica = home.launch("one", &["--client-ca", &authority, "--client-name", name]);
        home.register(&replica);
        replica.await_ready();
        (home, replica)
    };
    let (home, replica) = start("client", WEBHOOK_CLIENT);
    home.await_judged();
    // Whoever comes by hand has no certificate.
    let bundle = home.bundles().remove(0);
    let by_hand = Reviewer::trusting(replica.address(), bundle.as_bytes()).expect("a client");
    assert!(by_hand.validate(&json!({})).is_err());
    // A rotation changes nothing in it.
    let load = Load::start(&home, &[]);
    home.rotate();
    load.end();

    let (home, _replica) = start("stranger", "somebody-else");
    await_refusal(plane(), &home.probe(), "failed calling webhook");
}
