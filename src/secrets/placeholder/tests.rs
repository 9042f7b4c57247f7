//! What is a placeholder, and which literals it leaves.

use super::*;

fn literals(value: &str) -> Vec<&str> {
    parts(value)
        .filter_map(|part| match part {
            Part::Literal(text) | Part::Default(text) => Some(text),
            Part::Placeholder => None,
        })
        .collect()
}

#[test]
fn placeholders_of_every_dialect_leave_nothing() {
    for value in [
        "${X}",
        "$${X}",
        "$(X)",
        "$X",
        "$1",
        "{{ .Values.x }}",
        "{{ .Values.x | quote }}",
        "{{ env \"NAME\" }}",
        "{{ index .Data \"password\" | toString }}",
        "{{ (lookup \"v1\" \"Secret\" .ns \"name\").data.x }}",
        "{% if x %}",
        "$__file{/run/secrets/x}",
        "$__env{NAME}",
        "{FRIGATE_RTSP_PASSWORD}",
        "{env.CF_TOKEN}",
        "{$CF_TOKEN}",
        "{file:/run/x}",
        "!secret mqtt_password",
        "!env_var NAME",
        "!secret.yaml mqtt_password",
        "%(ENV_X)s",
        "%DB_PASSWORD%",
        "%env(DB_PASSWORD)%",
        "<path:secret/data/x#key>",
        "<your-token>",
        "[[ .x ]]",
        "@DB_PASSWORD@",
        "${X:?must be set}",
        "${X:0:5}",
        "$(cat /run/secrets/x)",
        "${{ secrets.X }}",
        "#{X}#",
        "${X:+--password}",
        "${X:+yes}",
        "$Name",
        "$DB_PASSWORD_V2",
        "[[ .Values.password2 ]]",
        "<your-github-token-here>",
        "@POSTGRES_PASSWORD_16@",
    ] {
        assert_eq!(literals(value), Vec::<&str>::new(), "{value}");
    }
}

#[test]
fn defaults_and_literals_are_given() {
    for (value, expected) in [
        ("${X:=fnord}", vec!["fnord"]),
        ("${X:-fnord}", vec!["fnord"]),
        ("$${X-fnord}", vec!["fnord"]),
        ("${a.b:fnord}", vec!["fnord"]),
        ("${X:-${Y}}", vec!["${Y}"]),
        ("pre${X}post", vec!["pre", "post"]),
        ("{{ \"fnord\" | b64enc }}", vec!["fnord"]),
        ("{{ .Values.x | default \"fnord\" }}", vec!["fnord"]),
        ("{{ printf \"%s\" \"fnord\" }}", vec!["fnord"]),
        ("{{ lower \"fnord\" }}", vec!["fnord"]),
        ("{{ tpl \"fnord\" . }}", vec!["fnord"]),
        ("{{ $x := \"fnord\" }}{{ $x }}", vec!["fnord"]),
        ("{{ x | default('fnord') }}", vec!["fnord"]),
        ("plain", vec!["plain"]),
        ("$2y$10$abc", vec!["$2y$10$abc"]),
        ("pa$$word", vec!["pa$$word"]),
        ("Pa$sword", vec!["Pa$sword"]),
    ] {
        assert_eq!(literals(value), expected, "{value}");
    }
}

#[test]
fn what_looks_drawn_between_odd_brackets_is_no_name() {
    let drawn = ["q7Zx9K", "w2Lm4P", "v8Tb"].concat();
    let big = drawn.to_uppercase();
    for value in [
        format!("${drawn}"),
        format!("<{drawn}>"),
        format!("[[{drawn}]]"),
        format!("@{big}@"),
        format!("%{big}%"),
    ] {
        assert_eq!(literals(&value), vec![&*value], "{value}");
    }
    for value in [format!("${{X:+{drawn}}}"), format!("${{X+{drawn}}}")] {
        assert_eq!(literals(&value), vec![&*drawn], "{value}");
    }
}
