//! The webhook of policies: what is wrong is refused with its place, and while nobody answers nothing is.

use lockkeeper_control_plane::account::Account;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::{PATIENCE, binary, plane};
use lockkeeper_testkit::wait;
use serde_json::json;

use crate::{alone, apply, milder, namespace};

#[test]
fn what_is_wrong_is_refused_while_somebody_answers_and_nothing_is_blocked_when_nobody_does() {
    let _alone = alone();
    let namespace = namespace("reviewed");
    let account = Account::new(plane(), "reviewer");
    let reviewer = Lockkeeper::start_with(plane(), "reviewer", &[&account.flag(), "--drain=0s"]);
    let authority = reviewer.files().authority.to_string_lossy().into_owned();
    let printed = binary::webhooks(&["--url", reviewer.url(), "--ca-file", &authority]);
    let configurations =
        lockkeeper_control_plane::lockkeeper::confined(plane(), &printed, &namespace);
    let _registered = lockkeeper_control_plane::lockkeeper::register(plane(), &configurations);
    let mut wrong = milder(&namespace);
    wrong["rules"]["unpined-image"] = json!({});
    let refused = wait::until("the webhook to be called", PATIENCE, || {
        let sent = apply("ReleasePolicy", "", "reviewed", &wrong);
        if sent.success() {
            Err(sent.to_string())
        } else {
            Ok(sent.stderr)
        }
    })
    .expect("a refusal");
    for words in [
        "admission webhook \"policies.lockkeeper.dev\" denied the request",
        "/spec/rules/unpined-image",
        "did you mean `unpinned-image`?",
    ] {
        assert!(refused.contains(words), "{words}: {refused}");
    }
    // What has no effect is told.
    let exemption = json!({ "rules": ["unpinned-chart"], "releases": ["*"], "reason": "moving", "expiresAt": "2099-01-01" });
    let sent = apply("Exemption", &namespace, "reviewed", &exemption).expect_accepted();
    assert!(sent.stderr.contains("no ReleasePolicy opens"), "{sent}");
    apply("ReleasePolicy", "", "reviewed", &milder(&namespace)).expect_accepted();
    // Nobody answers: the change that mends everything must not wait.
    reviewer.process().kill();
    apply("ReleasePolicy", "", "reviewed", &wrong).expect_accepted();
    apply("ReleasePolicy", "", "reviewed", &milder(&namespace)).expect_accepted();
}
