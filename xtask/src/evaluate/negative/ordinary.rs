//! What is public or ordinary, whatever it looks like.

use serde_json::json;

use super::{file, none, plain, values};
use crate::evaluate::draw::{ALNUM, DIGITS, HEX, LOWER, base64};
use crate::evaluate::{Case, Family};

pub(super) const FAMILIES: &[Family] = &[
    ("no: public keys and certificates", |draw| {
        let key = draw.pick(&[
            "publicKey",
            "SSH_AUTHORIZED_KEYS",
            "caCert",
            "tls.crt",
            "WIREGUARD_PUBLIC_KEY",
            "ageRecipient",
            "signingKey",
            "ca_certificate",
        ]);
        let value = match draw.below(4) {
            0 => draw.pem("CERTIFICATE"),
            1 => draw.pem("PUBLIC KEY"),
            2 => format!(
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{} me@host",
                draw.text(ALNUM, 43)
            ),
            _ => format!("age1{}", draw.text(&(LOWER.to_owned() + DIGITS), 58)),
        };
        plain(draw, key, value)
    }),
    ("no: WireGuard peers", |draw| {
        let value = base64(&draw.bytes(32));
        values(
            json!({"peers": [{"publicKey": value, "endpoint": "vpn.example.org:51820", "allowedIPs": ["10.0.0.0/24"]}], "WIREGUARD_PUBLIC_KEY": base64(&draw.bytes(32))}),
        )
    }),
    ("no: PromQL, CEL and LogQL", |draw| {
        let expression = draw.pick(&[
            "sum by (secret) (rate(kube_secret_info{secret=\"app-secret\"}[5m])) > 0",
            "increase(vault_token_count{auth_method!=\"token\"}[1h])",
            "self.metadata.name == 'secret' && has(self.spec.password)",
            "{namespace=\"auth\"} |= \"password\" | json | token_type=\"access\"",
            "absent(up{job=\"token-exporter\"}) == 1",
            "status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')",
            "count(certmanager_certificate_expiration_timestamp_seconds{secret=~\".*tls\"}) by (key)",
        ]);
        values(
            json!({"rules": {"groups": [{"rules": [{"alert": "TokenExpired", "expr": expression}]}]}, "healthCheck": expression}),
        )
    }),
    ("no: cron and schedules", |draw| {
        let key = draw.pick(&[
            "TOKEN_REFRESH_CRON",
            "PASSWORD_ROTATION_SCHEDULE",
            "schedule",
            "secretSyncInterval",
        ]);
        let value = draw.pick(&["0 3 * * *", "*/15 * * * *", "@daily", "1h"]);
        plain(draw, key, value)
    }),
    ("no: cookie settings", |draw| {
        let app = draw.app();
        values(
            json!({"cookie": {"name": format!("{app}_session"), "secure": true, "sameSite": "lax", "domain": "example.org", "expire": "168h"},
            "COOKIE_SECURE": "true", "SESSION_COOKIE": format!("{app}_session"), "cookieRefresh": "1h"}),
        )
    }),
    ("no: DNS names and hosts", |draw| {
        let key = draw.pick(&[
            "SECRET_HOST",
            "TOKEN",
            "CREDENTIAL",
            "AUTH_SECRET",
            "SECRET",
            "TOKEN_SERVER",
            "CLAIM",
            "LICENSE",
        ]);
        let value = draw.host();
        plain(draw, key, value)
    }),
    ("no: ExternalSecret in the values", |draw| {
        let app = draw.app();
        values(
            json!({"rawResources": {"secret": {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "spec": {
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "onepassword"},
            "target": {"name": app, "template": {"data": {"DB_PASSWORD": "{{ .DB_PASSWORD }}", "DATABASE_URL": "postgres://app:{{ .DB_PASSWORD }}@db/app"}}},
            "data": [{"secretKey": "DB_PASSWORD", "remoteRef": {"key": app, "property": "password"}}],
            "dataFrom": [{"extract": {"key": app}}]}}}}),
        )
    }),
    ("no: SealedSecret and SOPS in the values", |draw| {
        let cipher = format!("AgB{}", draw.text(ALNUM, 600));
        if draw.chance(50) {
            values(
                json!({"extraObjects": [{"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "spec": {"encryptedData": {"password": cipher}}}]}),
            )
        } else {
            values(
                json!({"extraDeploy": [format!("apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: app\nspec:\n  encryptedData:\n    password: {cipher}\n    api-key: {cipher}\n")],
                "secret": {"stringData": {"password": format!("ENC[AES256_GCM,data:{},iv:{},tag:{},type:str]", base64(&draw.bytes(12)), base64(&draw.bytes(32)), base64(&draw.bytes(16)))}}}),
            )
        }
    }),
    ("no: annotations of controllers", |draw| {
        let app = draw.app();
        let notes = json!({"secret.reloader.stakater.com/reload": format!("{app}-secret,{app}-tls"), "checksum/secret": draw.text(HEX, 64),
            "nginx.ingress.kubernetes.io/auth-secret": "basic-auth", "cert-manager.io/private-key-rotation-policy": "Always",
            "reloader.stakater.com/auto": "true", "external-dns.alpha.kubernetes.io/target": "ingress.example.org",
            "kustomize.toolkit.fluxcd.io/checksum": draw.text(HEX, 40)});
        Case {
            spec: json!({"values": {"podAnnotations": notes}}),
            annotations: notes,
            secrets: Vec::new(),
        }
    }),
    ("no: selectors, keys of maps", |draw| {
        let app = draw.app();
        values(
            json!({"tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}],
            "affinity": {"nodeAffinity": {"matchExpressions": [{"key": "feature.node.kubernetes.io/usb-ff_1a86_7523.present", "operator": "In", "values": ["true"]}]}},
            "valuesFrom": [{"kind": "ConfigMap", "name": app, "valuesKey": "values.yaml"}],
            "configKey": "config.yaml", "sortKey": "createdAt", "partitionKey": "userId", "primaryKey": "id", "hotkey": "ctrl+shift+p",
            "data": [{"key": "user.name", "value": app}]}),
        )
    }),
    ("no: code and patterns in files", |draw| {
        let text = draw.pick(&[
            "import os\npassword = os.environ['DB_PASSWORD']\ntoken = get_token()\napi_key: str = config.api_key\ndef login(password: str, token=None): pass\n",
            "const token = req.headers['authorization'];\nconst apiKey = process.env.API_KEY;\nif (password === '') { throw new Error('password: required') }\n",
            "scrape_configs:\n  - job_name: app\n    bearer_token_file: /var/run/secrets/token\n    basic_auth:\n      username: app\n      password_file: /etc/secret/password\n    relabel_configs:\n      - source_labels: [__meta_secret]\n        regex: (.*password.*)\n",
            "pipeline_stages:\n  - replace:\n      expression: '(?i)password=(\\S+)'\n      replace: '***'\n  - match:\n      selector: '{app=\"auth\"} |= \"token\"'\n",
            "location / {\n  proxy_pass http://app:8080;\n  auth_basic_user_file /etc/nginx/.htpasswd;\n  proxy_set_header Authorization $http_authorization;\n  proxy_set_header X-Api-Key $api_key;\n}\n",
            "server:\n  auth:\n    type: password\n    password_policy: strong\n  token: \n  secret:\n    name: app\n    key: token\n# password: changeme\n",
            "{\"type\": \"object\", \"properties\": {\"password\": {\"type\": \"string\"}, \"token\": {\"type\": \"string\", \"description\": \"API token of the user\"}}}",
            "Enter your password: then press return.\nThe token is shown in the log. Keep the secret safe!\n",
        ]);
        file(draw, "content.txt", text)
    }),
    ("no: titles and descriptions", |draw| {
        let key = draw.pick(&[
            "description",
            "title",
            "message",
            "passwordHint",
            "PASSWORD_PROMPT",
            "summary",
            "tokenDescription",
        ]);
        let value = draw.pick(&[
            "Set a strong password before you log in.",
            "API key of the service",
            "Your token: see the docs",
            "Password: at least 12 letters",
            "Secret Santa 2025",
            "The secret of token rotation",
        ]);
        plain(draw, key, value)
    }),
    ("no: long names and versions", |draw| {
        let key = draw.pick(&[
            "TOKEN_ISSUER",
            "SECRET_CLASS",
            "credential",
            "KEY_ALGORITHM",
            "license",
            "tokenAudience",
            "seedServers",
            "AUTH_KEY_TYPE",
            "cacheKey",
        ]);
        let value = draw.pick(&[
            "RemovePodsViolatingTopologySpreadConstraint",
            "AGPL-3.0-or-later",
            "kubernetes.default.svc.cluster.local",
            "ecdsa-p256-sha256",
            "urn:ietf:params:oauth:token-type:jwt",
            "preferred_username",
            "2024.10.3-alpine3.20",
        ]);
        plain(draw, key, value)
    }),
    ("no: dashboards", |draw| {
        let text = format!(
            "{{\"uid\": \"{}\", \"title\": \"Tokens\", \"panels\": [{{\"id\": 1, \"targets\": [{{\"expr\": \"rate(http_requests_total{{token=\\\"x\\\"}}[5m])\", \"refId\": \"A\"}}], \"options\": {{\"key\": \"value\", \"keyFormat\": \"{{{{token}}}}\"}}}}]}}",
            draw.text(ALNUM, 9)
        );
        file(draw, "dashboard.json", &text)
    }),
    ("no: images and tags", |draw| {
        let digest = draw.text(HEX, 64);
        values(
            json!({"images": [format!("ghcr.io/example/secret-sync:1.2.3@sha256:{digest}")], "token-server": {"image": format!("docker.io/example/token@sha256:{digest}")},
            "passwordPusher": {"tag": format!("v1.2.3-{}", draw.text(HEX, 7))}}),
        )
    }),
    ("no: numbers", |draw| {
        let key = draw.pick(&[
            "TOKEN_COUNT",
            "SECRET_VERSION",
            "GPIO_PIN",
            "TOKENS",
            "API_KEY_LENGTH",
            "seed",
            "license_users",
        ]);
        let value = draw.between(0, 900);
        plain(draw, key, u64::try_from(value).unwrap_or(0))
    }),
    ("no: keys of sites and other public ids", |draw| {
        let (key, value) = match draw.below(4) {
            0 => ("RECAPTCHA_SITE_KEY", draw.text(ALNUM, 40)),
            1 => ("OAUTH_CLIENT_ID", draw.text(ALNUM, 40)),
            2 => ("POSTHOG_PROJECT_ID", draw.text(DIGITS, 6)),
            _ => ("VAPID_PUBLIC_KEY", draw.text(ALNUM, 87)),
        };
        plain(draw, key, value)
    }),
    ("no: patches without secrets", |draw| {
        let app = draw.app();
        none(
            json!({"values": {}, "postRenderers": [{"kustomize": {"patches": [{"target": {"kind": "Deployment"},
            "patch": format!("- op: add\n  path: /spec/template/spec/containers/0/env/-\n  value:\n    name: DB_PASSWORD\n    valueFrom:\n      secretKeyRef:\n        name: {app}\n        key: password\n- op: replace\n  path: /spec/template/metadata/annotations/secret-name\n  value: {app}\n")}]}}]}),
        )
    }),
];
