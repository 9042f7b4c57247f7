//! Rows of a key, a value and what they are judged to be.

use super::*;

fn grade(key: &str, value: &str) -> Option<Grade> {
    judge(
        Class::of(key),
        key,
        value,
        Setting::Scalar,
        &Names::default(),
    )
    .map(|judged| judged.grade)
}

#[test]
fn the_key_says_how_sure_the_value_must_be() {
    let random = concat!("9f2c71e8b4", "d05a6633ec");
    for (key, value, expected) in [
        ("password", "Tr0ub4dor&3-kept", Some(Grade::Literal)),
        ("password", "admin", Some(Grade::Weak)),
        ("password", "${X:=admin}", Some(Grade::WeakFallback)),
        ("password", "${X:-Tr0ub4dor&3-kept}", Some(Grade::Literal)),
        ("password", "${X}", None),
        ("password", "none", None),
        ("password", "${A}-${B}", None),
        (
            "password",
            concat!("q7Zx", "9Kw2$(X)"),
            Some(Grade::Literal),
        ),
        (
            "password",
            concat!("$(X)", "Vb4tR8pM$(Y)"),
            Some(Grade::Literal),
        ),
        ("password", "${A}-zigbee2mqtt-${B}", None),
        ("password", "prefix-${A}", None),
        ("password", "romm_v2_${A}", None),
        ("password", "postgres16-${A}-oauth2proxy", None),
        ("password", "v1alpha1${A}k8sgateway", None),
        ("password", "${A}.zigbee2mqtt.svc", None),
        ("token", concat!("q7Zx", "9Kw2$(X)"), None),
        (
            "token",
            concat!("q7Zx", "9Kw2Lm4P$(X)"),
            Some(Grade::Literal),
        ),
        ("apiKey", random, Some(Grade::Literal)),
        ("apiKey", "3600", None),
        ("apiKey", "not-needed", None),
        ("SIGNING_KEY", "default", None),
        ("password", "default", Some(Grade::Weak)),
        ("password", "public", Some(Grade::Weak)),
        ("pubkey", random, None),
        ("token", random, Some(Grade::Literal)),
        ("token", "my-app-token", None),
        ("token", "zigbee2mqtt-rw", None),
        ("token", "changeme", Some(Grade::Weak)),
        ("SECRET_KEY", "Kettle42!river", Some(Grade::Literal)),
        ("SECRET_KEY", "Kettle-river-v2", None),
        (
            "CREATE_USER_PASSWORD",
            "Kettle42!river",
            Some(Grade::Literal),
        ),
        ("CREATE_USER_PASSWORD", "true", None),
        ("ADMIN_PIN", "4711", Some(Grade::Weak)),
        ("homekit_pin", "031-45-154", Some(Grade::Weak)),
        ("pin", "GPIO12", None),
        ("pin", "19", None),
        ("token", "Bearer ${X}", None),
        ("clientSecret", "romm-oidc", None),
        ("CLIENT_SECRET", "copper_lantern", Some(Grade::Literal)),
        ("someKey", random, Some(Grade::Literal)),
        ("someKey", "app.kubernetes.io/name", None),
        (
            "network_key",
            "204,61,75,23,44,230,24,203,53,5,248,32,50,84,44,159",
            Some(Grade::Literal),
        ),
        ("network_key", "[1, 2, 3]", None),
        ("someKey", "1,2,3", None),
        ("topologyKey", random, None),
        ("DISABLE_PASSWORD", random, Some(Grade::Literal)),
        ("requireToken", random, Some(Grade::Literal)),
        ("DISABLE_PASSWORD", "true", None),
        ("SKIP_SECRET", "zigbee2mqtt-credentials-v2", None),
        ("MAX_TOKENS", "4096", None),
        ("PUBLIC_TOKEN", random, None),
        ("existingSecret", random, None),
        ("passwort", "geheim", Some(Grade::Weak)),
        ("contraseña", "Tr0ub4dor&3-kept", Some(Grade::Literal)),
        ("mot_de_passe", "${X}", None),
        ("パスワード", "Tr0ub4dor&3-kept", Some(Grade::Literal)),
        ("image", random, None),
    ] {
        assert_eq!(grade(key, value), expected, "{key}");
    }
}

#[test]
fn basic_credentials_are_decoded() {
    // `user:pass-word1` and `no colon here`.
    assert!(is_basic("dXNlcjpwYXNzLXdvcmQx"));
    assert!(!is_basic("bm8gY29sb24gaGVyZQ=="));
}
