//! Facts of one namespace: elsewhere only where the policy opens it, so that nobody learns by a verdict
//! what exists in another tenant's namespace.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{
    Answer, Claim, ConfigMap, Facts, Key, SecretSource, SourceKind, SourceName, Substitution,
    Unseen,
};

/// Facts as the author of an object in `namespace` may learn them.
pub struct Scoped<'f> {
    facts: &'f dyn Facts,
    namespace: &'f str,
    is_open: &'f dyn Fn(&str) -> bool,
}

impl<'f> Scoped<'f> {
    /// The facts of `namespace`, and of those that `is_open` says.
    #[must_use]
    pub fn new(
        facts: &'f dyn Facts,
        namespace: &'f str,
        is_open: &'f dyn Fn(&str) -> bool,
    ) -> Self {
        Self {
            facts,
            namespace,
            is_open,
        }
    }

    fn ask<T>(
        &self,
        key: Key<'_>,
        question: impl FnOnce(&dyn Facts, Key<'_>) -> Answer<T>,
    ) -> Answer<T> {
        // A file that names no namespace is nobody's yet.
        let is_own = key.namespace == self.namespace || self.namespace.is_empty();
        if is_own || (self.is_open)(key.namespace) {
            question(self.facts, key)
        } else {
            Answer::Unseen(Unseen::OtherNamespace)
        }
    }
}

impl Facts for Scoped<'_> {
    fn claim(&self, key: Key<'_>) -> Answer<Claim> {
        self.ask(key, |facts, key| facts.claim(key))
    }

    fn feeds_a_release(&self, source: Key<'_>) -> Answer<bool> {
        self.ask(source, |facts, key| facts.feeds_a_release(key))
    }

    /// Where there is no cluster, that is the reason in every namespace: opening one would not help.
    fn source(&self, kind: SourceKind, key: Key<'_>) -> Answer<Arc<Value>> {
        let scoped = self.ask(key, |facts, key| facts.source(kind, key));
        match scoped {
            Answer::Unseen(Unseen::OtherNamespace) => match self.facts.source(kind, key) {
                Answer::Unseen(Unseen::NoCluster) => Answer::Unseen(Unseen::NoCluster),
                _ => scoped,
            },
            _ => scoped,
        }
    }

    /// Never another's, whatever is open: nobody but the pods of a namespace asks.
    fn namespace_labels(&self, namespace: &str) -> Answer<Arc<BTreeMap<String, String>>> {
        if namespace == self.namespace {
            self.facts.namespace_labels(namespace)
        } else {
            Answer::Unseen(Unseen::OtherNamespace)
        }
    }

    fn secret(&self, key: Key<'_>) -> Answer<SecretSource> {
        self.ask(key, |facts, key| facts.secret(key))
    }

    fn config_map(&self, key: Key<'_>) -> Answer<Arc<ConfigMap>> {
        self.ask(key, |facts, key| facts.config_map(key))
    }

    /// The Kustomization is most often in another namespace, by design. Whoever asks this tells the
    /// author nothing that he does not know; see the rules' provenance.
    fn substitution(&self, kustomization: Key<'_>) -> Answer<Substitution> {
        self.facts.substitution(kustomization)
    }

    /// As above. The author learns no more than whether a source that he names himself is this one.
    fn kustomization_source(&self, kustomization: Key<'_>) -> Answer<Arc<SourceName>> {
        self.facts.kustomization_source(kustomization)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Everything;

    impl Facts for Everything {
        fn claim(&self, _: Key<'_>) -> Answer<Claim> {
            Answer::Known(Claim::default())
        }

        fn namespace_labels(&self, _: &str) -> Answer<Arc<BTreeMap<String, String>>> {
            Answer::Known(Arc::default())
        }
    }

    #[test]
    fn only_what_is_open_is_asked_elsewhere() {
        let is_open = |namespace: &str| namespace == "shared";
        let scoped = Scoped::new(&Everything, "games", &is_open);
        let claim = |namespace| {
            scoped.claim(Key {
                namespace,
                name: "data",
            })
        };
        for namespace in ["games", "shared"] {
            assert_eq!(claim(namespace), Answer::Known(Claim::default()));
        }
        assert_eq!(claim("vault"), Answer::Unseen(Unseen::OtherNamespace));
        // The labels of a namespace are its own pods' business, even where it is open.
        assert_eq!(
            scoped.namespace_labels("games"),
            Answer::Known(Arc::default())
        );
        for other in ["shared", "vault"] {
            assert_eq!(
                scoped.namespace_labels(other),
                Answer::Unseen(Unseen::OtherNamespace)
            );
        }
        // It knows no cluster for sources, which is no secret of any namespace.
        let key = Key {
            namespace: "vault",
            name: "charts",
        };
        let source = scoped.source(SourceKind::OciRepository, key);
        assert_eq!(source, Answer::Unseen(Unseen::NoCluster));
    }
}
