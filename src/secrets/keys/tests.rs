//! Rows of keys and what they say.

use super::*;

#[test]
fn head_nouns_decide() {
    for (class, keys) in [
        (
            Class::Password,
            "password adminPassword DB_PASSWORD APP_DBPASSWORD SMTPPASS PASSWORD_2 psk \
             requirepass bind_pw MYSQL_PWD snmp_community passwort DB_PASSWORT dbPasswort \
             kennwort contraseña CONTRASEÑA db_contrasena mot_de_passe motDePasse motdepasse \
             senha DB_SENHA wachtwoord lösenord losenord hasło haslo пароль Пароль 密码 \
             数据库密码 パスワード DBパスワード",
        ),
        (
            Class::Strong,
            "apiKey API_KEY SONARR__API_KEY AWS_SECRET_ACCESS_KEY private_key masterKey \
             client_secret JWT_SECRET botToken authToken REFRESH_TOKEN WIREGUARD_PRESHARED_KEY",
        ),
        (
            Class::Opaque,
            "token GITHUB_TOKEN secret SESSION_SECRET secretKey SECRET_KEY_BASE PASSWORD_PROD \
             Authorization",
        ),
        (
            Class::Ambiguous,
            "salt PLEX_CLAIM dsn APP_KEY license passwordHash",
        ),
        (Class::Weak, "key someKey DATADOG_KEY"),
        (
            Class::Setting,
            "DISABLE_PASSWORD requireToken MAX_API_KEY skipSecret KEY_S2_Authenticated",
        ),
        (
            Class::Not,
            "topologyKey valuesKey passwordKey usernameKey tokenKey secretName \
             existingSecret existingSecretPasswordKey DB_PASSWORD_FILE TOKEN_PATH siteKey \
             publicKey pubkey PEER_PUBKEY hashSeed PUBLIC_TOKEN passwort_file maxKeys enableKey tokenTTL KEY_FINGERPRINT secretSha256 PASSWORD_MIN_LENGTH checksum/secret \
             secret.reloader.stakater.com/reload proxy_pass tokenEndpoint secretStore",
        ),
        (
            Class::Unknown,
            "bypass monitor replicas image tag host_bypass compass",
        ),
    ] {
        for key in keys.split_whitespace() {
            // What only describes is either of the two: nothing is expected of its value.
            let found = Class::of(key);
            if class == Class::Unknown {
                assert!(found <= Class::Unknown, "{key}: {found:?}");
            } else {
                assert_eq!(found, class, "{key}");
            }
        }
    }
}
#[test]
fn what_is_below_a_secrets_key_has_its_class() {
    for (key, above, expected) in [
        ("alice", "passwords", Class::Opaque),
        ("database", "password", Class::Opaque),
        ("sonarr", "apiKey", Class::Opaque),
        ("database", "secrets", Class::Weak),
        ("algorithm", "password", Class::Not),
        ("name", "secret", Class::Not),
        ("alice", "users", Class::Unknown),
    ] {
        assert_eq!(Class::of_key_under(key, above), expected, "{key}");
    }
}
