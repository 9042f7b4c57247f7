//! Positive families: tokens of vendors, keys, certificates' keys, password hashes.

use serde_json::json;

use super::draw::{ALNUM, BASE32, DIGITS, HEX, WORD, base64};
use super::{Case, Family, shape};

pub(crate) const FAMILIES: &[Family] = &[
    ("keys of the *arr applications", |draw| {
        let app = draw.pick(&[
            "SONARR", "RADARR", "PROWLARR", "LIDARR", "READARR", "BAZARR",
        ]);
        let key = draw.pick(&["API_KEY", "APIKEY", "_API_KEY", "_AUTH__APIKEY"]);
        let value = draw.text(HEX, 32);
        shape::plain(draw, &format!("{app}_{key}"), value)
    }),
    ("JWT", |draw| {
        let key = draw.pick(&[
            "SUPABASE_KEY",
            "HASS_ACCESS",
            "SETTING",
            "HEADER_VALUE",
            "ANON",
        ]);
        let value = draw.jwt();
        shape::plain(draw, key, value)
    }),
    ("GitHub token", |draw| {
        let kind = draw.pick(&["ghp", "gho", "ghs", "ghu", "ghr"]);
        let value = format!("{kind}_{}", draw.text(ALNUM, 36));
        shape::any_key(draw, &value)
    }),
    ("GitHub fine-grained token", |draw| {
        let value = format!(
            "github_{}_{}_{}",
            "pat",
            draw.text(ALNUM, 22),
            draw.text(ALNUM, 59)
        );
        shape::any_key(draw, &value)
    }),
    ("GitLab token", |draw| {
        let kind = draw.pick(&["glpat", "gldt", "glrt", "glsoat"]);
        let value = format!("{kind}-{}", draw.text(WORD, 20));
        shape::any_key(draw, &value)
    }),
    ("Slack token", |draw| {
        let kind = draw.pick(&["xoxb", "xoxp", "xapp-1"]);
        let value = format!(
            "{kind}-{}-{}-{}",
            draw.text(DIGITS, 12),
            draw.text(DIGITS, 12),
            draw.text(ALNUM, 24)
        );
        shape::any_key(draw, &value)
    }),
    ("Slack webhook", |draw| {
        let value = format!(
            "https://hooks.slack.com/{}/T{}/B{}/{}",
            "services",
            draw.text(BASE32, 9),
            draw.text(BASE32, 9),
            draw.text(ALNUM, 24)
        );
        shape::webhook(draw, &value)
    }),
    ("Discord webhook", |draw| {
        let host = draw.pick(&["discord.com", "discordapp.com"]);
        let value = format!(
            "https://{host}/api/{}/{}/{}",
            "webhooks",
            draw.text(DIGITS, 18),
            draw.text(WORD, 68)
        );
        shape::webhook(draw, &value)
    }),
    ("Discord bot token", |draw| {
        let id = format!("{}{}", draw.pick(&["1", "2", "3"]), draw.text(DIGITS, 17));
        let value = format!(
            "{}.{}.{}",
            base64(id.as_bytes()).trim_end_matches('='),
            draw.text(ALNUM, 6),
            draw.text(WORD, 38)
        );
        let key = draw.pick(&["DISCORD_TOKEN", "BOT_TOKEN", "DISCORD", "NOTIFY_WITH"]);
        shape::plain(draw, key, value)
    }),
    ("Telegram bot token", |draw| {
        let value = format!(
            "{}{}:AA{}",
            draw.pick(&["1", "5", "6"]),
            draw.text(DIGITS, 9),
            draw.text(WORD, 33)
        );
        let key = draw.pick(&["TELEGRAM_TOKEN", "TG_BOT_TOKEN", "TELEGRAM", "NOTIFIER"]);
        shape::plain(draw, key, value)
    }),
    ("OpenAI key", |draw| {
        let kind = draw.pick(&["sk-proj-", "sk-", "sk-svcacct-"]);
        let value = format!("{kind}{}", draw.text(ALNUM, 48));
        shape::any_key(draw, &value)
    }),
    ("Anthropic key", |draw| {
        let value = format!("sk-ant-{}-{}", "api03", draw.text(WORD, 93));
        shape::any_key(draw, &value)
    }),
    ("Cloudflare API token", |draw| {
        let key = draw.pick(&[
            "CF_API_TOKEN",
            "CLOUDFLARE_API_TOKEN",
            "CLOUDFLARE_TOKEN",
            "CF_DNS_API_TOKEN",
        ]);
        let value = draw.text(WORD, 40);
        shape::plain(draw, key, value)
    }),
    ("Cloudflare global key", |draw| {
        let key = draw.pick(&["CF_API_KEY", "CLOUDFLARE_API_KEY", "CLOUDFLARE_APIKEY"]);
        let value = draw.text(HEX, 37);
        shape::plain(draw, key, value)
    }),
    ("Cloudflare tunnel token", |draw| {
        let (account, tunnel) = (draw.text(HEX, 32), draw.uuid());
        let secret = base64(&draw.bytes(32));
        let value =
            base64(format!(r#"{{"a":"{account}","t":"{tunnel}","s":"{secret}"}}"#).as_bytes());
        if draw.chance(50) {
            shape::arguments(draw, &["tunnel", "run", "--token", &value], 3)
        } else {
            shape::plain(draw, "TUNNEL_TOKEN", value)
        }
    }),
    ("Tailscale key", |draw| {
        let kind = draw.pick(&["auth", "api", "client"]);
        let value = format!(
            "tskey-{kind}-{}-{}",
            draw.text(ALNUM, 17),
            draw.text(ALNUM, 32)
        );
        shape::any_key(draw, &value)
    }),
    ("Plex token", |draw| {
        let value = draw.text(WORD, 20);
        let key = draw.pick(&["PLEX_TOKEN", "X_PLEX_TOKEN", "PLEX_AUTH_TOKEN", "PLEXTOKEN"]);
        shape::plain(draw, key, value)
    }),
    ("Plex claim", |draw| {
        let value = format!("claim-{}", draw.text(WORD, 20));
        shape::plain(draw, "PLEX_CLAIM", value)
    }),
    ("Google API key", |draw| {
        let value = format!("AI{}{}", "za", draw.text(WORD, 35));
        shape::any_key(draw, &value)
    }),
    ("AWS secret access key", |draw| {
        let value = base64(&draw.bytes(30));
        let key = draw.pick(&[
            "AWS_SECRET_ACCESS_KEY",
            "S3_SECRET_KEY",
            "S3_SECRET_ACCESS_KEY",
            "secretAccessKey",
            "MINIO_SECRET_KEY",
            "SECRET_KEY",
        ]);
        shape::plain(draw, key, value)
    }),
    ("Stripe key", |draw| {
        let value = format!("sk_{}_{}", "live", draw.text(ALNUM, 24));
        shape::any_key(draw, &value)
    }),
    ("SendGrid key", |draw| {
        let value = format!("SG.{}.{}", draw.text(WORD, 22), draw.text(WORD, 43));
        shape::any_key(draw, &value)
    }),
    ("Hugging Face token", |draw| {
        let value = format!("hf_{}", draw.text(ALNUM, 34));
        shape::any_key(draw, &value)
    }),
    ("Grafana token", |draw| {
        let value = format!("glsa_{}_{}", draw.text(ALNUM, 32), draw.text(HEX, 8));
        shape::any_key(draw, &value)
    }),
    ("Vault token", |draw| {
        let value = format!("hvs.{}", draw.text(WORD, 90));
        shape::any_key(draw, &value)
    }),
    ("WireGuard key", |draw| {
        let value = base64(&draw.bytes(32));
        let key = draw.pick(&[
            "WIREGUARD_PRIVATE_KEY",
            "WIREGUARD_PRESHARED_KEY",
            "privateKey",
            "presharedKey",
        ]);
        if draw.chance(30) {
            let text = format!(
                "[Interface]\nAddress = 10.64.0.2/32\nPrivateKey = {value}\n\n[Peer]\nPublicKey = {}\nEndpoint = vpn.example.org:51820\n",
                base64(&draw.bytes(32))
            );
            return shape::file(draw, "wg0.conf", &text);
        }
        shape::plain(draw, key, value)
    }),
    ("age secret key", |draw| {
        let value = format!("AGE-SECRET-{}-1{}", "KEY", draw.text(BASE32, 58));
        shape::any_key(draw, &value)
    }),
    ("private key in PEM", |draw| {
        let label = draw.pick(&[
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
        ]);
        let value = draw.pem(label);
        let key = draw.pick(&[
            "tls.key",
            "id_ed25519",
            "privateKey",
            "key",
            "server.pem",
            "signing",
        ]);
        Case::of_values(json!({"files": {key: value}}), &[&format!("/files/{key}")])
    }),
    ("private key in PEM with escapes", |draw| {
        let value = draw.pem("PRIVATE KEY").replace('\n', "\\n");
        let key = draw.pick(&[
            "GITHUB_APP_PRIVATE_KEY",
            "SIGNING_PEM",
            "APP_KEY",
            "OIDC_JWKS",
        ]);
        shape::plain(draw, key, value)
    }),
    ("private key in base64", |draw| {
        let pem = draw.pem("RSA PRIVATE KEY");
        let value = base64(pem.as_bytes());
        let key = draw.pick(&["clientKeyData", "tlsKey", "keyB64", "identity"]);
        shape::plain(draw, key, value)
    }),
    ("htpasswd", |draw| {
        let hash = match draw.below(3) {
            0 => format!("$apr1${}${}", draw.text(ALNUM, 8), draw.text(ALNUM, 22)),
            1 => format!("{{SHA}}{}", base64(&draw.bytes(20))),
            _ => format!("$2y$05${}", draw.text(ALNUM, 53)),
        };
        let value = format!("{}:{hash}", draw.noun());
        let key = draw.pick(&["htpasswd", "auth", "users", "htpasswdString"]);
        Case::of_values(
            json!({"basicAuth": {key: value}}),
            &[&format!("/basicAuth/{key}")],
        )
    }),
    ("bcrypt", |draw| {
        let value = format!(
            "$2{}${}${}",
            draw.pick(&["a", "b", "y"]),
            draw.pick(&["10", "12"]),
            draw.text(ALNUM, 53)
        );
        let value = if draw.chance(25) {
            value.replace('$', "$$")
        } else {
            value
        };
        let key = draw.pick(&[
            "adminPassword",
            "password_hash",
            "argocdServerAdminPassword",
            "hash",
            "users",
        ]);
        Case::of_values(
            json!({"configs": {key: value}}),
            &[&format!("/configs/{key}")],
        )
    }),
    ("argon2", |draw| {
        let value = format!(
            "$argon2id$v=19$m=65536,t=3,p=4${}${}",
            base64(&draw.bytes(16)).trim_end_matches('='),
            base64(&draw.bytes(32)).trim_end_matches('=')
        );
        if draw.chance(50) {
            let text = format!(
                "users:\n  {}:\n    disabled: false\n    displayname: Admin\n    password: '{value}'\n    email: a@example.org\n",
                draw.noun()
            );
            return shape::file(draw, "users_database.yml", &text);
        }
        let key = draw.pick(&["ADMIN_TOKEN", "VAULTWARDEN_ADMIN", "digest", "LOGIN"]);
        shape::plain(draw, key, value)
    }),
    ("SHA-crypt and pbkdf2", |draw| {
        let value = match draw.below(3) {
            0 => format!("$6${}${}", draw.text(ALNUM, 16), draw.text(ALNUM, 86)),
            1 => format!(
                "pbkdf2_sha256$260000${}${}",
                draw.text(ALNUM, 22),
                base64(&draw.bytes(32))
            ),
            _ => format!(
                "$pbkdf2-sha512$310000${}${}",
                draw.text(ALNUM, 22),
                draw.text(ALNUM, 86)
            ),
        };
        let key = draw.pick(&["client_secret", "ROOT_SHADOW", "userHash", "digest"]);
        shape::plain(draw, key, value)
    }),
    ("seed of one-time passwords", |draw| {
        let value = format!(
            "otpauth://totp/{}:me@example.org?secret={}&issuer=Home",
            draw.app(),
            draw.text(BASE32, 32)
        );
        let key = draw.pick(&["TOTP_URL", "otp", "ENROLLMENT"]);
        shape::plain(draw, key, value)
    }),
    ("kubeconfig", |draw| {
        let pem = base64(draw.pem("EC PRIVATE KEY").as_bytes());
        let user = if draw.chance(50) {
            format!("    client-key-data: {pem}\n")
        } else {
            format!("    token: {}\n", draw.jwt())
        };
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: home\n  cluster:\n    server: https://10.0.0.1:6443\nusers:\n- name: admin\n  user:\n{user}"
        );
        shape::file(draw, "kubeconfig", &text)
    }),
    ("service account in JSON", |draw| {
        let pem = draw.pem("PRIVATE KEY").replace('\n', "\\n");
        let text = format!(
            "{{\n  \"type\": \"service_account\",\n  \"project_id\": \"home\",\n  \"private_key_id\": \"{}\",\n  \"private_key\": \"{pem}\",\n  \"client_email\": \"a@home.iam.gserviceaccount.com\"\n}}",
            draw.text(HEX, 40)
        );
        shape::file(draw, "credentials.json", &text)
    }),
    ("Docker configuration", |draw| {
        let (user, password) = (draw.noun(), draw.password());
        let auth = base64(format!("{user}:{password}").as_bytes());
        let json = format!(r#"{{"auths":{{"ghcr.io":{{"auth":"{auth}"}}}}}}"#);
        match draw.below(3) {
            0 => Case::of_values(
                json!({"imageCredentials": {"auths": {"ghcr.io": {"auth": auth}}}}),
                &["/imageCredentials/auths/ghcr.io/auth"],
            ),
            1 => shape::file(draw, "config.json", &json),
            _ => Case::of_values(
                json!({"extraObjects": [{"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
                    "metadata": {"name": "pull"}, "data": {".dockerconfigjson": base64(json.as_bytes())}}]}),
                &["/extraObjects/0/data/.dockerconfigjson"],
            ),
        }
    }),
];
