//! What another object, the source of a chart, says of how it is pinned.
//!
//! Nothing here is more than a warning: Flux applies sources after releases, so a commit that mends the
//! source would never land if its release were refused.

use serde_json::Value;

use super::{Feeds, UnpinnedChart, helm_chart, is_made_by_helm_controller, oci_repository};
use crate::facts::{Answer, Facts, Key, SourceKind, Unseen};
use crate::model::{
    Action, Case, Certainty, Finding, Findings, Form, Kind, NodeId, Request, Subject,
};
use crate::rules::Rule;
use crate::rules::pinning::Level;
use crate::rules::pinning::git_reference::{Problem, problem};

/// The place in an object that names a source.
#[derive(Clone, Copy)]
pub(super) struct Named<'c, 'a> {
    /// The object.
    pub(super) case: &'c Case<'a>,
    /// The node that names the source.
    pub(super) at: NodeId,
    /// The source's kind.
    pub(super) kind: SourceKind,
    /// The source.
    pub(super) key: Key<'c>,
}

impl Named<'_, '_> {
    /// Judges the source.
    pub(super) fn judge(self, require: Level, facts: &dyn Facts, out: &mut Findings) {
        match (facts.source(self.kind, self.key), self.kind) {
            // Where nobody can look, three of four releases would be told so, each time.
            (Answer::Unseen(Unseen::NoCluster), _) => {}
            (Answer::Known(source), SourceKind::GitRepository) => {
                if let Some(problem) = problem(source.get("spec"), require) {
                    self.git(&problem, facts, out);
                }
            }
            (Answer::Known(source), _) => self.object(&source, require, facts, out),
            (Answer::Absent, _) => {
                if self.owns(facts) != Owns::Yes {
                    let message =
                        format!("{self} does not exist yet, so the chart could not be judged");
                    self.at(message, out)
                        .unverified()
                        .help("its source is judged when it is written");
                }
            }
            (Answer::Unseen(why), _) => {
                if self.owns(facts) != Owns::Yes {
                    self.at(format!("{self} could not be seen: {why}"), out)
                        .unverified()
                        .help("see to it that Lockkeeper can look it up; the source is judged when it is written, too");
                }
            }
        }
    }

    /// Judges the source as it is judged when it is written itself, and passes on what is found.
    fn object(self, source: &Value, require: Level, facts: &dyn Facts, out: &mut Findings) {
        let Some(subject) = Subject::new(source) else {
            self.at(format!("{self} could not be read"), out)
                .unverified()
                .help("the source is judged when it is written, too");
            return;
        };
        if let Some(key) = git_source(&subject) {
            let named = Named {
                kind: SourceKind::GitRepository,
                key,
                ..self
            };
            return named.judge(require, facts, out);
        }
        let mut found = Findings::of(UnpinnedChart::META.name);
        if self.kind == SourceKind::OciRepository {
            // This very object says that a release takes its chart from there.
            oci_repository(&subject, require, |_| Feeds::Charts, &mut found);
        } else {
            let case = Case {
                subject,
                before: None,
                request: Request {
                    form: Form::Applied,
                    ..self.case.request
                },
                now: self.case.now,
                comments: None,
            };
            helm_chart(&case, require, facts, &mut found);
        }
        for inner in found.into_vec() {
            let message = match inner.certainty {
                Certainty::Definite => format!("{self} is not pinned: {}", inner.message),
                Certainty::Unverified => format!("{self}: {}", inner.message),
            };
            let finding = self.at(message, out).help(inner.help);
            finding.certainty = inner.certainty;
        }
    }

    fn git(self, problem: &Problem, facts: &dyn Facts, out: &mut Findings) {
        let owns = self.owns(facts);
        if owns == Owns::Yes {
            return;
        }
        let finding = match problem {
            Problem::Moves(why) => self.at(format!("{self} is not pinned: {why}"), out),
            Problem::Open(key) => {
                let message = format!(
                    "{self}: `{key}` is a placeholder that was not substituted, so it could not be judged"
                );
                self.at(message, out).unverified()
            }
        };
        finding.help(
            "set the GitRepository's `spec.ref.commit`, or a `spec.ref.tag` that nobody moves",
        );
        if let Owns::Unseen(why) = owns {
            finding.message.push_str(&format!(
                " (nobody could see whether its own Kustomization applies from there: {why})"
            ));
            finding.unverified();
        }
    }

    /// Whether the object itself comes from that GitRepository: then its commit pins the chart too.
    /// The labels are the author's words, but all that a lie brings is one warning less.
    fn owns(self, facts: &dyn Facts) -> Owns {
        let Some((namespace, name)) = self.case.subject.kustomization() else {
            return Owns::No;
        };
        if self.kind != SourceKind::GitRepository {
            return Owns::No;
        }
        match facts.kustomization_source(Key { namespace, name }) {
            Answer::Known(source) => {
                let is_same = source.kind == "GitRepository"
                    && source.namespace == self.key.namespace
                    && source.name == self.key.name;
                if is_same { Owns::Yes } else { Owns::No }
            }
            Answer::Absent => Owns::No,
            Answer::Unseen(why) => Owns::Unseen(why),
        }
    }

    fn at<'f>(&self, message: String, out: &'f mut Findings) -> &'f mut Finding {
        out.at(&self.case.subject.tree, self.at, message)
            .on_facts()
            .at_most(Action::Warn)
    }
}

/// The GitRepository that a HelmChart takes its chart from: it is told apart from the release's own.
fn git_source<'a>(subject: &Subject<'a>) -> Option<Key<'a>> {
    let source = subject.root.get("spec")?.get("sourceRef")?;
    let is_git = subject.kind == Kind::HelmChart && source.get("kind")? == "GitRepository";
    Some(Key {
        namespace: subject.namespace,
        name: source.get("name")?.as_str()?,
    })
    .filter(|_| is_git && !is_made_by_helm_controller(subject))
}

/// Whether the object's Kustomization applies from the source.
#[derive(PartialEq, Eq)]
enum Owns {
    Yes,
    No,
    Unseen(Unseen),
}

impl std::fmt::Display for Named<'_, '_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            SourceKind::OciRepository => "OCIRepository",
            SourceKind::GitRepository => "GitRepository",
            SourceKind::HelmChart => "HelmChart",
        };
        let Key { namespace, name } = self.key;
        match namespace {
            "" => write!(formatter, "{kind} `{name}`"),
            _ => write!(formatter, "{kind} `{namespace}/{name}`"),
        }
    }
}

#[cfg(test)]
mod tests;
