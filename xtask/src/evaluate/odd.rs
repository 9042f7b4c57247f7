//! Families of what is seldom: literals beside placeholders, in template calls and odd brackets, under
//! keys of settings and in other languages, and as keys, each with what looks the same and is no secret.

use serde_json::json;

use super::draw::{ALNUM, BASE32, DIGITS, Draw, HEX, LOWER};
use super::{Case, Family, shape};

pub(crate) const FAMILIES: &[Family] = &[
    ("literals beside placeholders", |draw| {
        let alphabet = draw.pick(&[ALNUM, "abcdefghijklmnopqrstuvwxyz0123456789"]);
        let (length, more) = (draw.between(12, 24), draw.between(8, 16));
        let (first, second) = (draw.text(alphabet, length), draw.text(ALNUM, more));
        let placeholder = draw.pick(&["$(PART)", "${PART}", "{{ .Values.part }}", "%(PART)s"]);
        let value = match draw.below(3) {
            0 => format!("{first}{placeholder}{second}"),
            1 => format!("{placeholder}{first}"),
            _ => format!("{first}{placeholder}"),
        };
        let key = password_key(draw);
        shape::plain(draw, key, value)
    }),
    ("literals in calls of templates", |draw| {
        let length = draw.between(14, 32);
        let value = draw.text(ALNUM, length);
        let text = match draw.below(9) {
            0 => format!("{{{{ replace \"a\" \"b\" \"{value}\" }}}}"),
            1 => format!("{{{{ \"{value}\" | replace \"_\" \"-\" }}}}"),
            2 => format!("{{{{ trimSuffix \"\\n\" \"{value}\" | quote }}}}"),
            3 => format!("{{{{ trunc 32 \"{value}\" }}}}"),
            4 => format!("{{{{ htpasswd .Values.user \"{value}\" }}}}"),
            5 => format!("{{{{ default (include \"app.password\" .) \"{value}\" }}}}"),
            6 => format!("{{{{ .Values.password | default (printf \"%s\" \"{value}\") }}}}"),
            7 => format!("{{{{ regexReplaceAll \"-\" \"{value}\" \"\" }}}}"),
            _ => format!("{{{{ or .Values.password \"{value}\" }}}}"),
        };
        let key = password_key(draw);
        shape::plain(draw, key, text)
    }),
    ("passwords with the looks of a placeholder", |draw| {
        let length = draw.between(16, 32);
        let (value, big) = (draw.text(ALNUM, length), draw.text(BASE32, length));
        let text = match draw.below(6) {
            0 => format!("<{value}>"),
            1 => format!("[[{value}]]"),
            2 => format!("@{big}@"),
            3 => format!("%{big}%"),
            4 => format!("${{X:+{value}}}"),
            _ => format!("$x{value}"),
        };
        let key = password_key(draw);
        shape::plain(draw, key, text)
    }),
    ("secrets under keys of settings", |draw| {
        let key = draw.pick(&[
            "DISABLE_PASSWORD",
            "REQUIRE_TOKEN",
            "MAX_API_KEY",
            "SKIP_SECRET",
            "USE_AUTH_TOKEN",
            "ALLOW_PASSWORD",
        ]);
        let length = draw.between(20, 48);
        let alphabet = draw.pick(&[ALNUM, HEX]);
        let value = draw.text(alphabet, length);
        shape::plain(draw, key, value)
    }),
    ("tokens as keys", |draw| {
        let token = match draw.below(3) {
            0 => format!("ghp_{}", draw.text(ALNUM, 36)),
            1 => format!("glpat-{}", draw.text(ALNUM, 20)),
            _ => format!("tk_{}", draw.text(ALNUM, 29)),
        };
        let user = draw.noun();
        let pointer = format!("/tokens/{token}");
        if draw.chance(50) {
            Case::of_values(json!({"tokens": {token: user}}), &[&pointer])
        } else {
            Case::of_values(json!({"tokens": {token: {"user": user}}}), &[&pointer])
        }
    }),
    ("passwords in other languages", |draw| {
        let key = foreign_key(draw);
        let value = draw.password();
        match draw.below(3) {
            0 => Case::of_values(json!({"env": {key: value}}), &[&format!("/env/{key}")]),
            1 => Case::of_values(
                json!({"env": [{"name": key, "value": value}]}),
                &["/env/0/value"],
            ),
            _ => {
                let value: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
                let text = format!("server:\n  port: 8080\n  {key}: \"{value}\"\n");
                shape::file(draw, "config.yaml", &text)
            }
        }
    }),
];

pub(crate) const NEGATIVE: &[Family] = &[
    ("no: names beside placeholders", |draw| {
        let app = draw.app();
        let value = match draw.below(6) {
            0 => format!("{app}-${{PASSWORD}}"),
            1 => format!("${{PREFIX}}-{app}-{}", draw.noun()),
            2 => "v1alpha1-$(PASSWORD)".to_owned(),
            3 => format!("{{{{ .Release.Name }}}}-{app}-{}", draw.text(DIGITS, 2)),
            4 => format!("{app}_v2_${{PASSWORD}}"),
            _ => format!("${{USER}}.{}.{app}", draw.noun()),
        };
        let key = password_key(draw);
        clean(draw, key, &value)
    }),
    ("no: calls of templates", |draw| {
        let value = draw.pick(&[
            "{{ replace \"_\" \"-\" .Values.password }}",
            "{{ .Values.password | trimSuffix \"\\n\" }}",
            "{{ required \"a password must be set\" .Values.password }}",
            "{{ regexReplaceAll \"[^a-zA-Z0-9]\" .Values.password \"x\" }}",
            "{{ include \"app.password\" . | quote }}",
            "{{ (lookup \"v1\" \"Secret\" .Release.Namespace \"app-secret\").data.password | b64dec }}",
            "{{ get .Values.credentials \"admin-password\" }}",
            "{{ htpasswd .Values.user .Values.password }}",
            "{{ printf \"%s-%s\" .Release.Name .Values.suffix }}",
            "{{ randAlphaNum 32 | b64enc }}",
            "{{ derivePassword 1 \"long\" .Values.master .Values.user \"example.org\" }}",
        ]);
        let key = password_key(draw);
        clean(draw, key, value)
    }),
    ("no: placeholders in odd brackets", |draw| {
        let app = draw.app().to_uppercase().replace('-', "_");
        let key = password_key(draw);
        let value = match draw.below(7) {
            0 => format!("<your-{}-password>", draw.noun()),
            1 => format!("[[ .{app}_PASSWORD ]]"),
            2 => format!("@{app}_PASSWORD@"),
            3 => format!("%{app}_PASSWORD%"),
            4 => format!("${app}_PASSWORD"),
            5 => "${PASSWORD:+--password}".to_owned(),
            _ => format!("<path:kv/data/{}#password>", draw.app()),
        };
        clean(draw, key, &value)
    }),
    ("no: settings of passwords", |draw| {
        let key = draw.pick(&[
            "DISABLE_PASSWORD",
            "REQUIRE_TOKEN",
            "MAX_TOKENS",
            "SKIP_SECRET",
            "USE_SECRET",
            "ALLOW_PASSWORD",
            "GENERATE_SECRET",
            "ENABLE_API_KEY",
        ]);
        let value = match draw.below(4) {
            0 => draw
                .pick(&["true", "false", "yes", "4096", "always"])
                .to_owned(),
            1 => format!("{}-secret", draw.app()),
            2 => format!("{}-{}-credentials", draw.noun(), draw.app()),
            _ => draw.host(),
        };
        clean(draw, key, &value)
    }),
    ("no: passwords in other languages", |draw| {
        let key = foreign_key(draw);
        let value = match draw.below(4) {
            0 => "${DB_PASSWORD}".to_owned(),
            1 => "/run/secrets/password".to_owned(),
            2 => "!secret mqtt_password".to_owned(),
            _ => String::new(),
        };
        let word = draw.text(LOWER, 3);
        let help = draw.pick(&[
            "用户名: 管理员\n密码: 请查看文档\n",
            "Пароль: смотрите документацию\nТокен: нет\n",
            "Passwort: siehe Dokumentation\n",
            "パスワード: 設定画面で入力してください\n",
        ]);
        Case::of_values(
            json!({"env": {key: value, format!("{key}_file"): "/run/secrets/x", "título": word, "描述": "密码是必需的"}, "help": help}),
            &[],
        )
    }),
];

fn clean(draw: &mut Draw, key: &str, value: &str) -> Case {
    Case {
        secrets: Vec::new(),
        ..shape::plain(draw, key, value)
    }
}

fn password_key(draw: &mut Draw) -> &'static str {
    draw.pick(&[
        "DB_PASSWORD",
        "POSTGRES_PASSWORD",
        "ADMIN_PASSWORD",
        "SMTP_PASS",
        "API_KEY",
        "CLIENT_SECRET",
    ])
}

fn foreign_key(draw: &mut Draw) -> &'static str {
    draw.pick(&[
        "passwort",
        "DB_PASSWORT",
        "kennwort",
        "contraseña",
        "DB_CONTRASENA",
        "mot_de_passe",
        "motdepasse",
        "senha",
        "DB_SENHA",
        "wachtwoord",
        "lösenord",
        "losenord",
        "hasło",
        "haslo",
        "пароль",
        "密码",
        "パスワード",
    ])
}
