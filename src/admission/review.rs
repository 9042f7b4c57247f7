//! Which reviews are judged, and the judgement of one.

use jiff::Timestamp;
use serde_json::Value;

use super::answer::Answer;
use super::envelope::{self, Request, Unreadable};
use super::object::{Object, OldObject, Shape};
use super::pods::plan_pod;
use super::pruned;
use super::unchanged::{Change, SpecBytes, change};
use crate::expression::Deadline;
use crate::facts::Facts;
use crate::judge::judge_until;
use crate::model::{self, Before, Case, Form, Kind, Operation, Pointer, Subject};
use crate::mounts::Pod;
use crate::policy::Policy;

/// An AdmissionReview that can be answered: it has a request with a uid.
#[derive(Debug)]
pub struct Review<'a> {
    request: Request<'a>,
}

/// Why a request is allowed without being judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotJudged {
    /// No rule knows the kind.
    Kind,
    /// DELETE and CONNECT store no object.
    Operation,
    /// Subresources, such as `status`, are the controllers' own.
    Subresource,
    /// The object is on its way out; stopping that would only hang it.
    Deleting,
    /// Nothing that is judged differs from what is stored.
    Unchanged,
    /// The mutation changes no object of this kind.
    NoMutation,
}

impl NotJudged {
    /// The word for logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NotJudged::Kind => "kind",
            NotJudged::Operation => "operation",
            NotJudged::Subresource => "subresource",
            NotJudged::Deleting => "deleting",
            NotJudged::Unchanged => "unchanged",
            NotJudged::NoMutation => "no-mutation",
        }
    }
}

/// What a look at the review says: an answer, or an object to judge.
#[derive(Debug)]
pub enum Opened<'r> {
    /// No rule has to be asked.
    Answered(Answer),
    /// The object must be judged.
    Judge(Judged<'r>),
}

/// An object under judgement; it can be judged again as more facts come in.
#[derive(Debug)]
pub struct Judged<'r> {
    root: Value,
    before: Option<OldObject<'r>>,
    bytes: Option<SpecBytes<'r>>,
    operation: Operation,
    request: &'r Request<'r>,
}

impl<'a> Review<'a> {
    /// Reads the envelope; objects stay unparsed.
    ///
    /// # Errors
    /// When the body is no AdmissionReview v1 with a request and a uid.
    pub fn read(body: &'a [u8]) -> Result<Self, Unreadable> {
        envelope::read(body).map(|request| Self { request })
    }

    /// Answers `POST /validate`.
    ///
    /// # Errors
    /// When the request contradicts itself: no object where one must be, an unknown operation.
    pub fn validate(
        &self,
        policy: &Policy,
        facts: &dyn Facts,
        now: Timestamp,
    ) -> Result<Answer, Unreadable> {
        self.validate_until(policy, facts, now, &Deadline::default())
    }

    /// The same for whoever cannot wait for ever: a policy's expression that would be evaluated after the deadline has
    /// no answer.
    ///
    /// # Errors
    /// As [`Review::validate`].
    pub fn validate_until(
        &self,
        policy: &Policy,
        facts: &dyn Facts,
        now: Timestamp,
        deadline: &Deadline,
    ) -> Result<Answer, Unreadable> {
        Ok(match self.open()? {
            Opened::Answered(answer) => answer,
            Opened::Judge(judged) => judged.judge(policy, facts, now, deadline),
        })
    }

    /// Answers `POST /mutate`: a pod that is created gets its mounts, and everything is allowed.
    ///
    /// # Errors
    /// As [`Review::validate`].
    pub fn mutate(&self, policy: &Policy, facts: &dyn Facts) -> Result<Answer, Unreadable> {
        let none = Answer::not_judged(NotJudged::NoMutation);
        let Some(operation) = self.operation()? else {
            return Ok(none);
        };
        let object = self.object()?;
        let is_new_pod = operation == Operation::Create
            && self.subresource().is_empty()
            && self.group().is_empty()
            && self.kind() == "Pod"
            && self.kinds_agree(object);
        if !is_new_pod {
            return Ok(none);
        }
        let Ok(root) = pruned::pod(object) else {
            return Ok(Answer::unchanged(
                "the pod holds a number or text that cannot be read, or is nested too deep, so nothing was mounted",
            ));
        };
        let at = Pointer::root();
        let pod = Pod::admitted(&root, &at);
        Ok(Answer::of_plan(plan_pod(
            &pod,
            self.namespace(),
            policy,
            facts,
        )))
    }

    /// Decides whether the object is judged, and parses it if so.
    ///
    /// # Errors
    /// As [`Review::validate`].
    pub fn open(&self) -> Result<Opened<'_>, Unreadable> {
        let not_judged = |why| Ok(Opened::Answered(Answer::not_judged(why)));
        let refused =
            |rule, message, help| Ok(Opened::Answered(Answer::refused(rule, message, help)));
        let Some(operation) = self.operation()? else {
            return not_judged(NotJudged::Operation);
        };
        if !self.request.sub_resource.as_str().is_empty() {
            return not_judged(NotJudged::Subresource);
        }
        let object = self.object()?;
        // The API server routes by the request's kind and stores the object's: they are one, or
        // somebody tries to pass one as the other.
        if !self.kinds_agree(object) {
            return refused(
                "unreadable-object",
                "the object's `apiVersion` and `kind` are not those of the request, so it was not judged",
                "send the object as the kind that the request names",
            );
        }
        if Kind::in_group(self.group(), self.kind()).is_none() {
            return not_judged(NotJudged::Kind);
        }
        if matches!(object.metadata, Shape::Other) || matches!(object.spec, Shape::Other) {
            return refused(
                "unreadable-object",
                "the object's `metadata` or `spec` is not a map, so it was not judged",
                "write both as maps",
            );
        }
        let mut bytes = None;
        let mut before = None;
        if operation == Operation::Update {
            if object.is_deleting() {
                return not_judged(NotJudged::Deleting);
            }
            if let Some(old) = self.request.old_object.map() {
                match change(object, old) {
                    Change::None => return not_judged(NotJudged::Unchanged),
                    Change::Bytes(differing) => bytes = Some(differing),
                    Change::Some => {}
                }
            }
            before = Some(OldObject::new(self.request.old_object.map()));
        }
        let root = match object.parse() {
            Ok(root) => root,
            // A 4xx would be an allow under failurePolicy Ignore, so this is a denial.
            Err(error) if error.to_string().starts_with("recursion limit") => {
                return refused(
                    "unreadable-object",
                    "the object is nested deeper than 128 levels, so it was not judged",
                    "flatten the values, or move the deep part to a ConfigMap that `valuesFrom` names",
                );
            }
            Err(_) => {
                return refused(
                    "unreadable-object",
                    "the object holds a number or text that cannot be read, so it was not judged",
                    "look for numbers out of range and broken `\\u` escapes",
                );
            }
        };
        Ok(Opened::Judge(Judged {
            root,
            before,
            bytes,
            operation,
            request: &self.request,
        }))
    }

    /// The uid, which every answer echoes.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.request.uid.as_str()
    }

    /// The kind that the request names.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.request.kind.kind.as_str()
    }

    /// The API group that the request names.
    #[must_use]
    pub fn group(&self) -> &str {
        self.request.kind.group.as_str()
    }

    /// The operation as written.
    #[must_use]
    pub fn operation_name(&self) -> &str {
        self.request.operation.as_str()
    }

    /// The namespace of the request.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.request.namespace.as_str()
    }

    /// The name of the request; empty with `generateName` and when a collection is deleted.
    #[must_use]
    pub fn name(&self) -> &str {
        self.request.name.as_str()
    }

    /// The subresource; empty for the object itself.
    #[must_use]
    pub fn subresource(&self) -> &str {
        self.request.sub_resource.as_str()
    }

    /// Who asks; empty when the request does not say.
    #[must_use]
    pub fn user(&self) -> &str {
        self.request.user()
    }

    /// Whether nothing will be stored.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.request.dry_run.unwrap_or(false)
    }

    /// The operation, when it is one that stores an object.
    pub(super) fn operation(&self) -> Result<Option<Operation>, Unreadable> {
        match self.request.operation.as_str() {
            "CREATE" => Ok(Some(Operation::Create)),
            "UPDATE" => Ok(Some(Operation::Update)),
            "DELETE" | "CONNECT" => Ok(None),
            _ => Err(Unreadable::new(
                "the request's `operation` must be CREATE, UPDATE, DELETE or CONNECT",
            )),
        }
    }

    pub(super) fn object(&self) -> Result<&Object<'a>, Unreadable> {
        match &self.request.object {
            Shape::Map(object) => Ok(object),
            Shape::Absent => Err(Unreadable::new(
                "the request has no `object`, which CREATE and UPDATE must have",
            )),
            Shape::Other => Err(Unreadable::new("the request's `object` is not a map")),
        }
    }

    /// The object as it was; `None` where it is new.
    pub(super) fn old(&self) -> Option<&Object<'a>> {
        self.request.old_object.map()
    }

    pub(super) fn kinds_agree(&self, object: &Object<'_>) -> bool {
        let (Some(api_version), Some(kind)) =
            (object.fields.text("apiVersion"), object.fields.text("kind"))
        else {
            return false;
        };
        let group = match api_version.as_str().split_once('/') {
            Some((group, _)) => group,
            None => "",
        };
        group == self.group() && kind.as_str() == self.kind()
    }
}

impl Request<'_> {
    fn user(&self) -> &str {
        self.user_info
            .as_ref()
            .map_or("", |user| user.username.as_str())
    }
}

impl Judged<'_> {
    /// The object, without what no rule reads.
    #[must_use]
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// Judges the object by what is in force for it.
    #[must_use]
    pub fn judge(
        &self,
        policy: &Policy,
        facts: &dyn Facts,
        now: Timestamp,
        deadline: &Deadline,
    ) -> Answer {
        let Some(subject) = Subject::new(&self.root) else {
            // The kinds were compared, so this is a kind that no rule knows.
            return Answer::not_judged(NotJudged::Kind);
        };
        let subject = subject
            .in_namespace(self.request.namespace.as_str())
            .named(self.request.name.as_str());
        let case = Case {
            subject,
            before: self.before.as_ref().map(|old| old as &dyn Before),
            request: model::Request {
                operation: self.operation,
                user: Some(self.request.user()).filter(|user| !user.is_empty()),
                dry_run: self.request.dry_run.unwrap_or(false),
                form: Form::Applied,
            },
            now,
            comments: None,
        };
        let verdict = judge_until(&case, policy, facts, deadline);
        // Where there is nothing to say, it does not matter whether anything changed.
        let only_writing = |bytes: &SpecBytes<'_>| bytes.say_the_same(&self.root);
        if !verdict.findings.is_empty() && self.bytes.as_ref().is_some_and(only_writing) {
            return Answer::not_judged(NotJudged::Unchanged);
        }
        Answer::of_verdict(verdict, &self.root)
    }
}
