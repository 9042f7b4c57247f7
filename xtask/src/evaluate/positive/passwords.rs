//! Passwords, keys and tokens as the values of keys that say so.

use super::password_key;
use crate::evaluate::draw::{ALNUM, DIGITS, HEX, base64};
use crate::evaluate::{Family, shape};

pub(super) const FAMILIES: &[Family] = &[
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
];
