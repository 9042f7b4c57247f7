//! The shapes in which a key and its value stand in the values of a release.

use serde_json::{Value, json};

use super::Case;
use super::draw::{Draw, base64};

/// `DB_PASSWORD` → `dbPassword`.
pub(crate) fn camel(key: &str) -> String {
    let mut text = String::new();
    for (number, word) in key.split('_').filter(|word| !word.is_empty()).enumerate() {
        let word = word.to_lowercase();
        if number == 0 {
            text.push_str(&word);
        } else {
            text.push_str(&word[..1].to_uppercase());
            text.push_str(&word[1..]);
        }
    }
    text
}

/// `DB_PASSWORD` → `db-password`.
pub(crate) fn kebab(key: &str) -> String {
    key.to_lowercase().replace('_', "-")
}

/// The value under the key, in the environment of a container or in the chart's own values.
pub(crate) fn plain(draw: &mut Draw, key: &str, value: impl Into<Value>) -> Case {
    let value: Value = value.into();
    let app = draw.app();
    match draw.below(7) {
        0 | 1 => {
            let pointer = format!("/controllers/{app}/containers/app/env/{key}");
            Case::of_values(
                json!({"controllers": {app: {"containers": {"app": {"env": {"TZ": "Europe/Paris", key: value, "PORT": 8080}}}}}}),
                &[&pointer],
            )
        }
        2 => {
            let pointer = format!("/controllers/{app}/containers/app/env/{key}/value");
            Case::of_values(
                json!({"controllers": {app: {"containers": {"app": {"env": {key: {"value": value}}}}}}}),
                &[&pointer],
            )
        }
        3 => Case::of_values(
            json!({"env": [{"name": "TZ", "value": "Europe/Paris"}, {"name": key, "value": value}]}),
            &["/env/1/value"],
        ),
        4 => {
            let key = camel(key);
            let pointer = format!("/config/{key}");
            Case::of_values(
                json!({"config": {"enabled": true, key: value}}),
                &[&pointer],
            )
        }
        5 => {
            let key = key.to_lowercase();
            let pointer = format!("/settings/{app}/{key}");
            Case::of_values(json!({"settings": {app: {key: value}}}), &[&pointer])
        }
        _ => Case::of_values(
            json!({"extraEnvVars": [{"name": key, "value": value}]}),
            &["/extraEnvVars/0/value"],
        ),
    }
}

/// A text in a ConfigMap of the release.
pub(crate) fn file(draw: &mut Draw, name: &str, text: &str) -> Case {
    let escaped = name.replace('/', "~1");
    match draw.below(3) {
        0 => Case::of_values(
            json!({"configMaps": {"config": {"data": {name: text}}}}),
            &[&format!("/configMaps/config/data/{escaped}")],
        ),
        1 => Case::of_values(
            json!({"extraFiles": {name: {"content": text}}}),
            &[&format!("/extraFiles/{escaped}/content")],
        ),
        _ => Case::of_values(json!({"config": text}), &["/config"]),
    }
}

/// Arguments of a container, of which `secret` is the place.
pub(crate) fn arguments(draw: &mut Draw, items: &[&str], secret: usize) -> Case {
    let app = draw.app();
    let key = draw.pick(&["args", "command"]);
    if draw.chance(50) {
        let pointer = format!("/controllers/{app}/containers/app/{key}/{secret}");
        Case::of_values(
            json!({"controllers": {app: {"containers": {"app": {key: items}}}}}),
            &[&pointer],
        )
    } else {
        let pointer = format!("/extraContainers/0/{key}/{secret}");
        Case::of_values(
            json!({"extraContainers": [{"name": app, key: items}]}),
            &[&pointer],
        )
    }
}

/// An embedded Secret with the value in it.
pub(crate) fn secret(draw: &mut Draw, key: &str, value: &str) -> Case {
    let manifest = |data: Value, field: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "app"}, field: data});
    match draw.below(5) {
        0 => Case::of_values(
            json!({"extraObjects": [manifest(json!({key: value}), "stringData")]}),
            &[&format!("/extraObjects/0/stringData/{key}")],
        ),
        1 => Case::of_values(
            json!({"extraDeploy": [manifest(json!({key: base64(value.as_bytes())}), "data")]}),
            &[&format!("/extraDeploy/0/data/{key}")],
        ),
        2 => Case::of_values(
            json!({"secrets": {"app": {"stringData": {key: value}}}}),
            &[&format!("/secrets/app/stringData/{key}")],
        ),
        3 => Case::of_values(
            json!({"rawResources": {"app": {"apiVersion": "v1", "kind": "Secret", "spec": {"stringData": {key: value}}}}}),
            &[&format!("/rawResources/app/spec/stringData/{key}")],
        ),
        _ => {
            let text = if draw.chance(50) {
                format!(
                    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData:\n  {key}: {value}\n"
                )
            } else {
                format!(
                    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  {key}: {}\n",
                    base64(value.as_bytes())
                )
            };
            Case::of_values(json!({"extraManifests": [text]}), &["/extraManifests/0"])
        }
    }
}

/// A token of a known format under a key that need not say so.
pub(crate) fn any_key(draw: &mut Draw, value: &str) -> Case {
    let key = draw.pick(&[
        "API_TOKEN",
        "TOKEN",
        "APP_TOKEN",
        "UPSTREAM",
        "CREDENTIAL",
        "SETTING_A",
        "AUTH",
        "KEY",
    ]);
    match draw.below(8) {
        0 => {
            let flag = format!("--{}={value}", kebab(key));
            arguments(draw, &["serve", &flag], 1)
        }
        1 => {
            let text = format!("server:\n  port: 8080\n{}: {value}\n", key.to_lowercase());
            file(draw, "config.yaml", &text)
        }
        2 => {
            let text = format!("#!/bin/sh\nset -e\nexport {key}={value}\nexec /app/run\n");
            file(draw, "start.sh", &text)
        }
        _ => plain(draw, key, value),
    }
}

/// The URL of a webhook, under a key or in the file of an alert manager.
pub(crate) fn webhook(draw: &mut Draw, value: &str) -> Case {
    if draw.chance(30) {
        let text = format!(
            "receivers:\n  - name: chat\n    slack_configs:\n      - api_url: {value}\n        channel: '#home'\n"
        );
        return file(draw, "alertmanager.yml", &text);
    }
    let key = draw.pick(&[
        "WEBHOOK_URL",
        "SLACK_WEBHOOK",
        "DISCORD_WEBHOOK_URL",
        "NOTIFY_URL",
        "url",
    ]);
    plain(draw, key, value)
}
