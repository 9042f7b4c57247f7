//! Single pods, however they come.

use lockkeeper_control_plane::objects;
use lockkeeper_testkit::kubectl::{Way, target};
use serde_json::{Value, json};

use crate::{Ground, create, dry_run, plane, put, spec, stored, twin};

/// A pod with an init container, a native sidecar, and a container that can write to its root.
fn several(namespace: &str, name: &str) -> Value {
    let mut pod = objects::pod(namespace, name);
    let read_only = json!({ "readOnlyRootFilesystem": true });
    pod["spec"]["initContainers"] = json!([
        { "name": "wait", "image": "registry.invalid/wait:1", "securityContext": read_only },
        { "name": "proxy", "image": "registry.invalid/proxy:1", "restartPolicy": "Always", "securityContext": read_only },
    ]);
    let writable = json!({ "name": "web", "image": "registry.invalid/web:1" });
    pod["spec"]["containers"]
        .as_array_mut()
        .expect("a list")
        .push(writable);
    pod
}

fn expected(pod: &Value) -> String {
    let mut twin = twin(pod);
    for (name, list, index) in [
        ("wait", "initContainers", 0),
        ("proxy", "initContainers", 1),
        ("app", "containers", 0),
    ] {
        put(
            &mut twin,
            &format!("tmpfs-{name}-tmp"),
            "64Mi",
            &[(list, index, "/tmp")],
        );
    }
    spec(&twin)
}

#[test]
fn a_pod_is_stored_as_it_was_meant_however_it_is_sent() {
    let ground = Ground::new("sent");
    for (number, way) in [Way::Create, Way::Apply, Way::ServerSide]
        .into_iter()
        .enumerate()
    {
        let name = format!("app-{number}");
        let pod = several(&ground.namespace, &name);
        let output = plane().person().send(way, &pod.to_string());
        let output = output.expect("kubectl").expect_accepted();
        assert!(!output.stderr.contains("tmpfs"), "{output}");
        assert_eq!(
            spec(&stored(&ground.namespace, &name)),
            expected(&pod),
            "{way:?}"
        );
        // What is applied again changes nothing.
        if way != Way::Create {
            let again = plane().person().send(way, &pod.to_string());
            again.expect("kubectl").expect_accepted();
            assert_eq!(
                spec(&stored(&ground.namespace, &name)),
                expected(&pod),
                "{way:?}"
            );
        }
    }
}

#[test]
fn a_dry_run_shows_what_would_be_stored_and_stores_nothing() {
    let ground = Ground::new("dry");
    let pod = several(&ground.namespace, "app");
    assert_eq!(spec(&dry_run(&pod)), expected(&pod));
    let place = target("pod", &ground.namespace, "app");
    assert_eq!(plane().admin().get(place).expect("kubectl"), None);
}

#[test]
fn a_generated_name_is_no_obstacle() {
    let ground = Ground::new("generated");
    let mut pod = several(&ground.namespace, "");
    pod["metadata"] = json!({ "generateName": "generated-", "namespace": ground.namespace });
    let output = create(&pod);
    let name = output
        .stdout
        .split_whitespace()
        .next()
        .and_then(|word| word.strip_prefix("pod/"))
        .expect("a name");
    assert_eq!(spec(&stored(&ground.namespace, name)), expected(&pod));
}

#[test]
fn the_annotation_is_heeded_and_told_of_what_could_not_be() {
    let ground = Ground::new("annotated");
    let mut pod = objects::pod(&ground.namespace, "app");
    pod["metadata"]["annotations"] =
        json!({ "lockkeeper.dev/tmpfs": "/tmp=128Mi,/var/run=1Mi,/cache=1Gi,nonsense" });
    pod["spec"]["containers"][0]["resources"] = json!({ "limits": { "memory": "256Mi" } });
    let output = create(&pod);
    for words in [
        "has the entry `nonsense`, which is left out",
        "disagree on the size of `/tmp`, 64Mi and 128Mi: 128Mi is taken",
        // The account's token is mounted below it.
        "`/var/run` gets no tmpfs in container `app`: `/var/run/secrets/kubernetes.io/serviceaccount`",
        "the tmpfs at `/cache` may hold 1Gi, more than the memory limit",
    ] {
        assert!(output.stderr.contains(words), "{words}: {output}");
    }
    let mut twin = twin(&pod);
    put(
        &mut twin,
        "tmpfs-app-cache",
        "1Gi",
        &[("containers", 0, "/cache")],
    );
    put(
        &mut twin,
        "tmpfs-app-tmp",
        "128Mi",
        &[("containers", 0, "/tmp")],
    );
    assert_eq!(spec(&stored(&ground.namespace, "app")), spec(&twin));
}

#[test]
fn pods_that_say_off_windows_and_mirrors_are_stored_as_they_come() {
    let ground = Ground::new("off");
    let pod = |name: &str| objects::pod(&ground.namespace, name);
    let mut annotated = pod("annotated");
    annotated["metadata"]["annotations"] = json!({ "lockkeeper.dev/tmpfs": "off" });
    let mut labelled = pod("labelled");
    labelled["metadata"]["labels"] = json!({ "lockkeeper.dev/tmpfs": "off" });
    let mut windows = pod("windows");
    windows["spec"]["os"] = json!({ "name": "windows" });
    // No container of it may have a read-only root.
    windows["spec"]["containers"][0]["securityContext"] = json!({});
    windows["metadata"]["annotations"] = json!({ "lockkeeper.dev/tmpfs": "/tmp=1Mi" });
    let mut mirror = pod("mirror");
    mirror["metadata"]["annotations"] = json!({ "kubernetes.io/config.mirror": "x" });
    mirror["spec"]["nodeName"] = json!("nobody");
    mirror["spec"]["automountServiceAccountToken"] = json!(false);
    for pod in [annotated, labelled, windows, mirror] {
        let twin = twin(&pod);
        assert_eq!(
            spec(&dry_run(&pod)),
            spec(&twin),
            "{}",
            pod["metadata"]["name"]
        );
    }
}

#[test]
fn ephemeral_containers_come_later_and_get_nothing() {
    let ground = Ground::new("ephemeral");
    create(&several(&ground.namespace, "app"));
    let before = stored(&ground.namespace, "app");
    let containers = json!([{ "name": "debug", "image": "registry.invalid/debug:1" }]);
    let patch = json!({ "spec": { "ephemeralContainers": containers } }).to_string();
    let path = "--subresource=ephemeralcontainers";
    let arguments = [
        "patch",
        "pod",
        "app",
        "-n",
        &*ground.namespace,
        path,
        "-p",
        &*patch,
    ];
    plane()
        .admin()
        .run(&arguments)
        .expect("kubectl")
        .expect_accepted();
    let mut after = stored(&ground.namespace, "app");
    let added = after["spec"]
        .as_object_mut()
        .and_then(|spec| spec.remove("ephemeralContainers"))
        .expect("it was added");
    assert_eq!(added[0].get("volumeMounts"), None);
    assert_eq!(spec(&after), spec(&before));
}
