//! Pods by example: who gets a tmpfs, and who keeps what there is.

mod limits;
mod requests;

use serde_json::{Value, json};

use super::*;
use crate::model::Pointer;

fn tmpfs(path: &str, size: &str, shared: bool) -> Tmpfs {
    Tmpfs {
        path: MountPath::parse(path).expect("a path"),
        size: Size::parse(size).expect("a size"),
        shared,
    }
}

fn request<'a>(source: &'a str, mounts: &'a [Tmpfs]) -> Request<'a> {
    Request {
        source,
        containers: &|_| true,
        when: When::Always,
        mounts,
        convert: false,
    }
}

fn planned(pod: &Value, requests: &[Request<'_>]) -> Plan {
    plan(&Pod::admitted(pod, &Pointer::root()), requests)
}

/// The pod after the patch; a second pass must find nothing to do.
fn patched(pod: &Value, requests: &[Request<'_>]) -> Value {
    let plan = planned(pod, requests);
    let mut after = pod.clone();
    json_patch::patch(&mut after, &plan.patch).expect("the patch fits");
    let again = planned(&after, requests);
    assert!(again.patch.is_empty(), "a second pass: {:?}", again.patch);
    after
}

fn untouched(pod: &Value, requests: &[Request<'_>]) -> Vec<String> {
    let plan = planned(pod, requests);
    assert!(plan.patch.is_empty(), "{:?}", plan.patch);
    plan.warnings
}

fn pod(container: &Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"},
        "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]}});
    for (key, value) in container.as_object().expect("a map") {
        pod["spec"]["containers"][0][key] = value.clone();
    }
    pod
}

fn mounted(path: &str) -> Value {
    let mut pod = pod(&json!({"volumeMounts": [{"name": "there", "mountPath": path}]}));
    pod["spec"]["volumes"] = json!([{"name": "there", "emptyDir": {}}]);
    pod
}

#[test]
fn absent_lists_are_made_and_nothing_else_is_touched() {
    let mounts = [tmpfs("/tmp", "64Mi", false), tmpfs("/run", "1Mi", false)];
    let plan = planned(&pod(&json!({})), &[request("a", &mounts)]);
    assert_eq!(
        serde_json::to_value(&plan.patch).expect("JSON"),
        json!([
            {"op": "add", "path": "/spec/volumes", "value": [
                {"name": "tmpfs-app-run", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
                {"name": "tmpfs-app-tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}]},
            {"op": "add", "path": "/spec/containers/0/volumeMounts", "value": [
                {"name": "tmpfs-app-run", "mountPath": "/run"},
                {"name": "tmpfs-app-tmp", "mountPath": "/tmp"}]},
        ])
    );
    assert_eq!(plan.warnings, [""; 0]);
}

#[test]
fn lists_that_are_there_are_appended_to() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    let plan = planned(&mounted("/config"), &[request("a", &mounts)]);
    assert_eq!(
        serde_json::to_value(&plan.patch).expect("JSON"),
        json!([
            {"op": "add", "path": "/spec/volumes/-", "value":
                {"name": "tmpfs-app-tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}},
            {"op": "add", "path": "/spec/containers/0/volumeMounts/-", "value":
                {"name": "tmpfs-app-tmp", "mountPath": "/tmp"}},
        ])
    );
}

#[test]
fn init_containers_and_sidecars_get_theirs_and_ephemeral_ones_do_not() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    let mut pod = pod(&json!({}));
    pod["spec"]["initContainers"] =
        json!([{"name": "wait"}, {"name": "proxy", "restartPolicy": "Always"}]);
    pod["spec"]["ephemeralContainers"] = json!([{"name": "debug"}]);
    let after = patched(&pod, &[request("a", &mounts)]);
    let names: Vec<_> = after["spec"]["volumes"]
        .as_array()
        .expect("volumes")
        .iter()
        .map(|volume| volume["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(
        names,
        ["tmpfs-wait-tmp", "tmpfs-proxy-tmp", "tmpfs-app-tmp"]
    );
    for (list, index) in [
        ("initContainers", 0),
        ("initContainers", 1),
        ("containers", 0),
    ] {
        let mounts = &after["spec"][list][index]["volumeMounts"];
        assert_eq!(mounts.as_array().map(Vec::len), Some(1), "{list} {index}");
    }
    assert_eq!(
        after["spec"]["ephemeralContainers"],
        json!([{"name": "debug"}])
    );
}

#[test]
fn what_is_at_or_above_the_path_is_left_without_a_word() {
    let mounts = [tmpfs("/var/run", "1Mi", false)];
    for path in [
        "/var/run",
        "/var/run/",
        "//var/./run",
        "var/run",
        "/var/x/../run",
        "/var",
        "/",
        "/run",
        "/run/.",
    ] {
        let told = untouched(&mounted(path), &[request("a", &mounts)]);
        assert_eq!(told, [""; 0], "{path}");
    }
    let mut part = mounted("/var");
    part["spec"]["containers"][0]["volumeMounts"][0]["subPath"] = json!("var");
    untouched(&part, &[request("a", &mounts)]);
    let device = pod(&json!({"volumeDevices": [{"name": "disk", "devicePath": "/var/run"}]}));
    untouched(&device, &[request("a", &mounts)]);
    let message = pod(&json!({"terminationMessagePath": "/var/run"}));
    untouched(&message, &[request("a", &mounts)]);
}

#[test]
fn what_is_below_the_path_is_not_shadowed_and_that_is_told() {
    let mounts = [tmpfs("/var/run", "1Mi", false)];
    for path in ["/var/run/app", "/run/app/x", "/var/run/a/../b"] {
        let told = untouched(&mounted(path), &[request("a", &mounts)]);
        assert_eq!(
            told,
            [format!(
                "`/var/run` gets no tmpfs in container `app`: `{path}` is mounted within it"
            )]
        );
    }
    let token = "/var/run/secrets/kubernetes.io/serviceaccount";
    let told = untouched(&mounted(token), &[request("a", &mounts)]);
    assert!(told[0].ends_with("`automountServiceAccountToken: false` leaves that out"));
    // A file that the kubelet mounts last may lie within.
    let message = pod(&json!({"terminationMessagePath": "/var/run/message"}));
    patched(&message, &[request("a", &mounts)]);
    // Neighbours are no mounts below.
    for path in ["/var/running", "/var/lib"] {
        let after = patched(&mounted(path), &[request("a", &mounts)]);
        assert_eq!(after["spec"]["volumes"][1]["name"], "tmpfs-app-var-run");
    }
}

#[test]
fn a_token_that_the_api_server_will_mount_counts_as_there() {
    let mounts = [tmpfs("/var/run", "1Mi", false)];
    let root = Pointer::root();
    let to_come = |pod: &Value| {
        let pod = Pod {
            token_to_come: true,
            ..Pod::admitted(pod, &root)
        };
        plan(&pod, &[request("a", &mounts)]).patch.is_empty()
    };
    let mut pod = pod(&json!({}));
    assert!(to_come(&pod));
    pod["spec"]["automountServiceAccountToken"] = json!(false);
    assert!(!to_come(&pod));
}

#[test]
fn an_inner_path_needs_no_tmpfs_of_its_own() {
    let mounts = [
        tmpfs("/tmp/cache", "1Mi", false),
        tmpfs("/tmp", "64Mi", false),
    ];
    let after = patched(&pod(&json!({})), &[request("a", &mounts)]);
    assert_eq!(after["spec"]["volumes"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        after["spec"]["containers"][0]["volumeMounts"][0]["mountPath"],
        "/tmp"
    );
}

#[test]
fn an_empty_dir_on_disk_is_left_unless_it_shall_be_converted() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    let convert = || Request {
        convert: true,
        ..request("a", &mounts)
    };
    for (volume, expected) in [
        (json!({}), json!({"medium": "Memory", "sizeLimit": "64Mi"})),
        (
            json!({"medium": ""}),
            json!({"medium": "Memory", "sizeLimit": "64Mi"}),
        ),
        (
            Value::Null,
            json!({"medium": "Memory", "sizeLimit": "64Mi"}),
        ),
        (
            json!({"sizeLimit": "1Mi"}),
            json!({"medium": "Memory", "sizeLimit": "64Mi"}),
        ),
        (
            json!({"sizeLimit": "1Gi"}),
            json!({"medium": "Memory", "sizeLimit": "1Gi"}),
        ),
        (
            json!({"sizeLimit": "65536Ki"}),
            json!({"medium": "Memory", "sizeLimit": "65536Ki"}),
        ),
    ] {
        let mut pod = mounted("/tmp");
        pod["spec"]["volumes"][0]["emptyDir"] = volume.clone();
        untouched(&pod, &[request("a", &mounts)]);
        let after = patched(&pod, &[convert()]);
        assert_eq!(
            after["spec"]["volumes"][0]["emptyDir"], expected,
            "{volume}"
        );
        assert_eq!(after["spec"]["containers"], pod["spec"]["containers"]);
    }
    for volume in [
        json!({"name": "there", "emptyDir": {"medium": "Memory"}}),
        json!({"name": "there", "emptyDir": {"medium": "HugePages"}}),
        json!({"name": "there", "configMap": {"name": "x"}}),
        json!({"name": "another", "emptyDir": {}}),
    ] {
        let mut pod = mounted("/tmp");
        pod["spec"]["volumes"][0] = volume;
        untouched(&pod, &[convert()]);
    }
    let mut part = mounted("/tmp");
    part["spec"]["containers"][0]["volumeMounts"][0]["subPath"] = json!("tmp");
    untouched(&part, &[convert()]);
    untouched(&mounted("/"), &[convert()]);
}

#[test]
fn windows_mirrors_and_pods_that_say_off_are_left_alone() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    for (pointer, value, expected) in [
        ("/spec/os", json!({"name": "windows"}), Exempt::Windows),
        (
            "/spec/nodeSelector",
            json!({"kubernetes.io/os": "windows"}),
            Exempt::Windows,
        ),
        (
            "/spec/securityContext",
            json!({"windowsOptions": {"hostProcess": true}}),
            Exempt::Windows,
        ),
        (
            "/metadata/annotations",
            json!({"kubernetes.io/config.mirror": "x"}),
            Exempt::Mirror,
        ),
        ("/metadata/annotations", json!({(KEY): "off"}), Exempt::Off),
        ("/metadata/labels", json!({(KEY): "off"}), Exempt::Off),
    ] {
        let mut pod = pod(&json!({}));
        let (above, key) = pointer.rsplit_once('/').expect("a pointer");
        pod.pointer_mut(above).expect("a map")[key] = value;
        let plan = planned(&pod, &[request("a", &mounts)]);
        assert_eq!((plan.exempt, plan.patch.is_empty()), (Some(expected), true));
    }
    let mut linux = pod(&json!({}));
    linux["spec"]["os"] = json!({"name": "linux"});
    patched(&linux, &[request("a", &mounts)]);
}

#[test]
fn what_no_pod_looks_like_is_left_as_it_is() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    for pod in [
        json!(null),
        json!({}),
        json!({"spec": []}),
        json!({"spec": {"containers": {}}}),
        json!({"spec": {"containers": [null, "a", []]}}),
        json!({"spec": {"containers": [{"name": "a"}], "volumes": {}}}),
        json!({"spec": {"containers": [{"name": "a", "volumeMounts": "x"}]}}),
    ] {
        untouched(&pod, &[request("a", &mounts)]);
    }
    // A null is no list yet.
    let mut nulls = pod(&json!({"volumeMounts": null}));
    nulls["spec"]["volumes"] = Value::Null;
    patched(&nulls, &[request("a", &mounts)]);
}

#[test]
fn the_patch_of_a_template_begins_at_the_template() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    let template = pod(&json!({}));
    let at = Pointer::root().join("spec").join("template");
    let plan = plan(&Pod::admitted(&template, &at), &[request("a", &mounts)]);
    let paths: Vec<_> = plan
        .patch
        .iter()
        .map(|operation| operation.path().to_string())
        .collect();
    assert_eq!(
        paths,
        [
            "/spec/template/spec/volumes",
            "/spec/template/spec/containers/0/volumeMounts"
        ]
    );
}
