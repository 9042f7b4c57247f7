//! A policy that breaks behind our back: its last good form stays in force, and everybody is told.

use lockkeeper_control_plane::{binary, plane};
use lockkeeper_testkit::kubectl::condition;
use lockkeeper_testkit::wait;
use serde_json::{Value, json};

use crate::{
    SOON, alone, apply, await_allowed, await_reason, delete, is_allowed, message, metric, milder,
    namespace, place,
};

const BROKEN: &str = "lockkeeper_policies_broken{kind=\"ReleasePolicy\"}";

#[test]
fn what_breaks_stays_as_it_last_was_good_and_what_is_deleted_does_not() {
    let alone = alone();
    let lockkeeper = &alone.stage.lockkeeper;
    let namespace = namespace("broken");
    apply("ReleasePolicy", "", "broken", &milder(&namespace)).expect_accepted();
    await_allowed(lockkeeper, &namespace, true);

    // No webhook reviews policies here, and the definition cannot know all names.
    let mut wrong = milder(&namespace);
    wrong["rules"]["unpined-image"] = json!({ "action": "deny" });
    apply("ReleasePolicy", "", "broken", &wrong).expect_accepted();
    let object = await_reason("releasepolicy", "", "broken", "Invalid");
    let told = message(&object);
    for words in [
        "/spec/rules/unpined-image",
        "`unpinned-image`",
        "last good one stays",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(condition(&object, "Ready").expect("one")["status"], "False");
    assert_eq!(metric(lockkeeper, BROKEN), Some(1.0));
    let ready = lockkeeper.get("/readyz?verbose");
    assert!(ready.contains("200 OK"), "{ready}");
    assert!(
        ready.contains("[-]policies broken: ReleasePolicy broken: /spec/rules/unpined-image"),
        "{ready}"
    );
    assert!(lockkeeper.get("/readyz").ends_with("ok\n"));
    assert!(is_allowed(lockkeeper, &namespace), "the last good one");

    apply("ReleasePolicy", "", "broken", &milder(&namespace)).expect_accepted();
    await_reason("releasepolicy", "", "broken", "InForce");
    assert_eq!(metric(lockkeeper, BROKEN), Some(0.0));

    apply("ReleasePolicy", "", "broken", &wrong).expect_accepted();
    await_reason("releasepolicy", "", "broken", "Invalid");
    delete("releasepolicy", "", "broken");
    await_allowed(lockkeeper, &namespace, false);
    // Made again as it is, it never was good.
    apply("ReleasePolicy", "", "broken", &wrong).expect_accepted();
    let object = await_reason("releasepolicy", "", "broken", "Invalid");
    assert!(
        message(&object).contains("never was good"),
        "{}",
        message(&object)
    );
    assert!(!is_allowed(lockkeeper, &namespace));
}

/// A definition that takes anything, as one of another version may.
fn permissive() -> String {
    let printed = binary::run(&["crds"]);
    let read = plane()
        .admin()
        .run_with(
            &["create", "--dry-run=client", "-o", "json", "-f", "-"],
            &printed,
        )
        .expect("kubectl")
        .expect_accepted();
    let documents = serde_json::Deserializer::from_str(&read.stdout).into_iter::<Value>();
    let mut items: Vec<Value> = documents
        .map(|document| document.expect("JSON"))
        .flat_map(|document| match document["items"].as_array() {
            Some(items) => items.clone(),
            None => vec![document],
        })
        .collect();
    for definition in &mut items {
        let schema = &mut definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        *schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    }
    json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}

#[test]
fn a_definition_that_takes_anything_hides_no_good_policy_behind_a_bad_one() {
    let alone = alone();
    let lockkeeper = &alone.stage.lockkeeper;
    let namespace = namespace("permissive");
    let replace = |definitions: &str| {
        let flags = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        let sent = plane().admin().run_with(&flags, definitions);
        sent.expect("kubectl").expect_accepted();
    };
    replace(&permissive());
    wait::until("the permissive definition", SOON, || {
        let sent = apply("ReleasePolicy", "", "nonsense", &json!(7));
        sent.success().then_some(()).ok_or(sent.stderr)
    })
    .expect("it takes anything");
    apply("ReleasePolicy", "", "good", &milder(&namespace)).expect_accepted();
    await_allowed(lockkeeper, &namespace, true);
    let there = plane().admin().wait(
        place("releasepolicy", "", "nonsense"),
        "its status",
        SOON,
        |object| condition(object, "Ready").is_some_and(|ready| ready["reason"] == "Invalid"),
    );
    assert!(message(&there.expect("its status")).contains("never was good"));
    delete("releasepolicy", "", "nonsense");
    replace(&binary::run(&["crds"]));
    await_reason("releasepolicy", "", "good", "InForce");
}

#[test]
fn a_lost_api_server_leaves_the_policies_as_they_were() {
    let alone = alone();
    let lockkeeper = &alone.stage.lockkeeper;
    let namespace = namespace("lost");
    apply("ReleasePolicy", "", "lost", &milder(&namespace)).expect_accepted();
    await_allowed(lockkeeper, &namespace, true);
    plane().api_server().kill();
    for _ in 0..20 {
        assert!(is_allowed(lockkeeper, &namespace));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    plane().api_server().restart().expect("it comes back");
    // What changed afterwards is noticed again.
    wait::until("the API server", lockkeeper_control_plane::PATIENCE, || {
        let deleted = plane()
            .admin()
            .run(&["delete", "releasepolicy", "lost", "--ignore-not-found"])
            .expect("kubectl");
        deleted.success().then_some(()).ok_or(deleted.stderr)
    })
    .expect("it answers");
    await_allowed(lockkeeper, &namespace, false);
}
