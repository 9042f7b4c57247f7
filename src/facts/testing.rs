//! Facts that a test writes down.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::{Answer, Claim, ConfigMap, Facts, Key, Name, SourceKind, SourceName, Unseen};

/// Answers by `namespace/name`. What is not written down gets the answer of [`Written::others`].
pub(crate) struct Written {
    claims: HashMap<Name, Answer<Claim>>,
    feeding: HashMap<Name, Answer<bool>>,
    sources: HashMap<(SourceKind, Name), Answer<Arc<Value>>>,
    config_maps: HashMap<Name, Answer<Arc<ConfigMap>>>,
    kustomization_sources: HashMap<Name, Answer<Arc<SourceName>>>,
    namespaces: HashMap<String, Answer<Arc<BTreeMap<String, String>>>>,
    others: Option<Unseen>,
}

impl Default for Written {
    /// Facts of a server without a cluster.
    fn default() -> Self {
        Self::others(Some(Unseen::NoCluster))
    }
}

fn name(path: &str) -> Name {
    let (namespace, name) = path.split_once('/').expect("namespace/name");
    Key { namespace, name }.into()
}

impl Written {
    /// Facts that do not see what is not written down, or know that it is absent.
    pub(crate) fn others(others: Option<Unseen>) -> Self {
        Self {
            claims: HashMap::new(),
            feeding: HashMap::new(),
            sources: HashMap::new(),
            config_maps: HashMap::new(),
            kustomization_sources: HashMap::new(),
            namespaces: HashMap::new(),
            others,
        }
    }

    /// Answers [`Facts::claim`].
    pub(crate) fn claim(mut self, path: &str, answer: Answer<Claim>) -> Self {
        self.claims.insert(name(path), answer);
        self
    }

    /// Answers [`Facts::feeds_a_release`].
    pub(crate) fn feeding(mut self, path: &str, answer: Answer<bool>) -> Self {
        self.feeding.insert(name(path), answer);
        self
    }

    /// Answers [`Facts::source`].
    pub(crate) fn source(mut self, kind: SourceKind, path: &str, answer: Answer<Value>) -> Self {
        let answer = shared(answer);
        self.sources.insert((kind, name(path)), answer);
        self
    }

    /// Answers [`Facts::config_map`] with one key.
    pub(crate) fn config_map(self, path: &str, key: &str, text: &str) -> Self {
        let data = [(key.to_owned(), text.to_owned())].into();
        self.config_map_as(path, Answer::Known(ConfigMap { data }))
    }

    /// Answers [`Facts::config_map`].
    pub(crate) fn config_map_as(mut self, path: &str, answer: Answer<ConfigMap>) -> Self {
        self.config_maps.insert(name(path), shared(answer));
        self
    }

    /// Answers [`Facts::namespace_labels`].
    pub(crate) fn namespace(
        mut self,
        name: &str,
        labels: Answer<BTreeMap<String, String>>,
    ) -> Self {
        self.namespaces.insert(name.to_owned(), shared(labels));
        self
    }

    /// Answers [`Facts::kustomization_source`].
    pub(crate) fn kustomization_source(mut self, path: &str, answer: Answer<SourceName>) -> Self {
        self.kustomization_sources
            .insert(name(path), shared(answer));
        self
    }

    fn answer<K, T: Clone>(&self, written: &HashMap<K, Answer<T>>, key: &K) -> Answer<T>
    where
        K: std::hash::Hash + Eq,
    {
        match (written.get(key), &self.others) {
            (Some(answer), _) => answer.clone(),
            (None, Some(why)) => Answer::Unseen(why.clone()),
            (None, None) => Answer::Absent,
        }
    }
}

fn shared<T>(answer: Answer<T>) -> Answer<Arc<T>> {
    match answer {
        Answer::Known(known) => Answer::Known(Arc::new(known)),
        Answer::Absent => Answer::Absent,
        Answer::Unseen(why) => Answer::Unseen(why),
    }
}

impl Facts for Written {
    fn claim(&self, key: Key<'_>) -> Answer<Claim> {
        self.answer(&self.claims, &key.into())
    }

    fn feeds_a_release(&self, source: Key<'_>) -> Answer<bool> {
        self.answer(&self.feeding, &source.into())
    }

    fn source(&self, kind: SourceKind, key: Key<'_>) -> Answer<Arc<Value>> {
        self.answer(&self.sources, &(kind, key.into()))
    }

    fn config_map(&self, key: Key<'_>) -> Answer<Arc<ConfigMap>> {
        self.answer(&self.config_maps, &key.into())
    }

    fn namespace_labels(&self, namespace: &str) -> Answer<Arc<BTreeMap<String, String>>> {
        self.answer(&self.namespaces, &namespace.to_owned())
    }

    fn kustomization_source(&self, kustomization: Key<'_>) -> Answer<Arc<SourceName>> {
        self.answer(&self.kustomization_sources, &kustomization.into())
    }
}
