//! With a right less each rule says which one it misses; nothing fails, and what is granted later is noticed.

use std::time::Duration;

use crate::later::reading;
use crate::provenance::with_password;
use crate::sources::{ranged, referring};
use crate::{AT_ONCE, Verdict, ask, await_verdict, calm, namespace, password, plane, wanting};
use lockkeeper::cluster::{RIGHTS, Right};
use lockkeeper_control_plane::account::Account;
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::objects;
use serde_json::{Value, json};

/// Watches try again every twenty seconds.
const NOTICED: Duration = Duration::from_secs(40);

/// What shows that a right on a resource is missing: an object whose verdict names it.
fn shown_by(namespace: &str, resource: &str) -> Value {
    match resource {
        "persistentvolumeclaims" => wanting(namespace, "app", "data"),
        "configmaps" => {
            let mut release = objects::pinned(namespace, "app");
            release["spec"]["valuesFrom"] = json!([{ "kind": "ConfigMap", "name": "values" }]);
            release
        }
        "ocirepositories" => referring(namespace, "app", "OCIRepository", "source"),
        "helmcharts" => referring(namespace, "app", "HelmChart", "source"),
        "gitrepositories" => {
            let mut release = objects::pinned(namespace, "app");
            release["spec"]["chart"]["spec"]["sourceRef"] =
                json!({ "kind": "GitRepository", "name": "source" });
            release
        }
        "helmreleases" => ranged(namespace, "unnamed"),
        "kustomizations" => {
            let mut release = with_password(namespace, "app", &password("nobody"));
            release["metadata"]["labels"] = json!({
                "kustomize.toolkit.fluxcd.io/name": "app",
                "kustomize.toolkit.fluxcd.io/namespace": namespace,
            });
            release
        }
        "externalsecrets" | "sealedsecrets" => reading(namespace, "app", "app-secret"),
        other => panic!("nothing shows that the right to {other} is missing"),
    }
}

/// Every right but for the watches of kinds that are watched by the same lines of code as another.
fn rights() -> impl Iterator<Item = (&'static Right, &'static str)> {
    let verbs = |right: &'static Right| right.verbs.iter().map(move |verb| (right, *verb));
    // The labels of namespaces are for pods: tests/pods shows what is missed without them. Policies are no facts.
    let judged = RIGHTS
        .iter()
        .filter(|right| right.resource != "namespaces" && right.group != "lockkeeper.dev");
    judged.flat_map(verbs).filter(|(right, verb)| {
        *verb != "watch" || ["persistentvolumeclaims", "ocirepositories"].contains(&right.resource)
    })
}

struct Less {
    lockkeeper: Lockkeeper,
    account: Account,
    object: Value,
    before: Verdict,
}

#[test]
fn a_missing_right_is_named_and_what_is_granted_later_is_noticed() {
    let _calm = calm();
    let namespace = namespace("less");
    let start = |(right, verb): (&'static Right, &'static str)| {
        let object = shown_by(&namespace, right.resource);
        let name = format!("no-{verb}-{}", right.resource);
        let account = Account::with(plane(), &name, |other, has| {
            other.resource != right.resource || has != verb
        });
        // Ready all the same.
        let lockkeeper = Lockkeeper::start_with(plane(), &name, &[&account.flag(), AT_ONCE]);
        let words = format!(
            "Lockkeeper's service account may not {verb} {}",
            right.resource
        );
        let less = Less {
            lockkeeper,
            account,
            object,
            before: Verdict::Allowed,
        };
        (less, words)
    };
    let mut all = Vec::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = rights()
            .map(|verb| scope.spawn(move || start(verb)))
            .collect();
        all.extend(
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic")),
        );
    });
    for (less, words) in &mut all {
        less.before = ask(&less.lockkeeper, &less.object);
        assert!(
            format!("{:?}", less.before).contains(&*words),
            "{words}: {:?}",
            less.before
        );
    }
    for (less, _) in &all {
        less.account.grant(plane(), |_, _| true);
    }
    for (less, words) in &all {
        await_verdict(&less.lockkeeper, &less.object, NOTICED, |verdict| {
            *verdict != less.before && !format!("{verdict:?}").contains(words.as_str())
        });
    }
}
