//! Negative families: what looks like a secret and is none.

use serde_json::{Value, json};

use super::draw::{ALNUM, DIGITS, Draw, HEX, LOWER, base64};
use super::{Case, Family, shape};

/// Ordinary values around every case.
pub(crate) fn noise(draw: &mut Draw) -> Value {
    let app = draw.app();
    json!({
        "image": {"repository": format!("ghcr.io/example/{app}"), "tag": format!("1.{}.{}@sha256:{}", draw.below(30), draw.below(9), draw.text(HEX, 64))},
        "replicas": draw.between(1, 3),
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "service": {"main": {"ports": {"http": {"port": draw.between(1024, 65000)}}}},
        "persistence": {"data": {"existingClaim": format!("{app}-data"), "globalMounts": [{"path": "/data"}]}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app.kubernetes.io/name": app}}}]
    })
}

fn none(spec: Value) -> Case {
    Case {
        spec,
        annotations: json!({}),
        secrets: Vec::new(),
    }
}

fn values(values: Value) -> Case {
    Case::of_values(values, &[])
}

/// The value under the key, where it is no secret.
fn plain(draw: &mut Draw, key: &str, value: impl Into<Value>) -> Case {
    Case {
        secrets: Vec::new(),
        ..shape::plain(draw, key, value)
    }
}

fn file(draw: &mut Draw, name: &str, text: &str) -> Case {
    Case {
        secrets: Vec::new(),
        ..shape::file(draw, name, text)
    }
}

pub(crate) const FAMILIES: &[Family] = &[
    ("no: references to Secrets", |draw| {
        let app = draw.app();
        values(json!({
            "env": {"DB_PASSWORD": {"valueFrom": {"secretKeyRef": {"name": app, "key": "db-password"}}}},
            "envFrom": [{"secretRef": {"name": format!("{app}-secret")}}],
            "auth": {"existingSecret": format!("{app}-auth"), "secretKeys": {"adminPasswordKey": "admin-password", "userPasswordKey": "password"}},
            "imagePullSecrets": [{"name": "ghcr-login"}],
            "admin": {"existingSecret": "admin-login", "userKey": "username", "passwordKey": "password"},
            "smtp": {"password": {"name": "smtp", "key": "password"}},
            "tlsSecretName": format!("{app}-tls"), "secretName": app,
            "oidc": {"clientSecret": {"existingSecret": "oidc", "key": "client-secret"}}
        }))
    }),
    ("no: names of keys and Secrets", |draw| {
        let key = draw.pick(&[
            "SECRET_NAME",
            "TOKEN_KEY",
            "PASSWORD_KEY",
            "AUTH_SECRET_NAME",
            "TLS_SECRET",
            "EXISTING_SECRET",
            "WEBHOOK_SECRET_NAME",
            "CLIENT_SECRET_REF",
            "SESSION_COOKIE_NAME",
            "OAUTH_SECRET",
        ]);
        let value = format!(
            "{}-{}",
            draw.app(),
            draw.pick(&["secret", "credentials", "auth", "tls", "oidc-client"])
        );
        plain(draw, key, value)
    }),
    ("no: paths", |draw| {
        let key = draw.pick(&[
            "DB_PASSWORD_FILE",
            "TOKEN_PATH",
            "PASSWORD",
            "API_KEY_FILE",
            "PRIVATE_KEY",
            "SECRET_DIR",
            "SECRET",
            "SSH_KEY",
        ]);
        let value = format!(
            "{}/{}",
            draw.pick(&[
                "/run/secrets",
                "/etc/secrets",
                "./secrets",
                "/var/run/secrets/app"
            ]),
            draw.pick(&["password", "api-key", "token.txt", "id_ed25519", "tls.key"])
        );
        plain(draw, key, value)
    }),
    ("no: digests and commits", |draw| {
        let key = draw.pick(&[
            "IMAGE_DIGEST",
            "GIT_COMMIT",
            "CHECKSUM",
            "checksum/secret",
            "imageHash",
            "sha256",
            "REVISION",
        ]);
        let value = match draw.below(3) {
            0 => format!("sha256:{}", draw.text(HEX, 64)),
            1 => draw.text(HEX, 40),
            _ => draw.text(HEX, 64),
        };
        values(json!({"podAnnotations": {key: value}}))
    }),
    ("no: UUIDs", |draw| {
        let key = draw.pick(&[
            "CLIENT_ID",
            "TENANT_ID",
            "DEVICE",
            "SITE_KEY",
            "uid",
            "GRAFANA_ID",
            "ZONE",
            "INSTANCE_KEY",
        ]);
        let value = draw.uuid();
        plain(draw, key, value)
    }),
    ("no: booleans and settings", |draw| {
        let settings = [
            ("ENABLE_PASSWORD", json!(true)),
            ("ALLOW_EMPTY_PASSWORD", json!("yes")),
            ("TOKEN_TTL", json!(3600)),
            ("PASSWORD_MIN_LENGTH", json!(12)),
            ("password_policy", json!("strong")),
            ("tokenExpiry", json!("24h")),
            ("AUTH_TOKEN_LIFETIME", json!("1h30m")),
            ("secretRotation", json!("enabled")),
            ("DISABLE_PASSWORD_AUTH", json!("false")),
            ("MAX_TOKENS", json!(4096)),
            ("passwordAuth", json!(false)),
            ("PASSWORD_LOGIN_ENABLED", json!("true")),
            ("REQUIRE_API_KEY", json!("true")),
            ("API_KEY_HEADER", json!("X-Api-Key")),
            ("tokenEndpointAuthMethod", json!("client_secret_post")),
            ("password", json!("")),
            ("apiKey", json!(null)),
            ("password", json!(false)),
            ("SMTP_PASSWORD", json!("none")),
            ("JWT_ALGORITHM", json!("HS256")),
        ];
        let (key, value) = &settings[draw.below(settings.len())];
        plain(draw, key, value.clone())
    }),
    ("no: plain URLs", |draw| {
        let key = draw.pick(&[
            "TOKEN_URL",
            "DATABASE_URL",
            "PASSWORD_RESET_URL",
            "OIDC_TOKEN_ENDPOINT",
            "API_KEY",
            "SECRET_SERVER",
            "REDIS_URL",
        ]);
        let value = format!(
            "{}://{}:{}/{}",
            draw.pick(&["https", "http", "redis", "postgres"]),
            draw.host(),
            draw.between(80, 9999),
            draw.pick(&["", "oauth2/token", "api/v1", "app"])
        );
        plain(draw, key, value)
    }),
    ("no: placeholders", |draw| {
        let key = draw.pick(&[
            "DB_PASSWORD",
            "API_KEY",
            "CLIENT_SECRET",
            "TOKEN",
            "AUTH_TOKEN",
            "SECRET_KEY",
            "adminPassword",
        ]);
        let value = draw.pick(&[
            "${DB_PASSWORD}",
            "$${DB_PASSWORD}",
            "$(DB_PASSWORD)",
            "{{ .Values.password }}",
            "{{ .db_password | quote }}",
            "{{ .db_password | b64enc }}",
            "$__file{/run/secrets/x}",
            "$__env{DB_PASSWORD}",
            "{FRIGATE_RTSP_PASSWORD}",
            "!secret db_password",
            "!env_var DB_PASSWORD",
            "op://home/app/password",
            "vault:secret/data/app#password",
            "ref+vault://secret/app#/password",
            "ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]",
            "%(ENV_DB_PASSWORD)s",
            "%env(DB_PASSWORD)%",
            "<path:secret/data/app#password>",
            "${DB_PASSWORD:?required}",
            "{env.DB_PASSWORD}",
            "{{ env \"DB_PASSWORD\" }}",
            "{{ index .Values \"db\" \"password\" }}",
            "${PREFIX}-${DB_PASSWORD}",
            "Bearer ${TOKEN}",
            "os.environ/OPENAI_API_KEY",
            "$DB_PASSWORD",
            "env:DB_PASSWORD",
            "{{ (lookup \"v1\" \"Secret\" .Release.Namespace \"app\").data.password | b64dec }}",
            "{{ `{{ .password }}` }}",
            "file:///run/secrets/x",
            "%DB_PASSWORD%",
            "{{ tpl .Values.password . }}",
            "${DB_PASSWORD:-}",
            "${DB_PASSWORD:-${OTHER}}",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app",
        ]);
        plain(draw, key, value)
    }),
    ("no: placeholders in URLs and files", |draw| {
        match draw.below(6) {
            0 => plain(
                draw,
                "DATABASE_URL",
                "postgres://app:${DB_PASSWORD}@db:5432/app",
            ),
            1 => plain(
                draw,
                "DATABASE_URL",
                "postgres://${DB_USER}:$(DB_PASSWORD)@db/app?sslmode=disable",
            ),
            2 => file(
                draw,
                "config.yaml",
                "db:\n  user: app\n  password: ${DB_PASSWORD}\n  token: {{ .token }}\nurl: redis://:{{ .redis_password }}@redis:6379\n",
            ),
            3 => plain(
                draw,
                "INPUT",
                "rtsp://{FRIGATE_RTSP_USER}:{FRIGATE_RTSP_PASSWORD}@10.0.0.9:554/main",
            ),
            4 => file(
                draw,
                "start.sh",
                "#!/bin/sh\nexport PGPASSWORD=\"$DB_PASSWORD\"\nTOKEN=$(cat /run/secrets/token)\ncurl -H \"Authorization: Bearer ${TOKEN}\" -u \"$USER:$PASSWORD\" http://app\nmysql -p$MYSQL_PASSWORD -e 'select 1'\nif [ -z \"$TOKEN\" ]; then echo \"Token: missing\"; fi\n",
            ),
            _ => plain(
                draw,
                "ODBC",
                "Server=db;User Id=app;Password=${DB_PASSWORD};Database=app",
            ),
        }
    }),
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
