//! One object under judgement, and the request that brought it.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::{Action, Memo, NodeId, Pointer, Tree, ValuesFrom};

/// The kinds of objects that rules judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `helm.toolkit.fluxcd.io` HelmRelease.
    HelmRelease,
    /// `source.toolkit.fluxcd.io` OCIRepository.
    OciRepository,
    /// `source.toolkit.fluxcd.io` HelmChart.
    HelmChart,
    /// `kustomize.toolkit.fluxcd.io` Kustomization: Flux's object, not kustomize's file.
    Kustomization,
}

impl Kind {
    /// Every kind, in the order of reports.
    pub const ALL: [Kind; 4] = [
        Kind::HelmRelease,
        Kind::OciRepository,
        Kind::HelmChart,
        Kind::Kustomization,
    ];

    /// The kind of an `apiVersion` and `kind`; `None` where nothing is judged.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        Self::in_group(group, kind)
    }

    /// The kind in an API group; `None` where nothing is judged.
    #[must_use]
    pub fn in_group(group: &str, kind: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.group() == group && known.name() == kind)
    }

    /// The API group.
    #[must_use]
    pub fn group(self) -> &'static str {
        match self {
            Kind::HelmRelease => "helm.toolkit.fluxcd.io",
            Kind::OciRepository | Kind::HelmChart => "source.toolkit.fluxcd.io",
            Kind::Kustomization => "kustomize.toolkit.fluxcd.io",
        }
    }

    /// The kind as it is written in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::HelmRelease => "HelmRelease",
            Kind::OciRepository => "OCIRepository",
            Kind::HelmChart => "HelmChart",
            Kind::Kustomization => "Kustomization",
        }
    }

    /// The hardest that anything said of such an object may be. A Kustomization is how Flux applies
    /// everything else, and what would mend it too: at admission none is ever refused.
    #[must_use]
    pub fn at_most(self, form: Form) -> Action {
        match (self, form) {
            (Kind::Kustomization, Form::Applied) => Action::Warn,
            _ => Action::Deny,
        }
    }
}

/// How far Flux has worked on the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As the API server gets it: patched by kustomize, with variables substituted, defaults set.
    Applied,
    /// As it stands in a file, where a kustomize patch may still add what is missing.
    Source,
}

/// An object with its one walk.
#[derive(Debug)]
pub struct Subject<'a> {
    /// What it is.
    pub kind: Kind,
    /// The whole object.
    pub root: &'a Value,
    /// The walk over the whole object.
    pub tree: Tree<'a>,
    /// The namespace, from the request where the object leaves it out; empty when neither says.
    pub namespace: &'a str,
    /// The name; empty when the server has yet to make one from `generateName`.
    pub name: &'a str,
    /// The secrets in it, which several rules ask for.
    pub secrets: Memo,
    /// What of `spec.valuesFrom` is in its values.
    pub values_from: ValuesFrom,
}

impl<'a> Subject<'a> {
    /// Reads the object in `root`; `None` when it is of no kind that is judged.
    #[must_use]
    pub fn new(root: &'a Value) -> Option<Self> {
        let kind = Kind::of(
            root.get("apiVersion")?.as_str()?,
            root.get("kind")?.as_str()?,
        )?;
        let metadata = root.get("metadata");
        let text = |key: &str| {
            let value = metadata.and_then(|metadata| metadata.get(key));
            value.and_then(Value::as_str).unwrap_or("")
        };
        Some(Self {
            kind,
            root,
            tree: Tree::walk(root),
            namespace: text("namespace"),
            name: text("name"),
            secrets: Memo::default(),
            values_from: ValuesFrom::default(),
        })
    }

    /// Takes the request's namespace when the object does not name one.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &'a str) -> Self {
        if self.namespace.is_empty() {
            self.namespace = namespace;
        }
        self
    }

    /// Takes the request's name when the object has none yet.
    #[must_use]
    pub fn named(mut self, name: &'a str) -> Self {
        if self.name.is_empty() {
            self.name = name;
        }
        self
    }

    /// The `apiVersion` as written.
    #[must_use]
    pub fn api_version(&self) -> &'a str {
        self.root
            .get("apiVersion")
            .and_then(Value::as_str)
            .unwrap_or("")
    }

    /// The node of `spec`.
    #[must_use]
    pub fn spec(&self) -> Option<NodeId> {
        self.tree.child(NodeId::ROOT, "spec")
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&'a str> {
        self.root.get("metadata")?.get("labels")?.get(key)?.as_str()
    }

    /// The namespace and name of the Kustomization that applied the object, as its labels say. They
    /// are whatever the object's author wrote.
    #[must_use]
    pub fn kustomization(&self) -> Option<(&'a str, &'a str)> {
        Some((
            self.label("kustomize.toolkit.fluxcd.io/namespace")?,
            self.label("kustomize.toolkit.fluxcd.io/name")?,
        ))
    }

    /// The value of an annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&'a str> {
        self.root
            .get("metadata")?
            .get("annotations")?
            .get(key)?
            .as_str()
    }
}

/// The operations that are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A new object.
    Create,
    /// A changed object.
    Update,
}

/// What the request itself says.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is done to the object.
    pub operation: Operation,
    /// Who asks, as the API server authenticated them; `None` outside admission.
    pub user: Option<&'a str>,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// How far Flux has worked on the object.
    pub form: Form,
}

/// The object before an update, read only when somebody asks: most updates never need it.
pub trait Before: fmt::Debug {
    /// The object; `None` when it cannot be read.
    fn root(&self) -> Option<&Value>;
}

impl Before for Value {
    fn root(&self) -> Option<&Value> {
        Some(self)
    }
}

/// What comments in the object's text say of the values beside them; asked only of what was found.
/// The API server keeps no comments.
pub trait Comments: fmt::Debug {
    /// The reason that a comment gives for the literal at `pointer`, empty where it gives none;
    /// `None` when no comment is about it.
    fn allowance(&self, pointer: &Pointer) -> Option<&str>;
}

/// All that is judged together.
#[derive(Debug)]
pub struct Case<'a> {
    /// The object as it would be stored.
    pub subject: Subject<'a>,
    /// The object before an update; [`Case::old`] reads it.
    pub before: Option<&'a dyn Before>,
    /// The request.
    pub request: Request<'a>,
    /// The time of the judgement: for what expires.
    pub now: Timestamp,
    /// The comments of the file that the object stands in; `None` outside of files.
    pub comments: Option<&'a dyn Comments>,
}

impl<'a> Case<'a> {
    /// A file's object, judged at `now`: a CREATE by nobody.
    #[must_use]
    pub fn of_file(subject: Subject<'a>, now: Timestamp) -> Self {
        Self {
            subject,
            before: None,
            request: Request {
                operation: Operation::Create,
                user: None,
                dry_run: false,
                form: Form::Source,
            },
            now,
            comments: None,
        }
    }

    /// The object before an update, in the same place; walked at each call.
    #[must_use]
    pub fn old(&self) -> Option<Subject<'a>> {
        Subject::new(self.before?.root()?).map(|old| old.in_namespace(self.subject.namespace))
    }
}
