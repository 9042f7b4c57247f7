//! Every object that the chart can render is taken by the API server as it is, unknown fields refused.

use lockkeeper_control_plane::helm::{self, chart, objects};
use serde_json::Value;

use crate::{helm, plane};

/// Values by what they are for. Between them they turn on every template and every condition in it.
pub(crate) const TABLE: &[(&str, &[&str])] = &[
    ("defaults", &[]),
    ("cert-manager", &["--set=certificates.mode=certManager"]),
    (
        "an issuer of one's own",
        &[
            "--set=certificates.mode=certManager",
            "--set=certificates.certManager.issuerRef.name=house",
            "--set=certificates.certManager.issuerRef.kind=ClusterIssuer",
        ],
    ),
    (
        "a secret of one's own",
        &[
            "--set=certificates.mode=secret",
            "--set=certificates.secret.name=ours",
        ],
    ),
    (
        "policies",
        &[
            r#"--set-json=policies=[{"apiVersion":"lockkeeper.dev/v1alpha1","kind":"ReleasePolicy","metadata":{"name":"all"},"spec":{"onUnseen":"deny"}},{"apiVersion":"lockkeeper.dev/v1alpha1","kind":"TmpfsPolicy","metadata":{"name":"scratch"},"spec":{"mounts":[{"path":"/tmp","sizeLimit":"64Mi"}]}}]"#,
        ],
    ),
    (
        "everything that watches and fences",
        &[
            "--set=serviceMonitor.enabled=true",
            "--set=serviceMonitor.labels.release=prometheus",
            "--set=prometheusRule.enabled=true",
            "--set=dashboard.enabled=true",
            "--set=networkPolicy.enabled=true",
            r#"--set-json=networkPolicy.metricsFrom=[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}]"#,
        ],
    ),
    (
        "secrets to look up",
        &[
            r#"--set-json=cluster.readSecrets=[{"namespace":"flux-system","name":"one"},{"namespace":"flux-system","name":"two"},{"namespace":"default","name":"one"}]"#,
            "--set=cluster.watchSecretNames=true",
        ],
    ),
    (
        "clients that show a certificate",
        &[
            "--set=clientAuthentication.configMap=api-server-ca",
            "--set=clientAuthentication.names={kube-apiserver}",
        ],
    ),
    (
        "webhooks that let pass",
        &[
            "--set=webhooks.failurePolicy.releases=Ignore",
            "--set=webhooks.podScope=all",
            "--set=webhooks.excludedPodNamespaces={monitoring}",
        ],
    ),
    (
        "where pods run",
        &[
            "--set=replicas=1",
            "--set=podDisruptionBudget.enabled=false",
            "--set=priorityClassName=system-cluster-critical",
            "--set=nodeSelector.disk=ssd",
            r#"--set-json=tolerations=[{"key":"control-plane","operator":"Exists"}]"#,
            r#"--set-json=affinity={"nodeAffinity":{}}"#,
            "--set=podLabels.team=platform",
            "--set=podAnnotations.a=b",
            "--set=serviceAccount.name=guard",
            "--set=serviceAccount.annotations.a=b",
            "--set=imagePullSecrets[0].name=pull",
            "--set=image.tag=9.9.9",
            "--set-string=image.digest=sha256:0000000000000000000000000000000000000000000000000000000000000000",
            "--set=listenAddress=[::]",
        ],
    ),
    ("definitions that go with it", &["--set=crds.keep=false"]),
    (
        "definitions of somebody else",
        &["--set=crds.install=false"],
    ),
    (
        "other names",
        &[
            "--set=fullnameOverride=warden",
            "--set=ownRelease.namespace=flux-system",
            "--set=ownRelease.name=guard",
        ],
    ),
];

#[test]
fn the_chart_has_nothing_that_helm_complains_of() {
    for (what, values) in TABLE {
        let chart = chart();
        let lint = ["lint", "--strict", "--quiet", &chart];
        let output = helm().run(&[&lint[..], values].concat()).expect_accepted();
        assert!(!output.stdout.contains("[WARNING]"), "{what}: {output}");
    }
}

/// The objects of cert-manager and of the Prometheus operator are held against their real definitions.
#[test]
fn every_object_is_taken_by_the_api_server() {
    let namespace = plane().namespace("rendered").expect("a namespace");
    let mut kinds = std::collections::BTreeSet::new();
    for (what, values) in TABLE {
        let text = helm().template(&namespace, values);
        let count = objects(&text).len();
        let apply = [
            "apply",
            "--server-side",
            "--dry-run=server",
            "--validate=strict",
        ];
        let output = plane()
            .admin()
            .run_with(&[&apply[..], &["-f", "-"]].concat(), &text)
            .expect("kubectl")
            .expect_accepted();
        assert_eq!(output.stdout.lines().count(), count, "{what}: {output}");
        for object in objects(&text) {
            kinds.insert(object["kind"].as_str().unwrap_or_default().to_owned());
        }
    }
    for kind in [
        "Certificate",
        "ConfigMap",
        "Deployment",
        "Issuer",
        "Lease",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "PrometheusRule",
        "Secret",
        "ServiceMonitor",
    ] {
        assert!(kinds.contains(kind), "no {kind} was rendered");
    }
}

#[test]
fn what_lockkeeper_writes_is_never_rendered() {
    for (what, values) in TABLE {
        let text = helm().template("here", values);
        assert!(!text.contains("caBundle"), "{what}");
        for object in objects(&text) {
            match object["kind"].as_str() {
                Some("Secret") => {
                    assert_eq!(object.get("data"), None, "{what}");
                    assert_eq!(object.get("stringData"), None, "{what}");
                }
                Some("Lease") => assert_eq!(object.get("spec"), None, "{what}"),
                _ => {}
            }
        }
    }
}

/// Each option reaches the flags of the pod, and no other option does.
#[test]
fn the_flags_of_the_pods_say_what_the_values_say() {
    let flags = |values: &[&str]| -> Vec<String> {
        let deployment = helm::object(&helm().template("here", values), "Deployment");
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let arguments = container["args"].as_array().expect("arguments");
        arguments
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let defaults = flags(&[]);
    assert_eq!(
        defaults,
        [
            "serve",
            "--listen=0.0.0.0:8443",
            "--metrics-listen=0.0.0.0:8080",
            "--log-format=json",
            "--log-level=info",
            "--drain=10s",
            "--ca-secret=here/lockkeeper-ca",
            "--ca-overlap=1h",
            "--tls-name=lockkeeper.here.svc",
            "--webhooks=lockkeeper",
            "--pod-scope=readOnlyRoot",
            "--lease=here/lockkeeper",
        ]
    );
    let of = |what: &str| {
        let (_, values) = TABLE.iter().find(|(name, _)| *name == what).expect(what);
        let flags = flags(values);
        let added: Vec<_> = flags
            .iter()
            .filter(|flag| !defaults.contains(flag))
            .cloned()
            .collect();
        let gone: Vec<_> = defaults
            .iter()
            .filter(|flag| !flags.contains(flag))
            .cloned()
            .collect();
        (added, gone)
    };
    let files = [
        "--tls-cert=/etc/lockkeeper/tls/tls.crt",
        "--tls-key=/etc/lockkeeper/tls/tls.key",
    ];
    let (added, gone) = of("cert-manager");
    assert_eq!(added, files);
    assert_eq!(gone, defaults[6..10]);
    let (added, gone) = of("a secret of one's own");
    assert_eq!(
        added,
        [&files[..], &["--tls-ca=/etc/lockkeeper/tls/ca.crt"]].concat()
    );
    assert_eq!(gone, defaults[6..9]);
    for (what, expected) in [
        (
            "policies",
            &["--policy=/etc/lockkeeper/policy/lockkeeper.yaml"][..],
        ),
        (
            "secrets to look up",
            &[
                "--read-secret=flux-system/one",
                "--read-secret=flux-system/two",
                "--read-secret=default/one",
                "--watch-secret-names",
            ],
        ),
        (
            "clients that show a certificate",
            &[
                "--client-ca=/etc/lockkeeper/client-ca/ca.crt",
                "--client-name=kube-apiserver",
            ],
        ),
        ("everything that watches and fences", &[]),
    ] {
        let (added, gone) = of(what);
        assert_eq!(added, expected, "{what}");
        assert!(gone.is_empty(), "{what}: {gone:?}");
    }
}
