//! `lockkeeper policy effective`, from files and from an API server.

mod check_cases;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use check_cases::{GOOD, Ran, Scratch, release};
use serde_json::{Value, json};

const POLICIES: &str = "\
apiVersion: lockkeeper.dev/v1alpha1
kind: ReleasePolicy
metadata: {name: base}
spec:
  ratchet: false
  lookupNamespaces: [flux-system]
  replacesDefault: true
  rules: {unpinned-chart: {action: warn, require: digest}}
  allowExemptions: [{rules: [unpinned-image]}]
---
apiVersion: lockkeeper.dev/v1alpha1
kind: ReleasePolicy
metadata: {name: production}
spec:
  match: {namespaceSelector: {matchLabels: {tier: production}}}
  rules: {unpinned-chart: {action: deny}}
---
apiVersion: lockkeeper.dev/v1alpha1
kind: ReleasePolicy
metadata: {name: media}
spec:
  match: {namespaces: [media]}
  rules: {unpinned-image: {action: 'off'}}
---
apiVersion: lockkeeper.dev/v1alpha1
kind: ReleasePolicy
metadata: {name: suspended}
spec:
  match: {matchConditions: [{name: is-suspended, expression: 'object.?spec.?suspend.orValue(false)'}]}
  customRules: [{name: never, expression: 'false', message: never}]
---
apiVersion: lockkeeper.dev/v1alpha1
kind: Exemption
metadata: {name: both, namespace: games}
spec: {rules: [unpinned-image, literal-secret], releases: ['*'], reason: why not, expiresAt: 2099-01-01}
---
apiVersion: lockkeeper.dev/v1alpha1
kind: Exemption
metadata: {name: over, namespace: games}
spec: {rules: [unpinned-image], releases: [romm], reason: once, expiresAt: 2020-01-01}
---
apiVersion: lockkeeper.dev/v1alpha1
kind: Exemption
metadata: {name: elsewhere, namespace: media}
spec: {rules: [unpinned-image], releases: ['*'], reason: not here, expiresAt: 2099-01-01}
";

const NAMESPACE: &str =
    "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: games, labels: {tier: production}}\n";

fn effective(scratch: &Scratch, arguments: &[&str]) -> Ran {
    scratch.run(&[&["policy", "effective"], arguments].concat())
}

fn applies(answer: &Value) -> Vec<(&str, &str)> {
    let rows = answer["policies"].as_array().expect("policies").iter();
    rows.map(|row| {
        (
            row["name"].as_str().expect("a name"),
            row["applies"].as_str().expect("a word"),
        )
    })
    .collect()
}

fn row<'a>(answer: &'a Value, list: &str, key: &str, name: &str) -> &'a Value {
    let mut rows = answer[list].as_array().expect("rows").iter();
    rows.find(|row| row[key] == name)
        .unwrap_or_else(|| panic!("no {name} in {answer}"))
}

#[test]
fn a_bare_object_leaves_open_what_its_labels_decide() {
    let scratch = Scratch::new();
    scratch.write("p.yaml", POLICIES);
    let bare = ["--policy", "p.yaml", "-n", "games", "--name", "romm"];
    let ran = effective(&scratch, &[&bare[..], &["--format", "json"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let answer = ran.json();
    assert_eq!(
        applies(&answer),
        [
            ("base", "yes"),
            ("production", "unknown"),
            ("media", "no"),
            ("suspended", "no")
        ]
    );
    let chart = row(&answer, "rules", "rule", "unpinned-chart");
    assert_eq!(chart["action"], "warn");
    assert_eq!(
        chart["votes"],
        json!([{"policy": null, "action": "deny", "standing": "replaced"},
            {"policy": "base", "action": "warn", "standing": "counts"},
            {"policy": "production", "action": "warn", "standing": "unknown"}])
    );
    assert_eq!(
        chart["parameters"],
        json!([{"name": "require", "value": "digest", "policy": "base"}])
    );
    assert_eq!(
        answer["notes"].as_array().expect("notes").len(),
        2,
        "{answer}"
    );
    let ran = effective(&scratch, &bare);
    for words in [
        "HelmRelease games/romm, by p.yaml",
        "the object itself is not known",
        "is not for it: `match.namespaces` does not name its namespace",
        "is not for it: the match condition `is-suspended` is false",
        "built-in: deny, replaced",
        "require: \"digest\", said by base",
        "ratchet: off",
        "lookupNamespaces: flux-system (base)",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
}

#[test]
fn a_file_tells_the_object_and_the_labels_of_its_namespace() {
    let scratch = Scratch::new();
    scratch.write("p.yaml", POLICIES);
    scratch.write(
        "a.yaml",
        &format!("{}  suspend: true\n{NAMESPACE}", release(GOOD)),
    );
    let ran = effective(
        &scratch,
        &["--policy", "p.yaml", "--file", "a.yaml", "-f", "json"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let answer = ran.json();
    assert_eq!(
        applies(&answer),
        [
            ("base", "yes"),
            ("production", "yes"),
            ("media", "no"),
            ("suspended", "yes")
        ]
    );
    assert_eq!(
        row(&answer, "rules", "rule", "unpinned-chart")["action"],
        "deny"
    );
    assert_eq!(
        row(&answer, "rules", "rule", "custom/never")["votes"][0]["policy"],
        "suspended"
    );
    assert_eq!(answer["notes"], json!([]));
    let exemptions: Vec<_> = answer["exemptions"]
        .as_array()
        .expect("exemptions")
        .iter()
        .map(|row| json!([row["by"], row["rule"], row["state"], row["openedBy"]]))
        .collect();
    assert_eq!(
        json!(exemptions),
        json!([
            [
                "Exemption `games/both`",
                "unpinned-image",
                "in force",
                ["base"]
            ],
            ["Exemption `games/both`", "literal-secret", "not opened", []],
            [
                "Exemption `games/over`",
                "unpinned-image",
                "ended",
                ["base"]
            ]
        ])
    );
}

#[test]
fn one_rule_is_shown_alone_and_an_unknown_one_is_an_error() {
    let scratch = Scratch::new();
    scratch.write("p.yaml", POLICIES);
    let bare = [
        "--policy", "p.yaml", "-n", "games", "--name", "romm", "--rule",
    ];
    let ran = effective(
        &scratch,
        &[&bare[..], &["unpinned-chart", "-f", "json"]].concat(),
    );
    assert_eq!(ran.json()["rules"].as_array().map(Vec::len), Some(1));
    for (rule, words) in [
        ("unpined-chart", "did you mean `unpinned-chart`"),
        (
            "custom/never",
            "no policy for this object brings `custom/never`",
        ),
    ] {
        let ran = effective(&scratch, &[&bare[..], &[rule]].concat());
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

/// Answers requests of an API server by their paths, with 404 where there is nothing.
fn serve(objects: Vec<(&'static str, Value)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.expect("a client"), &objects);
        }
    });
    address
}

fn answer(mut stream: TcpStream, objects: &[(&'static str, Value)]) {
    let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
    let request = lines.next().expect("a request").expect("text");
    while lines
        .next()
        .is_some_and(|line| !line.expect("text").is_empty())
    {}
    let path = request.split([' ', '?']).nth(1).expect("a path");
    let found = objects.iter().find(|(known, _)| *known == path);
    let absent = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound", "message": "nothing"});
    let (status, body) = found.map_or(("404 Not Found", &absent), |(_, body)| ("200 OK", body));
    let body = body.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}

fn kubeconfig(scratch: &Scratch, address: &str) {
    scratch.write("kubeconfig", &format!("apiVersion: v1\nkind: Config\ncurrent-context: here\nclusters: [{{name: here, cluster: {{server: \"http://{address}\"}}}}]\ncontexts: [{{name: here, context: {{cluster: here, user: me}}}}]\nusers: [{{name: me, user: {{}}}}]\n"));
}

#[test]
fn a_cluster_tells_policies_exemptions_labels_and_the_object() {
    let read = |kind: &str, namespace: &str| -> Vec<Value> {
        lockkeeper::yaml::load(POLICIES)
            .into_iter()
            .map(|document| document.expect("YAML").value)
            .filter(|document| {
                document["kind"] == kind
                    && (namespace.is_empty() || document["metadata"]["namespace"] == namespace)
            })
            .collect()
    };
    let mut policies = read("ReleasePolicy", "");
    policies.push(json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "ReleasePolicy", "metadata": {"name": "broken"}, "spec": {"rules": {"unpined-chart": {}}}}));
    let list = |kind: &str, items: Vec<Value>| json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": kind, "metadata": {"resourceVersion": "1"}, "items": items});
    let object = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "romm", "namespace": "games"}, "spec": {"suspend": true}});
    let address = serve(vec![
        (
            "/apis/lockkeeper.dev/v1alpha1/releasepolicies",
            list("ReleasePolicyList", policies),
        ),
        (
            "/apis/lockkeeper.dev/v1alpha1/namespaces/games/exemptions",
            list("ExemptionList", read("Exemption", "games")),
        ),
        (
            "/api/v1/namespaces/games",
            json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": {"name": "games", "labels": {"tier": "production"}}}),
        ),
        (
            "/apis/helm.toolkit.fluxcd.io/v2/namespaces/games/helmreleases/romm",
            object,
        ),
    ]);
    let scratch = Scratch::new();
    kubeconfig(&scratch, &address);
    let ran = effective(
        &scratch,
        &[
            "--kubeconfig",
            "kubeconfig",
            "-n",
            "games",
            "--name",
            "romm",
            "-f",
            "json",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let answer = ran.json();
    assert_eq!(
        applies(&answer),
        [
            ("base", "yes"),
            ("production", "yes"),
            ("media", "no"),
            ("suspended", "yes")
        ]
    );
    assert_eq!(answer["exemptions"].as_array().map(Vec::len), Some(3));
    assert_eq!(answer["notes"], json!([]));
    assert!(
        ran.stderr
            .contains("warning: ReleasePolicy broken is broken")
            && ran.stderr.contains("did you mean `unpinned-chart`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_cluster_without_the_definitions_has_the_built_in_policy() {
    let scratch = Scratch::new();
    kubeconfig(&scratch, &serve(Vec::new()));
    let ran = effective(
        &scratch,
        &[
            "--kubeconfig",
            "kubeconfig",
            "-n",
            "games",
            "--name",
            "romm",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for words in [
        "none: the built-in policy alone",
        "there is no such namespace",
        "deny  (built-in)",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    // And one where nobody answers is an error.
    kubeconfig(&scratch, "127.0.0.1:1");
    let ran = effective(
        &scratch,
        &[
            "--kubeconfig",
            "kubeconfig",
            "-n",
            "games",
            "--name",
            "romm",
        ],
    );
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("releasepolicies cannot be listed"),
        "{}",
        ran.stderr
    );
}
