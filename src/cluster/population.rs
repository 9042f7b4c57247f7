//! Who lives in the cluster, as the watches tell it.

use std::collections::HashMap;
use std::sync::Arc;

use super::knowledge::Seen;
use crate::facts::{Inhabitant, Population, Unseen};

impl Seen {
    /// Who lives in the cluster now.
    ///
    /// # Errors
    /// Why the HelmReleases cannot be seen.
    pub(super) fn inhabitants(&self) -> Result<Population, Unseen> {
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
    use crate::facts::{Key, Labels};

    fn labels(key: &str) -> Labels {
        Arc::new([(key.to_owned(), "yes".to_owned())].into())
    }

    #[tokio::test]
    async fn releases_come_with_the_labels_of_their_namespaces_as_far_as_those_are_known() {
        let seen = Seen::new(Cluster::of_nobody().await, Options::default());
        assert!(seen.inhabitants().is_err(), "nothing was listed");
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
        let population = seen.inhabitants().expect("releases are known");
        assert!(population.namespaces.is_none());
        assert_eq!(population.releases[0].namespace_labels, None);
        let mut namespaces = Objects::default();
        let key = Key {
            namespace: "",
            name: "games",
        };
        namespaces.put(key, labels("team"));
        seen.namespaces.replace(namespaces);
        let population = seen.inhabitants().expect("all is known");
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
