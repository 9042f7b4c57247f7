//! Policies under review: what cannot be compiled is refused, and what has no effect is told.

use jiff::Timestamp;
use serde_json::Value;

use super::answer::Answer;
use super::envelope::Unreadable;
use super::review::{NotJudged, Review};
use crate::facts::Population;
use crate::model::Operation;
use crate::policy::spec::API_GROUP;
use crate::policy::{Document, Exemption, KINDS, Policy, ReleasePolicy, TmpfsPolicy};

/// The name under which what cannot be compiled is told: no rule has it.
const INVALID: &str = "invalid-policy";

impl Review<'_> {
    /// Answers `POST /policies`. `policy` is what is in force, `population` who lives in the cluster, as far as that is
    /// known.
    ///
    /// # Errors
    /// As [`Review::validate`].
    pub fn judge_policy(
        &self,
        policy: &Policy,
        population: Option<&Population>,
        now: Timestamp,
    ) -> Result<Answer, Unreadable> {
        let Some(operation) = self.operation()? else {
            return Ok(Answer::not_judged(NotJudged::Operation));
        };
        if !self.subresource().is_empty() {
            return Ok(Answer::not_judged(NotJudged::Subresource));
        }
        if self.policy_kind().is_none() {
            return Ok(Answer::not_judged(NotJudged::Kind));
        }
        let object = self.object()?;
        if object.is_deleting() {
            return Ok(Answer::not_judged(NotJudged::Deleting));
        }
        let unreadable = Answer::refused(
            INVALID,
            "the policy is nested too deep, or holds a number or text that cannot be read",
            "write it as docs/policy.md shows",
        );
        if !self.kinds_agree(object) {
            return Ok(unreadable);
        }
        let Ok(mut document) = object.parse() else {
            return Ok(unreadable);
        };
        if operation == Operation::Update && self.is_unchanged(&document) {
            return Ok(Answer::not_judged(NotJudged::Unchanged));
        }
        self.complete(&mut document);
        Ok(match Document::read(&document) {
            Err(error) => Answer::refused_at(INVALID, error.pointer.clone(), error.to_string()),
            Ok(compiled) => Answer::with_warnings(&warnings(&compiled, policy, population, now)),
        })
    }

    /// The kind, where it is one of policies.
    #[must_use]
    pub fn policy_kind(&self) -> Option<&'static str> {
        let kinds = KINDS.into_iter();
        kinds
            .filter(|_| self.group() == API_GROUP)
            .find(|kind| *kind == self.kind())
    }

    /// Whether the spec is what it was: a broken policy can still be given labels, and lose its finalizers.
    fn is_unchanged(&self, document: &Value) -> bool {
        let old = self.old().and_then(|old| old.parse().ok());
        old.is_some_and(|old| old.get("spec") == document.get("spec"))
    }

    /// An object that is created without saying where it is, is where the request says.
    fn complete(&self, document: &mut Value) {
        let namespace = self.namespace();
        let metadata = document.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata.filter(|_| !namespace.is_empty()) {
            metadata
                .entry("namespace")
                .or_insert_with(|| namespace.into());
        }
    }
}

fn warnings(
    document: &Document,
    policy: &Policy,
    population: Option<&Population>,
    now: Timestamp,
) -> Vec<String> {
    let remarks = document.remarks(now).into_iter();
    let mut warnings: Vec<String> = remarks
        .map(|remark| format!("{}: {}", remark.pointer, remark.message))
        .collect();
    match document {
        Document::Release(policy) => warnings.extend(of_release(policy, population)),
        Document::Tmpfs(policy) => warnings.extend(of_tmpfs(policy, population)),
        Document::Exemption {
            namespace,
            exemption,
            ..
        } => warnings.extend(of_exemption(namespace, exemption, policy, population)),
    }
    warnings
}

fn of_release(policy: &ReleasePolicy, population: Option<&Population>) -> Option<String> {
    let releases = &population?.releases;
    let is_for_one = releases.iter().any(|release| {
        let namespace = (
            release.namespace.as_str(),
            release.namespace_labels.as_deref(),
        );
        policy.selects(namespace, (&release.name, &release.labels))
    });
    (!is_for_one && !releases.is_empty()).then(|| {
        format!(
            "/spec/match: it selects none of the {} HelmReleases in the cluster",
            releases.len()
        )
    })
}

fn of_tmpfs(policy: &TmpfsPolicy, population: Option<&Population>) -> Option<String> {
    let namespaces = population?.namespaces.as_ref()?;
    let selector = policy.namespaces();
    let is_for_one = namespaces
        .values()
        .any(|labels| selector.matches(|key| labels.get(key).map(String::as_str)));
    (!is_for_one && !namespaces.is_empty())
        .then(|| "/spec/namespaceSelector: it selects no namespace in the cluster".to_owned())
}

fn of_exemption<'e>(
    namespace: &'e str,
    exemption: &'e Exemption,
    policy: &Policy,
    population: Option<&Population>,
) -> impl Iterator<Item = String> + use<'e> {
    let is_closed = !policy.opens(namespace, exemption);
    let names_nobody = population.is_some_and(|population| {
        let releases = population.releases.iter();
        let here = releases.filter(|release| release.namespace == namespace);
        !here.clone().any(|release| exemption.selects(&release.name)) && here.count() > 0
    });
    let closed = is_closed.then(|| {
        format!(
            "it does not count: no ReleasePolicy opens namespace {namespace} and these rules in `spec.allowExemptions`"
        )
    });
    let nobody = names_nobody
        .then(|| format!("/spec/releases: none of the HelmReleases in namespace {namespace}"));
    closed.into_iter().chain(nobody)
}

#[cfg(test)]
mod tests;
