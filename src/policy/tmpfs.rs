//! A TmpfsPolicy, compiled: which pods and containers, and what they get.

use super::error::{PolicyError, globs};
use super::selector::Selector;
use super::spec::{LabelSelectorSpec, MountSpec, QuantitySpec, TmpfsPolicySpec, WhenSpec};
use crate::model::Pointer;
use crate::mounts::{MountPath, Request, Size, Tmpfs, When};

/// A compiled TmpfsPolicy.
pub struct TmpfsPolicy {
    pub(super) name: String,
    source: String,
    pods: Selector,
    namespaces: Selector,
    containers: Box<dyn Fn(&str) -> bool + Send + Sync>,
    when: When,
    mounts: Vec<Tmpfs>,
    convert: bool,
}

impl TmpfsPolicy {
    /// Compiles a written policy; `name` is what warnings call it.
    ///
    /// # Errors
    /// The first selector, glob, path or size that cannot be understood.
    pub fn compile(name: &str, spec: &TmpfsPolicySpec) -> Result<Self, PolicyError> {
        let root = Pointer::root();
        if spec.containers.as_ref().is_some_and(Vec::is_empty) {
            return Err(PolicyError::at(
                root.join("containers"),
                "it names no container: leave it out to name all",
            ));
        }
        let globs = globs(&root, "containers", spec.containers.as_deref())?;
        Ok(Self {
            name: name.to_owned(),
            source: match name {
                "" => "a TmpfsPolicy without a name".to_owned(),
                name => format!("TmpfsPolicy `{name}`"),
            },
            pods: selector("podSelector", spec.pod_selector.as_ref())?,
            namespaces: selector("namespaceSelector", spec.namespace_selector.as_ref())?,
            containers: Box::new(move |name| globs.matches(name)),
            when: match spec.when {
                WhenSpec::Always => When::Always,
                WhenSpec::ReadOnlyRootFilesystem => When::ReadOnlyRootFilesystem,
            },
            mounts: mounts(&spec.mounts)?,
            convert: spec.convert_empty_dir,
        })
    }

    /// Its name, as the document has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The pods that it is for.
    #[must_use]
    pub fn pods(&self) -> &Selector {
        &self.pods
    }

    /// The namespaces that it is for.
    #[must_use]
    pub fn namespaces(&self) -> &Selector {
        &self.namespaces
    }

    /// Whether it asks for containers with a writable root file system too.
    #[must_use]
    pub fn is_for_writable_roots(&self) -> bool {
        self.when == When::Always
    }

    /// What it asks for in a pod that it is for.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request {
            source: &self.source,
            containers: &*self.containers,
            when: self.when,
            mounts: &self.mounts,
            convert: self.convert,
        }
    }
}

fn selector(key: &str, spec: Option<&LabelSelectorSpec>) -> Result<Selector, PolicyError> {
    let at = Pointer::root().join(key);
    spec.map_or_else(
        || Ok(Selector::default()),
        |spec| Selector::compile(spec).map_err(|error| error.below(&at)),
    )
}

fn mounts(specs: &[MountSpec]) -> Result<Vec<Tmpfs>, PolicyError> {
    let at = Pointer::root().join("mounts");
    if specs.is_empty() {
        return Err(PolicyError::at(
            at,
            "a TmpfsPolicy asks for at least one mount",
        ));
    }
    let mut mounts: Vec<Tmpfs> = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        let at = at.clone().join(&index.to_string());
        let path = MountPath::parse(&spec.path)
            .map_err(|error| PolicyError::at(at.clone().join("path"), error.to_string()))?;
        if mounts.iter().any(|other| other.path == path) {
            let message = format!("`{path}` is there twice");
            return Err(PolicyError::at(at.join("path"), message));
        }
        let size = match &spec.size_limit {
            QuantitySpec::Text(text) => Size::parse(text),
            QuantitySpec::Number(number) => Size::parse(&number.to_string()),
        };
        let size =
            size.map_err(|error| PolicyError::at(at.clone().join("sizeLimit"), error.to_string()))?;
        mounts.push(Tmpfs {
            path,
            size,
            shared: spec.shared,
        });
    }
    Ok(mounts)
}
