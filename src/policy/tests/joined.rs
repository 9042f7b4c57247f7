//! What several policies, exemptions and doubts come to.

use std::collections::BTreeMap;

use super::*;
use crate::facts::{Answer, testing};
use crate::model::Pointer;

fn policies(documents: &[Value]) -> Policy {
    Policy::from_documents(documents).unwrap_or_else(|error| panic!("{error}"))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "reads as the YAML that it stands for"
)]
fn named(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "ReleasePolicy", "metadata": {"name": name}, "spec": spec})
}

fn chart(action: &str) -> Value {
    json!({"unpinned-chart": {"action": action}})
}

fn in_media(documents: &[Value]) -> Action {
    action_of(&policies(documents), "unpinned-chart", "media", "plex")
}

#[test]
fn a_policy_alone_makes_nothing_milder_unless_it_says_that_it_replaces_the_default() {
    for (action, replaces, expected) in [
        ("warn", false, Action::Deny),
        ("off", false, Action::Deny),
        ("warn", true, Action::Warn),
        ("off", true, Action::Off),
    ] {
        let spec = json!({"replacesDefault": replaces, "rules": chart(action)});
        assert_eq!(
            in_media(&[named("a", spec)]),
            expected,
            "{action} {replaces}"
        );
    }
    let stricter = named("a", json!({"rules": {"missing-tmpfs": {"action": "deny"}}}));
    let policy = policies(&[stricter]);
    assert_eq!(
        action_of(&policy, "missing-tmpfs", "media", "plex"),
        Action::Deny
    );
}

#[test]
fn of_several_policies_the_strictest_counts() {
    let relaxed = |name: &str, action: &str| {
        named(
            name,
            json!({"replacesDefault": true, "rules": chart(action)}),
        )
    };
    assert_eq!(
        in_media(&[relaxed("a", "audit"), relaxed("b", "warn")]),
        Action::Warn
    );
    assert_eq!(
        in_media(&[relaxed("b", "warn"), relaxed("a", "audit")]),
        Action::Warn
    );
    let plain = named("c", json!({"rules": chart("deny")}));
    assert_eq!(in_media(&[relaxed("a", "audit"), plain]), Action::Deny);
    // One that names other rules alone has no say, and does not bring the built-in action back.
    let other = named(
        "d",
        json!({"rules": {"unpinned-image": {"action": "deny"}}}),
    );
    assert_eq!(in_media(&[relaxed("a", "audit"), other]), Action::Audit);
    let elsewhere = named(
        "e",
        json!({"match": {"namespaces": ["games"]}, "rules": chart("deny")}),
    );
    assert_eq!(in_media(&[relaxed("a", "audit"), elsewhere]), Action::Audit);
}

fn claims_outside(documents: &[Value], claim: &str) -> bool {
    use crate::rules::storage::missing_claim::MissingClaimParams;
    let policy = policies(documents);
    with_effective(&policy, "media", "plex", &NoFacts, |effective| {
        let mut settings = effective.settings().iter();
        let setting = settings
            .find(|setting| setting.rule.meta().name == "missing-claim")
            .expect("a rule of the registry");
        let params = setting.params.downcast_ref::<MissingClaimParams>();
        params
            .expect("its parameters")
            .external_claims
            .matches("media", claim)
    })
}

#[test]
fn parameters_join_by_strictness_and_one_that_a_policy_leaves_out_is_what_another_says() {
    let list = |name: &str, globs: Value| {
        named(
            name,
            json!({"rules": {"missing-claim": {"externalClaims": globs}}}),
        )
    };
    let a = list("a", json!(["data-*", "other"]));
    let b = list("b", json!(["*-plex"]));
    let silent = named(
        "c",
        json!({"rules": {"missing-claim": {"existence": "warn"}}}),
    );
    assert!(claims_outside(&[a.clone(), silent], "data-x"));
    assert!(claims_outside(&[a.clone(), b.clone()], "data-plex"));
    assert!(!claims_outside(&[a.clone(), b.clone()], "data-x"));
    assert!(!claims_outside(&[a, b], "other"));
}

fn with_effective<T>(
    policy: &Policy,
    namespace: &str,
    name: &str,
    facts: &dyn crate::facts::Facts,
    ask: impl FnOnce(&Effective<'_>) -> T,
) -> T {
    let root = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
                      "metadata": {"name": name, "namespace": namespace, "labels": {"tier": "front"}}});
    let case = Case::of_file(
        Subject::new(&root).expect("a HelmRelease"),
        Timestamp::UNIX_EPOCH,
    );
    let deadline = Deadline::default();
    ask(&policy.effective(&case, facts, &Variables::new(&case, &deadline)))
}

#[test]
fn labels_select_releases_and_namespaces() {
    let by = |matches: Value| {
        policies(&[named(
            "a",
            json!({"match": matches, "replacesDefault": true, "rules": chart("off")}),
        )])
    };
    let action = |policy: &Policy, facts: &dyn crate::facts::Facts| {
        with_effective(policy, "media", "plex", facts, |effective| {
            let settings = effective.settings().iter();
            let mut ours = settings.filter(|setting| setting.rule.meta().name == "unpinned-chart");
            (
                ours.next().map(|setting| setting.action),
                effective.doubts().count(),
            )
        })
    };
    let front = by(json!({"releaseSelector": {"matchLabels": {"tier": "front"}}}));
    assert_eq!(action(&front, &NoFacts), (Some(Action::Off), 0));
    let back = by(json!({"releaseSelector": {"matchLabels": {"tier": "back"}}}));
    assert_eq!(action(&back, &NoFacts), (Some(Action::Deny), 0));

    let lab = by(json!({"namespaceSelector": {"matchLabels": {"stage": "lab"}}}));
    let labelled = |stage: &str| {
        let labels = BTreeMap::from([("stage".to_owned(), stage.to_owned())]);
        testing::Written::default().namespace("media", Answer::Known(labels))
    };
    assert_eq!(action(&lab, &labelled("lab")), (Some(Action::Off), 0));
    assert_eq!(action(&lab, &labelled("live")), (Some(Action::Deny), 0));
    // What nobody can say relaxes nothing, and is told.
    assert_eq!(action(&lab, &NoFacts), (Some(Action::Deny), 1));
    // Where a name alone says that it is for another, nothing is asked.
    let other = by(
        json!({"namespaces": ["games"], "namespaceSelector": {"matchLabels": {"stage": "lab"}}}),
    );
    assert_eq!(action(&other, &NoFacts), (Some(Action::Deny), 0));
}

#[test]
fn a_policy_of_which_nobody_can_say_whether_it_matches_makes_nothing_harder_than_a_warning() {
    let strict = |on_unseen: Value| {
        let mut spec = json!({"rules": {"missing-tmpfs": {"action": "deny"}},
            "match": {"namespaceSelector": {"matchLabels": {"stage": "live"}}}});
        let mut documents = vec![named("a", spec.take())];
        if !on_unseen.is_null() {
            documents.push(named("b", json!({"onUnseen": on_unseen})));
        }
        action_of(&policies(&documents), "missing-tmpfs", "media", "plex")
    };
    assert_eq!(strict(Value::Null), Action::Warn);
    assert_eq!(strict(json!("deny")), Action::Deny);
}

#[test]
fn operations_are_matched_by_what_is_done() {
    let policy = |operation: &str| {
        policies(&[named(
            "a",
            json!({"match": {"operations": [operation]}, "rules": {"missing-tmpfs": {"action": "deny"}}}),
        )])
    };
    assert_eq!(
        action_of(&policy("CREATE"), "missing-tmpfs", "media", "plex"),
        Action::Deny
    );
    assert_eq!(
        action_of(&policy("UPDATE"), "missing-tmpfs", "media", "plex"),
        Action::Audit
    );
}

fn exempted(documents: &[Value], annotation: &str, place: &str) -> Option<Exempted> {
    let policy = policies(documents);
    let root = json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "plex", "namespace": "media", "annotations": {ANNOTATION: annotation}}});
    let case = Case::of_file(
        Subject::new(&root).expect("a HelmRelease"),
        Timestamp::UNIX_EPOCH,
    );
    let deadline = Deadline::default();
    let effective = policy.effective(&case, &NoFacts, &Variables::new(&case, &deadline));
    let place = Pointer::parse(place).expect("a pointer");
    effective.exempted(&case.subject, "unpinned-image", &[&place], case.now)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "reads as the YAML that it stands for"
)]
fn exemption(namespace: &str, spec: Value) -> Value {
    json!({"apiVersion": "lockkeeper.dev/v1alpha1", "kind": "Exemption",
        "metadata": {"name": "legacy", "namespace": namespace}, "spec": spec})
}

#[test]
fn an_exemption_counts_only_where_a_policy_for_the_release_opens_its_namespace_and_rule() {
    let spec = json!({"rules": ["unpinned-image"], "releases": ["plex"], "reason": "upstream", "expiresAt": "2999-01-01"});
    let given = exemption("media", spec.clone());
    let counts = |policy: Value, given: &Value| {
        let found = exempted(
            &[named("a", policy), given.clone()],
            "",
            "/spec/values/image",
        );
        matches!(found, Some(Exempted::Until { .. }))
    };
    let opening = |spec: Value| json!({"allowExemptions": [spec]});
    assert!(counts(opening(json!({"rules": ["unpinned-*"]})), &given));
    assert!(counts(
        opening(json!({"rules": ["unpinned-image"], "namespaces": ["media"]})),
        &given
    ));
    assert!(!counts(
        opening(json!({"rules": ["unpinned-chart"]})),
        &given
    ));
    assert!(!counts(
        opening(json!({"rules": ["*"], "namespaces": ["games"]})),
        &given
    ));
    assert!(!counts(
        opening(json!({"rules": ["*"], "by": ["Annotation"]})),
        &given
    ));
    assert!(!counts(json!({}), &given));
    let other = json!({"match": {"releases": ["romm"]}, "allowExemptions": [{"rules": ["*"]}]});
    assert!(!counts(other, &given));
    // An Exemption of another namespace is for that one alone.
    assert!(!counts(
        opening(json!({"rules": ["*"]})),
        &exemption("games", spec)
    ));

    let unopened = exempted(&[given], "", "/spec/values/image");
    assert!(
        matches!(unopened, Some(Exempted::NotOpened { by }) if by.to_string() == "Exemption `media/legacy`")
    );
}

#[test]
fn an_annotation_exempts_where_a_policy_opens_that() {
    let opens = |by: &str| {
        named(
            "a",
            json!({"allowExemptions": [{"rules": ["unpinned-image"], "by": [by]}]}),
        )
    };
    let line = "unpinned-image /spec/values/image until 2999-01-01: upstream";
    let place = "/spec/values/image/tag";
    let by_annotation = exempted(&[opens("Annotation")], line, place);
    assert!(matches!(
        by_annotation,
        Some(Exempted::Until {
            by: By::Annotation,
            ..
        })
    ));
    assert_eq!(
        exempted(&[opens("Annotation")], line, "/spec/values/imagex"),
        None
    );
    let not_opened = exempted(&[opens("Exemption")], line, place);
    assert_eq!(not_opened, Some(Exempted::NotOpened { by: By::Annotation }));
    let ended = exempted(
        &[opens("Annotation")],
        "unpinned-image until 1969-01-01: x",
        place,
    );
    assert!(matches!(ended, Some(Exempted::Ended { .. })));
}

#[test]
fn what_has_no_effect_is_remarked() {
    let remarks = |spec: Value| {
        let document = Document::read(&named("a", spec)).unwrap_or_else(|error| panic!("{error}"));
        let remarks = document.remarks(Timestamp::now()).into_iter();
        remarks
            .map(|remark| remark.pointer.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        remarks(json!({"rules": chart("warn")})),
        ["/spec/rules/unpinned-chart/action"]
    );
    assert!(remarks(json!({"replacesDefault": true, "rules": chart("warn")})).is_empty());
    assert!(remarks(json!({"rules": {"missing-tmpfs": {"action": "warn"}}})).is_empty());
    assert_eq!(
        remarks(json!({"replacesDefault": true})),
        ["/spec/replacesDefault"]
    );
    assert_eq!(
        remarks(json!({"match": {"namespaces": []}})),
        ["/spec/match"]
    );
    assert_eq!(remarks(json!({"onUnseen": "audit"})), ["/spec/onUnseen"]);
    let ended = json!({"exemptions": [{"rules": ["unpinned-image"], "reason": "x", "expiresAt": "2020-01-01"}]});
    assert_eq!(remarks(ended), ["/spec/exemptions/0/expiresAt"]);
}

#[test]
fn more_than_sixty_four_policies_are_all_heard() {
    let mut documents: Vec<_> = (0..130)
        .map(|number| {
            named(
                &format!("p{number}"),
                json!({"match": {"namespaces": ["games"]}}),
            )
        })
        .collect();
    documents.push(named(
        "last",
        json!({"rules": {"missing-tmpfs": {"action": "deny"}}}),
    ));
    let policy = policies(&documents);
    assert_eq!(
        action_of(&policy, "missing-tmpfs", "media", "plex"),
        Action::Deny
    );
}

#[test]
fn a_rule_of_ones_own_needs_a_name_a_message_and_no_twin() {
    let rule = |name: &str| json!({"name": name, "expression": "true", "message": "why"});
    let wrong = |rules: Value| {
        error(&json!({"customRules": rules}))
            .pointer
            .as_str()
            .to_owned()
    };
    assert_eq!(wrong(json!([rule("No-Beta")])), "/customRules/0/name");
    assert_eq!(wrong(json!([rule("a"), rule("a")])), "/customRules/1/name");
    let silent = json!({"name": "a", "expression": "true", "message": " "});
    assert_eq!(wrong(json!([silent])), "/customRules/0/message");
    let nothing = json!({"name": "a", "kinds": [], "expression": "true", "message": "why"});
    assert_eq!(wrong(json!([nothing])), "/customRules/0/kinds");
}

#[test]
fn rules_that_are_not_kept_are_off_whatever_policies_say() {
    let mut policy = policies(&[named(
        "a",
        json!({"rules": chart("deny"),
        "customRules": [{"name": "a", "expression": "false", "message": "no"}]}),
    )]);
    policy.keep_rules(|name| name == "unpinned-image");
    assert_eq!(
        action_of(&policy, "unpinned-chart", "media", "plex"),
        Action::Off
    );
    assert_eq!(
        action_of(&policy, "unpinned-image", "media", "plex"),
        Action::Deny
    );
    with_effective(&policy, "media", "plex", &NoFacts, |effective| {
        assert!(
            effective
                .customs()
                .iter()
                .all(|custom| custom.action == Action::Off)
        );
    });
}

#[test]
fn a_policy_of_which_nobody_can_say_whether_it_matches_has_no_parameter_that_makes_a_rule_milder() {
    let spec = |matches: Value| json!({"match": matches, "rules": {"missing-claim": {"externalClaims": ["data-*"]}}});
    let unseen = json!({"namespaceSelector": {"matchLabels": {"stage": "lab"}}});
    let deny = named("b", json!({"onUnseen": "deny"}));
    assert!(claims_outside(
        &[named("a", spec(json!({}))), deny.clone()],
        "data-x"
    ));
    assert!(!claims_outside(
        &[named("a", spec(unseen.clone())), deny.clone()],
        "data-x"
    ));
    // What another says for certain stays.
    let both = [named("a", spec(unseen)), named("c", spec(json!({}))), deny];
    assert!(claims_outside(&both, "data-x"));
}

#[test]
fn a_policy_has_no_more_expressions_than_its_definition_allows() {
    let rules = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|index| json!({"name": format!("r{index}"), "expression": "true", "message": "m"}))
            .collect()
    };
    let conditions = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|index| json!({"name": format!("c{index}"), "expression": "true"}))
            .collect()
    };
    for (spec, place) in [
        (json!({"customRules": rules(65)}), "/customRules"),
        (
            json!({"match": {"matchConditions": conditions(17)}}),
            "/match/matchConditions",
        ),
    ] {
        let Err(error) = Policy::from_document(&spec) else {
            panic!("{place} is accepted");
        };
        assert_eq!(error.pointer.as_str(), place);
    }
    let most = json!({"customRules": rules(64), "match": {"matchConditions": conditions(16)}});
    assert!(Policy::from_document(&most).is_ok());
}
