//! Any text is scanned without a panic, every place that is found is one, and no message tells a value.

use jiff::Timestamp;
use lockkeeper::facts::NoFacts;
use lockkeeper::judge::judge;
use lockkeeper::model::{Case, Subject};
use lockkeeper::policy::Policy;
use lockkeeper::secrets::scan_subject;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Texts made of what the scanners look for, cut and joined in any way.
fn fragments() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "password",
        "token",
        "api_key",
        "=",
        ": ",
        ":",
        "\n",
        " ",
        "\"",
        "'",
        "`",
        "\\",
        "${",
        "}",
        "{{ ",
        " }}",
        "$(",
        "%(",
        "<",
        ">",
        "://",
        "@",
        "/",
        "-----BEGIN ",
        "PRIVATE KEY",
        "-----",
        "eyJ",
        ".",
        "$2y$10$",
        "kind: Secret",
        "data:\n",
        "  ",
        "- op: add\n",
        "value",
        "name",
        "curl -u ",
        " -p",
        "é",
        "密",
        "Basic ",
        "Bearer ",
        "otpauth://",
        "secret=",
        ":5432:",
        "createUser ",
        "IDENTIFIED BY ",
        "|\n",
        "&a ",
        "!!str ",
        "\"\"\"",
        "ghp_",
        "AA",
        "12345678:AA",
        "#",
        "!secret ",
        "default ",
        "replace \"a\" \"b\" ",
        "contraseña",
        "пароль",
        "密码",
        "[[",
        "%",
        "(",
        ")",
        "[",
        "]",
    ]);
    let piece = prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => "\\PC{0,24}"];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn release(values: &Value) -> Value {
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "games"}, "spec": {"values": values}})
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn places_are_places_of_the_text(text in fragments()) {
        let root = release(&json!({"config": text, "password": text, "token": text,
            "args": ["mysql", "-p", text, text], "extra": [{"kind": "Secret", "data": {"x": text}}]}));
        let subject = Subject::new(&root).expect("a HelmRelease");
        let mut places = Vec::new();
        scan_subject(&subject, |hit| {
            let value = subject.tree.value(hit.node).as_str().unwrap_or("").to_owned();
            for found in hit.found {
                places.push((value.clone(), found.literal, found.key));
            }
        });
        for (value, literal, key) in places {
            for range in [literal, key].into_iter().flatten() {
                prop_assert!(value.get(range).is_some(), "a place outside of the text");
            }
        }
    }

    #[test]
    fn no_message_tells_a_value(secret in "[A-Za-z0-9]{20,40}", before in fragments()) {
        let text = format!("{before}\npassword: {secret}\n");
        let root = release(&json!({"password": secret, "config": text, "url": format!("http://a:{secret}@b/")}));
        let case = Case::of_file(Subject::new(&root).expect("a HelmRelease"), Timestamp::UNIX_EPOCH);
        let policy = Policy::builtin();
        let verdict = judge(&case, &policy, &NoFacts);
        prop_assert!(!verdict.is_allowed());
        for ruled in &verdict.findings {
            prop_assert!(!ruled.finding.message.contains(&secret), "a message tells a value");
            prop_assert!(!ruled.finding.help.contains(&secret), "a help tells a value");
        }
    }
}

/// Texts on which a fuzzer once stopped the scanners.
#[test]
fn what_the_fuzzer_found_is_scanned() {
    for text in [
        "password`: {{ .Values.pw | defa,lt \"hu\" }}\n",
        "PASSWORD')ad -p 'Password: ' PASSWORD\n",
        "CREATE USER romm WITH PASSWORD '",
    ] {
        let root = release(&json!({"config": text, "password": text}));
        let subject = Subject::new(&root).expect("a HelmRelease");
        let mut scalars = 0;
        scan_subject(&subject, |_| scalars += 1);
        assert!(scalars <= 2, "{text}");
    }
}
