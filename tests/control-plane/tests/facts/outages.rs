//! The API server killed, standing still, refusing: each really done to it. Reviews are answered in time, by what the
//! policy says of what cannot be seen, and all is well again without a restart of Lockkeeper.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use crate::{
    DEADLINE, Verdict, alone, another, ask, await_verdict, claim, make, namespace, plane, policy,
    wanting,
};
use lockkeeper_control_plane::PATIENCE;
use lockkeeper_control_plane::account::{Account, audit};
use lockkeeper_control_plane::lockkeeper::Lockkeeper;
use lockkeeper_control_plane::reviews::of_creation;
use lockkeeper_testkit::kubectl::{Way, target};
use lockkeeper_testkit::{net, wait};
use serde_json::{Value, json};

/// Watches come back after a pause that has grown meanwhile; behind a short outage it is a few seconds.
const RECOVERED: Duration = Duration::from_secs(30);

/// Two that differ in what they make of what they cannot see.
struct Pair {
    warns: (Lockkeeper, Account),
    denies: (Lockkeeper, Account),
    /// A release whose claim is there.
    good: Value,
    /// A release whose claim is not.
    bad: Value,
}

impl Pair {
    /// Starts both under names of the test's own.
    fn start(name: &str) -> Self {
        let namespace = namespace(name);
        make(&claim(&namespace, "data")).expect_accepted();
        let denying = policy(&format!("{name}-denies"), "onUnseen: deny\n");
        let pair = Self {
            warns: another(&format!("{name}-warns"), &[]),
            denies: another(&format!("{name}-denies"), &[&denying]),
            good: wanting(&namespace, "good", "data"),
            bad: wanting(&namespace, "bad", "nothing"),
        };
        pair.all_is_well();
        pair
    }

    fn both(&self) -> [&Lockkeeper; 2] {
        [&self.warns.0, &self.denies.0]
    }

    /// The missing claim is denied as missing, by both; waits until it is so.
    #[track_caller]
    fn all_is_well(&self) {
        for lockkeeper in self.both() {
            await_verdict(lockkeeper, &self.bad, RECOVERED, |verdict| {
                verdict.is_denied("claim `nothing` does not exist")
            });
            await_verdict(lockkeeper, &self.good, RECOVERED, |verdict| {
                *verdict == Verdict::Allowed
            });
        }
    }

    /// What the watch knows is still believed; what would be denied could not be read, and is said to be so.
    #[track_caller]
    fn nothing_can_be_read(&self, why: &str) {
        let words = format!(
            "claim `nothing` in namespace `{}` could not be verified: {why}",
            self.bad["metadata"]["namespace"]
                .as_str()
                .unwrap_or_default()
        );
        let verdict = ask(&self.warns.0, &self.bad);
        assert!(verdict.is_warned(&words), "{words}: {verdict:?}");
        let verdict = ask(&self.denies.0, &self.bad);
        assert!(verdict.is_denied(&words), "{words}: {verdict:?}");
        for lockkeeper in self.both() {
            assert_eq!(ask(lockkeeper, &self.good), Verdict::Allowed);
            assert!(
                lockkeeper.get("/readyz").contains("200 OK"),
                "an outage takes nobody out of service"
            );
        }
    }
}

#[test]
fn a_killed_api_server_delays_nobody_and_is_found_again() {
    let _alone = alone();
    let pair = Pair::start("killed");
    plane().api_server().kill();
    pair.nothing_can_be_read("the API server could not be reached");
    plane().api_server().restart().expect("it comes back");
    pair.all_is_well();
    // What came about meanwhile and since is known, by the watch too.
    let namespace = pair.bad["metadata"]["namespace"]
        .as_str()
        .expect("a namespace");
    make(&claim(namespace, "nothing")).expect_accepted();
    for lockkeeper in pair.both() {
        await_verdict(lockkeeper, &pair.bad, RECOVERED, |verdict| {
            *verdict == Verdict::Allowed
        });
        await_whole(lockkeeper);
    }
}

/// Waits until every watch of what is served is whole again.
fn await_whole(lockkeeper: &Lockkeeper) {
    wait::until("the watches to be whole", RECOVERED, || {
        let metrics = lockkeeper.get("/metrics");
        let ages = metrics
            .lines()
            .filter_map(|line| line.strip_prefix("lockkeeper_watch_age_seconds{"))
            .filter(|line| !line.contains("sealedsecrets") && !line.contains("lockkeeper.dev"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        let ages: Vec<f64> = ages.collect();
        // The age of a whole one is that of the last sign of life.
        if ages.len() == 8 && ages.iter().all(|age| (0.0..12.0).contains(age)) {
            Ok(())
        } else {
            Err(metrics)
        }
    })
    .expect("they are");
}

#[test]
fn a_silent_api_server_is_not_waited_for_nor_flooded() {
    let _alone = alone();
    let pair = Pair::start("paused");
    let before = audit(plane()).len();
    let paused = plane().api_server().pause().expect("it stands still");
    let began = Instant::now();
    // A commit that touches everything: fifty releases at once, each with a claim of its own, and fifty with one that
    // all want.
    let herd = |number: usize| {
        let claim = if number < 50 {
            format!("herd-{number}")
        } else {
            "herd".to_owned()
        };
        let namespace = pair.bad["metadata"]["namespace"]
            .as_str()
            .unwrap_or_default();
        wanting(namespace, &format!("herd-{number}"), &claim)
    };
    std::thread::scope(|scope| {
        for number in 0..100 {
            let object = herd(number);
            let lockkeeper = &pair.warns.0;
            scope.spawn(move || {
                let response = lockkeeper.validate(&of_creation(&object));
                let verdict = Verdict::of(&response);
                assert!(
                    verdict
                        .is_warned("could not be verified: the API server did not answer in time"),
                    "{verdict:?}"
                );
            });
        }
    });
    for number in 0..100 {
        let namespace = herd(number)["metadata"]["namespace"].clone();
        let namespace = namespace.as_str().unwrap_or_default();
        let logged = pair.warns.0.reviews(namespace, &format!("herd-{number}"));
        let micros = logged[0]["micros"].as_u64().expect("a number");
        let took = Duration::from_micros(micros);
        assert!(took < DEADLINE, "{took:?}");
    }
    assert!(pair.warns.0.get("/readyz").contains("200 OK"));
    std::thread::sleep(Duration::from_secs(3).saturating_sub(began.elapsed()));
    drop(paused);
    pair.all_is_well();
    let asked = pair.warns.1.asked(plane(), before);
    let reads = asked
        .iter()
        .filter(|(verb, resource)| verb == "get" && resource == "persistentvolumeclaims")
        .count();
    assert!(
        reads <= 40,
        "{reads} reads reached the API server: {asked:?}"
    );
    let log = pair.warns.0.log();
    assert!(!log.contains("panic"), "{log}");
}

#[test]
fn a_refusing_api_server_is_unverified_and_not_asked_again_at_once() {
    let _alone = alone();
    let pair = Pair::start("refused");
    let admin = plane().admin();
    // 403: the binding goes, the watches stay until the API server ends them.
    for (_, account) in [&pair.warns, &pair.denies] {
        let binding = account.binding();
        let name = binding["metadata"]["name"].as_str().expect("a name");
        admin
            .delete(target("clusterrolebinding", "", name))
            .expect("kubectl")
            .expect_accepted();
    }
    let forbidden = "Lockkeeper's service account may not get persistentvolumeclaims";
    for lockkeeper in pair.both() {
        await_verdict(lockkeeper, &pair.bad, PATIENCE, |verdict| {
            format!("{verdict:?}").contains(forbidden)
        });
    }
    pair.nothing_can_be_read(forbidden);
    for (_, account) in [&pair.warns, &pair.denies] {
        make(&account.binding()).expect_accepted();
    }
    pair.all_is_well();

    // 429: jane holds the only seat that the API server has for the three of them.
    let subjects = [&pair.warns.1, &pair.denies.1].map(|account| {
        let subject = account.subject();
        json!({ "kind": "ServiceAccount", "serviceAccount": { "name": subject["name"], "namespace": subject["namespace"] } })
    });
    let jane = json!({ "kind": "User", "user": { "name": "jane" } });
    let _no_room = plane()
        .register(&no_room(&[subjects.as_slice(), &[jane]].concat()).to_string())
        .expect("a limit");
    let silent = TcpListener::bind(net::loopback(0)).expect("a port");
    let address = silent.local_addr().expect("an address");
    let namespace = pair.bad["metadata"]["namespace"]
        .as_str()
        .expect("a namespace");
    let _slow = plane()
        .register(&slow(namespace, address).to_string())
        .expect("a webhook");
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "slow", "namespace": namespace } });
    std::thread::scope(|scope| {
        scope.spawn(|| plane().person().send(Way::Create, &map.to_string()));
        for lockkeeper in pair.both() {
            await_verdict(lockkeeper, &pair.bad, PATIENCE, |verdict| {
                format!("{verdict:?}").contains("the API server answered with 429")
            });
        }
        let before = audit(plane()).len();
        pair.nothing_can_be_read("the API server answered with 429");
        let asked = pair.warns.1.asked(plane(), before);
        assert!(asked.len() <= 4, "{asked:?}");
        // The webhook fails, and jane's request ends.
        drop(silent);
    });
    pair.all_is_well();
}

/// A level of the API server's own limits with one seat, for these users.
fn no_room(subjects: &[Value]) -> Value {
    let level = json!({
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "PriorityLevelConfiguration",
        "metadata": { "name": "no-room" },
        // Without shares one request at a time is let in, and all others are refused.
        "spec": { "type": "Limited", "limited": {
            "nominalConcurrencyShares": 0, "borrowingLimitPercent": 0, "limitResponse": { "type": "Reject" },
        } },
    });
    let schema = json!({
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema",
        "metadata": { "name": "no-room" },
        "spec": {
            "priorityLevelConfiguration": { "name": "no-room" },
            "matchingPrecedence": 10,
            "rules": [{
                "subjects": subjects,
                "resourceRules": [{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"], "namespaces": ["*"], "clusterScope": true }],
                "nonResourceRules": [{ "nonResourceURLs": ["*"], "verbs": ["*"] }],
            }],
        },
    });
    json!({ "apiVersion": "v1", "kind": "List", "items": [level, schema] })
}

/// A webhook for new maps, by a server that takes the connection and says nothing.
fn slow(namespace: &str, address: SocketAddr) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": { "name": "slow" },
        "webhooks": [{
            "name": "slow.example.com",
            "clientConfig": { "url": format!("https://{address}/") },
            "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"] }],
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Ignore", "timeoutSeconds": 30,
        }],
    })
}
