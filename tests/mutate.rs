//! `lockkeeper mutate`, as people run it.

mod check_cases;

use check_cases::{Ran, Scratch};
use serde_json::{Value, json};

const POLICY: &str = "\
apiVersion: lockkeeper.dev/v1alpha1
kind: TmpfsPolicy
metadata: {name: scratch}
spec:
  when: always
  mounts: [{path: /tmp, sizeLimit: 64Mi}]
";

fn kinds() -> Vec<(&'static str, &'static str, &'static str)> {
    vec![
        ("v1", "Pod", ""),
        ("apps/v1", "Deployment", "/spec/template"),
        ("apps/v1", "StatefulSet", "/spec/template"),
        ("apps/v1", "DaemonSet", "/spec/template"),
        ("apps/v1", "ReplicaSet", "/spec/template"),
        ("batch/v1", "Job", "/spec/template"),
        ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template"),
    ]
}

/// An object of a kind whose pod has one container, with what YAML 1.1 is apt to misread.
fn object(version: &str, kind: &str, place: &str) -> Value {
    let mut pod = json!({"spec": {"containers": [{"name": "app", "image": "example.com/app:1",
        "args": ["yes", "off", "0777", "1e3", "0x1F", "~", "null", "", "1_000", "12:30:45", "# no", "a: b", "=", " x", "line\nline"]}]}});
    for segment in place.rsplit('/').filter(|segment| !segment.is_empty()) {
        pod = json!({ segment: pod });
    }
    pod["apiVersion"] = json!(version);
    pod["kind"] = json!(kind);
    pod["metadata"] = json!({"name": "romm", "annotations": {"note": "on"}});
    pod
}

fn run(scratch: &Scratch, arguments: &[&str]) -> Ran {
    scratch.run(&[&["mutate"], arguments].concat())
}

fn documents(text: &str) -> Vec<Value> {
    lockkeeper::yaml::load(text)
        .into_iter()
        .map(|document| document.expect("YAML").value)
        .collect()
}

#[test]
fn every_kind_that_holds_a_pod_is_patched_in_its_place() {
    let scratch = Scratch::new();
    scratch.write("policy.yaml", POLICY);
    for (version, kind, place) in kinds() {
        let before = object(version, kind, place);
        scratch.write("object.json", &before.to_string());
        let ran = run(&scratch, &["--policy", "policy.yaml", "object.json"]);
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{kind}");
        let mut expected = before.clone();
        let pod = expected.pointer_mut(place).expect("a pod");
        pod["spec"]["volumes"] = json!([{"name": "tmpfs-app-tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}]);
        pod["spec"]["containers"][0]["volumeMounts"] =
            json!([{"name": "tmpfs-app-tmp", "mountPath": "/tmp"}]);
        assert_eq!(documents(&ran.stdout), [expected.clone()], "{kind}");

        // What is printed comes back unchanged, and the patch is the difference.
        scratch.write("again.yaml", &ran.stdout);
        let again = run(&scratch, &["--policy", "policy.yaml", "again.yaml"]);
        assert_eq!(again.stdout, ran.stdout);
        assert!(again.stderr.contains("is unchanged"), "{}", again.stderr);
        let ran = run(
            &scratch,
            &["--patch", "--policy", "policy.yaml", "object.json"],
        );
        let patch: json_patch::Patch = serde_json::from_str(&ran.stdout).expect("a patch");
        let mut after = before;
        json_patch::patch(&mut after, &patch).expect("it fits");
        assert_eq!(after, expected, "{kind}");
    }
}

#[test]
fn documents_stay_in_their_order_and_others_are_passed_on() {
    let scratch = Scratch::new();
    scratch.write(
        "policy.yaml",
        &POLICY.replace(
            "spec:\n",
            "spec:\n  namespaceSelector: {matchLabels: {tier: lab}}\n",
        ),
    );
    let text = "\
kind: Namespace
apiVersion: v1
metadata: {name: games, labels: {tier: lab}}
---
# nothing
---
kind: Service
apiVersion: v1
metadata: {name: romm}
---
kind: Pod
apiVersion: v1
metadata: {name: in, namespace: games}
spec: {containers: [{name: app}]}
---
kind: Pod
apiVersion: v1
metadata: {name: out, namespace: media}
spec: {containers: [{name: app}]}
---
kind: Pod
apiVersion: v1
metadata: {generateName: no-namespace-}
spec: {containers: [{name: app}]}
";
    scratch.write("all.yaml", text);
    let ran = run(
        &scratch,
        &["--policy", "policy.yaml", "-n", "games", "all.yaml"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let printed = documents(&ran.stdout);
    let before: Vec<Value> = documents(text)
        .into_iter()
        .filter(|value| !value.is_null())
        .collect();
    assert_eq!(printed.len(), before.len());
    let changed: Vec<bool> = printed
        .iter()
        .zip(&before)
        .map(|(new, old)| new != old)
        .collect();
    assert_eq!(changed, [false, false, true, false, true]);
    assert!(
        ran.stderr
            .contains("Pod out: TmpfsPolicy `scratch` is not heeded"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("Pod out is unchanged: nothing else asks for a mount")
    );
    let ran = run(
        &scratch,
        &["--policy", "policy.yaml", "--patch", "all.yaml"],
    );
    let patches = serde_json::Deserializer::from_str(&ran.stdout).into_iter::<Vec<Value>>();
    let sizes: Vec<usize> = patches.map(|patch| patch.expect("a patch").len()).collect();
    assert_eq!(sizes, [2, 0, 0]);
    assert!(
        ran.stderr.contains("Pod no-namespace-: TmpfsPolicy"),
        "{}",
        ran.stderr
    );
}

#[test]
fn without_a_policy_the_annotation_counts() {
    let scratch = Scratch::new();
    let pod = |annotation: &str| {
        format!(
            "kind: Pod\napiVersion: v1\nmetadata: {{name: romm, annotations: {{lockkeeper.dev/tmpfs: \"{annotation}\"}}}}\n\
             spec: {{containers: [{{name: app, resources: {{limits: {{memory: 32Mi}}}}}}]}}\n"
        )
    };
    scratch.write("pod.yaml", &pod("/tmp=64Mi,/var/run=1Mi"));
    let ran = run(&scratch, &["pod.yaml"]);
    assert!(ran.stdout.contains("mountPath: /tmp"), "{}", ran.stdout);
    // The token will be mounted below /var/run.
    assert!(!ran.stdout.contains("mountPath: /var/run"));
    for expected in [
        "warning: Pod romm: `/var/run` gets no tmpfs in container `app`",
        "warning: Pod romm: the tmpfs at `/tmp` may hold 64Mi, more than the memory limit",
    ] {
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
    scratch.write("pod.yaml", &pod("off"));
    let ran = run(&scratch, &["pod.yaml"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("says off"), "{}", ran.stderr);
    assert_eq!(
        documents(&ran.stdout)[0]["metadata"]["annotations"]["lockkeeper.dev/tmpfs"],
        "off"
    );
}

#[test]
fn what_cannot_be_done_is_told_in_one_line() {
    let scratch = Scratch::new();
    scratch.write("service.yaml", "kind: Service\napiVersion: v1\n");
    scratch.write("broken.yaml", "kind: Pod\n  apiVersion: [\n");
    scratch.write("list.yaml", "kind: Pod\n---\n- a\n");
    scratch.write("empty.yaml", "");
    scratch.write("policy.yaml", &POLICY.replace("64Mi", "64MB"));
    for (arguments, expected) in [
        (
            &["service.yaml"][..],
            "service.yaml holds no Pod, Deployment, StatefulSet",
        ),
        (
            &["service.yaml"],
            "; of a HelmRelease, give it what `helm template` renders",
        ),
        (&["empty.yaml"], "empty.yaml holds no Pod"),
        (&["broken.yaml"], "broken.yaml cannot be read: line 2"),
        (&["list.yaml"], "line 2, column 1: expected a map"),
        (&["missing.yaml"], "missing.yaml could not be read"),
        (
            &["service.yaml", "--policy", "policy.yaml"],
            "a quantity such as 64Mi",
        ),
        (
            &["service.yaml", "--policy", "missing.yaml"],
            "missing.yaml could not be read",
        ),
        (&[], "Usage: lockkeeper mutate"),
    ] {
        let ran = run(&scratch, arguments);
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{arguments:?}");
        assert!(
            ran.stderr.contains(expected),
            "{arguments:?}: {}",
            ran.stderr
        );
    }
}
