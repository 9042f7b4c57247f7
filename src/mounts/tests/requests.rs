//! Requests by example: who is meant, who joins whom, and which size is taken.

use serde_json::{Value, json};

use super::*;

#[test]
fn only_containers_that_are_meant_get_one() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    let mut pod = pod(&json!({"securityContext": {"readOnlyRootFilesystem": true}}));
    let more = [
        json!({"name": "web"}),
        json!({"name": "db", "securityContext": {"readOnlyRootFilesystem": false}}),
    ];
    pod["spec"]["containers"]
        .as_array_mut()
        .expect("a list")
        .extend(more);
    let given = |request: Request<'_>| -> Vec<bool> {
        let after = patched(&pod, &[request]);
        let containers = after["spec"]["containers"].as_array().expect("a list");
        containers
            .iter()
            .map(|container| container.get("volumeMounts").is_some())
            .collect()
    };
    let read_only = Request {
        when: When::ReadOnlyRootFilesystem,
        ..request("a", &mounts)
    };
    assert_eq!(given(read_only), [true, false, false]);
    let named = Request {
        containers: &|name| name != "web",
        ..request("a", &mounts)
    };
    assert_eq!(given(named), [true, false, true]);
}

#[test]
fn the_annotation_asks_for_every_container_and_joins_the_policies() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    let mut pod = pod(&json!({}));
    pod["metadata"]["annotations"] = json!({(KEY): "/tmp=128Mi,/cache=1Mi,nonsense"});
    let plan = planned(&pod, &[request("TmpfsPolicy `a`", &mounts)]);
    assert_eq!(
        plan.warnings,
        [
            "the annotation lockkeeper.dev/tmpfs has the entry `nonsense`, which is left out: write a path and a size, such as /tmp=64Mi",
            "TmpfsPolicy `a` and the annotation disagree on the size of `/tmp`, 64Mi and 128Mi: 128Mi is taken, the larger one",
        ]
    );
    let after = patched(&pod, &[request("TmpfsPolicy `a`", &mounts)]);
    assert_eq!(
        after["spec"]["volumes"][1]["emptyDir"]["sizeLimit"],
        "128Mi"
    );
}

#[test]
fn the_larger_of_two_sizes_is_taken_whoever_comes_first() {
    let (small, large) = (
        [tmpfs("/tmp", "1000M", false)],
        [tmpfs("/tmp/", "1Gi", false)],
    );
    for requests in [
        [request("a", &small), request("b", &large)],
        [request("a", &large), request("b", &small)],
    ] {
        let plan = planned(&pod(&json!({})), &requests);
        assert!(
            plan.warnings[0].ends_with("1Gi is taken, the larger one"),
            "{:?}",
            plan.warnings
        );
        assert_eq!(plan.warnings.len(), 1);
        let after = patched(&pod(&json!({})), &requests);
        assert_eq!(after["spec"]["volumes"][0]["emptyDir"]["sizeLimit"], "1Gi");
    }
    let same = [request("a", &small), request("b", &small)];
    assert_eq!(planned(&pod(&json!({})), &same).warnings, [""; 0]);
}

#[test]
fn one_place_in_two_spellings_is_one_wish() {
    let mut pod = pod(&json!({}));
    pod["metadata"]["annotations"] = json!({(KEY): "/run=1Mi,/var/run=64Mi"});
    let plan = planned(&pod, &[]);
    assert_eq!(
        plan.warnings,
        [
            "the annotation and the annotation disagree on the size of `/run` and `/var/run`, one place, 1Mi and 64Mi: 64Mi is taken, the larger one"
        ]
    );
    let after = patched(&pod, &[]);
    let volumes = &after["spec"]["volumes"];
    assert_eq!(volumes.as_array().map(Vec::len), Some(1));
    assert_eq!(volumes[0]["emptyDir"]["sizeLimit"], "64Mi");
    // In a volume at /var there is no link to /run.
    let mut below = mounted("/var");
    below["metadata"]["annotations"] = pod["metadata"]["annotations"].clone();
    let after = patched(&below, &[]);
    assert_eq!(
        after["spec"]["containers"][0]["volumeMounts"][1],
        json!({"name": "tmpfs-app-run", "mountPath": "/run"})
    );
}

#[test]
fn containers_share_one_place_in_two_spellings() {
    let (run, var_run) = (
        [tmpfs("/run", "1Mi", true)],
        [tmpfs("/var/run", "1Mi", true)],
    );
    let mut pod = pod(&json!({}));
    let list = pod["spec"]["containers"].as_array_mut().expect("a list");
    list.push(json!({"name": "web"}));
    let requests = [
        Request {
            containers: &|name| name == "app",
            ..request("a", &run)
        },
        Request {
            containers: &|name| name == "web",
            ..request("b", &var_run)
        },
    ];
    let after = patched(&pod, &requests);
    assert_eq!(after["spec"]["volumes"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        after["spec"]["containers"][1]["volumeMounts"],
        json!([{"name": "tmpfs-run", "mountPath": "/var/run"}])
    );
}

#[test]
fn a_wish_that_a_smaller_tmpfs_swallows_is_told() {
    let told = |inner: &str| {
        let mounts = [
            tmpfs("/tmp", "1Mi", false),
            tmpfs("/tmp/cache", inner, false),
        ];
        planned(&pod(&json!({})), &[request("a", &mounts)]).warnings
    };
    assert_eq!(
        told("1Gi"),
        [
            "`/tmp/cache` of 1Gi lies within the smaller tmpfs at `/tmp`, and gets none of its own: give that one room for both"
        ]
    );
    assert_eq!(told("1Mi"), [""; 0]);
}

#[test]
fn a_shared_one_is_the_same_for_all_who_share_it() {
    let mounts = [tmpfs("/tmp", "64Mi", true)];
    let requests = [request("a", &mounts)];
    let mut pod = pod(&json!({}));
    let list = pod["spec"]["containers"].as_array_mut().expect("a list");
    list.push(json!({"name": "web"}));
    let after = patched(&pod, &requests);
    assert_eq!(after["spec"]["volumes"].as_array().map(Vec::len), Some(1));
    for index in 0..2 {
        let mount = &after["spec"]["containers"][index]["volumeMounts"][0];
        assert_eq!(mount["name"], "tmpfs-tmp");
    }
    // Another webhook adds a container, and the pod comes again.
    let mut later = after;
    let list = later["spec"]["containers"].as_array_mut().expect("a list");
    list.push(json!({"name": "late"}));
    let later = patched(&later, &requests);
    assert_eq!(later["spec"]["volumes"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        later["spec"]["containers"][2]["volumeMounts"][0]["name"],
        "tmpfs-tmp"
    );
}

#[test]
fn a_foreign_volume_of_our_name_is_not_joined() {
    let mounts = [tmpfs("/tmp", "64Mi", true)];
    let mut pod = pod(&json!({}));
    pod["spec"]["volumes"] = json!([{"name": "tmpfs-tmp", "emptyDir": {"medium": "Memory"}}]);
    let after = patched(&pod, &[request("a", &mounts)]);
    assert_eq!(after["spec"]["volumes"][1]["name"], "tmpfs-tmp-2");
}

#[test]
fn names_of_claim_templates_are_taken() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    let (pod, root) = (pod(&json!({})), Pointer::root());
    let view = Pod {
        other_volumes: &["tmpfs-app-tmp"],
        ..Pod::admitted(&pod, &root)
    };
    let plan = plan(&view, &[request("a", &mounts)]);
    assert!(format!("{:?}", plan.patch).contains("tmpfs-app-tmp-2"));
}

#[test]
fn a_size_above_the_memory_limit_is_told() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    let warnings = |memory: &Value| {
        let pod = pod(&json!({"resources": {"limits": {"memory": memory}}}));
        planned(&pod, &[request("a", &mounts)]).warnings
    };
    assert!(warnings(&json!("32Mi"))[0].contains("more than the memory limit of container `app`"));
    assert!(warnings(&json!(1024))[0].contains("memory limit"));
    assert_eq!(warnings(&json!("64Mi")), [""; 0]);
    let mut whole = pod(&json!({}));
    whole["spec"]["resources"] = json!({"limits": {"memory": "32Mi"}});
    assert_eq!(planned(&whole, &[request("a", &mounts)]).warnings.len(), 1);
}
