//! The table of `unpinned-chart`, row by row.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::facts::testing::Written;
use crate::facts::{Answer, NoFacts, Unseen};
use crate::judge::judge;
use crate::model::{Basis, Case, Form, Subject};
use crate::policy::Policy;
use crate::rules::pinning::testing::{self, digest};

fn found(params: &Value, object: &Value, form: Form) -> Vec<String> {
    testing::found("unpinned-chart", params, object, form, &NoFacts)
}

fn release(spec: &Value) -> Value {
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
           "metadata": {"name": "romm", "namespace": "games"}, "spec": spec})
}

fn chart(version: &Value, source: &str) -> Value {
    release(&json!({"chart": {"spec": {
        "chart": "romm", "version": version, "sourceRef": {"kind": source, "name": "charts"}
    }}}))
}

fn oci(reference: &Value) -> Value {
    json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
           "metadata": {"name": "romm", "namespace": "games"},
           "spec": {"url": "oci://registry.example/charts/romm", "ref": reference,
                    "layerSelector": {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip"}}})
}

#[test]
fn versions_of_helm_repositories() {
    let at = "/spec/chart/spec/version";
    for (version, expected) in [
        (json!("1.2.3"), ""),
        (json!("v1.2.3"), ""),
        (json!("1.2.3-rc.1+build"), ""),
        (json!("1"), "deny"),
        (json!("1.2"), "deny"),
        (json!("1.x"), "deny"),
        (json!("^1.2.3"), "deny"),
        (json!("~1.2.3"), "deny"),
        (json!(">=1.2.3"), "deny"),
        (json!("1.2.3 || 1.2.4"), "deny"),
        (json!("1.2.3 - 1.3.0"), "deny"),
        (json!("*"), "deny"),
        (json!(""), "deny"),
        (json!(1.2), "deny"),
        (json!(4), "deny"),
        (json!(["1.2.3"]), "deny"),
        (Value::Null, "deny"),
        (json!("${CHART_VERSION}"), "unverified"),
        (json!("${CHART_VERSION:=1.2.3}"), "unverified"),
    ] {
        let wanted: Vec<_> = Some(expected)
            .filter(|word| !word.is_empty())
            .map(|word| format!("{word} {at}"))
            .into_iter()
            .collect();
        for form in [Form::Applied, Form::Source] {
            let object = chart(&version, "HelmRepository");
            assert_eq!(
                found(&json!({}), &object, form),
                wanted,
                "{version} {form:?}"
            );
        }
    }
}

#[test]
fn a_missing_version_is_open() {
    let object = release(&json!({"chart": {"spec": {
        "chart": "romm", "sourceRef": {"kind": "HelmRepository", "name": "charts"}
    }}}));
    for form in [Form::Applied, Form::Source] {
        assert_eq!(found(&json!({}), &object, form), ["deny /spec/chart/spec"]);
    }
}

#[test]
fn what_a_kustomize_patch_may_add_is_unverified_in_a_file_only() {
    for (spec, at) in [
        (json!({}), "/spec"),
        (json!({"values": {}}), "/spec"),
        (
            json!({"chart": {"spec": {"chart": "romm"}}}),
            "/spec/chart/spec",
        ),
    ] {
        let object = release(&spec);
        assert_eq!(
            found(&json!({}), &object, Form::Source),
            [format!("unverified {at}")]
        );
    }
    assert!(found(&json!({}), &release(&json!({})), Form::Applied).is_empty());
}

#[test]
fn other_sources_of_charts() {
    let version = json!("*");
    assert!(found(&json!({}), &chart(&version, "GitRepository"), Form::Applied).is_empty());
    assert_eq!(
        found(&json!({}), &chart(&json!("1.2.3"), "Bucket"), Form::Applied),
        ["deny /spec/chart/spec/sourceRef/kind"]
    );
    for (kind, expected) in [
        ("OCIRepository", vec![]),
        ("HelmChart", vec![]),
        ("ExternalArtifact", vec!["unverified /spec/chartRef"]),
    ] {
        let object = release(&json!({"chartRef": {"kind": kind, "name": "romm"}}));
        assert_eq!(
            found(&json!({}), &object, Form::Applied),
            expected,
            "{kind}"
        );
    }
}

#[test]
fn references_of_oci_repositories() {
    let digest = digest();
    let pinned_tag = format!("1.2.3@{digest}");
    let moving_tag = format!("latest@{digest}");
    for (reference, at_tag, at_digest) in [
        (json!({"digest": digest}), "", ""),
        (
            json!({"digest": digest, "semver": "*", "tag": "latest"}),
            "",
            "",
        ),
        (json!({"tag": "1.2.3"}), "", "deny /spec/ref/tag"),
        (json!({"tag": "v1.2.3-rc.1"}), "", "deny /spec/ref/tag"),
        (json!({"tag": "1.2.3_build.5"}), "", "deny /spec/ref/tag"),
        (json!({"tag": "sha-92c0c2c"}), "", "deny /spec/ref/tag"),
        (json!({"tag": "20240105"}), "", "deny /spec/ref/tag"),
        (json!({"tag": pinned_tag}), "", "deny /spec/ref/tag"),
        (json!({"semver": "1.2.3"}), "", "deny /spec/ref/semver"),
        (
            json!({"semver": "1.2.3", "tag": "latest"}),
            "",
            "deny /spec/ref/semver",
        ),
        (
            json!({"semver": "", "tag": "1.2.3"}),
            "",
            "deny /spec/ref/tag",
        ),
        (
            json!({"semver": "1.x", "tag": "1.2.3"}),
            "deny /spec/ref/semver",
            "deny /spec/ref/semver",
        ),
        (
            json!({"semver": "*"}),
            "deny /spec/ref/semver",
            "deny /spec/ref/semver",
        ),
        (
            json!({"tag": moving_tag}),
            "unverified /spec/ref/tag",
            "deny /spec/ref/tag",
        ),
        (
            json!({"tag": "latest"}),
            "deny /spec/ref/tag",
            "deny /spec/ref/tag",
        ),
        (
            json!({"tag": "main"}),
            "deny /spec/ref/tag",
            "deny /spec/ref/tag",
        ),
        (
            json!({"tag": "lts"}),
            "deny /spec/ref/tag",
            "deny /spec/ref/tag",
        ),
        (
            json!({"tag": "stable-alpine"}),
            "deny /spec/ref/tag",
            "deny /spec/ref/tag",
        ),
        (
            json!({"tag": "release"}),
            "deny /spec/ref/tag",
            "deny /spec/ref/tag",
        ),
        (
            json!({"tag": "1"}),
            "deny /spec/ref/tag",
            "deny /spec/ref/tag",
        ),
        (
            json!({"tag": "1.2"}),
            "deny /spec/ref/tag",
            "deny /spec/ref/tag",
        ),
        (
            json!({"tag": 1.2}),
            "deny /spec/ref/tag",
            "deny /spec/ref/tag",
        ),
        (json!({}), "deny /spec", "deny /spec"),
        (Value::Null, "deny /spec", "deny /spec"),
        (
            json!({"digest": "", "tag": null}),
            "deny /spec",
            "deny /spec",
        ),
        (
            json!({"tag": "${TAG}"}),
            "unverified /spec/ref/tag",
            "unverified /spec/ref/tag",
        ),
        (
            json!({"digest": "${DIGEST}", "tag": "1.2.3"}),
            "unverified /spec/ref/digest",
            "unverified /spec/ref/digest",
        ),
    ] {
        let object = oci(&reference);
        for (level, expected) in [("tag", at_tag), ("digest", at_digest)] {
            let wanted: Vec<&str> = Some(expected)
                .filter(|text| !text.is_empty())
                .into_iter()
                .collect();
            assert_eq!(
                found(&json!({"require": level}), &object, Form::Applied),
                wanted,
                "{reference} at {level}"
            );
        }
    }
}

#[test]
fn a_helm_repository_has_no_digest_to_want() {
    let params = json!({"require": "digest"});
    let at = "/spec/chart/spec/version";
    for (version, expected) in [
        ("1.2.3", "warn"),
        ("1.x", "deny"),
        ("${VERSION}", "unverified"),
    ] {
        let object = chart(&json!(version), "HelmRepository");
        assert_eq!(
            found(&params, &object, Form::Applied),
            [format!("{expected} {at}")]
        );
    }
    assert!(
        found(
            &params,
            &chart(&json!("1.2.3"), "GitRepository"),
            Form::Applied
        )
        .is_empty()
    );
}

#[test]
fn a_helm_chart_of_helm_controller_is_left_alone() {
    let helm_chart = |name: &str, labels: &Value| {
        json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
               "metadata": {"name": name, "namespace": "charts", "labels": labels},
               "spec": {"chart": "romm", "version": "*",
                        "sourceRef": {"kind": "HelmRepository", "name": "charts"}}})
    };
    let labels =
        json!({"helm.toolkit.fluxcd.io/name": "romm", "helm.toolkit.fluxcd.io/namespace": "games"});
    let made = helm_chart("games-romm", &labels);
    assert!(found(&json!({}), &made, Form::Applied).is_empty());
    for object in [helm_chart("romm", &json!({})), helm_chart("mine", &labels)] {
        assert_eq!(
            found(&json!({}), &object, Form::Applied),
            ["deny /spec/version"]
        );
    }
}

#[test]
fn without_a_layer_selector_facts_say_whether_charts_come_from_it() {
    let mut object = oci(&json!({"tag": "latest"}));
    object["spec"]["layerSelector"] = Value::Null;
    for (answer, expected) in [
        (Answer::Known(true), vec!["deny /spec/ref/tag"]),
        (Answer::Known(false), vec![]),
        (Answer::Absent, vec![]),
        (
            Answer::Unseen(Unseen::NoCluster),
            vec!["unverified /spec/ref/tag"],
        ),
    ] {
        let facts = Written::default().feeding("games/romm", answer);
        let lines = testing::found("unpinned-chart", &json!({}), &object, Form::Applied, &facts);
        assert_eq!(lines, expected);
    }
    let subject = Subject::new(&object).expect("an OCIRepository");
    let mut case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
    case.request.dry_run = true;
    let policy = Policy::builtin();
    let verdict = judge(
        &case,
        &policy,
        &Written::default().feeding("games/romm", Answer::Known(true)),
    );
    assert!(
        verdict.is_allowed(),
        "another object's word is no denial in a dry-run"
    );
    assert_eq!(verdict.findings[0].finding.basis, Basis::Facts);
}

#[test]
fn messages_say_what_is_written() {
    let message = |object: &Value| {
        let subject = Subject::new(object).expect("an object that is judged");
        let case = Case::of_file(subject, jiff::Timestamp::UNIX_EPOCH);
        let policy = Policy::builtin();
        let verdict = judge(&case, &policy, &NoFacts);
        verdict.findings[0].finding.message.clone()
    };
    for (object, part) in [
        (
            oci(&json!({"tag": "1.2"})),
            "tag `1.2` is only part of a version",
        ),
        (
            oci(&json!({"tag": 1.2})),
            "tag `1.2` is only part of a version",
        ),
        (oci(&json!({"tag": "main"})), "tag `main` moves"),
        (oci(&json!({"semver": "1.x"})), "semver `1.x` is a range"),
        (oci(&json!({})), "follows the tag `latest`"),
        (
            chart(&json!("4.x"), "HelmRepository"),
            "chart version `4.x` is not one exact version",
        ),
        (
            chart(&json!("*"), "HelmRepository"),
            "installs the newest one",
        ),
    ] {
        let text = message(&object);
        assert!(text.contains(part), "{text}");
    }
}

proptest! {
    #[test]
    fn no_reference_panics(keys in prop::collection::hash_map("(tag|semver|digest)", ".{0,12}", 0..4)) {
        found(&json!({}), &oci(&json!(keys)), Form::Applied);
    }
}
