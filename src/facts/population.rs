//! Who lives in the cluster, by names and labels: for whoever counts what a selector selects.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Labels by their keys.
pub type Labels = Arc<BTreeMap<String, String>>;

/// A HelmRelease by what selectors ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inhabitant {
    /// Its namespace.
    pub namespace: String,
    /// The labels of its namespace, where they are known.
    pub namespace_labels: Option<Labels>,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
}

/// All HelmReleases and all namespaces.
#[derive(Clone, Debug, Default)]
pub struct Population {
    /// The HelmReleases.
    pub releases: Vec<Inhabitant>,
    /// The labels of every namespace, by its name; `None` where they may not be seen.
    pub namespaces: Option<HashMap<String, Labels>>,
}
