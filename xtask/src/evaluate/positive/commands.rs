//! Arguments, commands and scripts.

use super::url_password;
use crate::evaluate::draw::{ALNUM, HEX};
use crate::evaluate::{Family, shape};

pub(super) const FAMILIES: &[Family] = &[
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
];
