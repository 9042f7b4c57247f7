//! The answer to a review, and its bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::Value;

use super::envelope::{API_VERSION, KIND};
use super::message;
use super::review::NotJudged;
use crate::judge::{Note, Ruled, Verdict};
use crate::model::{Action, Findings, Pointer};
use crate::mounts::{Patch, Plan};

/// What is answered to one review.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// All findings; where it denies, at least one has the action deny.
    pub verdict: Verdict,
    /// Why nothing was judged.
    pub not_judged: Option<NotJudged>,
    /// The text of the denial; empty when allowed.
    pub message: String,
    /// What the API server passes on to whoever asked.
    pub warnings: Vec<String>,
    /// What is changed in the object; empty where nothing is.
    pub patch: Patch,
}

impl Answer {
    pub(super) fn not_judged(why: NotJudged) -> Self {
        Self {
            not_judged: Some(why),
            ..Self::default()
        }
    }

    /// A denial that no rule made: what cannot be read must not get past its judge.
    pub(super) fn refused(rule: &'static str, message: &'static str, help: &'static str) -> Self {
        let mut findings = Findings::of(rule);
        findings.at_pointer(Pointer::root(), message).help(help);
        Self::of_denied(findings)
    }

    /// A denial of what a person wrote at a place.
    pub(super) fn refused_at(rule: &'static str, pointer: Pointer, message: String) -> Self {
        let mut findings = Findings::of(rule);
        findings.at_pointer(pointer, message);
        Self::of_denied(findings)
    }

    fn of_denied(findings: Findings) -> Self {
        let findings = findings
            .into_vec()
            .into_iter()
            .map(|finding| Ruled {
                finding,
                action: Action::Deny,
                note: None,
            })
            .collect();
        let verdict = Verdict {
            findings,
            ..Verdict::default()
        };
        Self::of_verdict(verdict, &Value::Null)
    }

    /// The denial when the server itself failed on the review: an error would be an allow where the
    /// webhook is registered with failurePolicy Ignore.
    #[must_use]
    pub fn of_failure() -> Self {
        Self::refused(
            "internal-error",
            "Lockkeeper failed on this request, so the object was not judged",
            "report this as a bug of Lockkeeper, with the time: the log names the place",
        )
    }

    /// What is answered when the server itself failed on a mutation: the object passes as it came. A
    /// pod without a tmpfs starts or says why not; a cluster that cannot start pods cannot start us.
    #[must_use]
    pub fn of_failed_mutation() -> Self {
        Self::unchanged(
            "Lockkeeper failed on this request, so nothing was mounted: report this as a bug, with the time",
        )
    }

    /// Allowed as it is, with the reason.
    pub(super) fn unchanged(warning: &str) -> Self {
        Self {
            warnings: vec![warning.to_owned()],
            ..Self::not_judged(NotJudged::NoMutation)
        }
    }

    /// Allowed, with what is to be said.
    pub(super) fn with_warnings(warnings: &[String]) -> Self {
        Self {
            warnings: message::limited_to_harmless(warnings),
            ..Self::default()
        }
    }

    /// A pod with its mounts.
    pub(super) fn of_plan(plan: Plan) -> Self {
        let is_empty = plan.patch.is_empty();
        Self {
            not_judged: is_empty.then_some(NotJudged::NoMutation),
            warnings: message::limited_to_harmless(&plan.warnings),
            patch: plan.patch,
            ..Self::default()
        }
    }

    pub(super) fn of_verdict(verdict: Verdict, root: &Value) -> Self {
        if verdict.findings.is_empty() {
            return Self::default();
        }
        Self {
            message: if verdict.is_allowed() {
                String::new()
            } else {
                message::denial(&verdict, root)
            },
            warnings: message::warnings(&verdict),
            verdict,
            ..Self::default()
        }
    }

    /// Whether the request may pass.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.verdict.is_allowed()
    }

    /// The AdmissionReview that is sent back: it echoes `uid`.
    #[must_use]
    pub fn to_bytes(&self, uid: &str) -> Vec<u8> {
        let allowed = self.is_allowed();
        let review = ReviewOut {
            api_version: API_VERSION,
            kind: KIND,
            response: ResponseOut {
                uid,
                allowed,
                status: (!allowed).then_some(StatusOut {
                    code: 403,
                    reason: "Forbidden",
                    message: &self.message,
                }),
                warnings: &self.warnings,
                patch_type: (!self.patch.is_empty()).then_some("JSONPatch"),
                patch: encoded(&self.patch),
                audit_annotations: audit_annotations(&self.verdict),
            },
        };
        let mut bytes = Vec::with_capacity(256 + self.message.len());
        // Writing strings and booleans to memory cannot fail.
        let written = serde_json::to_writer(&mut bytes, &review);
        debug_assert!(written.is_ok());
        bytes
    }
}

/// A patch as JSON in base64; a patch that is empty is none.
fn encoded(patch: &Patch) -> Option<String> {
    let json = serde_json::to_vec(patch).ok()?;
    (!patch.is_empty()).then(|| BASE64.encode(json))
}

/// Which rules spoke, by what became of it, and who exempted what: names only. A key is the last part of a qualified
/// name.
fn audit_annotations(verdict: &Verdict) -> BTreeMap<&'static str, String> {
    let mut rules: BTreeMap<&'static str, Vec<Cow<'_, str>>> = BTreeMap::new();
    for ruled in &verdict.findings {
        let key = match (&ruled.note, ruled.action) {
            (Some(Note::Exempt { .. }), _) => "exempt",
            (_, Action::Deny) => "denied",
            (_, Action::Warn) => "warned",
            (_, Action::Audit | Action::Off) => "audited",
        };
        let names = rules.entry(key).or_default();
        let rule = &*ruled.finding.rule;
        let name = match &ruled.note {
            Some(Note::Exempt { by, .. }) => Cow::Owned(format!("{rule} by {by}")),
            _ => Cow::Borrowed(rule),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    rules
        .into_iter()
        .map(|(key, names)| (key, names.join(",")))
        .collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReviewOut<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: ResponseOut<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseOut<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusOut<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct StatusOut<'a> {
    code: u16,
    reason: &'static str,
    message: &'a str,
}
