//! `unpinned-image`: a container image that can change without a commit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Level;
use crate::facts::Facts;
use crate::model::image::is_digest;
use crate::model::images::{Image, Missing, Tag, find};
use crate::model::tag::{Pin, classify, classify_number, is_branch, shown_text};
use crate::model::template::is_open;
use crate::model::{Action, Case, Finding, Findings, Form, Kind, NodeId};
use crate::rules::{Family, Meta, Params, Rule, Stricter, rule};

rule! {
    /// ## What it does
    /// Refuses an image that can change without a commit: one whose tag is `latest`, `stable`,
    /// `main` or another moving word, or that has no tag where the chart has no default. A tag
    /// that is only part of a version (`17`, `1.2-alpine`) is a warning. An image with a digest is
    /// always pinned, also `latest@sha256:…`.
    ///
    /// It reads app-template's containers with their `defaultContainerOptions`, its image volumes,
    /// and, in any chart's values and in post-renderers: maps of `repository` and `tag`, texts
    /// under `image`, `imageTag`, lists under `images`, pods within values, kustomize's `images`
    /// and the plain cases of patches.
    ///
    /// ## Why is this bad
    /// A moving tag means something else after the next push. Two nodes can run two different
    /// builds of one release, a restart becomes an upgrade that nobody chose, and a rollback in Git
    /// rolls nothing back.
    ///
    /// ## Example
    /// ```yaml
    /// values:
    ///   controllers:
    ///     romm:
    ///       containers:
    ///         app:
    ///           image:
    ///             repository: ghcr.io/rommapp/romm
    ///             tag: latest
    /// ```
    ///
    /// ## Use instead
    /// ```yaml
    /// values:
    ///   controllers:
    ///     romm:
    ///       containers:
    ///         app:
    ///           image:
    ///             repository: ghcr.io/rommapp/romm
    ///             tag: 4.6.1
    /// ```
    ///
    /// ## What is not judged
    /// An image without a tag in a chart that has a default: the chart's version pins it. Parts
    /// with `enabled: false`. A `repository` that is Git's, Helm's or a backup's. Texts of
    /// configuration files, environment variables, labels and annotations. What comes from
    /// Secrets of `valuesFrom`, or from ConfigMaps that could not be read. A tag that is still a
    /// placeholder or a template is unverified.
    ///
    /// ## Options
    /// * `require`: `tag` (default) accepts a tag that names one build; `digest` wants a digest.
    /// * `partial`: what a tag that is only part of a version is: `warn` (default), `deny` or
    ///   `allow`.
    ///
    /// ## References
    /// * <https://kubernetes.io/docs/concepts/containers/images/#image-names>
    /// * <https://bjw-s-labs.github.io/helm-charts/docs/common-library/howto/default-container-options/>
    pub struct UnpinnedImage;
}

/// What a policy can set.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UnpinnedImageParams {
    /// How firmly an image must be pinned.
    pub require: Level,
    /// What a tag is that is only part of a version.
    pub partial: Partial,
}

impl Params for UnpinnedImageParams {}

impl Stricter for UnpinnedImageParams {
    fn stricter(self, other: Self) -> Self {
        Self {
            require: self.require.max(other.require),
            partial: self.partial.max(other.partial),
        }
    }
}

/// What a tag is that is only part of a version, such as `17`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Partial {
    /// Pinned.
    Allow,
    /// At most a warning.
    #[default]
    Warn,
    /// Not pinned.
    Deny,
}

const HELP: &str = "write a tag that names one build, such as `1.2.3`, or better `1.2.3@sha256:…`; Renovate can raise both by a commit";
const HELP_NUMBER: &str = "write the whole version in quotes, such as \"1.2.3\": YAML reads an unquoted 1.10 as the number 1.1";
const HELP_DIGEST: &str =
    "add the digest to the tag, such as `1.2.3@sha256:…`; Renovate can do so with `pinDigests`";
const HELP_OPEN: &str =
    "judge what Flux applies, or write the tag in this file; a digest beside it would be enough";

impl Rule for UnpinnedImage {
    type Params = UnpinnedImageParams;
    const META: Meta = Meta {
        name: "unpinned-image",
        family: Family::Pinning,
        subjects: &[Kind::HelmRelease],
        action: Action::Deny,
        summary: "a container image that can change without a commit",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, params: &Self::Params, _: &dyn Facts, out: &mut Findings) {
        // Many containers can inherit one default; a vector that stays empty allocates nothing.
        let mut reported: Vec<NodeId> = Vec::new();
        find(&case.subject, &mut |image| {
            let Some(problem) = judge(&image, *params, case.request.form) else {
                return;
            };
            if !reported.contains(&image.at) || is_text(case, image.at) {
                reported.push(image.at);
                report(problem, &image, case, *params, out);
            }
        });
    }
}

/// Whether several images can be in the one place: a patch is a text with lines.
fn is_text(case: &Case<'_>, at: NodeId) -> bool {
    case.subject.tree.node(at).step.key() == Some("patch")
}

/// Why an image is not pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Moving,
    Word,
    Partial,
    Missing,
    NoDigest,
    /// The tag or digest is a placeholder.
    Open,
    /// Nobody can see what the chart's default is.
    Default,
}

fn judge(image: &Image<'_>, params: UnpinnedImageParams, form: Form) -> Option<Problem> {
    let (tag, behind) = match image.tag {
        Tag::Text(text) => text.split_once('@').unwrap_or((text, "")),
        Tag::Number(_) => ("", ""),
    };
    if is_digest(image.digest) || is_digest(behind) {
        return None;
    }
    let pin = match image.tag {
        Tag::Text(_) => classify(tag),
        Tag::Number(number) => classify_number(number),
    };
    let wants_digest = params.require == Level::Digest;
    if (is_open(image.digest) || is_open(behind)) && (wants_digest || pin != Pin::Exact) {
        return Some(Problem::Open);
    }
    match pin {
        Pin::Open => Some(Problem::Open),
        Pin::Empty => missing(image, wants_digest, form),
        _ if wants_digest => Some(Problem::NoDigest),
        Pin::Exact => None,
        Pin::Partial => (params.partial != Partial::Allow).then_some(Problem::Partial),
        Pin::Moving => Some(Problem::Moving),
        Pin::Word => Some(Problem::Word),
    }
}

fn missing(image: &Image<'_>, wants_digest: bool, form: Form) -> Option<Problem> {
    match image.missing {
        Missing::Latest => Some(Problem::Missing),
        // In a file, a kustomize patch may add the image.
        Missing::Required if form == Form::Source && image.name.is_empty() => {
            Some(Problem::Default)
        }
        Missing::Required => Some(Problem::Missing),
        Missing::Unseen => Some(Problem::Default),
        Missing::ChartDefault => wants_digest.then_some(Problem::Default),
    }
}

fn report(
    problem: Problem,
    image: &Image<'_>,
    case: &Case<'_>,
    params: UnpinnedImageParams,
    out: &mut Findings,
) {
    let named = match image.name {
        "" => "the image".to_owned(),
        name => format!("image `{}`", shown_text(name)),
    };
    let tag = match image.tag {
        Tag::Text(text) => shown_text(text),
        Tag::Number(number) => number.to_string(),
    };
    let message = match problem {
        Problem::Moving => {
            format!("{named} follows the moving tag `{tag}`: what runs can change without a commit")
        }
        Problem::Word => format!(
            "{named} has the tag `{tag}`, which names no version: what runs can change without a commit"
        ),
        Problem::Partial => format!(
            "{named} has the tag `{tag}`, which is only part of a version: its next release moves it"
        ),
        Problem::Missing if image.missing == Missing::Latest => {
            format!("{named} has no tag, so the kubelet pulls `latest`")
        }
        Problem::Missing => format!("{named} has no tag, and app-template has no default for it"),
        Problem::NoDigest => {
            format!("{named} has the tag `{tag}` and no digest, which the policy wants")
        }
        Problem::Open => {
            format!("{named} has a placeholder that was not filled, so its tag could not be judged")
        }
        Problem::Default => {
            format!("{named} has no tag here, and the chart's default could not be seen")
        }
    };
    let finding = out.at(&case.subject.tree, image.at, message);
    match problem {
        Problem::Open => finding.unverified().help(HELP_OPEN),
        Problem::Default => finding.unverified().help(HELP),
        Problem::NoDigest => finding.help(HELP_DIGEST),
        Problem::Partial => {
            if params.partial == Partial::Warn {
                finding.at_most(Action::Warn);
            }
            help_partial(finding, image)
        }
        Problem::Moving | Problem::Word | Problem::Missing => finding.help(HELP),
    };
    if !image.certain && (problem == Problem::Word || is_maybe_branch(problem, image)) {
        finding.at_most(Action::Warn);
    }
}

fn help_partial<'f>(finding: &'f mut Finding, image: &Image<'_>) -> &'f mut Finding {
    match image.tag {
        Tag::Number(_) => finding.help(HELP_NUMBER),
        Tag::Text(_) => finding.help(HELP),
    }
}

/// Where only the shape says that it is an image, `main` may be Git's.
fn is_maybe_branch(problem: Problem, image: &Image<'_>) -> bool {
    problem == Problem::Moving && matches!(image.tag, Tag::Text(tag) if is_branch(tag))
}

#[cfg(test)]
mod tests;
