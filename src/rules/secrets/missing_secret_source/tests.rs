//! Secrets that are there, that are not, that are being made, and that nobody can see.

use serde_json::{Value, json};

use super::{MissingSecretSource, MissingSecretSourceParams};
use crate::facts::{Answer, Facts, Key, NoFacts, SecretSource, Unseen};
use crate::judge::judge as whole_verdict;
use crate::model::{Action, Case, Certainty, Findings, Form, Operation, Subject};
use crate::policy::Policy;
use crate::rules::Rule;
use crate::rules::name_globs::NameGlobs;

/// A cluster in which all names are known: `namespace/name`, and what makes it.
#[derive(Default)]
struct Cluster(Vec<(&'static str, SecretSource)>);

impl Cluster {
    fn with(names: &[&'static str]) -> Self {
        Self(
            names
                .iter()
                .map(|name| (*name, SecretSource::Exists))
                .collect(),
        )
    }
}

impl Facts for Cluster {
    fn secret(&self, key: Key<'_>) -> Answer<SecretSource> {
        let name = format!("{}/{}", key.namespace, key.name);
        let known = self.0.iter().find(|(known, _)| *known == name);
        known.map_or(Answer::Absent, |(_, source)| Answer::Known(source.clone()))
    }
}

/// A cluster that answers everything with one reason.
struct Blind(Unseen);

impl Facts for Blind {
    fn secret(&self, _: Key<'_>) -> Answer<SecretSource> {
        Answer::Unseen(self.0.clone())
    }
}

fn release(chart: &str, values: &Value) -> Value {
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "games"},
        "spec": {
            "chart": {"spec": {"chart": chart, "version": "4.6.2",
                "sourceRef": {"kind": "HelmRepository", "name": "charts"}}},
            "values": values
        }
    })
}

/// A release whose one container takes its environment from these Secrets.
fn reads(names: &[&str]) -> Value {
    let items: Vec<_> = names
        .iter()
        .map(|name| json!({"secretRef": {"name": name}}))
        .collect();
    release(
        "app-template",
        &json!({"controllers": {"romm": {"containers": {"app": {"envFrom": items}}}}}),
    )
}

fn judged(
    params: &MissingSecretSourceParams,
    form: Form,
    facts: &dyn Facts,
    root: &Value,
) -> Vec<String> {
    let subject = Subject::new(root).expect("a HelmRelease");
    let mut case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    case.request.form = form;
    let mut findings = Findings::of(MissingSecretSource::META.name);
    MissingSecretSource.check(&case, params, facts, &mut findings);
    let findings = findings.into_vec().into_iter();
    findings
        .map(|finding| {
            assert!(!finding.help.is_empty(), "no help at {}", finding.pointer);
            let certainty = match finding.certainty {
                Certainty::Definite => "",
                Certainty::Unverified => "unverified ",
            };
            format!(
                "{certainty}{}: {}",
                finding.at_most.as_str(),
                finding.message
            )
        })
        .collect()
}

fn found(facts: &dyn Facts, root: &Value) -> Vec<String> {
    judged(
        &MissingSecretSourceParams::default(),
        Form::Applied,
        facts,
        root,
    )
}

const NONE: Vec<String> = Vec::new();

#[test]
fn what_is_there_or_is_being_made_is_left_alone() {
    let cluster = Cluster::with(&["games/romm-secret"]);
    for name in ["romm-secret", "{{ .Release.Name }}-secret"] {
        assert_eq!(found(&cluster, &reads(&[name])), NONE);
    }
}

#[test]
fn what_nothing_makes_is_said_once() {
    let root = reads(&["romm-secret", "romm-secret", "other"]);
    assert_eq!(
        found(&Cluster::with(&["media/romm-secret", "games/other"]), &root),
        [
            "deny: Secret `romm-secret` does not exist in namespace `games`, and no ExternalSecret or SealedSecret makes it"
        ]
    );
}

#[test]
fn an_external_secret_that_is_not_ready_is_named() {
    let source = SecretSource::NotReady {
        external_secret: "romm".to_owned(),
        status: "SecretSyncedError".to_owned(),
    };
    let cluster = Cluster(vec![("games/romm-secret", source)]);
    assert_eq!(
        found(&cluster, &reads(&["romm-secret", "romm-secret"])),
        [
            "warn: Secret `romm-secret` is made by ExternalSecret `romm`, which is not ready: SecretSyncedError"
        ]
    );
}

#[test]
fn what_cannot_be_seen_is_one_finding_with_all_names() {
    let root = reads(&["a", "b", "a", "c"]);
    assert_eq!(
        found(&Blind(Unseen::SecretNames), &root),
        [
            "unverified deny: Secrets `a`, `b` and `c` in namespace `games` could not be verified: the names of Secrets are not watched, and no ExternalSecret, SealedSecret or Kustomization is known to make it"
        ]
    );
    assert_eq!(
        found(&NoFacts, &root),
        [
            "unverified audit: Secrets `a`, `b` and `c` in namespace `games` could not be verified: no cluster is at hand to ask"
        ]
    );
    let names: Vec<_> = (10..25).map(|number| format!("s{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let many = found(&NoFacts, &reads(&names));
    assert_eq!(many.len(), 1);
    assert!(
        many[0].contains("`s18`, `s19` and 5 more in namespace"),
        "{many:?}"
    );
}

#[test]
fn names_that_stay_open_are_unverified_and_in_files_an_audit() {
    let root = reads(&["${APP}-secret", "{{ .Values.secret }}"]);
    let messages = [
        "Secret `${APP}-secret` could not be verified: the name is a placeholder that was not substituted",
        "Secret `{{ .Values.secret }}` could not be verified: the name is a Helm template that cannot be evaluated here",
    ];
    let cluster = Cluster::default();
    assert_eq!(
        found(&cluster, &root),
        messages.map(|message| format!("unverified deny: {message}"))
    );
    let params = MissingSecretSourceParams::default();
    assert_eq!(
        judged(&params, Form::Source, &cluster, &root),
        messages.map(|message| format!("unverified audit: {message}"))
    );
}

#[test]
fn a_name_that_no_secret_can_have_is_said() {
    assert_eq!(
        found(&Cluster::default(), &reads(&["Romm_Secret"])),
        ["deny: `Romm_Secret` cannot be the name of a Secret"]
    );
    let root = release("loki", &json!({"auth": {"existingSecret": "games/romm"}}));
    assert_eq!(
        found(&Cluster::default(), &root),
        [
            "unverified deny: Secret `games/romm` could not be verified: no Secret can have that name"
        ]
    );
}

#[test]
fn pods_read_in_the_release_s_namespace_and_flux_in_its_own() {
    let mut root = reads(&["a"]);
    root["spec"]["targetNamespace"] = json!("media");
    root["spec"]["valuesFrom"] = json!([{"kind": "Secret", "name": "b"}]);
    assert_eq!(found(&Cluster::with(&["media/a", "games/b"]), &root), NONE);
    assert_eq!(
        found(&Cluster::with(&["media/b", "games/a"]), &root),
        [
            "deny: Secret `b` does not exist in namespace `games`, and no ExternalSecret or SealedSecret makes it",
            "deny: Secret `a` does not exist in namespace `media`, and no ExternalSecret or SealedSecret makes it"
        ]
    );
    root["spec"]["kubeConfig"] = json!({"secretRef": {"name": "other"}});
    assert_eq!(
        found(&Cluster::with(&["games/b"]), &root),
        [
            "unverified deny: Secret `a` in namespace `media` could not be verified: spec.kubeConfig installs it to another cluster"
        ]
    );
    root["spec"]["valuesFrom"] = json!([{"kind": "Secret", "name": "{{ .Release.Name }}"}]);
    assert_eq!(
        found(&Cluster::default(), &root)[0],
        "deny: `{{ .Release.Name }}` cannot be the name of a Secret"
    );
}

#[test]
fn without_a_namespace_nobody_has_looked() {
    let mut root = reads(&["a"]);
    root["metadata"]["namespace"].take();
    assert_eq!(
        found(&Cluster::default(), &root),
        ["unverified deny: Secret `a` could not be verified: the object names no namespace"]
    );
    let root = release(
        "mariadb",
        &json!({"namespaceOverride": "database", "auth": {"existingSecret": "a"}}),
    );
    assert_eq!(
        found(&Cluster::default(), &root),
        [
            "unverified deny: Secret `a` could not be verified: it is in another namespace than the release"
        ]
    );
}

#[test]
fn what_the_release_makes_is_not_asked_about() {
    let mut root = reads(&["romm-env", "romm-db"]);
    root["spec"]["values"]["secrets"] =
        json!({"env": {"stringData": {}}, "db": {"stringData": {}}});
    assert_eq!(found(&Cluster::default(), &root), NONE);
    assert_eq!(found(&NoFacts, &root), NONE);
}

#[test]
fn what_a_chart_may_make_is_unverified_but_not_what_it_calls_existing() {
    let env =
        json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": "romm-db", "key": "k"}}}]);
    let root = release("loki", &json!({"extraEnv": env}));
    assert_eq!(
        found(&Cluster::default(), &root),
        [
            "unverified deny: Secret `romm-db` does not exist in namespace `games`, and no ExternalSecret or SealedSecret makes it; the release may make it itself, which could not be verified"
        ]
    );
    let root = release("loki", &json!({"auth": {"existingSecret": "romm-db"}}));
    assert!(found(&Cluster::default(), &root)[0].starts_with("deny: "));
}

#[test]
fn the_policy_lists_what_something_else_makes() {
    let policy = |glob: &str| MissingSecretSourceParams {
        external_secrets: NameGlobs::compile(vec![glob.to_owned()]).expect("a glob"),
    };
    let count = |glob: &str, name: &str| {
        judged(
            &policy(glob),
            Form::Applied,
            &Cluster::default(),
            &reads(&[name]),
        )
        .len()
    };
    assert_eq!(count("*-app", "romm-app"), 0);
    assert_eq!(count("games/*", "romm-app"), 0);
    assert_eq!(count("*-app", "${APP}-app"), 0);
    assert_eq!(count("media/*", "romm-app"), 1);
    let document = json!({"rules": {"missing-secret-source": {"externalSecrets": ["a["]}}});
    let error = Policy::from_document(&document)
        .err()
        .expect("a broken glob");
    assert_eq!(
        error.pointer.as_str(),
        "/rules/missing-secret-source/externalSecrets"
    );
}

#[test]
fn a_policy_that_denies_does_so_in_the_write_only() {
    let root = reads(&["a"]);
    let document = json!({"rules": {"missing-secret-source": {"action": "deny"}}});
    let actions = |policy: &Policy, dry_run, facts: &dyn Facts| {
        let subject = Subject::new(&root).expect("a HelmRelease");
        let mut case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
        case.request.operation = Operation::Create;
        case.request.dry_run = dry_run;
        case.request.form = Form::Applied;
        let verdict = whole_verdict(&case, policy, facts);
        let ours = verdict.findings.into_iter();
        ours.filter(|ruled| ruled.finding.rule == "missing-secret-source")
            .map(|ruled| ruled.action)
            .collect::<Vec<_>>()
    };
    let strict = Policy::from_document(&document).expect("a policy");
    assert_eq!(actions(&strict, true, &Cluster::default()), [Action::Warn]);
    assert_eq!(actions(&strict, false, &Cluster::default()), [Action::Deny]);
    let builtin = Policy::builtin();
    assert_eq!(
        actions(&builtin, false, &Cluster::default()),
        [Action::Warn]
    );
    assert_eq!(
        actions(&builtin, false, &Blind(Unseen::SecretNames)),
        [Action::Warn]
    );
    assert_eq!(actions(&builtin, false, &NoFacts), [Action::Audit]);
}
