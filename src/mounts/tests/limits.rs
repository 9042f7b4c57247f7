//! Pods that somebody made to be slow: what they cost grows with them and not with their square.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

fn of(containers: &[Value]) -> Value {
    json!({"metadata": {}, "spec": {"containers": containers}})
}

#[test]
fn no_pod_costs_its_square() {
    let most = 256;
    let names = |name: &dyn Fn(usize) -> String, count: usize| -> Vec<Value> {
        (0..count)
            .map(|number| json!({"name": name(number)}))
            .collect()
    };
    let mut same = of(&names(&|_| "a".to_owned(), most));
    let entries: Vec<String> = (0..64).map(|number| format!("/a{number}=1Mi")).collect();
    same["metadata"]["annotations"] = json!({(KEY): entries.join(",")});
    let mut clashing = of(&names(&|_| "a".to_owned(), most));
    let volumes: Vec<Value> = (0..50_000)
        .map(|number| json!({"name": format!("tmpfs-a-tmp-{number}")}))
        .collect();
    clashing["spec"]["volumes"] = json!(volumes);
    let mut joining = of(&names(&|number| format!("a{number}"), most));
    joining["spec"]["volumes"] = json!([{"name": "tmpfs-tmp", "emptyDir": {"medium": "Memory"}}]);
    let many: Vec<Value> = (0..20_000)
        .map(|number| json!({"name": "tmpfs-tmp", "mountPath": format!("/x{number}")}))
        .collect();
    joining["spec"]["containers"][0]["volumeMounts"] = json!(many);
    let mut asking = of(&names(&|_| "a".to_owned(), 1));
    let entries: Vec<String> = (0..50_000).map(|number| format!("/{number}=1")).collect();
    asking["metadata"]["annotations"] = json!({(KEY): entries.join(",")});
    for shared in [false, true] {
        let mounts = [tmpfs("/tmp", "64Mi", shared)];
        for (case, pod) in [&same, &clashing, &joining, &asking]
            .into_iter()
            .enumerate()
        {
            let start = Instant::now();
            let plan = planned(pod, &[request("a", &mounts)]);
            // Unoptimised this takes a fraction of a second; by the square it took minutes.
            let took = start.elapsed();
            assert!(took < Duration::from_secs(30), "case {case}: {took:?}");
            assert!(!plan.patch.is_empty(), "case {case}");
        }
    }
}

#[test]
fn only_so_many_entries_of_the_annotation_are_heeded() {
    for (count, expected) in [(64, 0), (65, 1)] {
        let mut pod = pod(&json!({}));
        let entries: Vec<String> = (0..count).map(|number| format!("/a{number}=1Mi")).collect();
        pod["metadata"]["annotations"] = json!({(KEY): entries.join(",")});
        let told = planned(&pod, &[]).warnings;
        assert_eq!(told.len(), expected, "{told:?}");
        assert!(
            told.iter()
                .all(|told| told.contains("more than 64 entries"))
        );
        let after = patched(&pod, &[]);
        assert_eq!(after["spec"]["volumes"].as_array().map(Vec::len), Some(64));
    }
}

#[test]
fn a_pod_of_absurdly_many_containers_is_left_and_that_is_told() {
    let mounts = [tmpfs("/tmp", "64Mi", false)];
    let many = |count: usize| {
        let containers: Vec<Value> = (0..count)
            .map(|number| json!({"name": format!("c{number}")}))
            .collect();
        of(&containers)
    };
    patched(&many(256), &[request("a", &mounts)]);
    let told = untouched(&many(257), &[request("a", &mounts)]);
    assert_eq!(
        told,
        ["nothing is mounted in a pod of more than 256 containers"]
    );
    assert_eq!(untouched(&many(257), &[]), [""; 0]);
}
