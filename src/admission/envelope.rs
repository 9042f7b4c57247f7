//! The envelope of an AdmissionReview v1, borrowed from the body, and what is wrong with one.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::{Object, Shape};
use super::text::Text;

/// The only version that is spoken.
pub(super) const API_VERSION: &str = "admission.k8s.io/v1";
/// The only kind that is spoken.
pub(super) const KIND: &str = "AdmissionReview";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow, default)]
    api_version: Text<'a>,
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    request: Option<Request<'a>>,
}

/// The request of a review, as far as anything here reads it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request<'a> {
    #[serde(borrow, default)]
    pub(super) uid: Text<'a>,
    #[serde(borrow, default)]
    pub(super) kind: GroupKind<'a>,
    #[serde(borrow, default)]
    pub(super) sub_resource: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) namespace: Text<'a>,
    #[serde(borrow, default)]
    pub(super) operation: Text<'a>,
    #[serde(borrow, default)]
    pub(super) user_info: Option<UserInfo<'a>>,
    #[serde(borrow, default)]
    pub(super) object: Shape<Object<'a>>,
    #[serde(borrow, default)]
    pub(super) old_object: Shape<Object<'a>>,
    #[serde(default)]
    pub(super) dry_run: Option<bool>,
}

/// A kind and its group; versions of one kind are judged alike.
#[derive(Debug, Default, Deserialize)]
pub(super) struct GroupKind<'a> {
    #[serde(borrow, default)]
    pub(super) group: Text<'a>,
    #[serde(borrow, default)]
    pub(super) kind: Text<'a>,
}

/// Who asks.
#[derive(Debug, Deserialize)]
pub(super) struct UserInfo<'a> {
    #[serde(borrow, default)]
    pub(super) username: Text<'a>,
}

/// A body that cannot be answered with a review: an HTTP status and one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Unreadable {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong; it quotes nothing of the body.
    pub sentence: String,
}

impl Unreadable {
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self {
            status: 400,
            sentence: sentence.into(),
        }
    }
}

pub(super) fn read(body: &[u8]) -> Result<Request<'_>, Unreadable> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Unreadable::new("the body is not UTF-8, so it cannot be JSON"))?;
    // serde would read a list as the fields in order.
    if text.trim_start().starts_with('[') {
        return Err(Unreadable::new(
            "the body is not an AdmissionReview: it is a list",
        ));
    }
    let envelope: Envelope<'_> =
        serde_json::from_str(text).map_err(|error| diagnose(text, &error))?;
    check_names(envelope.api_version.as_str(), envelope.kind.as_str())?;
    let request = envelope
        .request
        .ok_or_else(|| Unreadable::new("the AdmissionReview has no `request`"))?;
    if request.uid.as_str().is_empty() {
        return Err(Unreadable::new(
            "the request has no `uid`, so it cannot be answered",
        ));
    }
    Ok(request)
}

fn check_names(api_version: &str, kind: &str) -> Result<(), Unreadable> {
    if api_version == API_VERSION && kind == KIND {
        return Ok(());
    }
    Err(Unreadable::new(format!(
        "expected `apiVersion: {API_VERSION}` and `kind: {KIND}`; other versions are not spoken here"
    )))
}

/// Says what is wrong with a body that is no review: the coarsest thing first. serde's own words are
/// not passed on where they could quote the body.
fn diagnose(text: &str, error: &serde_json::Error) -> Unreadable {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Outline<'a> {
        #[serde(borrow, default)]
        api_version: Text<'a>,
        #[serde(borrow, default)]
        kind: Text<'a>,
        #[serde(borrow, default)]
        request: Option<&'a RawValue>,
    }
    let place = format!("line {}, column {}", error.line(), error.column());
    if text.trim().is_empty() {
        return Unreadable::new("the body is empty; expected an AdmissionReview as JSON");
    }
    match error.classify() {
        serde_json::error::Category::Data => {}
        serde_json::error::Category::Eof => {
            return Unreadable::new(format!(
                "the body is not JSON: it ends too early, at {place}"
            ));
        }
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            return Unreadable::new(format!("the body is not JSON: see {place}"));
        }
    }
    match serde_json::from_str::<Outline<'_>>(text) {
        Err(_) => Unreadable::new(format!(
            "the body is not an AdmissionReview: a field has the wrong type at {place}"
        )),
        Ok(outline) => match check_names(outline.api_version.as_str(), outline.kind.as_str()) {
            Err(wrong) => wrong,
            Ok(()) if outline.request.is_none() => {
                Unreadable::new("the AdmissionReview has no `request`")
            }
            Ok(()) => Unreadable::new(format!(
                "the request cannot be read: a field is there twice or has the wrong type at {place}"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_review_is_told_in_one_sentence() {
        for (body, expected) in [
            ("", "empty"),
            ("  ", "empty"),
            ("{", "ends too early"),
            ("nonsense", "not JSON"),
            ("[]", "not an AdmissionReview"),
            ("{}", "expected `apiVersion"),
            (
                r#"{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{}}"#,
                "expected `apiVersion",
            ),
            (
                r#"{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":7}"#,
                "expected `apiVersion",
            ),
            (
                r#"{"apiVersion":"admission.k8s.io/v1","kind":"Pod","request":{"uid":"u"}}"#,
                "expected `apiVersion",
            ),
            (
                r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#,
                "no `request`",
            ),
            (
                r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null}"#,
                "no `request`",
            ),
            (
                r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}"#,
                "no `uid`",
            ),
            (
                r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":null}}"#,
                "no `uid`",
            ),
            (
                r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","dryRun":"hunter2"}}"#,
                "cannot be read",
            ),
        ] {
            let wrong = read(body.as_bytes()).expect_err(body);
            assert_eq!(wrong.status, 400);
            assert!(wrong.sentence.contains(expected), "{body}: {wrong}");
            assert!(!wrong.sentence.contains("hunter2") && !wrong.sentence.contains('\n'));
        }
        assert!(
            read(b"\xff\xfe")
                .expect_err("no UTF-8")
                .sentence
                .contains("UTF-8")
        );
    }

    #[test]
    fn depth_is_no_obstacle_to_the_envelope() {
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        let body = format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u","options":{deep},"object":{{"spec":{deep}}}}}}}"#
        );
        assert_eq!(read(body.as_bytes()).expect("readable").uid.as_str(), "u");
    }
}
