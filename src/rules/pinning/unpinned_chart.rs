//! `unpinned-chart`: a chart that can change without a commit.

mod source;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Level;
use super::oci_reference::{Reference, read};
use super::version::is_exact;
use crate::facts::{Answer, Facts, Key, SourceKind, Unseen};
use crate::model::tag::shown;
use crate::model::template::is_open;
use crate::model::{Action, Case, ChartSource, Findings, Form, HelmRelease, Kind, NodeId, Subject};
use crate::rules::{Family, Meta, Params, Rule, Stricter, rule};
use source::Named;

rule! {
    /// ## What it does
    /// Refuses a chart that can change without a commit: a HelmRelease or HelmChart whose
    /// `version` is a range or absent, a chart from a Bucket, and an OCIRepository that follows a
    /// range, `latest`, a branch-like tag or only a part of a version (`1.2`).
    ///
    /// Where a cluster can be asked, a HelmRelease or HelmChart is also told what the source that it
    /// names says: a `chartRef`'s OCIRepository or HelmChart, and a GitRepository's `ref` (`commit`, or
    /// `tag` at level `tag`, is pinned). That is a warning at most, as the source may be mended by the
    /// same commit, which Flux applies after the release.
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
    /// A `chartRef` where no cluster is at hand (its source is judged where it is written), the
    /// `version` beside a GitRepository (Flux ignores it: the repository's `ref` is what pins the
    /// chart), a GitRepository that the object's own Kustomization applies from (the chart then is of the
    /// same commit as the object), a HelmChart that helm-controller made, and an OCIRepository that feeds
    /// no chart. An ExternalArtifact is unverified, and so are a source that does not exist yet and a file
    /// without `chart` and `chartRef`: a kustomize patch may add them.
    ///
    /// A digest behind a tag (`tag: 1.2.3@sha256:…`) is no `ref.digest`: Flux promises nothing for
    /// it. An exact tag counts as that tag, a moving one is unverified.
    ///
    /// ## Options
    /// * `require`: `tag` (default) accepts exact versions and tags; `digest` wants
    ///   `ref.digest` on an OCIRepository. A chart of a HelmRepository has no digest to give, so
    ///   there `digest` only warns.
    ///
    /// ## References
    /// * <https://fluxcd.io/flux/components/helm/helmreleases/#chart-template>
    /// * <https://fluxcd.io/flux/components/source/ocirepositories/#reference>
    /// * <https://fluxcd.io/flux/components/source/gitrepositories/#reference>
    pub struct UnpinnedChart;
}

/// What a policy can set.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UnpinnedChartParams {
    /// How firmly a chart must be pinned.
    pub require: Level,
}

impl Params for UnpinnedChartParams {}

impl Stricter for UnpinnedChartParams {
    fn stricter(self, other: Self) -> Self {
        Self {
            require: self.require.max(other.require),
        }
    }
}

const HELP_VERSION: &str =
    "write one exact version, such as `version: 1.2.3`; Renovate can raise it by a commit";
const HELP_REF: &str = "set `spec.ref.tag` to an exact version or `spec.ref.digest` to a digest";
const HELP_OPEN: &str = "judge what Flux applies, or pin the version in this file";
const HELP_BUILD: &str = "if a kustomize patch adds it, judge what `kustomize build` prints";

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
            Kind::HelmRelease => release(case, params.require, facts, out),
            Kind::HelmChart => helm_chart(case, params.require, facts, out),
            Kind::OciRepository => {
                let subject = &case.subject;
                oci_repository(
                    subject,
                    params.require,
                    |spec| feeds_charts(subject, spec, facts),
                    out,
                );
            }
            Kind::Kustomization => {}
        }
    }
}

fn release(case: &Case<'_>, require: Level, facts: &dyn Facts, out: &mut Findings) {
    let tree = &case.subject.tree;
    match HelmRelease::of(&case.subject).chart() {
        ChartSource::Template { at, .. } => template(case, at, require, facts, out),
        ChartSource::Reference {
            at,
            kind,
            name,
            namespace,
        } => {
            let key = Key {
                namespace: namespace.unwrap_or(case.subject.namespace),
                name,
            };
            if kind == "ExternalArtifact" {
                out.at(
                    tree,
                    at,
                    "the chart comes from an ExternalArtifact, whose revision nobody here can see",
                )
                .unverified()
                .help("pin the revision where the artifact is made");
            } else if let Some(kind) = source_kind(kind) {
                let named = Named {
                    case,
                    at,
                    kind,
                    key,
                };
                named.judge(require, facts, out);
            }
        }
        ChartSource::Absent => {
            if case.request.form == Form::Source {
                let at = case.subject.spec().unwrap_or(NodeId::ROOT);
                out.at(tree, at, "neither `chart` nor `chartRef` is in this file, so the chart could not be judged")
                    .unverified()
                    .help(HELP_BUILD);
            }
        }
    }
}

/// The kinds that `chartRef` may name and whose objects say how they are pinned.
fn source_kind(kind: &str) -> Option<SourceKind> {
    match kind {
        "OCIRepository" => Some(SourceKind::OciRepository),
        "HelmChart" => Some(SourceKind::HelmChart),
        _ => None,
    }
}

fn helm_chart(case: &Case<'_>, require: Level, facts: &dyn Facts, out: &mut Findings) {
    // Its HelmRelease is judged instead: a denial here would only stop helm-controller.
    if is_made_by_helm_controller(&case.subject) {
        return;
    }
    if let Some(spec) = case.subject.spec() {
        template(case, spec, require, facts, out);
    }
}

/// helm-controller names the HelmChart after the HelmRelease and labels it; a label alone can be
/// anyone's.
fn is_made_by_helm_controller(subject: &Subject<'_>) -> bool {
    let (Some(name), Some(namespace)) = (
        subject.label("helm.toolkit.fluxcd.io/name"),
        subject.label("helm.toolkit.fluxcd.io/namespace"),
    ) else {
        return false;
    };
    subject
        .name
        .strip_prefix(namespace)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|rest| rest == name)
}

/// Judges `version` in a map that has the shape of a HelmChart's spec.
fn template(case: &Case<'_>, at: NodeId, require: Level, facts: &dyn Facts, out: &mut Findings) {
    let tree = &case.subject.tree;
    let map = tree.value(at);
    let source_kind = map["sourceRef"]["kind"].as_str();
    match source_kind {
        // Flux ignores the version of charts from these; the GitRepository pins them.
        Some("GitRepository") => return git_repository(case, at, require, facts, out),
        Some("Bucket") => {
            let node = tree.descend(at, &["sourceRef", "kind"]).unwrap_or(at);
            out.at(
                tree,
                node,
                "a chart from a Bucket is never pinned: its objects can change in place",
            )
            .help("publish the chart to an OCI registry or a Helm repository and pin its version");
            return;
        }
        _ => {}
    }
    let node = tree.child(at, "version").unwrap_or(at);
    match map.get("version") {
        Some(Value::String(text)) if is_exact(text) => {
            if require == Level::Digest {
                out.at(
                    tree,
                    node,
                    "the policy wants a digest, and a chart of a HelmRepository has none",
                )
                .at_most(Action::Warn)
                .help("take the chart from an OCIRepository with `spec.ref.digest`, if it is published to a registry");
            }
        }
        Some(Value::String(text)) if is_open(text) => {
            out.at(
                tree,
                node,
                "the version is a placeholder that was not substituted, so it could not be judged",
            )
            .unverified()
            .help(HELP_OPEN);
        }
        None if case.request.form == Form::Source && source_kind.is_none() => {
            out.at(tree, node, "the chart's `version` and `sourceRef` are not in this file, so it could not be judged")
                .unverified()
                .help(HELP_BUILD);
        }
        None | Some(Value::Null) => {
            out.at(
                tree,
                node,
                "the chart has no `version`, so Flux installs the newest one at any time",
            )
            .help(HELP_VERSION);
        }
        Some(Value::String(text)) if text.trim().is_empty() || text.trim() == "*" => {
            out.at(
                tree,
                node,
                "the chart's `version` is open, so Flux installs the newest one at any time",
            )
            .help(HELP_VERSION);
        }
        Some(other) => {
            let shown = shown(other);
            out.at(
                tree,
                node,
                format!("chart version `{shown}` is not one exact version: what is installed can change without a commit"),
            )
            .help(HELP_VERSION);
        }
    }
}

/// Asks for the GitRepository of a map that has the shape of a HelmChart's spec.
fn git_repository(
    case: &Case<'_>,
    at: NodeId,
    require: Level,
    facts: &dyn Facts,
    out: &mut Findings,
) {
    let tree = &case.subject.tree;
    let Some(at) = tree.child(at, "sourceRef") else {
        return;
    };
    let map = tree.value(at);
    // A HelmChart's `sourceRef` has no namespace: Flux looks in the HelmChart's own.
    let elsewhere = match case.subject.kind {
        Kind::HelmRelease => map["namespace"].as_str(),
        Kind::HelmChart | Kind::OciRepository | Kind::Kustomization => None,
    };
    let key = Key {
        namespace: elsewhere.unwrap_or(case.subject.namespace),
        name: map["name"].as_str().unwrap_or(""),
    };
    let kind = SourceKind::GitRepository;
    let named = Named {
        case,
        at,
        kind,
        key,
    };
    named.judge(require, facts, out);
}

fn oci_repository(
    subject: &Subject<'_>,
    require: Level,
    feeds: impl FnOnce(NodeId) -> Feeds,
    out: &mut Findings,
) {
    let Some(spec) = subject.spec() else { return };
    let reference = read(&subject.tree, spec);
    if reference.is_pinned(require) {
        return;
    }
    let feeds = feeds(spec);
    if feeds == Feeds::NoChart {
        return;
    }
    let finding = out
        .at(
            &subject.tree,
            reference.at(spec),
            reference.problem(require),
        )
        .help(HELP_REF);
    if reference.is_unseen(require) {
        finding.unverified();
    }
    if matches!(reference, Reference::Open { .. }) {
        finding.help(HELP_OPEN);
    }
    match feeds {
        Feeds::Charts | Feeds::NoChart => {}
        Feeds::ARelease => {
            finding.on_facts();
        }
        Feeds::Unseen(why) => {
            finding.message.push_str(&format!(
                " (nobody could see whether a HelmRelease takes its chart from here: {why})"
            ));
            finding.unverified();
        }
    }
}

/// What an OCIRepository is for.
#[derive(PartialEq, Eq)]
enum Feeds {
    /// Charts, by its own layerSelector.
    Charts,
    /// A release names it: another object says so.
    ARelease,
    /// Something else.
    NoChart,
    /// Nobody could see.
    Unseen(Unseen),
}

fn feeds_charts(subject: &Subject<'_>, spec: NodeId, facts: &dyn Facts) -> Feeds {
    let media_type = subject.tree.value(spec)["layerSelector"]["mediaType"].as_str();
    if media_type.is_some_and(|media_type| media_type.contains("helm.chart.content")) {
        return Feeds::Charts;
    }
    match facts.feeds_a_release(Key {
        namespace: subject.namespace,
        name: subject.name,
    }) {
        Answer::Known(true) => Feeds::ARelease,
        Answer::Known(false) | Answer::Absent => Feeds::NoChart,
        Answer::Unseen(why) => Feeds::Unseen(why),
    }
}

#[cfg(test)]
mod tests;
