//! Who lives in the cluster, by names and labels: for whoever counts what a selector selects.

use std::collections::HashMap;
use std::sync::Arc;

use super::kinds::Labels;
use super::knowledge::Seen;
use crate::facts::Unseen;

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

impl Seen {
    /// Who lives in the cluster now.
    ///
    /// # Errors
    /// Why the HelmReleases cannot be seen.
    pub fn population(&self) -> Result<Population, Unseen> {
        let alive = self.alive();
        let namespaces = self.namespaces.ask(alive, |objects| {
            let named = objects.named();
            named
                .map(|(key, labels)| (key.name.to_owned(), Arc::clone(labels)))
                .collect::<HashMap<_, _>>()
        });
        let namespaces = namespaces.ok();
        let releases = self.releases.ask(alive, |objects| {
            let named = objects.named();
            named
                .map(|(key, release)| Inhabitant {
                    namespace: key.namespace.to_owned(),
                    namespace_labels: namespaces
                        .as_ref()
                        .and_then(|all| all.get(key.namespace).map(Arc::clone)),
                    name: key.name.to_owned(),
                    labels: Arc::clone(&release.labels),
                })
                .collect()
        })?;
        Ok(Population {
            releases,
            namespaces,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::connect::Cluster;
    use crate::cluster::kinds::Release;
    use crate::cluster::knowledge::Options;
    use crate::cluster::store::{Objects, State};
    use crate::facts::Key;

    fn labels(key: &str) -> Labels {
        Arc::new([(key.to_owned(), "yes".to_owned())].into())
    }

    #[tokio::test]
    async fn releases_come_with_the_labels_of_their_namespaces_as_far_as_those_are_known() {
        let seen = Seen::new(Cluster::of_nobody().await, Options::default());
        assert!(seen.population().is_err(), "nothing was listed");
        let mut releases = Objects::default();
        let key = Key {
            namespace: "games",
            name: "romm",
        };
        let release = Release {
            chart: None,
            labels: labels("app"),
        };
        releases.put(key, release);
        seen.releases.replace(releases);
        seen.namespaces.fail(State::Forbidden { verb: "list" });
        let population = seen.population().expect("releases are known");
        assert!(population.namespaces.is_none());
        assert_eq!(population.releases[0].namespace_labels, None);
        let mut namespaces = Objects::default();
        let key = Key {
            namespace: "",
            name: "games",
        };
        namespaces.put(key, labels("team"));
        seen.namespaces.replace(namespaces);
        let population = seen.population().expect("all is known");
        let expected = Inhabitant {
            namespace: "games".to_owned(),
            namespace_labels: Some(labels("team")),
            name: "romm".to_owned(),
            labels: labels("app"),
        };
        assert_eq!(population.releases, [expected]);
        assert_eq!(population.namespaces.expect("known").len(), 1);
    }
}
