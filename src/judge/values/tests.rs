//! Values that ConfigMaps bring, from the merge to the verdict.

mod written;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::facts::testing::Written;
use crate::facts::{NoFacts, Unseen};
use crate::judge::{MASK, Note, Verdict, judge};
use crate::model::{Action, Basis, Certainty, Form, HelmRelease, Operation, Request};
use crate::policy::Policy;

fn release(values: &Value, values_from: &Value) -> Value {
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "games"},
        "spec": {
            "chartRef": {"kind": "OCIRepository", "name": "app-template"},
            "valuesFrom": values_from, "values": values
        }
    })
}

fn from(name: &str) -> Value {
    json!({"kind": "ConfigMap", "name": name})
}

fn values_of<'a>(root: &'a Value, facts: &dyn Facts) -> Option<Values<'a>> {
    read(&Subject::new(root).expect("a HelmRelease"), facts)
}

/// Merges texts, each with its targetPath, as entries of ConfigMaps of their own; `None` where Helm
/// refuses them.
fn merge(own: &Value, entries: &[(&str, &str, bool)]) -> Option<Value> {
    let mut facts = Written::default();
    let mut list = Vec::new();
    for (index, (text, path, literal)) in entries.iter().enumerate() {
        let name = format!("values-{index}");
        facts = facts.config_map(&format!("games/{name}"), "values.yaml", text);
        list.push(
            json!({"kind": "ConfigMap", "name": name, "targetPath": path, "literal": literal}),
        );
    }
    let root = release(own, &json!(list));
    let values = values_of(&root, &facts).expect("it takes values from ConfigMaps");
    values
        .root
        .as_ref()
        .filter(|_| values.unmerged.is_empty())
        .map(|root| root["spec"]["values"].clone())
}

/// What helm-controller's own code (fluxcd/pkg/chartutil v1.27.2 on Helm v4.2.4) made of these.
#[test]
fn values_are_merged_as_helm_controller_does() {
    let cases = include_str!("../../../tests/fixtures/values-from.json");
    let cases: Vec<Value> = serde_json::from_str(cases).expect("JSON");
    assert!(cases.len() > 20);
    for case in &cases {
        let entries: Vec<(&str, &str, bool)> = case["entries"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| {
                let text = |key: &str| entry[key].as_str().unwrap_or("");
                let literal = entry["literal"].as_bool().unwrap_or(false);
                (text("text"), text("targetPath"), literal)
            })
            .collect();
        // `null` where helm-controller refuses it.
        let expected = Some(&case["merged"])
            .filter(|merged| !merged.is_null())
            .cloned();
        assert_eq!(merge(&case["values"], &entries), expected, "{case}");
    }
}

fn update<'a>(new: &'a Value, old: Option<&'a Value>, dry_run: bool) -> Case<'a> {
    Case {
        subject: Subject::new(new).expect("a HelmRelease"),
        before: old.map(|old| old as &dyn crate::model::Before),
        request: Request {
            operation: Operation::Update,
            user: None,
            dry_run,
            form: Form::Applied,
        },
        now: Timestamp::UNIX_EPOCH,
        comments: None,
    }
}

fn verdict(case: &Case<'_>, rule: &str, facts: &dyn Facts) -> Verdict {
    let mut policy = Policy::builtin();
    policy.keep_rules(|name| name == rule);
    judge(case, &policy, facts)
}

fn image(tag: &str) -> Value {
    json!({"controllers": {"main": {"containers": {"main": {"image": {"repository": "a/b", "tag": tag}}}}}})
}

fn image_text(tag: &str) -> String {
    image(tag).to_string()
}

#[test]
fn a_finding_on_a_config_map_s_value_names_it_and_is_no_denial_in_a_dry_run() {
    let root = release(&json!({}), &json!([from("base"), from("app-values")]));
    let facts = Written::default()
        .config_map("games/base", "values.yaml", "{}")
        .config_map("games/app-values", "values.yaml", &image_text("latest"));
    for (dry_run, action) in [(true, Action::Warn), (false, Action::Deny)] {
        let verdict = verdict(&update(&root, None, dry_run), "unpinned-image", &facts);
        let [ruled] = &verdict.findings[..] else {
            panic!("one finding: {verdict:?}");
        };
        assert_eq!(ruled.action, action);
        assert_eq!(ruled.finding.pointer.as_str(), "/spec/valuesFrom/1");
        assert_eq!(ruled.finding.basis, Basis::Facts);
        let ending = "; it comes from key `values.yaml` of ConfigMap `app-values`, at `/controllers/main/containers/main/image/tag`";
        assert!(
            ruled.finding.message.ends_with(ending),
            "{}",
            ruled.finding.message
        );
    }
}

#[test]
fn the_object_s_own_scalar_keeps_its_place_and_is_denied_once_the_config_map_is_there() {
    let root = release(&image("latest"), &json!([from("app-values")]));
    let facts =
        Written::default().config_map("games/app-values", "values.yaml", &image_text("1.2.3"));
    for (dry_run, action) in [(true, Action::Warn), (false, Action::Deny)] {
        let verdict = verdict(&update(&root, None, dry_run), "unpinned-image", &facts);
        let finding = &verdict.findings[0].finding;
        assert_eq!(verdict.findings[0].action, action);
        assert_eq!(
            finding.pointer.as_str(),
            "/spec/values/controllers/main/containers/main/image/tag"
        );
        assert!(!finding.message.contains("ConfigMap"));
    }
}

#[test]
fn the_object_s_own_secret_is_denied_in_a_dry_run_too() {
    let secret = ["Zq8", "vR2", "mLx", "9Tw", "4Kd"].concat();
    let values = json!({"env": {"DB_PASSWORD": secret}});
    let root = release(&values, &json!([from("app-values")]));
    let facts = Written::default().config_map("games/app-values", "values.yaml", "a: 1");
    let verdict = verdict(&update(&root, None, true), "literal-secret", &facts);
    assert_eq!(verdict.findings[0].action, Action::Deny);
}

#[test]
fn what_a_config_map_gives_is_not_missing_and_what_it_may_yet_give_is_no_denial_in_a_dry_run() {
    let mut values = image("1.2.3");
    let image = &mut values["controllers"]["main"]["containers"]["main"]["image"];
    image.as_object_mut().expect("a map").remove("tag");
    let root = release(&values, &json!([from("app-values")]));
    let with = |text: &str| Written::default().config_map("games/app-values", "values.yaml", text);
    let given = with(&image_text("1.2.3"));
    let case = update(&root, None, true);
    assert!(verdict(&case, "unpinned-image", &given).findings.is_empty());
    let missing = verdict(&case, "unpinned-image", &with("{}"));
    assert_eq!(missing.findings[0].action, Action::Warn);
    assert_eq!(missing.findings[0].note, Some(Note::DryRun));
    let written = update(&root, None, false);
    let missing = verdict(&written, "unpinned-image", &with("{}"));
    assert_eq!(missing.findings[0].action, Action::Deny);
    let unseen = verdict(&written, "unpinned-image", &NoFacts);
    assert_eq!(unseen.findings[0].finding.certainty, Certainty::Unverified);
}

#[test]
fn a_secret_of_a_config_map_is_found_and_quoted_nowhere() {
    let secret = ["Zq8", "vR2", "mLx", "9Tw", "4Kd"].concat();
    let root = release(&json!({}), &json!([from("app-values")]));
    let text = json!({"env": {"DB_PASSWORD": secret}}).to_string();
    let facts = Written::default().config_map("games/app-values", "values.yaml", &text);
    let verdict = verdict(&update(&root, None, false), "literal-secret", &facts);
    let [ruled] = &verdict.findings[..] else {
        panic!("one finding");
    };
    assert_eq!(ruled.action, Action::Deny);
    assert_eq!(ruled.finding.pointer.as_str(), "/spec/valuesFrom/0");
    // What is concealed is not the entry in the object.
    assert!(!ruled.finding.conceals);
    assert_eq!(verdict.elsewhere[0].value(), secret);
    assert!(!format!("{verdict:?}").contains(&secret));
}

#[test]
fn what_another_rule_quotes_of_a_config_map_s_secret_is_masked() {
    let secret = ["Zq8", "vR2", "mLx", "9Tw", "4Kd"].concat();
    let text =
        json!({"image": {"repository": "a/b", "tag": format!("latest\npassword: {secret}\n")}});
    let root = release(&json!({}), &json!([from("app-values")]));
    let facts = Written::default().config_map("games/app-values", "values.yaml", &text.to_string());
    let case = update(&root, None, false);
    let policy = Policy::builtin();
    let verdict = judge(&case, &policy, &facts);
    assert!(verdict.findings.len() > 1, "{verdict:?}");
    for ruled in &verdict.findings {
        assert!(!ruled.finding.message.contains(&secret));
    }
    assert!(
        verdict
            .findings
            .iter()
            .any(|ruled| ruled.finding.message.contains(MASK))
    );
}

#[test]
fn a_literal_that_a_target_path_replaces_is_found_all_the_same() {
    let secret = ["Zq8", "vR2", "mLx", "9Tw", "4Kd"].concat();
    let own = json!({"db": {"password": secret}});
    let entry = json!({"kind": "ConfigMap", "name": "app-values", "valuesKey": "key",
                       "targetPath": "db.password"});
    let root = release(&own, &json!([entry]));
    let facts = Written::default().config_map("games/app-values", "key", "${DB_PASSWORD}");
    let values = values_of(&root, &facts).expect("values");
    let merged = values.root.as_ref().expect("they are merged");
    assert_eq!(merged["spec"]["values"]["db"]["password"], "${DB_PASSWORD}");
    let found = |old: Option<&Value>| {
        let verdict = verdict(&update(&root, old, true), "literal-secret", &facts);
        assert_eq!(
            verdict.findings[0].finding.pointer.as_str(),
            "/spec/values/db/password"
        );
        verdict.findings[0].action
    };
    assert_eq!(found(None), Action::Deny);
    assert_eq!(found(Some(&root)), Action::Warn, "it was there before");
}

#[test]
fn the_ratchet_compares_merged_values() {
    let facts =
        Written::default().config_map("games/app-values", "values.yaml", &image_text("latest"));
    let with = release(&json!({"a": 1}), &json!([from("app-values")]));
    let mut changed = with.clone();
    changed["spec"]["values"]["a"] = json!(2);
    let without = release(&json!({"a": 1}), &json!([]));
    for (old, action) in [(&with, Action::Warn), (&without, Action::Deny)] {
        let case = update(&changed, Some(old), false);
        let verdict = verdict(&case, "unpinned-image", &facts);
        assert_eq!(verdict.findings[0].action, action);
    }
}

#[test]
fn an_exemption_may_name_the_place_in_the_values_or_the_entry() {
    let root = release(&json!({}), &json!([from("app-values")]));
    let facts =
        Written::default().config_map("games/app-values", "values.yaml", &image_text("latest"));
    for (pointer, action) in [
        ("/spec/valuesFrom/0", Action::Audit),
        ("/spec/values/controllers/main", Action::Audit),
        ("/spec/values/other", Action::Deny),
    ] {
        let policy = Policy::from_document(&json!({"exemptions": [{
            "rules": ["unpinned-image"], "pointers": [pointer],
            "reason": "waits for upstream", "expiresAt": "2999-01-01"
        }]}));
        let policy = policy.unwrap_or_else(|error| panic!("{error}"));
        let case = update(&root, None, false);
        let verdict = judge(&case, &policy, &facts);
        let ruled = verdict
            .findings
            .iter()
            .find(|ruled| ruled.finding.rule == "unpinned-image");
        assert_eq!(ruled.map(|ruled| ruled.action), Some(action), "{pointer}");
    }
}

#[test]
fn a_secret_that_comes_later_may_replace_what_a_config_map_says() {
    let secret = |path: &str| json!({"kind": "Secret", "name": "s", "targetPath": path});
    let at = "controllers.main.containers.main.image.tag";
    let facts =
        Written::default().config_map("games/app-values", "values.yaml", &image_text("latest"));
    for (list, certainty) in [
        (
            json!([from("app-values"), secret("")]),
            Certainty::Unverified,
        ),
        (
            json!([from("app-values"), secret(at)]),
            Certainty::Unverified,
        ),
        (
            json!([from("app-values"), secret("controllers")]),
            Certainty::Unverified,
        ),
        (
            json!([from("app-values"), secret("db.password")]),
            Certainty::Definite,
        ),
        (json!([secret(""), from("app-values")]), Certainty::Definite),
    ] {
        let root = release(&json!({}), &list);
        let verdict = verdict(&update(&root, None, false), "unpinned-image", &facts);
        assert_eq!(verdict.findings[0].finding.certainty, certainty, "{list}");
    }
}

/// The places and reasons of what could not be merged.
fn unmerged(values_from: &Value, facts: &dyn Facts) -> Vec<(usize, String)> {
    let root = release(&json!({}), values_from);
    let subject = Subject::new(&root).expect("a HelmRelease");
    let values = read(&subject, facts).expect("it names a ConfigMap");
    let case = Case::of_file(subject, Timestamp::UNIX_EPOCH);
    let merged = values.case(&case).expect("a HelmRelease");
    let has = HelmRelease::of(&merged.subject).has_unseen_values();
    assert_eq!(has, !values.unmerged.is_empty());
    let pairs = values.unmerged.iter();
    pairs
        .map(|entry| (entry.index, entry.why.clone()))
        .collect()
}

#[test]
fn what_is_absent_counts_unless_it_is_optional() {
    let facts = Written::others(None)
        .config_map("games/there", "values.yaml", "a: 1")
        .config_map_as("games/slow", Answer::Unseen(Unseen::TooSlow));
    let optional = |name: &str, key: &str| json!({"kind": "ConfigMap", "name": name, "valuesKey": key, "optional": true});
    let found = unmerged(
        &json!([from("there"), from("gone"), optional("gone", ""), optional("there", "other"),
                {"kind": "ConfigMap", "name": "there", "valuesKey": "other"},
                from("slow"), {"kind": "Secret", "name": "s"}, {"kind": "Pod", "name": "p"}]),
        &facts,
    );
    let found: Vec<(usize, &str)> = found.iter().map(|(at, why)| (*at, why.as_str())).collect();
    assert_eq!(
        found,
        [
            (1, "it does not exist"),
            (4, "it does not have that key"),
            (5, "the API server did not answer in time"),
            (6, ""),
            (7, "its kind is neither ConfigMap nor Secret"),
        ]
    );
}

#[test]
fn what_is_too_large_or_broken_is_not_merged_and_nothing_hangs() {
    let large = format!("a: {}", "x".repeat(MOST_BYTES));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = format!("*a{}, ", level - 1).repeat(8);
        bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    let lists = "x,".to_owned() + "b[65535]=1,c[65535]=1";
    let deep = format!("x,b{}=1", "[0]".repeat(10_000));
    let facts = Written::default()
        .config_map("games/large", "values.yaml", &large)
        .config_map("games/bomb", "values.yaml", &bomb)
        .config_map("games/lists", "values.yaml", &lists)
        .config_map("games/deep", "values.yaml", &deep)
        .config_map("games/broken", "values.yaml", "a: [")
        .config_map("games/list", "values.yaml", "- 1");
    let at = |name: &str| json!({"kind": "ConfigMap", "name": name, "targetPath": "a"});
    for (list, count) in [
        (json!([from("large"), from("list")]), 2),
        (json!([from("bomb")]), 1),
        (json!([from("broken")]), 1),
        (json!([from("list")]), 1),
        (json!([at("lists")]), 1),
        (json!([at("deep")]), 1),
        (json!(vec![from("bomb"); 1000]), 1000),
        (
            json!([from("broken"), at("deep"), {"kind": "Secret", "name": "s"}]),
            3,
        ),
    ] {
        assert_eq!(unmerged(&list, &facts).len(), count);
    }
}

#[test]
fn a_release_without_config_maps_is_not_touched() {
    for list in [
        json!([]),
        json!([{"kind": "Secret", "name": "s"}]),
        Value::Null,
    ] {
        let root = release(&json!({}), &list);
        assert!(values_of(&root, &NoFacts).is_none());
    }
}

proptest! {
    #[test]
    fn no_path_or_text_panics(path in "[a-c\\\\.\\[\\]0-2]{0,12}", text in "[a-c{},='\"\\\\\\[\\]0-2.]{0,16}", literal: bool) {
        let own = json!({"a": {"b": [1, {"c": 2}]}, "b": ["x"], "c": null});
        if !path.is_empty() {
            let _ = merge(&own, &[(&text, &path, literal), ("9", "a.b[1].c", false)]);
        }
    }
}
