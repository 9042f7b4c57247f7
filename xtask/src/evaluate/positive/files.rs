//! Headers, and files that stand in a string.

use serde_json::json;

use super::{password_key, url_password, yaml_password};
use crate::evaluate::draw::{ALNUM, Draw, HEX, base64};
use crate::evaluate::{Case, Family, shape};

pub(super) const FAMILIES: &[Family] = &[
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
];

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
