//! Claims that are there, that are not, and that nobody can see.

use serde_json::{Value, json};

use super::{Existence, MissingClaim, MissingClaimParams};
use crate::facts::testing::Written;
use crate::facts::{Answer, Claim, Facts, NoFacts};
use crate::judge::judge as whole_verdict;
use crate::model::{Action, Case, Operation, Subject};
use crate::policy::Policy;
use crate::rules::name_globs::NameGlobs;
use crate::rules::storage::testing::{app_template, judge, release};

/// A cluster with these claims, as `namespace/name`; one that ends in `!` is being deleted.
fn cluster(claims: &[&str]) -> Written {
    claims.iter().fold(Written::others(None), |facts, claim| {
        let terminating = claim.ends_with('!');
        let path = claim.trim_end_matches('!');
        facts.claim(path, Answer::Known(Claim { terminating }))
    })
}

fn found(facts: &dyn Facts, root: &Value) -> Vec<String> {
    judge(&MissingClaim, &MissingClaimParams::default(), facts, root)
}

fn with_claim(claim: &str) -> Value {
    app_template(&json!({
        "controllers": {"romm": {"containers": {"app": {}}}},
        "persistence": {"data": {"existingClaim": claim}}
    }))
}

#[test]
fn claims_that_are_there_are_left_alone() {
    let facts = cluster(&["games/romm", "games/romm-data"]);
    for claim in [
        "romm",
        "{{ .Release.Name }}",
        "{{ printf \"%s-data\" .Release.Name }}",
    ] {
        assert_eq!(found(&facts, &with_claim(claim)), Vec::<String>::new());
    }
}

#[test]
fn claims_that_are_not_there_are_refused() {
    let facts = cluster(&["games/dying!", "media/romm"]);
    assert_eq!(
        found(&facts, &with_claim("{{ .Release.Name }}")),
        ["deny /persistence/data/existingClaim: claim `romm` does not exist in namespace `games`"]
    );
    assert_eq!(
        found(&facts, &with_claim("dying")),
        [
            "deny /persistence/data/existingClaim: claim `dying` is being deleted in namespace `games`"
        ]
    );
}

#[test]
fn the_claim_s_namespace_is_the_release_s() {
    let mut root = with_claim("romm");
    root["spec"]["targetNamespace"] = json!("media");
    assert_eq!(
        found(&cluster(&["media/romm"]), &root),
        Vec::<String>::new()
    );
    assert_eq!(found(&cluster(&["games/romm"]), &root).len(), 1);
}

#[test]
fn what_cannot_be_seen_is_said_once() {
    assert_eq!(
        found(&NoFacts, &with_claim("romm")),
        [
            "unverified /persistence/data/existingClaim: claim `romm` in namespace `games` could not be verified: no cluster is at hand to ask"
        ]
    );
    let twice = release(
        "immich",
        "1.0.0",
        &json!({
            "server": {"persistence": {"existingClaim": "photos"}},
            "worker": {"persistence": {"existingClaim": "photos"}}
        }),
    );
    assert_eq!(found(&NoFacts, &twice).len(), 1);
    let mut root = with_claim("romm");
    root["spec"]["kubeConfig"] = json!({"secretRef": {"name": "other"}});
    assert_eq!(
        found(&cluster(&[]), &root),
        [
            "unverified /persistence/data/existingClaim: claim `romm` in namespace `games` could not be verified: spec.kubeConfig installs it to another cluster"
        ]
    );
    let mut root = with_claim("romm");
    root["metadata"]["namespace"].take();
    assert_eq!(
        found(&NoFacts, &root),
        [
            "unverified /persistence/data/existingClaim: claim `romm` could not be verified: no cluster is at hand to ask"
        ]
    );
    assert_eq!(
        found(&cluster(&[]), &root),
        [
            "unverified /persistence/data/existingClaim: claim `romm` could not be verified: the object names no namespace"
        ]
    );
}

#[test]
fn names_that_stay_open_are_unverified() {
    assert_eq!(
        found(&cluster(&[]), &with_claim("${VOLSYNC_CLAIM}")),
        [
            "unverified /persistence/data/existingClaim: claim `${VOLSYNC_CLAIM}` could not be verified: its name is a placeholder that was not substituted"
        ]
    );
    assert_eq!(
        found(&cluster(&[]), &with_claim("{{ .Values.claim }}")),
        [
            "unverified /persistence/data/existingClaim: claim `{{ .Values.claim }}` could not be verified: its name is a Helm template that cannot be evaluated here"
        ]
    );
}

#[test]
fn names_that_no_claim_can_have_are_refused_without_a_cluster() {
    for (claim, message) in [
        ("Romm_Data", "`Romm_Data` cannot be the name of a claim"),
        (
            "{{ .Release.Name }}_data",
            "`romm_data` cannot be the name of a claim",
        ),
        (" ", "the name of the claim is empty"),
        ("", "the name of the claim is empty"),
    ] {
        assert_eq!(
            found(&NoFacts, &with_claim(claim)),
            [format!("deny /persistence/data/existingClaim: {message}")]
        );
    }
}

#[test]
fn an_empty_name_in_other_charts_is_their_default() {
    let values = json!({"persistence": {"enabled": true, "existingClaim": ""}, "other": {"existingClaim": false}});
    assert_eq!(
        found(&NoFacts, &release("mariadb", "20.0.0", &values)),
        Vec::<String>::new()
    );
    let values =
        json!({"extraVolumes": [{"name": "a", "persistentVolumeClaim": {"claimName": ""}}]});
    assert_eq!(
        found(&NoFacts, &release("mariadb", "20.0.0", &values)),
        ["deny /extraVolumes/0/persistentVolumeClaim/claimName: the name of the claim is empty"]
    );
}

#[test]
fn claims_that_the_release_makes_are_not_missing() {
    let root = app_template(&json!({
        "controllers": {"romm": {"type": "statefulset", "containers": {"app": {}}, "statefulset": {
            "volumeClaimTemplates": [{"name": "state", "size": "1Gi", "accessMode": "ReadWriteOnce"}]}}},
        "persistence": {
            "config": {"size": "1Gi", "accessMode": "ReadWriteOnce"},
            "again": {"existingClaim": "{{ .Release.Name }}-config"},
            "state": {"existingClaim": "state-romm-0"}
        }
    }));
    assert_eq!(found(&cluster(&[]), &root), Vec::<String>::new());
    assert_eq!(found(&NoFacts, &root), Vec::<String>::new());
}

#[test]
fn claims_that_the_release_may_make_are_unverified() {
    let values = json!({"persistence": {"claimName": "git"}, "backup": {"existingClaim": "data-romm-postgresql-0"}});
    let findings = found(&cluster(&[]), &release("forgejo", "12.0.0", &values));
    assert_eq!(findings.len(), 2);
    assert!(
        findings
            .iter()
            .all(|finding| finding.starts_with("unverified")),
        "{findings:?}"
    );
}

#[test]
fn a_claim_in_another_namespace_is_not_looked_for() {
    let values = json!({
        "namespaceOverride": "media",
        "persistence": {"existingClaim": "data"}
    });
    let findings = found(&cluster(&[]), &release("mariadb", "20.0.0", &values));
    assert_eq!(
        findings,
        [
            "unverified /persistence/existingClaim: claim `data` could not be verified: it is in another namespace than the release"
        ]
    );
}

#[test]
fn the_policy_sets_existence_and_external_claims() {
    let judged = |params: MissingClaimParams, claim: &str| {
        judge(&MissingClaim, &params, &cluster(&[]), &with_claim(claim))
    };
    let existence = |existence| MissingClaimParams {
        existence,
        ..Default::default()
    };
    assert!(judged(existence(Existence::Warn), "romm")[0].starts_with("warn"));
    assert_eq!(
        judged(existence(Existence::Off), "romm"),
        Vec::<String>::new()
    );
    assert_eq!(
        judged(existence(Existence::Off), "${X}"),
        Vec::<String>::new()
    );
    assert_eq!(judged(existence(Existence::Off), "Romm").len(), 1);
    let external = |glob: &str| MissingClaimParams {
        external_claims: NameGlobs::compile(vec![glob.to_owned()]).expect("a glob"),
        ..Default::default()
    };
    assert_eq!(judged(external("ro*"), "romm"), Vec::<String>::new());
    assert_eq!(judged(external("games/*"), "romm"), Vec::<String>::new());
    assert_eq!(judged(external("media/*"), "romm").len(), 1);
}

#[test]
fn a_policy_is_read_with_its_parameters() {
    let policy =
        json!({"rules": {"missing-claim": {"existence": false, "externalClaims": ["a*"]}}});
    assert!(Policy::from_document(&policy).is_ok());
    let policy = json!({"rules": {"missing-claim": {"externalClaims": ["a["]}}});
    let error = Policy::from_document(&policy).err().expect("a broken glob");
    assert_eq!(
        error.pointer.as_str(),
        "/rules/missing-claim/externalClaims"
    );
    let policy = json!({"rules": {"missing-claim": {"existence": "audit"}}});
    assert!(Policy::from_document(&policy).is_err());
}

#[test]
fn a_missing_claim_is_a_warning_in_a_dry_run_and_a_denial_in_the_write() {
    let root = with_claim("romm");
    let verdict = |dry_run, facts: &dyn Facts| {
        let subject = Subject::new(&root).expect("a HelmRelease");
        let mut case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
        case.request.operation = Operation::Create;
        case.request.dry_run = dry_run;
        let policy = Policy::builtin();
        let verdict = whole_verdict(&case, &policy, facts);
        let ours = verdict.findings.into_iter();
        ours.filter(|ruled| ruled.finding.rule == "missing-claim")
            .map(|ruled| ruled.action)
            .collect::<Vec<_>>()
    };
    assert_eq!(verdict(true, &cluster(&[])), [Action::Warn]);
    assert_eq!(verdict(false, &cluster(&[])), [Action::Deny]);
    assert_eq!(verdict(false, &NoFacts), [Action::Warn]);
}
