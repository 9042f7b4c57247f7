//! Where Secrets are named, and what only looks like it.

use serde_json::{Value, json};

use super::{Reader, references};
use crate::model::{AppTemplate, HelmRelease, Subject};

fn named(chart: &str, spec: &Value) -> Vec<String> {
    let mut root = json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "games"}, "spec": spec
    });
    root["spec"]["chart"] = json!({"spec": {"chart": chart, "version": "4.6.2"}});
    let subject = Subject::new(&root).expect("a HelmRelease");
    let release = HelmRelease::of(&subject);
    let app = AppTemplate::of(&release);
    references(&release, app.as_ref())
        .map(|found| {
            assert_eq!(subject.tree.value(found.node), found.name);
            let reader = match found.reader {
                Reader::Flux => "flux",
                Reader::Pod => "pod",
                Reader::Chart => "chart",
            };
            format!("{reader} {}", found.name)
        })
        .collect()
}

fn of_app(values: &Value) -> Vec<String> {
    named("app-template", &json!({"values": values}))
}

fn of_chart(values: &Value) -> Vec<String> {
    named("grafana", &json!({"values": values}))
}

const NONE: Vec<String> = Vec::new();

#[test]
fn app_template_s_containers_read_secrets() {
    let values = json!({"controllers": {"romm": {"containers": {"app": {
        "env": {
            "A": {"valueFrom": {"secretKeyRef": {"name": "a", "key": "k"}}},
            "B": {"secretKeyRef": {"name": "b", "key": "k"}},
            "C": {"configMapKeyRef": {"name": "no", "key": "k"}},
            "D": {"secretKeyRef": {"name": "no", "key": "k", "optional": true}}
        },
        "envFrom": [
            {"secretRef": {"name": "c"}},
            {"secret": "d"},
            {"secret": "made"},
            {"secretRef": {"identifier": "made"}},
            {"externalSecretRef": {"identifier": "made"}},
            {"configMapRef": {"name": "no"}},
            {"secretRef": {"name": "no", "optional": true}}
        ]
    }}}}, "secrets": {"made": {"stringData": {}}}});
    assert_eq!(of_app(&values), ["pod a", "pod b", "pod c", "pod d"]);
}

#[test]
fn what_is_switched_off_reads_nothing() {
    let container = json!({"envFrom": [{"secretRef": {"name": "a"}}]});
    let off =
        json!({"controllers": {"romm": {"enabled": false, "containers": {"app": container}}}});
    assert_eq!(of_app(&off), NONE);
    let off = json!({"metrics": {"enabled": false, "auth": {"existingSecret": "a"}}});
    assert_eq!(of_chart(&off), NONE);
    let off = json!({"nextcloud": {"existingSecret": {"enabled": false, "secretName": "a"}}});
    assert_eq!(of_chart(&off), NONE);
}

#[test]
fn volumes_read_secrets() {
    let values = json!({"persistence": {
        "a": {"type": "secret", "name": "a"},
        "b": {"type": "secret", "identifier": "made"},
        "c": {"type": "configMap", "name": "no"},
        "d": {"type": "custom", "volumeSpec": {"secret": {"secretName": "d"}}},
        "e": {"type": "custom", "volumeSpec": {"projected": {"sources": [
            {"secret": {"name": "e"}}, {"configMap": {"name": "no"}},
            {"secret": {"name": "no", "optional": true}}
        ]}}},
        "f": {"type": "custom", "volumeSpec": {"secret": {"secretName": "no", "optional": true}}}
    }});
    assert_eq!(of_app(&values), ["pod a", "pod d", "pod e"]);
    let values = json!({
        "extraVolumes": [{"name": "key", "secret": {"secretName": "a"}}],
        "volumes": {"key": {"secret": {"secretName": "b"}}},
        "extraSecretMounts": [{"name": "key", "secretName": "c"}]
    });
    let mut found = of_chart(&values);
    found.sort();
    assert_eq!(found, ["pod a", "pod b", "pod c"]);
}

#[test]
fn charts_have_keys_of_their_own() {
    for (values, name) in [
        (json!({"auth": {"existingSecret": "a"}}), "chart a"),
        (json!({"auth": {"existingSecretName": "a"}}), "chart a"),
        (json!({"auth": {"usersExistingSecret": "a"}}), "chart a"),
        (json!({"driver": {"existingConfigSecret": "a"}}), "chart a"),
        (json!({"env": {"pgdb_existingSecret": "a"}}), "chart a"),
        (
            json!({"existingSecret": {"name": "a", "key": "k"}}),
            "chart a",
        ),
        (
            json!({"existingSecret": {"enabled": true, "secretName": "a"}}),
            "chart a",
        ),
        (json!({"imagePullSecrets": [{"name": "a"}]}), "pod a"),
        (json!({"global": {"imagePullSecrets": ["a"]}}), "pod a"),
        (json!({"envFromSecret": "a"}), "pod a"),
        (json!({"envFromSecrets": [{"name": "a"}]}), "pod a"),
        (
            json!({"extraEnvFrom": [{"secretRef": {"name": "a"}}]}),
            "pod a",
        ),
        (json!({"envFrom": {"secretRef": {"name": "a"}}}), "pod a"),
        (
            json!({"envValueFrom": {"A": {"secretKeyRef": {"name": "a", "key": "k"}}}}),
            "pod a",
        ),
    ] {
        assert_eq!(of_chart(&values), [name], "{values}");
    }
}

#[test]
fn what_looks_like_a_name_is_none() {
    for values in [
        json!({"auth": {"existingSecretPasswordKey": "PASSWORD"}}),
        json!({"auth": {"existingSecretKey": "PASSWORD"}}),
        json!({"auth": {"useExistingSecret": "yes"}}),
        json!({"auth": {"existingSecret": ""}}),
        json!({"auth": {"existingSecret": false}}),
        json!({"ingress": {"tls": [{"secretName": "romm-tls"}]}}),
        json!({"expose": {"tls": {"secret": {"secretName": "romm-tls"}}}}),
        json!({"tls": {"existingTlsSecret": "romm-tls"}}),
        json!({"auth": {"secretRef": {"name": "of-some-resource"}}}),
        json!({"sources": [{"secret": {"name": "of-a-bundle"}}]}),
        json!({"envFrom": [{"secret": "of-app-template-only"}]}),
        json!({"persistence": {"a": {"type": "secret", "name": "of-app-template-only"}}}),
    ] {
        assert_eq!(of_chart(&values), NONE, "{values}");
    }
}

#[test]
fn flux_reads_values_from_secrets() {
    let spec = json!({"valuesFrom": [
        {"kind": "Secret", "name": "a"},
        {"kind": "ConfigMap", "name": "no"},
        {"kind": "Secret", "name": "no", "optional": true}
    ]});
    assert_eq!(named("grafana", &spec), ["flux a"]);
}
