//! Any pod, any requests: what comes out keeps Kubernetes' rules of mounts, and what was there.

use std::collections::BTreeSet;

use lockkeeper::model::Pointer;
use lockkeeper::mounts::{MountPath, Plan, Pod, Request, Size, Tmpfs, When, plan};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

/// Paths that lie in each other's way, in the spellings that the API server takes.
const PATHS: [&str; 18] = [
    "/tmp",
    "/tmp/",
    "//tmp",
    "tmp",
    "/tmp/.",
    "/tmp/a",
    "/tmp/a/b",
    "/x/../tmp",
    "/run",
    "/var/run",
    "/var/run/secrets/kubernetes.io/serviceaccount",
    "/var",
    "/var/lock",
    "/run/lock",
    "/",
    "/config",
    "/config/cache",
    "/tmpfs",
];

/// Paths as they can be asked for.
const WANTED: [&str; 8] = [
    "/tmp",
    "/tmp/a",
    "/run",
    "/var/run",
    "/var/lock",
    "/config",
    "/config/cache",
    "/new//path",
];

const VOLUMES: [&str; 6] = [
    "data",
    "tmpfs-tmp",
    "tmpfs-app-tmp",
    "tmpfs-web-run",
    "x",
    "y",
];

fn tmpfs() -> impl Strategy<Value = Tmpfs> {
    let size = select(&["1Mi", "64Mi", "1Gi", "1048576"][..]);
    (select(&WANTED[..]), size, any::<bool>()).prop_map(|(path, size, shared)| Tmpfs {
        path: MountPath::parse(path).expect("a path"),
        size: Size::parse(size).expect("a size"),
        shared,
    })
}

#[derive(Clone, Debug)]
struct Asks {
    only: Option<&'static str>,
    when: When,
    mounts: Vec<Tmpfs>,
    convert: bool,
}

fn asks(can_convert: bool) -> impl Strategy<Value = Asks> {
    (
        prop::option::of(select(&["app", "web", "wait"][..])),
        select(&[When::Always, When::ReadOnlyRootFilesystem][..]),
        prop::collection::vec(tmpfs(), 0..4),
        any::<bool>(),
    )
        .prop_map(move |(only, when, mounts, convert)| Asks {
            only,
            when,
            mounts,
            convert: convert && can_convert,
        })
}

fn volume(name: &str, kind: usize) -> Value {
    let source = match kind {
        0 => json!({"emptyDir": {}}),
        1 => json!({"emptyDir": {"medium": "Memory", "sizeLimit": "2Mi"}}),
        2 => json!({"emptyDir": {"sizeLimit": "5Mi"}}),
        3 => json!({"persistentVolumeClaim": {"claimName": "x"}}),
        4 => json!({"projected": {"sources": []}, "unknown": {"kept": [1, 2.5, null]}}),
        _ => json!({}),
    };
    let mut volume = source.as_object().cloned().unwrap_or_default();
    volume.insert("name".to_owned(), json!(name));
    Value::Object(volume)
}

/// A container with mounts of `volumes` at paths that Kubernetes takes together.
fn container(name: &'static str, volumes: Vec<String>) -> impl Strategy<Value = Value> {
    let mounts = prop::collection::vec((select(&PATHS[..]), any::<Index>(), any::<bool>()), 0..4);
    let limit = prop::option::of(select(&["16Mi", "2Gi", "nonsense"][..]));
    (mounts, any::<bool>(), 0..3_usize, limit).prop_map(move |(mounts, has_list, root, limit)| {
        let mut container =
            json!({"name": name, "image": "example.com/app:1", "unknown": {"a": ["b"]}});
        let mut places = BTreeSet::new();
        let list: Vec<Value> = mounts
            .iter()
            .filter(|(path, ..)| !volumes.is_empty() && places.insert(normal(path)))
            .map(|(path, index, is_part)| {
                let mut mount =
                    json!({"name": index.get(&volumes), "mountPath": path, "readOnly": true});
                if *is_part {
                    mount["subPath"] = json!("part");
                }
                mount
            })
            .collect();
        if has_list || !list.is_empty() {
            container["volumeMounts"] = Value::Array(list);
        }
        match root {
            0 => {}
            1 => container["securityContext"] = json!({"readOnlyRootFilesystem": true}),
            _ => container["securityContext"] = json!({"readOnlyRootFilesystem": false}),
        }
        if let Some(limit) = limit {
            container["resources"] = json!({"limits": {"memory": limit}});
        }
        container
    })
}

fn pods() -> impl Strategy<Value = Value> {
    let volumes = prop::collection::btree_map(select(&VOLUMES[..]), 0..6_usize, 0..5);
    let annotation = prop::option::of(select(&["/tmp=1Mi,/run=3Mi", "/new=1Mi,bad", "on"][..]));
    (volumes, any::<bool>(), annotation).prop_flat_map(|(volumes, has_list, annotation)| {
        let names: Vec<String> = volumes.keys().map(|name| (*name).to_owned()).collect();
        let list: Vec<Value> = volumes
            .iter()
            .map(|(name, kind)| volume(name, *kind))
            .collect();
        let one = |name| container(name, names.clone());
        (one("app"), one("web"), prop::option::of(one("wait"))).prop_map(move |(app, web, wait)| {
            let mut pod = json!({
                    "apiVersion": "v1", "kind": "Pod", "status": {"phase": "Pending"},
                    "metadata": {"name": "app", "annotations": {"other": "x"}},
                    "spec": {"containers": [app, web], "unknown": {"kept": true},
                             "ephemeralContainers": [{"name": "debug"}]}});
            if let Some(wait) = wait {
                pod["spec"]["initContainers"] = json!([wait]);
            }
            if has_list || !list.is_empty() {
                pod["spec"]["volumes"] = Value::Array(list.clone());
            }
            if let Some(annotation) = annotation {
                pod["metadata"]["annotations"]["lockkeeper.dev/tmpfs"] = json!(annotation);
            }
            pod
        })
    })
}

/// Anything, with the words that are looked for in the most unlikely places.
fn anything() -> impl Strategy<Value = Value> {
    let words = &[
        "containers",
        "initContainers",
        "volumes",
        "volumeMounts",
        "volumeDevices",
        "name",
        "mountPath",
        "subPath",
        "devicePath",
        "emptyDir",
        "medium",
        "sizeLimit",
        "securityContext",
        "readOnlyRootFilesystem",
        "resources",
        "limits",
        "memory",
        "os",
        "nodeSelector",
        "terminationMessagePath",
    ][..];
    let texts = &[
        "/tmp",
        "/tmp/..",
        "app",
        "Memory",
        "",
        "64Mi",
        "windows",
        "tmpfs-tmp",
        "/run=1Mi",
        "é",
    ][..];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        select(texts).prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(select(words).prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn planned(pod: &Value, asks: &[Asks]) -> Plan {
    let fits: Vec<_> = asks
        .iter()
        .map(|asks| |name: &str| asks.only.is_none_or(|only| only == name))
        .collect();
    let requests: Vec<Request<'_>> = asks
        .iter()
        .zip(&fits)
        .map(|(asks, fits)| Request {
            source: "a policy",
            containers: fits,
            when: asks.when,
            mounts: &asks.mounts,
            convert: asks.convert,
        })
        .collect();
    plan(&Pod::admitted(pod, &Pointer::root()), &requests)
}

fn patched(pod: &Value, asks: &[Asks]) -> Value {
    let mut after = pod.clone();
    json_patch::patch(&mut after, &planned(pod, asks).patch).expect("the patch fits");
    after
}

/// The path as the kubelet and the runtime see it.
fn normal(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/"))
}

fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of.get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    list(&pod["spec"], "initContainers")
        .iter()
        .chain(list(&pod["spec"], "containers"))
}

/// Kubernetes' rules: ValidateVolumes and ValidateVolumeMounts, and no two mounts at one place.
fn assert_valid(pod: &Value) {
    let mut volumes = BTreeSet::new();
    for volume in list(&pod["spec"], "volumes") {
        let name = text(volume, "name");
        assert!(volumes.insert(name), "the volume {name} is there twice");
        let is_label = (1..=63).contains(&name.len())
            && !name.starts_with('-')
            && !name.ends_with('-')
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        assert!(is_label, "{name} is no DNS label");
    }
    for container in containers(pod) {
        let mut places = BTreeSet::new();
        for mount in list(container, "volumeMounts") {
            let (name, path) = (text(mount, "name"), text(mount, "mountPath"));
            assert!(volumes.contains(name), "there is no volume {name}");
            assert!(places.insert(normal(path)), "{path} is mounted twice");
        }
    }
}

/// Takes out what is new in `after`; a list that was made for it goes with it.
fn without_new(before: &Value, after: &Value) -> Value {
    let kept = |before: &Value, after: &mut Map<String, Value>, key: &str| match before.get(key) {
        None => drop(after.remove(key)),
        Some(old) => {
            let count = old.as_array().map_or(0, Vec::len);
            if let Some(list) = after.get_mut(key).and_then(Value::as_array_mut) {
                list.truncate(count);
            }
        }
    };
    let mut result = after.clone();
    let spec = result["spec"].as_object_mut().expect("a map");
    kept(&before["spec"], spec, "volumes");
    for key in ["initContainers", "containers"] {
        let lists = spec.get_mut(key).and_then(Value::as_array_mut);
        for (index, container) in lists.into_iter().flatten().enumerate() {
            let old = &before["spec"][key][index];
            kept(
                old,
                container.as_object_mut().expect("a map"),
                "volumeMounts",
            );
        }
    }
    result
}

/// Every mount that is new lies neither within nor around one that was there.
fn assert_nothing_is_shadowed(before: &Value, after: &Value) {
    let within = |inner: &str, outer: &str| {
        inner == outer || inner.starts_with(&format!("{}/", outer.trim_end_matches('/')))
    };
    for (old, new) in containers(before).zip(containers(after)) {
        let (old, new) = (list(old, "volumeMounts"), list(new, "volumeMounts"));
        for added in &new[old.len()..] {
            let added = normal(text(added, "mountPath"));
            for there in old {
                let there = normal(text(there, "mountPath"));
                assert!(
                    !within(&added, &there) && !within(&there, &added),
                    "{added} and {there}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_patched_pod_is_valid_and_a_second_pass_is_empty(
        pod in pods(), asks in prop::collection::vec(asks(true), 0..3)
    ) {
        let after = patched(&pod, &asks);
        assert_valid(&after);
        assert_nothing_is_shadowed(&pod, &after);
        prop_assert_eq!(planned(&after, &asks).patch.len(), 0);
    }

    #[test]
    fn what_was_added_can_be_taken_out_and_nothing_else_has_changed(
        pod in pods(), asks in prop::collection::vec(asks(false), 0..3)
    ) {
        let after = patched(&pod, &asks);
        prop_assert_eq!(without_new(&pod, &after), pod);
    }

    #[test]
    fn whatever_comes_the_patch_fits_and_a_second_pass_is_empty(
        spec in anything(), containers in prop::collection::vec(anything(), 0..3), is_pod in any::<bool>(),
        asks in prop::collection::vec(asks(true), 0..3)
    ) {
        let mut pod = json!({"metadata": {"annotations": {"lockkeeper.dev/tmpfs": "/a=1Mi,/tmp=2Mi"}}, "spec": spec});
        if let (Some(spec), true) = (pod["spec"].as_object_mut(), is_pod) {
            spec.insert("containers".to_owned(), json!(containers));
        }
        let after = patched(&pod, &asks);
        prop_assert_eq!(planned(&after, &asks).patch.len(), 0);
    }

    #[test]
    fn every_wish_is_given_already_there_or_told(pod in pods(), asks in asks(false)) {
        let plan = planned(&pod, std::slice::from_ref(&asks));
        let mut after = pod.clone();
        json_patch::patch(&mut after, &plan.patch).expect("the patch fits");
        for container in containers(&after) {
            let name = text(container, "name");
            let root = &container["securityContext"]["readOnlyRootFilesystem"];
            let is_meant = asks.only.is_none_or(|only| only == name)
                && (asks.when == When::Always || *root == json!(true));
            for wanted in asks.mounts.iter().filter(|_| is_meant) {
                let path = wanted.path.as_str();
                let covered = list(container, "volumeMounts").iter().any(|mount| {
                    lockkeeper::mounts::covers(text(mount, "mountPath"), path)
                });
                let told = format!("`{path}` gets no tmpfs in container `{name}`");
                prop_assert!(
                    covered || plan.warnings.iter().any(|warning| warning.starts_with(&told)),
                    "{} in {}: {:?}", path, name, plan.warnings
                );
            }
        }
    }
}
