//! Pods of other makers, and pods with everything.

use lockkeeper_control_plane::{PATIENCE, objects};
use lockkeeper_testkit::wait;
use serde_json::{Value, json};

use crate::{Ground, create, dry_run, plane, put, spec, stored, twin};

#[test]
fn the_pods_of_a_replica_set_get_their_mounts() {
    let ground = Ground::new("replicas");
    let namespace = &ground.namespace;
    let mut pod = objects::pod(namespace, "");
    pod["metadata"] = json!({ "labels": { "app": "app" } });
    let set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": { "name": "app", "namespace": namespace },
        "spec": {
            "replicas": 3,
            "selector": { "matchLabels": { "app": "app" } },
            "template": { "metadata": pod["metadata"], "spec": pod["spec"] },
        },
    });
    create(&set);
    let arguments = [
        "get", "pods", "-n", namespace, "-l", "app=app", "-o", "json",
    ];
    let pods = wait::until("three pods", PATIENCE, || {
        let output = plane().admin().run(&arguments).expect("kubectl");
        let list: Value = serde_json::from_str(&output.stdout).expect("JSON");
        match list["items"].as_array() {
            Some(pods) if pods.len() == 3 => Ok(pods.clone()),
            _ => Err(output.to_string()),
        }
    })
    .expect("pods");
    pod["metadata"]["name"] = json!("twin");
    let mut twin = twin(&pod);
    put(
        &mut twin,
        "tmpfs-app-tmp",
        "64Mi",
        &[("containers", 0, "/tmp")],
    );
    for pod in pods {
        assert_eq!(spec(&pod), spec(&twin));
    }
}

/// A source of every kind that the API server takes in a pod.
fn sources() -> Value {
    json!({
        "awsElasticBlockStore": { "volumeID": "x" },
        "azureDisk": { "diskName": "x", "diskURI": "https://x.blob.core.windows.net/x/x.vhd" },
        "azureFile": { "secretName": "x", "shareName": "x" },
        "cephfs": { "monitors": ["192.0.2.1"] },
        "cinder": { "volumeID": "x" },
        "configMap": { "name": "x" },
        "csi": { "driver": "x.example.com" },
        "downwardAPI": { "items": [{ "path": "x", "fieldRef": { "fieldPath": "metadata.name" } }] },
        "emptyDir": {},
        "ephemeral": { "volumeClaimTemplate": { "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } } },
        "fc": { "targetWWNs": ["x"], "lun": 0 },
        "flexVolume": { "driver": "x/x" },
        "flocker": { "datasetName": "x" },
        "gcePersistentDisk": { "pdName": "x" },
        "glusterfs": { "endpoints": "x", "path": "x" },
        "hostPath": { "path": "/x" },
        "image": { "reference": "registry.invalid/x:1" },
        "iscsi": { "targetPortal": "192.0.2.1", "iqn": "iqn.2001-04.com.example:x", "lun": 0 },
        "nfs": { "server": "192.0.2.1", "path": "/x" },
        "persistentVolumeClaim": { "claimName": "x" },
        "photonPersistentDisk": { "pdID": "x" },
        "portworxVolume": { "volumeID": "x" },
        "projected": { "sources": [{ "configMap": { "name": "x" } }] },
        "quobyte": { "registry": "192.0.2.1:7861", "volume": "x" },
        "rbd": { "monitors": ["192.0.2.1"], "image": "x" },
        "scaleIO": { "gateway": "https://192.0.2.1/api", "system": "x", "volumeName": "x", "secretRef": { "name": "x" } },
        "secret": { "secretName": "x" },
        "storageos": { "volumeName": "x" },
        "vsphereVolume": { "volumePath": "[x] x" },
    })
}

#[test]
fn a_pod_with_every_kind_of_volume_keeps_them_all() {
    let ground = Ground::new("kinds");
    let mut pod = objects::pod(&ground.namespace, "app");
    let (mut volumes, mut mounts) = (Vec::new(), Vec::new());
    for (kind, source) in sources().as_object().expect("a map") {
        let name = kind.to_lowercase();
        volumes.push(json!({ "name": name, kind: source }));
        mounts.push(json!({ "name": name, "mountPath": format!("/volumes/{name}") }));
    }
    volumes.push(json!({ "name": "block", "persistentVolumeClaim": { "claimName": "block" } }));
    mounts.push(json!({ "name": "configmap", "mountPath": "/etc/app//config.yaml", "subPath": "config.yaml", "readOnly": true }));
    mounts.push(json!({ "name": "emptydir", "mountPath": "/data", "subPathExpr": "$(POD)", "mountPropagation": "None" }));
    let container = &mut pod["spec"]["containers"][0];
    container["volumeMounts"] = json!(mounts);
    container["volumeDevices"] = json!([{ "name": "block", "devicePath": "/dev/xvda" }]);
    container["env"] = json!([{ "name": "POD", "value": "x" }]);
    pod["spec"]["volumes"] = json!(volumes);
    let mut twin = twin(&pod);
    put(
        &mut twin,
        "tmpfs-app-tmp",
        "64Mi",
        &[("containers", 0, "/tmp")],
    );
    create(&pod);
    let stored = stored(&ground.namespace, "app");
    assert_eq!(spec(&stored), spec(&twin));
    let volumes = stored["spec"]["volumes"].as_array().expect("volumes");
    // Those, the device, the account's token and ours.
    assert_eq!(
        volumes.len(),
        sources().as_object().expect("a map").len() + 3
    );
}

#[test]
fn a_mount_in_the_way_keeps_its_place() {
    let ground = Ground::new("way");
    for path in [
        "/tmp",
        "/tmp/",
        "//tmp",
        "/tmp/inner",
        "/",
        "/x/../tmp",
        "tmp",
    ] {
        let mut pod = objects::pod(&ground.namespace, "app");
        pod["spec"]["volumes"] = json!([{ "name": "there", "emptyDir": {} }]);
        pod["spec"]["containers"][0]["volumeMounts"] =
            json!([{ "name": "there", "mountPath": path }]);
        let twin = twin(&pod);
        assert_eq!(spec(&dry_run(&pod)), spec(&twin), "{path}");
    }
}

#[test]
fn names_that_are_taken_and_long_ones_are_no_obstacle() {
    let ground = Ground::new("names");
    let mut pod = objects::pod(&ground.namespace, "app");
    let long = "a".repeat(63);
    let context = json!({ "readOnlyRootFilesystem": true });
    let other =
        json!({ "name": long, "image": "registry.invalid/app:1", "securityContext": context });
    pod["spec"]["containers"]
        .as_array_mut()
        .expect("a list")
        .push(other);
    pod["spec"]["volumes"] = json!([{ "name": "tmpfs-app-tmp", "emptyDir": {} }]);
    let mut twin = twin(&pod);
    put(
        &mut twin,
        "tmpfs-app-tmp-2",
        "64Mi",
        &[("containers", 0, "/tmp")],
    );
    let cut = format!("tmpfs-{}", "a".repeat(57));
    put(&mut twin, &cut, "64Mi", &[("containers", 1, "/tmp")]);
    create(&pod);
    assert_eq!(spec(&stored(&ground.namespace, "app")), spec(&twin));
}

#[test]
fn an_empty_dir_on_disk_becomes_a_tmpfs_only_where_a_policy_says_so() {
    let ground = Ground::new("convert");
    let mut pod = objects::pod(&ground.namespace, "app");
    pod["spec"]["volumes"] = json!([
        { "name": "work", "emptyDir": {} },
        { "name": "tmp", "emptyDir": { "sizeLimit": "1Gi" } },
    ]);
    pod["spec"]["containers"][0]["volumeMounts"] =
        json!([{ "name": "work", "mountPath": "/work" }, { "name": "tmp", "mountPath": "/tmp" }]);
    assert_eq!(spec(&dry_run(&pod)), spec(&twin(&pod)));
    pod["metadata"]["labels"] = json!({ "convert": "true" });
    let mut twin = twin(&pod);
    twin["spec"]["volumes"][0]["emptyDir"] = json!({ "medium": "Memory", "sizeLimit": "8Mi" });
    create(&pod);
    assert_eq!(spec(&stored(&ground.namespace, "app")), spec(&twin));
}
