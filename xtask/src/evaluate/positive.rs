//! Positive families: passwords of people and machines, in all the places where releases have them.

use serde_json::json;

use super::draw::{ALNUM, DIGITS, Draw, HEX, base64};
use super::{Case, Family, shape};

pub(crate) const FAMILIES: &[Family] = &[
    ("passwords of people", |draw| {
        let (key, value) = (password_key(draw), draw.human());
        shape::plain(draw, &key, value)
    }),
    ("passwords of machines", |draw| {
        let (key, value) = (password_key(draw), draw.machine());
        shape::plain(draw, &key, value)
    }),
    ("well-known words", |draw| {
        let key = password_key(draw);
        let value = draw.pick(&[
            "admin",
            "changeme",
            "password",
            "postgres",
            "secret",
            "P@ssw0rd",
            "change-me",
            "letmein",
            "admin123",
            "hunter2",
        ]);
        shape::plain(draw, &key, value)
    }),
    ("the app's name as password", |draw| {
        let app = draw.app();
        let key = format!("{}_DB_PASSWORD", app.to_uppercase().replace('-', "_"));
        let value = match draw.below(3) {
            0 => app.to_owned(),
            1 => format!("{app}123"),
            _ => format!("{app}-password"),
        };
        shape::plain(draw, &key, value)
    }),
    ("numbers as passwords", |draw| {
        let key = password_key(draw);
        let length = draw.between(4, 12);
        let digits = format!("{}{}", draw.between(1, 9), draw.text(DIGITS, length));
        if draw.chance(50) {
            let number: u64 = digits.parse().unwrap_or(1234);
            shape::plain(draw, &key, number)
        } else {
            shape::plain(draw, &key, digits)
        }
    }),
    ("generic API keys", |draw| {
        let app = draw.app().to_uppercase().replace('-', "_");
        let key = format!(
            "{app}_{}",
            draw.pick(&[
                "API_KEY",
                "APIKEY",
                "API_TOKEN",
                "AUTH_TOKEN",
                "ACCESS_TOKEN"
            ])
        );
        let length = draw.between(16, 64);
        let value = if draw.chance(50) {
            draw.text(HEX, length)
        } else {
            draw.text(ALNUM, length)
        };
        shape::plain(draw, &key, value)
    }),
    ("tokens and secrets", |draw| {
        let app = draw.app().to_uppercase().replace('-', "_");
        let key = format!(
            "{app}_{}",
            draw.pick(&["TOKEN", "SECRET", "SALT", "CREDENTIAL"])
        );
        let length = draw.between(20, 64);
        let value = if draw.chance(50) {
            draw.text(HEX, length)
        } else {
            draw.text(ALNUM, length)
        };
        shape::plain(draw, &key, value)
    }),
    ("framework keys", |draw| {
        let key = draw.pick(&[
            "SECRET_KEY_BASE",
            "DJANGO_SECRET_KEY",
            "NEXTAUTH_SECRET",
            "APP_KEY",
            "FLASK_SECRET_KEY",
            "AUTHENTIK_SECRET_KEY",
            "PAPERLESS_SECRET_KEY",
            "N8N_ENCRYPTION_KEY",
            "RAILS_MASTER_KEY",
            "SESSION_SECRET",
            "JWT_SECRET",
            "HMAC_SECRET",
        ]);
        let value = match draw.below(3) {
            0 => draw.text(HEX, 64),
            1 => format!("base64:{}", base64(&draw.bytes(32))),
            _ => draw.text(ALNUM, 50),
        };
        shape::plain(draw, key, value)
    }),
    ("cookie secrets", |draw| {
        let key = draw.pick(&[
            "COOKIE_SECRET",
            "OAUTH2_PROXY_COOKIE_SECRET",
            "cookieSecret",
        ]);
        let value = base64(&draw.bytes(32));
        shape::plain(draw, key, value)
    }),
    ("client secrets of OIDC", |draw| {
        let key = draw.pick(&[
            "OIDC_CLIENT_SECRET",
            "OAUTH_CLIENT_SECRET",
            "clientSecret",
            "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET",
        ]);
        let value = match draw.below(3) {
            0 => draw.uuid(),
            1 => draw.text(ALNUM, 128),
            _ => draw.human(),
        };
        shape::plain(draw, key, value)
    }),
    ("database URLs", |draw| {
        let scheme = draw.pick(&[
            "postgres",
            "postgresql",
            "mysql",
            "mariadb",
            "postgresql+asyncpg",
        ]);
        let value = format!(
            "{scheme}://{}:{}@{}:5432/app",
            draw.noun(),
            url_password(draw),
            draw.host()
        );
        let key = draw.pick(&[
            "DATABASE_URL",
            "DB_DSN",
            "SQLALCHEMY_DATABASE_URI",
            "connectionString",
            "url",
        ]);
        shape::plain(draw, key, value)
    }),
    ("URLs of caches, brokers and other services", |draw| {
        let scheme = draw.pick(&[
            "redis",
            "rediss",
            "amqp",
            "mongodb",
            "mongodb+srv",
            "mqtt",
            "nats",
            "smtp",
            "ldap",
        ]);
        let user = if scheme.starts_with("redis") && draw.chance(50) {
            ""
        } else {
            draw.noun()
        };
        let value = format!("{scheme}://{user}:{}@{}/0", url_password(draw), draw.host());
        let key = draw.pick(&["REDIS_URL", "BROKER_URL", "MONGO_URL", "CACHE", "SERVER"]);
        shape::plain(draw, key, value)
    }),
    ("URLs with a placeholder beside the password", |draw| {
        let value = format!(
            "postgres://${{DB_USER}}:{}@${{DB_HOST}}:5432/app",
            url_password(draw)
        );
        shape::plain(draw, "DATABASE_URL", value)
    }),
    ("DSNs of Go", |draw| {
        let value = format!(
            "{}:{}@tcp({}:3306)/app?parseTime=true",
            draw.noun(),
            url_password(draw),
            draw.host()
        );
        let key = draw.pick(&["DB_DSN", "MYSQL_DSN", "DATASOURCE", "database"]);
        shape::plain(draw, key, value)
    }),
    ("ODBC and ADO", |draw| {
        let value = format!(
            "Server={};Database=app;User Id={};{}={};Encrypt=true",
            draw.host(),
            draw.noun(),
            draw.pick(&["Password", "Pwd", "PWD"]),
            url_password(draw)
        );
        let key = draw.pick(&["ConnectionStrings__Default", "CONNECTION_STRING", "DB"]);
        shape::plain(draw, key, value)
    }),
    ("libpq", |draw| {
        let value = format!(
            "host={} port=5432 user={} password={} dbname=app sslmode=disable",
            draw.host(),
            draw.noun(),
            url_password(draw)
        );
        let key = draw.pick(&["DSN", "PG_CONNECTION", "database"]);
        shape::plain(draw, key, value)
    }),
    ("JDBC", |draw| {
        let value = format!(
            "jdbc:postgresql://{}/app?user={}&password={}",
            draw.host(),
            draw.noun(),
            url_password(draw)
        );
        shape::plain(draw, "SPRING_DATASOURCE_URL", value)
    }),
    ("cameras and notifiers", |draw| {
        let value = match draw.below(3) {
            0 => format!(
                "rtsp://{}:{}@10.0.0.{}:554/stream1",
                draw.noun(),
                url_password(draw),
                draw.below(255)
            ),
            1 => format!(
                "smtp://{}:{}@mail.example.org:587/?from=a@example.org",
                draw.noun(),
                url_password(draw)
            ),
            _ => format!(
                "pushover://shoutrrr:{}@{}/",
                draw.text(ALNUM, 30),
                draw.text(ALNUM, 30)
            ),
        };
        let key = draw.pick(&["CAMERA", "NOTIFICATION_URL", "inputs", "path"]);
        shape::plain(draw, key, value)
    }),
    ("Basic headers", |draw| {
        let pair = format!("{}:{}", draw.noun(), draw.password());
        header(
            draw,
            "Authorization",
            &format!("Basic {}", base64(pair.as_bytes())),
        )
    }),
    ("Bearer headers", |draw| {
        let token = draw.text(ALNUM, 40);
        header(draw, "Authorization", &format!("Bearer {token}"))
    }),
    ("headers with an API key", |draw| {
        let name = draw.pick(&["X-Api-Key", "X-Auth-Token", "X-Plex-Token", "Api-Key"]);
        let token = draw.text(HEX, 32);
        header(draw, name, &token)
    }),
    ("YAML in a string", |draw| {
        let text = format!(
            "server:\n  port: 8080\ndatabase:\n  host: {}\n  user: app\n  password: {}\nlog:\n  level: info\n",
            draw.host(),
            yaml_password(draw)
        );
        shape::file(draw, "config.yaml", &text)
    }),
    ("JSON in a string", |draw| {
        let text = if draw.chance(50) {
            format!(
                "{{\"host\": \"{}\", \"smtp\": {{\"user\": \"app\", \"password\": \"{}\"}}}}",
                draw.host(),
                url_password(draw)
            )
        } else {
            format!(
                "{{\n  \"host\": \"{}\",\n  \"apiKey\": \"{}\"\n}}\n",
                draw.host(),
                draw.text(HEX, 32)
            )
        };
        shape::file(draw, "settings.json", &text)
    }),
    ("TOML in a string", |draw| {
        let text = format!(
            "[server]\nport = 8080\n\n[database]\nhost = \"{}\"\npassword = \"{}\"\n",
            draw.host(),
            url_password(draw)
        );
        shape::file(draw, "config.toml", &text)
    }),
    ("INI in a string", |draw| {
        let text = format!(
            "[database]\nhost = {}\nuser = app\npassword = {}\n[log]\nlevel = info\n",
            draw.host(),
            url_password(draw)
        );
        shape::file(draw, "app.ini", &text)
    }),
    ("dotenv in a string", |draw| {
        let key = password_key(draw);
        let text = format!(
            "TZ=Europe/Paris\nDB_HOST={}\n{key}={}\nDEBUG=false\n",
            draw.host(),
            url_password(draw)
        );
        shape::file(draw, ".env", &text)
    }),
    (".pgpass in a string", |draw| {
        let text = format!(
            "{}:5432:app:{}:{}\n",
            draw.host(),
            draw.noun(),
            url_password(draw)
        );
        shape::file(draw, ".pgpass", &text)
    }),
    (".netrc in a string", |draw| {
        let text = format!(
            "machine {}\n  login {}\n  password {}\n",
            draw.host(),
            draw.noun(),
            url_password(draw)
        );
        shape::file(draw, ".netrc", &text)
    }),
    ("nginx in a string", |draw| {
        let pair = base64(format!("app:{}", draw.human()).as_bytes());
        let text = match draw.below(2) {
            0 => format!(
                "server {{\n  listen 80;\n  location / {{\n    proxy_pass http://app:8080;\n    proxy_set_header Authorization \"Basic {pair}\";\n  }}\n}}\n"
            ),
            _ => format!(
                "server {{\n  listen 80;\n  location / {{\n    proxy_pass http://app:8080;\n    proxy_set_header X-Api-Key {};\n  }}\n}}\n",
                draw.text(HEX, 32)
            ),
        };
        shape::file(draw, "default.conf", &text)
    }),
    ("HOCON in a string", |draw| {
        let text = format!(
            "db {{\n  url = \"jdbc:postgresql://db/app\"\n  user = app\n  password = \"{}\"\n}}\n",
            url_password(draw)
        );
        shape::file(draw, "application.conf", &text)
    }),
    ("XML in a string", |draw| {
        let text = format!(
            "<Config>\n  <Port>8989</Port>\n  <ApiKey>{}</ApiKey>\n  <AuthenticationMethod>Forms</AuthenticationMethod>\n</Config>\n",
            draw.text(HEX, 32)
        );
        shape::file(draw, "config.xml", &text)
    }),
    ("properties in a string", |draw| {
        let text = format!(
            "server.port=8080\nspring.datasource.username=app\nspring.datasource.password={}\n",
            url_password(draw)
        );
        shape::file(draw, "application.properties", &text)
    }),
    ("SMTP in a file", |draw| {
        let text = format!(
            "notifier:\n  smtp:\n    host: smtp.example.org\n    port: 587\n    username: me@example.org\n    password: {}\n    sender: me@example.org\n",
            yaml_password(draw)
        );
        shape::file(draw, "configuration.yml", &text)
    }),
    ("MQTT in a file", |draw| {
        let text = match draw.below(2) {
            0 => format!(
                "mqtt:\n  base_topic: home\n  server: mqtt://broker:1883\n  user: app\n  password: {}\n",
                yaml_password(draw)
            ),
            _ => format!(
                "listener 1883\nconnection bridge\nremote_username app\nremote_password {}\n",
                url_password(draw)
            ),
        };
        shape::file(draw, "mqtt.conf", &text)
    }),
    ("redis.conf", |draw| {
        let text = format!(
            "port 6379\nappendonly yes\nrequirepass {}\nmaxmemory 256mb\n",
            url_password(draw)
        );
        shape::file(draw, "redis.conf", &text)
    }),
    ("flags with =", |draw| {
        let flag = draw.pick(&[
            "--password",
            "--db-password",
            "--api-key",
            "--redis-password",
            "--auth-token",
            "--client-secret",
        ]);
        let item = format!("{flag}={}", url_password(draw));
        shape::arguments(draw, &["serve", "--port=8080", &item], 2)
    }),
    ("flags in two items", |draw| {
        let flag = draw.pick(&[
            "--password",
            "--db-password",
            "--api-key",
            "--requirepass",
            "--auth-token",
            "--client-secret",
        ]);
        let value = draw.password();
        shape::arguments(draw, &["serve", "--port", "8080", flag, &value], 4)
    }),
    ("variables before a command", |draw| {
        let item = format!(
            "PGPASSWORD={} pg_dump -h {} -U app app > /backup/app.sql",
            url_password(draw),
            draw.host()
        );
        shape::arguments(draw, &["/bin/sh", "-c", &item], 2)
    }),
    ("curl -u", |draw| {
        let item = format!(
            "curl -fsS -u {}:{} http://{}/api",
            draw.noun(),
            url_password(draw),
            draw.host()
        );
        if draw.chance(50) {
            shape::arguments(draw, &["sh", "-c", &item], 2)
        } else {
            let pair = format!("{}:{}", draw.noun(), url_password(draw));
            shape::arguments(draw, &["curl", "-u", &pair, "http://app/api"], 2)
        }
    }),
    ("curl -H", |draw| {
        let item = match draw.below(3) {
            0 => format!(
                "curl -H \"Authorization: Bearer {}\" http://{}/api",
                draw.text(ALNUM, 40),
                draw.host()
            ),
            1 => format!(
                "curl -X POST -H 'X-Api-Key: {}' http://{}/api",
                draw.text(HEX, 32),
                draw.host()
            ),
            _ => format!(
                "wget -qO- 'http://{}/api?apikey={}'",
                draw.host(),
                draw.text(HEX, 32)
            ),
        };
        shape::arguments(draw, &["sh", "-c", &item], 2)
    }),
    ("mysql -p", |draw| {
        let password = url_password(draw);
        if draw.chance(50) {
            let item = format!(
                "mysqldump -h {} -uroot -p{password} app > /backup/app.sql",
                draw.host()
            );
            shape::arguments(draw, &["bash", "-c", &item], 2)
        } else {
            let item = format!("-p{password}");
            shape::arguments(draw, &["mysqladmin", "ping", "-uroot", &item], 3)
        }
    }),
    ("redis-cli -a and others", |draw| {
        let password = url_password(draw);
        let item = match draw.below(4) {
            0 => format!("redis-cli -a {password} ping"),
            1 => format!("sshpass -p {password} ssh root@10.0.0.1 reboot"),
            2 => format!("mosquitto_pub -h broker -u app -P {password} -t home -m on"),
            _ => format!("ldapsearch -x -D cn=admin,dc=home -w {password} -b dc=home"),
        };
        shape::arguments(draw, &["sh", "-c", &item], 2)
    }),
    ("shell scripts", |draw| {
        let text = format!(
            "#!/bin/sh\nset -eu\nDB_HOST={}\nDB_PASSWORD=\"{}\"\nexport DB_HOST DB_PASSWORD\nexec /app/run\n",
            draw.host(),
            url_password(draw)
        );
        shape::file(draw, "entrypoint.sh", &text)
    }),
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

fn password_key(draw: &mut Draw) -> String {
    let app = draw.app().to_uppercase().replace('-', "_");
    let key = draw.pick(&[
        "PASSWORD",
        "DB_PASSWORD",
        "POSTGRES_PASSWORD",
        "ADMIN_PASSWORD",
        "SMTP_PASS",
        "REDIS_PASSWORD",
        "DB_PASSWD",
        "ADMIN_PW",
        "MQTT_PASSWORD",
        "DBPASSWORD",
        "ROOT_PASSWORD",
        "WIFI_PSK",
        "PASSPHRASE",
    ]);
    if draw.chance(50) {
        format!("{app}_{key}")
    } else {
        key.to_owned()
    }
}

/// A password without what would end it in a URL or a command.
fn url_password(draw: &mut Draw) -> String {
    let text = draw.password();
    text.chars()
        .map(|letter| match letter {
            '@' | '#' | '/' | '?' | '+' | '=' | '!' | '$' | '%' | '^' | '*' | '~' | '&' => 'x',
            letter => letter,
        })
        .collect()
}

/// A password that YAML reads as a string, quoted or not.
fn yaml_password(draw: &mut Draw) -> String {
    let text = url_password(draw);
    match draw.below(3) {
        0 => format!("\"{text}\""),
        1 => format!("'{text}'"),
        _ => format!("p{text}"),
    }
}

fn header(draw: &mut Draw, name: &str, value: &str) -> Case {
    match draw.below(4) {
        0 => Case::of_values(
            json!({"headers": {name: value}}),
            &[&format!("/headers/{name}")],
        ),
        1 => Case::of_values(
            json!({"probes": {"httpGet": {"path": "/", "httpHeaders": [{"name": name, "value": value}]}}}),
            &["/probes/httpGet/httpHeaders/0/value"],
        ),
        2 => {
            let text = format!(
                "http:\n  middlewares:\n    auth:\n      headers:\n        customRequestHeaders:\n          {name}: \"{value}\"\n"
            );
            shape::file(draw, "dynamic.yml", &text)
        }
        _ => {
            let item = format!("curl -s -H \"{name}: {value}\" http://app/api");
            shape::arguments(draw, &["sh", "-c", &item], 2)
        }
    }
}

fn patches(patch: &str) -> Case {
    Case {
        spec: json!({"values": {}, "postRenderers": [{"kustomize": {"patches": [{"target": {"kind": "Deployment"}, "patch": patch}]}}]}),
        annotations: json!({}),
        secrets: vec!["/spec/postRenderers/0/kustomize/patches/0/patch".to_owned()],
    }
}
