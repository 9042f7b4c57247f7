//! URLs, DSNs and connection strings that hold a password.

use super::url_password;
use crate::evaluate::draw::ALNUM;
use crate::evaluate::{Family, shape};

pub(super) const FAMILIES: &[Family] = &[
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
];
