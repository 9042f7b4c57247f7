//! Where a secret is written out: in the object itself, or in a ConfigMap that it takes values from.

use super::*;

fn password() -> String {
    ["Zq8", "vR2", "mLx", "9Tw", "4Kd"].concat()
}

fn found(case: &Case<'_>, facts: &dyn Facts) -> Vec<(Action, String)> {
    let verdict = verdict(case, "literal-secret", facts);
    let found = verdict.findings.iter();
    found
        .map(|ruled| (ruled.action, ruled.finding.pointer.as_str().to_owned()))
        .collect()
}

#[test]
fn what_may_replace_the_secret_of_a_config_map_does_not_excuse_it() {
    let text = json!({"db": {"password": password()}}).to_string();
    let facts = Written::others(None).config_map("games/app-values", "values.yaml", &text);
    for later in [
        json!({"kind": "Secret", "name": "never-made", "optional": true}),
        json!({"kind": "ConfigMap", "name": "never-made"}),
        json!({"kind": "ConfigMap", "name": "never-made", "targetPath": "db"}),
    ] {
        let root = release(&json!({}), &json!([from("app-values"), later]));
        let expected = [(Action::Deny, "/spec/valuesFrom/0".to_owned())];
        assert_eq!(found(&update(&root, None, false), &facts), expected);
    }
}

#[test]
fn a_config_map_that_renames_what_is_beside_a_secret_does_not_hide_it() {
    let own = json!({"env": [{"name": "DB_PASSWORD", "value": password()}]});
    let rename = |index: usize| {
        json!({"kind": "ConfigMap", "name": "names", "valuesKey": "key",
               "targetPath": format!("env[{index}].name")})
    };
    let facts = Written::others(None).config_map("games/names", "key", "TITLE");
    let place = "/spec/values/env/0/value".to_owned();
    // The other one renames nothing: the secret is told of once.
    for index in [0, 1] {
        let root = release(&own, &json!([rename(index)]));
        for dry_run in [true, false] {
            let case = update(&root, None, dry_run);
            assert_eq!(found(&case, &facts), [(Action::Deny, place.clone())]);
        }
        let case = update(&root, Some(&root), false);
        assert_eq!(found(&case, &facts), [(Action::Warn, place.clone())]);
    }
}

#[test]
fn the_secret_of_a_config_map_does_not_excuse_one_in_the_object() {
    let values = json!({"db": {"password": password()}});
    let text = values.to_string();
    let facts = Written::others(None).config_map("games/app-values", "values.yaml", &text);
    let list = json!([{"kind": "ConfigMap", "name": "app-values", "optional": true}]);
    // It passed before anybody made the ConfigMap.
    let taken = release(&json!({}), &list);
    let both = release(&values, &list);
    let written = release(&values, &json!([]));
    let action = |new: &Value, old: &Value| {
        let found = found(&update(new, Some(old), false), &facts);
        assert_eq!(found.len(), 1);
        found[0].0
    };
    assert_eq!(action(&written, &taken), Action::Deny);
    assert_eq!(action(&both, &taken), Action::Deny);
    // Whoever takes it out of the object is not stopped.
    assert_eq!(action(&taken, &written), Action::Warn);
    assert_eq!(action(&taken, &taken), Action::Warn);
    assert_eq!(action(&both, &written), Action::Warn);
}

#[test]
fn many_entries_and_many_findings_are_judged_in_time() {
    let images: serde_json::Map<String, Value> = (0..4000)
        .map(|at| {
            let image = json!({"image": {"repository": "a/b", "tag": "latest"}});
            (format!("i{at}"), image)
        })
        .collect();
    let text = Value::Object(images).to_string();
    let facts = Written::others(None).config_map("games/app-values", "values.yaml", &text);
    let mut list = vec![from("app-values")];
    list.extend((0..10_000).map(|at| {
        let path = format!("db{}.password", at % 5000);
        json!({"kind": "Secret", "name": format!("s{at}"), "targetPath": path})
    }));
    list.push(json!({"kind": "Secret", "name": "below", "targetPath": "i7.image.tag.below"}));
    let root = release(&json!({}), &json!(list));
    let began = std::time::Instant::now();
    let verdict = verdict(&update(&root, None, false), "unpinned-image", &facts);
    // Where each is compared with each it takes more than a minute.
    assert!(began.elapsed() < std::time::Duration::from_secs(20));
    assert_eq!(verdict.with(Action::Deny).count(), 3999);
    assert_eq!(verdict.with(Action::Warn).count(), 1);
}
