//! What is known of the cluster, as the rules' questions want it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use kube::core::ApiResource;
use kube::runtime::watcher::watcher;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::connect::Cluster;
use super::kinds::{
    self, Applier, CLAIMS, EXTERNAL_SECRETS, GIT_REPOSITORIES, HELM_CHARTS, KUSTOMIZATIONS,
    NAMESPACES, OCI_REPOSITORIES, RELEASES, Release, SEALED_SECRETS, SECRETS, Served, Target,
};
use super::policies::Policies;
use super::read::Reads;
use super::store::{Followed, Objects, Store};
use super::watch::{LATER, config, follow};
use crate::facts::{
    Age, Answer, Claim, ConfigMap, Facts, Key, Knowledge, Labels, Name, Population, Question,
    Replies, SecretSource, SourceKind, SourceName, Substitution, Unseen, Watch,
};

/// How often the API server is asked for a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// What the administrator opens beyond the rights that all installations have.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The Secrets that may be read to see what Flux substituted from them.
    pub read_secrets: Vec<Name>,
    /// Whether the names of all Secrets are watched. The right to do so is the right to read them all.
    pub watch_secret_names: bool,
}

impl Options {
    /// Whether anything of Secrets is asked for.
    #[must_use]
    pub fn asks_for_secrets(&self) -> bool {
        self.watch_secret_names || !self.read_secrets.is_empty()
    }
}

/// The cluster as watches and reads see it.
pub struct Seen {
    cluster: Cluster,
    reads: Reads,
    claims: Arc<Store<Claim>>,
    oci_repositories: Arc<Store<Arc<Value>>>,
    git_repositories: Arc<Store<Arc<Value>>>,
    helm_charts: Arc<Store<Arc<Value>>>,
    pub(super) releases: Arc<Store<Release>>,
    kustomizations: Arc<Store<Applier>>,
    external_secrets: Arc<Store<Target>>,
    sealed_secrets: Arc<Store<()>>,
    pub(super) namespaces: Arc<Store<Labels>>,
    /// The names of all Secrets, where they are watched.
    secrets: Option<Arc<Store<()>>>,
    policies: Arc<Policies>,
}

impl Seen {
    /// Knows nothing yet; [`Seen::follow`] makes it learn.
    #[must_use]
    pub fn new(cluster: Cluster, options: Options) -> Self {
        let store = |served: &Served| Arc::new(Store::new(served.resource));
        Self {
            reads: Reads::new(cluster.clone(), options.read_secrets),
            policies: Arc::new(Policies::new(cluster.clone())),
            cluster,
            claims: Arc::new(Store::new(CLAIMS)),
            oci_repositories: store(&OCI_REPOSITORIES),
            git_repositories: store(&GIT_REPOSITORIES),
            helm_charts: store(&HELM_CHARTS),
            releases: Arc::new(Store::new(RELEASES.resource)),
            kustomizations: Arc::new(Store::new(KUSTOMIZATIONS.resource)),
            external_secrets: Arc::new(Store::new(EXTERNAL_SECRETS.resource)),
            sealed_secrets: Arc::new(Store::new(SEALED_SECRETS.resource)),
            namespaces: Arc::new(Store::new(NAMESPACES)),
            secrets: options
                .watch_secret_names
                .then(|| Arc::new(Store::new(SECRETS))),
        }
    }

    /// Watches the cluster for ever; dropping the future ends it.
    pub async fn follow(&self) {
        let mut watches = vec![
            self.known(&self.claims, kinds::claim),
            self.known(&self.namespaces, kinds::labels),
            self.served(
                &OCI_REPOSITORIES,
                &self.oci_repositories,
                kinds::oci_repository,
            ),
            self.served(
                &GIT_REPOSITORIES,
                &self.git_repositories,
                kinds::git_repository,
            ),
            self.served(&HELM_CHARTS, &self.helm_charts, kinds::helm_chart),
            self.served(&RELEASES, &self.releases, kinds::release),
            self.served(&KUSTOMIZATIONS, &self.kustomizations, kinds::applier),
            self.served(&EXTERNAL_SECRETS, &self.external_secrets, kinds::target),
            self.served(&SEALED_SECRETS, &self.sealed_secrets, kinds::sealed_secret),
            self.cluster.listen(HEARTBEAT).boxed(),
            self.reads.sweep().boxed(),
            self.policies.follow().boxed(),
        ];
        if let Some(secrets) = &self.secrets {
            watches.push(self.known(secrets, kinds::name_of_secret));
        }
        join_all(watches).await;
    }

    /// Follows a kind of Kubernetes' own.
    fn known<K, T>(&self, store: &Arc<Store<T>>, keep: fn(&K) -> Option<T>) -> BoxFuture<'_, ()>
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        let client = self.cluster.client();
        let start = move |_| watcher(Api::<K>::all(client.clone()), config());
        follow(Arc::clone(store), 1, LATER, start, keep).boxed()
    }

    /// Follows a kind that the cluster may serve.
    fn served<K, T>(
        &self,
        served: &'static Served,
        store: &Arc<Store<T>>,
        keep: fn(&K) -> Option<T>,
    ) -> BoxFuture<'_, ()>
    where
        K: Resource<DynamicType = ApiResource>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
        T: Send + Sync + 'static,
    {
        let client = self.cluster.client();
        let start = move |attempt| {
            let api = Api::<K>::all_with(client.clone(), &served.api(attempt));
            watcher(api, config())
        };
        follow(Arc::clone(store), served.versions.len(), LATER, start, keep).boxed()
    }

    /// The policies, which are no facts: they say how facts are judged.
    #[must_use]
    pub fn policies(&self) -> Arc<Policies> {
        Arc::clone(&self.policies)
    }

    pub(super) fn alive(&self) -> Instant {
        self.cluster.alive()
    }

    fn stores(&self) -> impl Iterator<Item = &dyn Followed> {
        let stores: [&dyn Followed; 9] = [
            &*self.claims,
            &*self.oci_repositories,
            &*self.git_repositories,
            &*self.helm_charts,
            &*self.releases,
            &*self.kustomizations,
            &*self.external_secrets,
            &*self.sealed_secrets,
            &*self.namespaces,
        ];
        let secrets = self
            .secrets
            .iter()
            .map(|secrets| &**secrets as &dyn Followed);
        stores
            .into_iter()
            .chain(secrets)
            .chain(self.policies.stores())
    }

    /// What an ExternalSecret makes, or a SealedSecret, or what Flux applied.
    fn made(&self, key: Key<'_>) -> Result<Option<SecretSource>, Unseen> {
        let alive = self.alive();
        let external = self
            .external_secrets
            .ask(alive, |objects| external_secret(objects, key));
        if let Ok(Some(made)) = external {
            return Ok(Some(made));
        }
        let sealed = self
            .sealed_secrets
            .ask(alive, |objects| objects.get(key).is_some());
        if sealed == Ok(true) {
            return Ok(Some(SecretSource::Exists));
        }
        let applied = self.kustomizations.ask(alive, |objects| {
            objects.all().any(|applier| {
                let mut secrets = applier.applied_secrets.iter();
                !applier.is_remote
                    && secrets.any(|(namespace, name)| {
                        &**namespace == key.namespace && &**name == key.name
                    })
            })
        });
        if applied == Ok(true) {
            return Ok(Some(SecretSource::Exists));
        }
        // Nobody is known to make it, as far as all of them could be seen.
        external
            .map(drop)
            .and(sealed.map(drop))
            .and(applied.map(drop))?;
        Ok(None)
    }
}

/// The ExternalSecret that makes a Secret. Of several it is one that is ready, and the first by name:
/// the same cluster always gives the same answer.
fn external_secret(objects: &Objects<Target>, key: Key<'_>) -> Option<SecretSource> {
    let makers = objects
        .in_namespace(key.namespace)
        .filter(|(_, target)| &*target.secret == key.name);
    let (name, target) = makers.min_by_key(|(name, target)| (target.not_ready.is_some(), *name))?;
    Some(match &target.not_ready {
        None => SecretSource::Exists,
        Some(status) => SecretSource::NotReady {
            external_secret: name.to_owned(),
            status: status.to_string(),
        },
    })
}

fn answer<T>(found: Result<Option<T>, Unseen>) -> Answer<T> {
    match found {
        Ok(Some(found)) => Answer::Known(found),
        Ok(None) => Answer::Absent,
        Err(unseen) => Answer::Unseen(unseen),
    }
}

impl Facts for Seen {
    fn claim(&self, key: Key<'_>) -> Answer<Claim> {
        let found = self
            .claims
            .ask(self.alive(), |objects| objects.get(key).cloned());
        match answer(found) {
            // A read can tell, while the watch cannot.
            Answer::Unseen(Unseen::Starting { .. } | Unseen::Lost { .. }) => {
                Answer::Unseen(Unseen::NotRead)
            }
            answer => answer,
        }
    }

    fn feeds_a_release(&self, source: Key<'_>) -> Answer<bool> {
        answer(self.releases.ask(self.alive(), |objects| {
            let mut charts = objects.all().filter_map(|release| release.chart.as_ref());
            Some(charts.any(|named| {
                &*named.kind == "OCIRepository"
                    && &*named.namespace == source.namespace
                    && &*named.name == source.name
            }))
        }))
    }

    fn source(&self, kind: SourceKind, key: Key<'_>) -> Answer<Arc<Value>> {
        let store = match kind {
            SourceKind::OciRepository => &self.oci_repositories,
            SourceKind::GitRepository => &self.git_repositories,
            SourceKind::HelmChart => &self.helm_charts,
        };
        answer(store.ask(self.alive(), |objects| objects.get(key).cloned()))
    }

    fn secret(&self, key: Key<'_>) -> Answer<SecretSource> {
        let made = self.made(key);
        if let Ok(Some(made)) = made {
            return Answer::Known(made);
        }
        let Some(secrets) = &self.secrets else {
            return Answer::Unseen(made.err().unwrap_or(Unseen::SecretNames));
        };
        match secrets.ask(self.alive(), |objects| objects.get(key).is_some()) {
            Ok(true) => Answer::Known(SecretSource::Exists),
            // Something that nobody could see may yet make it.
            Ok(false) => answer(made),
            Err(unseen) => Answer::Unseen(unseen),
        }
    }

    fn config_map(&self, _: Key<'_>) -> Answer<Arc<ConfigMap>> {
        Answer::Unseen(Unseen::NotRead)
    }

    fn substitution(&self, kustomization: Key<'_>) -> Answer<Substitution> {
        let found = self.kustomizations.ask(self.alive(), |objects| {
            objects
                .get(kustomization)
                .map(|applier| self.reads.without_reading(kustomization.namespace, applier))
        });
        match answer(found) {
            Answer::Known(Some(known)) => Answer::Known(known),
            Answer::Known(None) => Answer::Unseen(Unseen::NotRead),
            Answer::Absent => Answer::Absent,
            Answer::Unseen(unseen) => Answer::Unseen(unseen),
        }
    }

    fn namespace_labels(&self, namespace: &str) -> Answer<Labels> {
        let key = Key {
            namespace: "",
            name: namespace,
        };
        let found = self
            .namespaces
            .ask(self.alive(), |objects| objects.get(key).cloned());
        answer(found)
    }

    fn kustomization_source(&self, kustomization: Key<'_>) -> Answer<Arc<SourceName>> {
        answer(self.kustomizations.ask(self.alive(), |objects| {
            objects.get(kustomization)?.source.clone()
        }))
    }
}

impl Knowledge for Seen {
    fn read<'a>(
        &'a self,
        questions: Vec<Question>,
        age: Age,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Replies> + Send + 'a>> {
        let applier = |key: Key<'_>| {
            self.kustomizations
                .ask(self.alive(), |objects| objects.get(key).cloned())
        };
        Box::pin(self.reads.read(questions, age, until, applier))
    }

    fn is_ready(&self) -> bool {
        self.stores().all(Followed::is_settled)
    }

    fn population(&self) -> Option<Population> {
        self.inhabitants().ok()
    }

    fn watches(&self) -> Vec<Watch> {
        let alive = self.alive();
        self.stores().map(|store| store.watch(alive)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_external_secrets_one_that_is_ready_counts() {
        let key = |name| Key {
            namespace: "games",
            name,
        };
        let mut objects = Objects::default();
        for (name, not_ready) in [
            ("a", Some("SecretSyncedError")),
            ("b", None),
            ("c", Some("SecretSyncedError")),
        ] {
            let target = Target {
                secret: "romm".into(),
                not_ready: not_ready.map(Into::into),
            };
            objects.put(key(name), target);
        }
        let made = |objects: &Objects<Target>| external_secret(objects, key("romm"));
        assert_eq!(made(&objects), Some(SecretSource::Exists));
        objects.remove(key("b"));
        let first = SecretSource::NotReady {
            external_secret: "a".to_owned(),
            status: "SecretSyncedError".to_owned(),
        };
        assert_eq!(made(&objects), Some(first));
        assert_eq!(external_secret(&objects, key("other")), None);
    }
}
