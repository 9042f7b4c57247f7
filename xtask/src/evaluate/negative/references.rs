//! What stands for a secret or names it: references, paths, digests, URLs, placeholders.

use serde_json::json;

use super::{file, plain, values};
use crate::evaluate::Family;
use crate::evaluate::draw::HEX;

pub(super) const FAMILIES: &[Family] = &[
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
];
