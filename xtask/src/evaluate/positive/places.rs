//! Embedded Secrets, patches, annotations and other places of a release.

use serde_json::json;

use super::{password_key, url_password, yaml_password};
use crate::evaluate::draw::{ALNUM, DIGITS, HEX};
use crate::evaluate::{Case, Family, shape};

pub(super) const FAMILIES: &[Family] = &[
    ("SNMP", |draw| {
        let text = match draw.below(3) {
            0 => format!(
                "auths:\n  home:\n    version: 2\n    community: {}\n",
                draw.human()
            ),
            1 => format!(
                "auths:\n  v3:\n    version: 3\n    username: app\n    password: {}\n    priv_password: {}\n    auth_protocol: SHA\n",
                draw.human(),
                draw.human()
            ),
            _ => {
                let value = draw.human();
                return shape::plain(draw, "SNMP_COMMUNITY", value);
            }
        };
        shape::file(draw, "snmp.yml", &text)
    }),
    ("embedded Secrets, passwords", |draw| {
        let (key, value) = (
            draw.pick(&["password", "DB_PASSWORD", "api-key", "admin-password"]),
            draw.password(),
        );
        shape::secret(draw, key, &value)
    }),
    ("embedded Secrets, other keys", |draw| {
        let value = match draw.below(3) {
            0 => draw.text(ALNUM, 40),
            1 => format!("postgres://app:{}@db/app", url_password(draw)),
            _ => draw.text(HEX, 32),
        };
        let key = draw.pick(&["DATABASE", "session", "value", "fernet"]);
        shape::secret(draw, key, &value)
    }),
    ("strategic patches", |draw| {
        let patch = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    spec:\n      containers:\n        - name: app\n          env:\n            - name: {}\n              value: {}\n",
            password_key(draw),
            yaml_password(draw)
        );
        patches(&patch)
    }),
    ("JSON patches", |draw| {
        let patch = match draw.below(2) {
            0 => format!(
                "- op: add\n  path: /spec/template/spec/containers/0/env/-\n  value:\n    name: {}\n    value: {}\n",
                password_key(draw),
                yaml_password(draw)
            ),
            _ => format!(
                "- op: replace\n  path: /stringData/{}\n  value: {}\n",
                draw.pick(&["password", "api-key"]),
                yaml_password(draw)
            ),
        };
        patches(&patch)
    }),
    ("annotations and common metadata", |draw| {
        let value = draw.text(HEX, 32);
        let note = json!({"gethomepage.dev/enabled": "true", "gethomepage.dev/widget.key": value});
        match draw.below(3) {
            0 => Case {
                spec: json!({"values": {}}),
                annotations: note,
                secrets: vec!["/metadata/annotations/gethomepage.dev~1widget.key".to_owned()],
            },
            1 => Case {
                spec: json!({"values": {}, "commonMetadata": {"annotations": note}}),
                annotations: json!({}),
                secrets: vec![
                    "/spec/commonMetadata/annotations/gethomepage.dev~1widget.key".to_owned(),
                ],
            },
            _ => Case::of_values(
                json!({"ingress": {"main": {"annotations": note}}}),
                &["/ingress/main/annotations/gethomepage.dev~1widget.key"],
            ),
        }
    }),
    ("defaults of placeholders", |draw| {
        let (key, mark, value) = (
            password_key(draw),
            draw.pick(&[":=", ":-", "-"]),
            draw.text(ALNUM, 24),
        );
        let value = format!("${{{key}{mark}{value}}}");
        shape::plain(draw, &key, value)
    }),
    ("literals in templates", |draw| {
        let (key, value) = (password_key(draw), draw.text(ALNUM, 20));
        let text = match draw.below(3) {
            0 => format!("{{{{ \"{value}\" | b64enc }}}}"),
            1 => format!("{{{{ .Values.password | default \"{value}\" }}}}"),
            _ => format!("{{{{ default \"{value}\" .Values.password | quote }}}}"),
        };
        shape::plain(draw, &key, text)
    }),
    ("maps of users", |draw| {
        let (user, value) = (draw.noun(), draw.machine());
        match draw.below(3) {
            0 => Case::of_values(
                json!({"auth": {"username": user, "password": value, "database": "app"}}),
                &["/auth/password"],
            ),
            1 => Case::of_values(
                json!({"users": [{"name": user, "password": value}]}),
                &["/users/0/password"],
            ),
            _ => Case::of_values(
                json!({"mariadb": {"auth": {"rootPassword": value, "existingSecret": ""}}}),
                &["/mariadb/auth/rootPassword"],
            ),
        }
    }),
    ("LDAP, SMTP and S3 in chart values", |draw| {
        let value = draw.password();
        let (parent, key) = *[
            ("ldap", "bindPassword"),
            ("smtp", "pass"),
            ("smtp", "smtpPassword"),
            ("s3", "secretKey"),
            ("mail", "mailerPassword"),
            ("redis", "requirepass"),
            ("restic", "resticPassword"),
        ]
        .get(draw.below(7))
        .unwrap_or(&("smtp", "password"));
        let value = if parent == "s3" {
            draw.text(ALNUM, 40)
        } else {
            value
        };
        Case::of_values(
            json!({parent: {"enabled": true, key: value}}),
            &[&format!("/{parent}/{key}")],
        )
    }),
    ("Sentry DSN and other tokens in URLs", |draw| {
        let value = format!(
            "https://{}@o{}.ingest.sentry.io/{}",
            draw.text(HEX, 32),
            draw.text(DIGITS, 6),
            draw.text(DIGITS, 7)
        );
        let key = draw.pick(&["SENTRY_DSN", "ERROR_REPORTS"]);
        shape::plain(draw, key, value)
    }),
    ("parameters of a URL", |draw| {
        let name = draw.pick(&["token", "apikey", "api_key", "access_token", "password"]);
        let value = format!(
            "https://{}/api/v1/update?id=7&{name}={}",
            draw.host(),
            draw.text(ALNUM, 32)
        );
        let key = draw.pick(&["UPDATE_URL", "ENDPOINT", "target", "HEALTH_URL"]);
        shape::plain(draw, key, value)
    }),
    ("pins", |draw| {
        let length = draw.between(3, 5);
        let value: u64 = format!("{}{}", draw.between(1, 9), draw.text(DIGITS, length))
            .parse()
            .unwrap_or(1234);
        let key = draw.pick(&["ALARM_PIN", "PIN", "ADMIN_PIN"]);
        shape::plain(draw, key, value)
    }),
];

fn patches(patch: &str) -> Case {
    Case {
        spec: json!({"values": {}, "postRenderers": [{"kustomize": {"patches": [{"target": {"kind": "Deployment"}, "patch": patch}]}}]}),
        annotations: json!({}),
        secrets: vec!["/spec/postRenderers/0/kustomize/patches/0/patch".to_owned()],
    }
}
