//! Charts whose pin is another object's.

use serde_json::{Value, json};

use crate::facts::testing::Written;
use crate::facts::{Answer, Facts, NoFacts, SourceKind, SourceName, Unseen};
use crate::judge::judge;
use crate::model::{Action, Basis, Case, Certainty, Subject};
use crate::policy::Policy;

/// The findings on a release as it is really written: action or `unverified`, pointer, message.
fn found(spec: &Value, facts: &dyn Facts) -> Vec<String> {
    let object = json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "romm", "namespace": "games", "labels": {
            "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
            "kustomize.toolkit.fluxcd.io/name": "apps"}},
        "spec": spec
    });
    found_in(&object, facts)
}

fn found_in(object: &Value, facts: &dyn Facts) -> Vec<String> {
    let document = json!({"lookupNamespaces": ["charts"]});
    let mut policy = Policy::from_document(&document).expect("a policy");
    policy.keep_rules(|name| name == "unpinned-chart");
    let subject = Subject::new(object).expect("an object that is judged");
    let mut case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    case.request.form = crate::model::Form::Applied;
    let verdict = judge(&case, &policy, facts);
    let line = |ruled: &crate::judge::Ruled| {
        let finding = &ruled.finding;
        assert_eq!(finding.basis, Basis::Facts);
        assert_eq!(finding.at_most, Action::Warn, "no source denies a release");
        assert!(!finding.help.is_empty());
        let word = match finding.certainty {
            Certainty::Unverified => "unverified",
            Certainty::Definite => ruled.action.as_str(),
        };
        format!("{word} {}: {}", finding.pointer, finding.message)
    };
    verdict.findings.iter().map(line).collect()
}

fn oci(reference: &Value) -> Answer<Value> {
    Answer::Known(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
        "metadata": {"name": "app-template", "namespace": "charts"}, "spec": {"ref": reference}}))
}

fn helm_chart(spec: &Value, labels: &Value) -> Answer<Value> {
    Answer::Known(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
        "metadata": {"name": "games-romm", "namespace": "games", "labels": labels}, "spec": spec}))
}

fn git(reference: &Value) -> Answer<Value> {
    Answer::Known(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": {"name": "charts", "namespace": "charts"}, "spec": {"ref": reference}}))
}

fn chart_ref(kind: &str, name: &str, namespace: &str) -> Value {
    json!({"chartRef": {"kind": kind, "name": name, "namespace": namespace}})
}

fn chart_in_git() -> Value {
    json!({"chart": {"spec": {"chart": "./charts/romm", "version": "*", "sourceRef":
        {"kind": "GitRepository", "name": "charts", "namespace": "charts"}}}})
}

const NOTHING: [&str; 0] = [];

#[test]
fn an_oci_repository_is_judged_as_when_it_is_written() {
    let spec = chart_ref("OCIRepository", "app-template", "charts");
    for (answer, expected) in [
        (oci(&json!({"tag": "4.6.2"})), None),
        (
            oci(&json!({"tag": "latest"})),
            Some(
                "warn /spec/chartRef: OCIRepository `charts/app-template` is not pinned: tag `latest` moves: what is installed can change without a commit",
            ),
        ),
        (
            oci(&json!({"tag": "${TAG}"})),
            Some(
                "unverified /spec/chartRef: OCIRepository `charts/app-template`: `tag` is a placeholder that was not substituted, so it could not be judged",
            ),
        ),
        (
            Answer::Absent,
            Some(
                "unverified /spec/chartRef: OCIRepository `charts/app-template` does not exist yet, so the chart could not be judged",
            ),
        ),
        (
            Answer::Unseen(Unseen::TooSlow),
            Some(
                "unverified /spec/chartRef: OCIRepository `charts/app-template` could not be seen: the API server did not answer in time",
            ),
        ),
        (
            Answer::Known(json!({"kind": "Secret"})),
            Some(
                "unverified /spec/chartRef: OCIRepository `charts/app-template` could not be read",
            ),
        ),
        (Answer::Unseen(Unseen::NoCluster), None),
    ] {
        let facts =
            Written::default().source(SourceKind::OciRepository, "charts/app-template", answer);
        let expected: Vec<&str> = expected.into_iter().collect();
        assert_eq!(found(&spec, &facts), expected);
    }
}

#[test]
fn a_chart_ref_without_a_namespace_is_in_the_releases_own() {
    let facts = Written::default().source(
        SourceKind::OciRepository,
        "games/app-template",
        oci(&json!({"tag": "latest"})),
    );
    let spec = json!({"chartRef": {"kind": "OCIRepository", "name": "app-template"}});
    assert_eq!(found(&spec, &facts).len(), 1);
}

#[test]
fn nothing_is_told_of_namespaces_that_the_policy_does_not_open() {
    let spec = chart_ref("OCIRepository", "app-template", "vault");
    let lines: Vec<_> = [oci(&json!({"tag": "latest"})), Answer::Absent]
        .map(|answer| {
            found(
                &spec,
                &Written::default().source(SourceKind::OciRepository, "vault/app-template", answer),
            )
        })
        .into();
    assert!(lines[0][0].contains("lookupNamespaces"), "{lines:?}");
    assert_eq!(lines[0], lines[1], "a tenant could tell what exists there");
}

#[test]
fn a_helm_chart_is_judged_by_its_own_spec() {
    let helm = |version: &str| {
        json!({"chart": "romm", "version": version,
               "sourceRef": {"kind": "HelmRepository", "name": "charts"}})
    };
    let made =
        json!({"helm.toolkit.fluxcd.io/name": "romm", "helm.toolkit.fluxcd.io/namespace": "games"});
    let spec = chart_ref("HelmChart", "games-romm", "games");
    for (answer, is_found) in [
        (helm_chart(&helm("1.2.3"), &json!({})), false),
        (helm_chart(&helm("1.x"), &json!({})), true),
        (helm_chart(&helm("1.x"), &made), false),
    ] {
        let facts = Written::default().source(SourceKind::HelmChart, "games/games-romm", answer);
        let lines = found(&spec, &facts);
        assert_eq!(!lines.is_empty(), is_found, "{lines:?}");
        assert!(lines.iter().all(|line| {
            line.contains("HelmChart `games/games-romm` is not pinned: chart version `1.x`")
        }));
    }
}

#[test]
fn a_git_repository_is_judged_by_its_ref() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    for (reference, expected) in [
        (json!({"commit": commit}), None),
        (json!({"tag": "v1.2.3"}), None),
        (json!({"branch": "main"}), Some("the branch `main` moves")),
        (json!({"semver": "1.x"}), Some("semver `1.x` is a range")),
        (Value::Null, Some("follows the branch `master`")),
    ] {
        let facts = Written::others(None).source(
            SourceKind::GitRepository,
            "charts/charts",
            git(&reference),
        );
        let lines = found(&chart_in_git(), &facts);
        assert_eq!(lines.len(), usize::from(expected.is_some()), "{lines:?}");
        for line in &lines {
            let start =
                "warn /spec/chart/spec/sourceRef: GitRepository `charts/charts` is not pinned: ";
            assert!(line.starts_with(start), "{line}");
            assert!(line.contains(expected.unwrap_or_default()), "{line}");
        }
    }
    assert_eq!(found(&chart_in_git(), &NoFacts), NOTHING);
}

#[test]
fn a_helm_charts_git_repository_is_in_its_own_namespace() {
    let from_git = json!({"chart": "./charts/romm",
                          "sourceRef": {"kind": "GitRepository", "name": "charts"}});
    let facts = Written::others(None)
        .source(
            SourceKind::HelmChart,
            "games/games-romm",
            helm_chart(&from_git, &json!({})),
        )
        .source(
            SourceKind::GitRepository,
            "games/charts",
            git(&json!({"branch": "main"})),
        );
    let message = "GitRepository `games/charts` is not pinned: the branch `main` moves";
    let through = found(&chart_ref("HelmChart", "games-romm", "games"), &facts);
    assert!(
        through[0].contains("/spec/chartRef") && through[0].contains(message),
        "{through:?}"
    );
    let Answer::Known(object) = helm_chart(&from_git, &json!({})) else {
        panic!("it is known");
    };
    let itself = found_in(&object, &facts);
    assert!(
        itself[0].contains("/spec/sourceRef") && itself[0].contains(message),
        "{itself:?}"
    );
}

#[test]
fn the_repository_that_flux_applies_from_is_pinned_by_its_commit() {
    let own = |name: &str| {
        Answer::Known(SourceName {
            kind: "GitRepository".to_owned(),
            namespace: "charts".to_owned(),
            name: name.to_owned(),
        })
    };
    for source in [
        git(&json!({"branch": "main"})),
        Answer::Absent,
        Answer::Unseen(Unseen::TooSlow),
    ] {
        for (owner, count) in [
            (own("charts"), 0),
            (own("others"), 1),
            (Answer::Absent, 1),
            (Answer::Unseen(Unseen::TooSlow), 1),
        ] {
            let facts = Written::default()
                .source(SourceKind::GitRepository, "charts/charts", source.clone())
                .kustomization_source("flux-system/apps", owner.clone());
            let lines = found(&chart_in_git(), &facts);
            assert_eq!(lines.len(), count, "{lines:?}");
            let is_unseen = matches!(owner, Answer::Unseen(_));
            if is_unseen && matches!(source, Answer::Known(_)) {
                assert!(lines[0].starts_with("unverified"), "{lines:?}");
                assert!(lines[0].contains("its own Kustomization"), "{lines:?}");
            }
        }
    }
    // An OCIRepository is another thing, whatever applies the release.
    let facts = Written::others(None)
        .source(
            SourceKind::OciRepository,
            "charts/charts",
            oci(&json!({"tag": "latest"})),
        )
        .kustomization_source("flux-system/apps", own("charts"));
    let spec = chart_ref("OCIRepository", "charts", "charts");
    assert_eq!(found(&spec, &facts).len(), 1);
}
