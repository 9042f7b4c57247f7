//! `unpinned-chart`: a chart that can change without a commit.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Level;
use super::version::is_exact;
use crate::facts::{Answer, Facts, Key};
use crate::model::{Action, Case, ChartSource, Findings, Form, HelmRelease, Kind, NodeId, Subject};
use crate::rules::{Family, Meta, Params, Rule, rule};

rule! {
    /// ## What it does
    /// Refuses a chart that can change without a commit: a HelmRelease or HelmChart whose
    /// `version` is a range or absent, and an OCIRepository that follows a range, `latest` or a
    /// branch-like tag.
    ///
    /// ## Why is this bad
    /// Flux looks for new versions at every interval. With a range, what runs in the cluster is
    /// decided by whoever publishes the chart, at an hour that nobody chose, and the Git history
    /// cannot say what was installed.
    ///
    /// ## Example
    /// ```yaml
    /// chart:
    ///   spec:
    ///     chart: app-template
    ///     version: 4.x
    ///     sourceRef: {kind: HelmRepository, name: bjw-s}
    /// ```
    ///
    /// ## Use instead
    /// ```yaml
    /// chart:
    ///   spec:
    ///     chart: app-template
    ///     version: 4.6.2
    ///     sourceRef: {kind: HelmRepository, name: bjw-s}
    /// ```
    ///
    /// ## What is not judged
    /// A `chartRef` (its source is judged where it is written), the `version` beside a
    /// GitRepository or Bucket (Flux ignores it), a HelmChart that helm-controller made, and an
    /// OCIRepository that feeds no chart. A file without `chart` and `chartRef` is unverified: a
    /// kustomize patch may add them.
    ///
    /// ## Options
    /// * `require`: `tag` (default) accepts exact versions and tags; `digest` wants
    ///   `ref.digest` on an OCIRepository.
    ///
    /// ## References
    /// * <https://fluxcd.io/flux/components/helm/helmreleases/#chart-template>
    /// * <https://fluxcd.io/flux/components/source/ocirepositories/#reference>
    pub struct UnpinnedChart;
}

/// What a policy can set.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnpinnedChartParams {
    /// How firmly an OCIRepository must be pinned.
    pub require: Level,
}

impl Params for UnpinnedChartParams {}

/// Tags that name a moving line of development rather than a version.
const MOVING: &[&str] = &[
    "latest",
    "main",
    "master",
    "edge",
    "stable",
    "nightly",
    "dev",
    "develop",
    "development",
    "rolling",
    "beta",
    "alpha",
    "canary",
    "head",
    "trunk",
    "lts",
    "next",
    "unstable",
    "snapshot",
];

const HELP_VERSION: &str =
    "write one exact version, such as `version: 1.2.3`; Renovate can raise it by a commit";
const HELP_REF: &str = "set `spec.ref.tag` to an exact version or `spec.ref.digest` to a digest";

impl Rule for UnpinnedChart {
    type Params = UnpinnedChartParams;
    const META: Meta = Meta {
        name: "unpinned-chart",
        family: Family::Pinning,
        subjects: &[Kind::HelmRelease, Kind::OciRepository, Kind::HelmChart],
        action: Action::Deny,
        summary: "a chart that can change without a commit",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, params: &Self::Params, facts: &dyn Facts, out: &mut Findings) {
        match case.subject.kind {
            Kind::HelmRelease => release(case, out),
            Kind::HelmChart => helm_chart(case, out),
            Kind::OciRepository => oci_repository(&case.subject, params.require, facts, out),
        }
    }
}

fn release(case: &Case<'_>, out: &mut Findings) {
    let tree = &case.subject.tree;
    match HelmRelease::of(&case.subject).chart() {
        ChartSource::Template {
            at,
            source_kind,
            version,
        } => template(case, at, source_kind, version, out),
        ChartSource::Reference { at, kind, .. } => {
            if kind == "ExternalArtifact" {
                out.at(
                    tree,
                    at,
                    "the chart comes from an ExternalArtifact, whose revision nobody here can see",
                )
                .unverified()
                .help("pin the revision where the artifact is made");
            }
        }
        ChartSource::Absent => {
            if case.request.form == Form::Source {
                let at = case.subject.spec().unwrap_or(NodeId::ROOT);
                out.at(tree, at, "neither `chart` nor `chartRef` is in this file, so the chart could not be judged")
                    .unverified()
                    .help("if a kustomize patch adds it, judge what `kustomize build` prints");
            }
        }
    }
}

fn helm_chart(case: &Case<'_>, out: &mut Findings) {
    // Its HelmRelease is judged instead: a denial here would only stop helm-controller.
    if case.subject.label("helm.toolkit.fluxcd.io/name").is_some() {
        return;
    }
    let Some(spec) = case.subject.spec() else {
        return;
    };
    let map = case.subject.tree.value(spec);
    let source_kind = map
        .pointer("/sourceRef/kind")
        .and_then(Value::as_str)
        .unwrap_or("");
    template(case, spec, source_kind, map.get("version"), out);
}

/// Judges `version` in a map that has the shape of a HelmChart's spec.
fn template(
    case: &Case<'_>,
    at: NodeId,
    source_kind: &str,
    version: Option<&Value>,
    out: &mut Findings,
) {
    let tree = &case.subject.tree;
    match source_kind {
        // Flux ignores the version of charts from these; the GitRepository pins them, and who
        // judges it is the rule's page.
        "GitRepository" => return,
        "Bucket" => {
            out.at(
                tree,
                at,
                "a chart from a Bucket is never pinned: its objects can change in place",
            )
            .help("publish the chart to an OCI registry or a Helm repository and pin its version");
            return;
        }
        _ => {}
    }
    let node = tree.child(at, "version").unwrap_or(at);
    match version {
        Some(Value::String(text)) if is_exact(text) => {}
        Some(Value::String(text)) if is_open(text) => {
            out.at(
                tree,
                node,
                "the version is a placeholder that was not substituted, so it could not be judged",
            )
            .unverified()
            .help("judge what Flux applies, or pin the version in this file");
        }
        None if case.request.form == Form::Source && source_kind.is_empty() => {
            out.at(tree, node, "the chart's `version` and `sourceRef` are not in this file, so it could not be judged")
                .unverified()
                .help("if a kustomize patch adds them, judge what `kustomize build` prints");
        }
        None | Some(Value::Null) => {
            out.at(
                tree,
                node,
                "the chart has no `version`, so Flux installs the newest one at any time",
            )
            .help(HELP_VERSION);
        }
        Some(other) => {
            let shown = shown(other);
            out.at(
                tree,
                node,
                format!("chart version `{shown}` is a range: what is installed can change without a commit"),
            )
            .help(HELP_VERSION);
        }
    }
}

fn oci_repository(subject: &Subject<'_>, require: Level, facts: &dyn Facts, out: &mut Findings) {
    let tree = &subject.tree;
    let Some(spec) = subject.spec() else { return };
    let Some((node, message)) = unpinned_ref(subject, spec, require) else {
        return;
    };
    let certain = match feeds_charts(subject, spec, facts) {
        Some(false) => return,
        Some(true) => true,
        None => false,
    };
    let finding = out.at(tree, node, message.text).help(HELP_REF);
    if message.unverified {
        finding.unverified();
    }
    if !certain {
        finding.message.push_str(
            " (nobody could see whether a HelmRelease takes its chart from here: it has no layerSelector)",
        );
        finding.unverified();
    }
}

struct Message {
    text: String,
    unverified: bool,
}

/// The node and the reason, when `spec.ref` leaves the artifact open. Flux's precedence is digest,
/// semver, tag, latest.
fn unpinned_ref(subject: &Subject<'_>, spec: NodeId, require: Level) -> Option<(NodeId, Message)> {
    let tree = &subject.tree;
    let definite = |text: String| Message {
        text,
        unverified: false,
    };
    let reference = match tree.child(spec, "ref") {
        Some(node)
            if tree
                .value(node)
                .as_object()
                .is_some_and(|map| !map.is_empty()) =>
        {
            node
        }
        _ => {
            return Some((
                spec,
                definite("the source has no `ref`, so Flux follows the tag `latest`".to_owned()),
            ));
        }
    };
    let map = tree.value(reference);
    let text = |key: &str| map.get(key).filter(|value| !is_empty(value));
    if text("digest").is_some() {
        return None;
    }
    let (key, value) = ["semver", "tag"]
        .into_iter()
        .find_map(|key| text(key).map(|value| (key, value)))
        .unwrap_or(("tag", &Value::Null));
    let node = tree.child(reference, key).unwrap_or(reference);
    let shown = shown(value);
    if value.as_str().is_some_and(is_open) {
        return Some((
            node,
            Message {
                text: format!(
                    "`{key}` is a placeholder that was not substituted, so it could not be judged"
                ),
                unverified: true,
            },
        ));
    }
    if require == Level::Digest {
        return Some((
            node,
            definite("the policy wants a digest, and `spec.ref.digest` is not set".to_owned()),
        ));
    }
    let pinned = match (key, value) {
        ("semver", Value::String(range)) => is_exact(range),
        ("tag", Value::String(tag)) => !is_moving(tag),
        _ => false,
    };
    if pinned {
        return None;
    }
    let what = match (key, value.is_null()) {
        (_, true) => "the `ref` names nothing, so Flux follows the tag `latest`".to_owned(),
        ("semver", false) => {
            format!("semver `{shown}` is a range: what is installed can change without a commit")
        }
        (_, false) => format!("tag `{shown}` moves: what is installed can change without a commit"),
    };
    Some((node, definite(what)))
}

/// Whether a chart comes from this source: `None` when nobody could see.
fn feeds_charts(subject: &Subject<'_>, spec: NodeId, facts: &dyn Facts) -> Option<bool> {
    let media_type = subject
        .tree
        .value(spec)
        .pointer("/layerSelector/mediaType")
        .and_then(Value::as_str);
    if media_type.is_some_and(|media_type| media_type.contains("helm.chart.content")) {
        return Some(true);
    }
    match facts.feeds_a_release(Key {
        namespace: subject.namespace,
        name: subject.name,
    }) {
        Answer::Known(feeds) => Some(feeds),
        Answer::Absent => Some(false),
        Answer::Unseen(_) => None,
    }
}

/// A tag that names a line of development, alone or with a suffix (`latest-alpine`).
fn is_moving(tag: &str) -> bool {
    let first = tag.split(['-', '_', '.']).next().unwrap_or(tag);
    MOVING
        .iter()
        .any(|moving| first.eq_ignore_ascii_case(moving))
}

fn is_open(text: &str) -> bool {
    text.contains("${") || text.contains("{{")
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().take(64).collect(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => String::new(),
        Value::Array(_) | Value::Object(_) => "a map or list".to_owned(),
    }
}
