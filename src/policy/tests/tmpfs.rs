//! TmpfsPolicies as they are written, and files of several documents.

use serde_json::{Value, json};

use super::*;
use crate::mounts::When;

fn document(spec: &Value) -> Value {
    json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "TmpfsPolicy",
           "metadata": {"name": "scratch"}, "spec": spec})
}

fn spec() -> Value {
    json!({"mounts": [{"path": "/tmp", "sizeLimit": "64Mi"}]})
}

fn read(spec: &Value) -> Policy {
    Policy::from_document(&document(spec)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_left_out_has_its_default() {
    let policy = read(&spec());
    let [tmpfs] = policy.tmpfs().collect::<Vec<_>>()[..] else {
        panic!("one policy")
    };
    assert_eq!(tmpfs.name(), "scratch");
    assert!(tmpfs.pods().is_empty() && tmpfs.namespaces().is_empty());
    let request = tmpfs.request();
    assert_eq!(request.source, "TmpfsPolicy `scratch`");
    assert_eq!(request.when, When::ReadOnlyRootFilesystem);
    assert!((request.containers)("anything") && !request.convert && !request.mounts[0].shared);
    // The rules are the built-in ones.
    assert_eq!(
        action_of(&policy, "unpinned-chart", "games", "romm"),
        Action::Deny
    );
}

#[test]
fn every_key_is_heeded() {
    let policy = read(&json!({
        "podSelector": {"matchLabels": {"app": "romm"}},
        "namespaceSelector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]},
        "containers": ["app", "web-*"], "when": "always", "convertEmptyDir": true,
        "mounts": [{"path": "/tmp/", "sizeLimit": 1_048_576, "shared": true}, {"path": "/run", "sizeLimit": "1Mi"}],
    }));
    let tmpfs = policy.tmpfs().next().expect("a TmpfsPolicy");
    assert!(tmpfs.pods().matches(|_| Some("romm")) && !tmpfs.pods().matches(|_| None));
    assert!(!tmpfs.namespaces().matches(|_| None));
    let request = tmpfs.request();
    let meant = ["app", "web-1", "db"].map(request.containers);
    assert_eq!(meant, [true, true, false]);
    assert_eq!((request.when, request.convert), (When::Always, true));
    let mounts: Vec<_> = request
        .mounts
        .iter()
        .map(|mount| (mount.path.as_str(), mount.size.as_str(), mount.shared))
        .collect();
    assert_eq!(mounts, [("/tmp", "1048576", true), ("/run", "1Mi", false)]);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_nearest_name() {
    let with = |key: &str, value: Value| {
        let mut spec = spec();
        spec[key] = value;
        spec
    };
    let mount = |mount: Value| json!({"mounts": [{"path": "/a", "sizeLimit": "1Mi"}, mount]});
    for (spec, place, words) in [
        (json!({}), "/mounts", "at least one mount"),
        (Value::Null, "", "the spec of a TmpfsPolicy"),
        (
            with("podSelectr", json!({})),
            "/podSelectr",
            "did you mean `podSelector`?",
        ),
        (
            with("when", json!("allways")),
            "/when",
            "did you mean `always`?",
        ),
        (
            with("containers", json!([])),
            "/containers",
            "names no container",
        ),
        (
            with("containers", json!(["a["])),
            "/containers",
            "not a glob",
        ),
        (
            with("podSelector", json!({"matchLabel": {}})),
            "/podSelector/matchLabel",
            "did you mean `matchLabels`?",
        ),
        (
            with(
                "namespaceSelector",
                json!({"matchExpressions": [{"key": "a", "operator": "Exist"}]}),
            ),
            "/namespaceSelector/matchExpressions/0/operator",
            "did you mean `Exists`?",
        ),
        (
            with(
                "namespaceSelector",
                json!({"matchExpressions": [{"key": "a", "operator": "In"}]}),
            ),
            "/namespaceSelector/matchExpressions/0/operator",
            "need `values`",
        ),
        (
            mount(json!({"path": "/tmp"})),
            "/mounts/1",
            "missing field `sizeLimit`",
        ),
        (
            mount(json!({"path": "/tmp", "size": "1Mi"})),
            "/mounts/1/size",
            "did you mean `sizeLimit`?",
        ),
        (
            mount(json!({"path": "tmp", "sizeLimit": "1Mi"})),
            "/mounts/1/path",
            "begins with `/`",
        ),
        (
            mount(json!({"path": "//a/", "sizeLimit": "1Mi"})),
            "/mounts/1/path",
            "`/a` is there twice",
        ),
        (
            mount(json!({"path": "/proc/x", "sizeLimit": "1Mi"})),
            "/mounts/1/path",
            "runtime",
        ),
        (
            mount(json!({"path": "/tmp", "sizeLimit": "64MB"})),
            "/mounts/1/sizeLimit",
            "64Mi",
        ),
        (
            mount(json!({"path": "/tmp", "sizeLimit": 0})),
            "/mounts/1/sizeLimit",
            "more than nothing",
        ),
        (
            mount(json!({"path": "/tmp", "sizeLimit": true})),
            "/mounts/1/sizeLimit",
            "a quantity such as",
        ),
    ] {
        let found = error(&document(&spec));
        assert_eq!(
            found.pointer.as_str(),
            format!("/spec{place}"),
            "{spec}: {found}"
        );
        assert!(found.to_string().contains(words), "{spec}: {found}");
    }
}

#[test]
fn a_kind_that_is_none_is_told_with_the_nearest() {
    let mut wrong = document(&spec());
    wrong["kind"] = json!("TmpfsPolice");
    let found = error(&wrong);
    assert_eq!(found.pointer.as_str(), "/kind");
    assert!(
        found.to_string().ends_with("did you mean `TmpfsPolicy`?"),
        "{found}"
    );
    wrong["kind"] = json!("TmpfsPolicy");
    wrong["apiVersion"] = json!("v1");
    assert_eq!(error(&wrong).pointer.as_str(), "/kind");
}

#[test]
fn a_file_holds_many_documents_and_none_twice() {
    let release = json!({"replacesDefault": true, "rules": {"unpinned-chart": {"action": "warn"}}});
    let named = |name: &str| {
        let mut document = document(&spec());
        document["metadata"]["name"] = json!(name);
        document
    };
    let policy = Policy::from_documents(&[named("a"), release.clone(), named("b")])
        .unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<_> = policy.tmpfs().map(TmpfsPolicy::name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(
        action_of(&policy, "unpinned-chart", "games", "romm"),
        Action::Warn
    );
    assert!(Policy::from_documents([]).is_ok_and(|policy| policy.tmpfs().next().is_none()));
    for (documents, words) in [
        (
            [release.clone(), named("a"), release],
            "a second ReleasePolicy without a name",
        ),
        (
            [named("a"), named("b"), named("a")],
            "a second TmpfsPolicy named `a`",
        ),
    ] {
        let Err(wrong) = Policy::from_documents(&documents) else {
            panic!("accepted")
        };
        assert_eq!(wrong.document, 2);
        assert!(wrong.to_string().contains(words), "{wrong}");
    }
    let mut nameless = document(&spec());
    nameless["metadata"] = json!({});
    let policy = Policy::from_documents([&named("a"), &nameless]);
    let policy = policy.unwrap_or_else(|error| panic!("{error}"));
    let last = policy.tmpfs().last().expect("a TmpfsPolicy");
    assert_eq!(last.request().source, "a TmpfsPolicy without a name");
}
