//! Lockkeeper's own webhook configurations: watched by their name, and given the CA that they must trust.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::time::Duration;

use futures::StreamExt;
use futures::future::join;
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, PatchOperation, TestOperation};
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::watch;

use super::connect::{Cluster, in_time, whole};

/// Who owns the `caBundle` fields in the configurations' managedFields.
const MANAGER: &str = "lockkeeper-certificates";
/// A webhook's name and its `caBundle`, PEM.
type Entry = (String, Vec<u8>);
/// The pause behind a watch that failed.
const PAUSE: Duration = Duration::from_secs(2);

/// One of the two configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// The ValidatingWebhookConfiguration.
    Validating,
    /// The MutatingWebhookConfiguration.
    Mutating,
}

impl Which {
    const ALL: [Self; 2] = [Self::Validating, Self::Mutating];

    /// The kind's name.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Validating => "ValidatingWebhookConfiguration",
            Self::Mutating => "MutatingWebhookConfiguration",
        }
    }
}

/// What is registered now: the `caBundle` of every webhook, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// By configuration; one that was not seen yet is not there, one that does not exist is empty.
    configurations: BTreeMap<Which, Vec<Entry>>,
    /// Why nobody can look at one.
    failures: BTreeMap<Which, String>,
}

impl Registered {
    /// Why it is not known what is registered; `None` when it is.
    #[must_use]
    pub fn unknown(&self) -> Option<&str> {
        match self.failures.values().next() {
            Some(reason) => Some(reason),
            None if self.configurations.len() < Which::ALL.len() => {
                Some("the webhook configurations have not been read yet")
            }
            None => None,
        }
    }

    /// The `caBundle` of every webhook, PEM; empty where there is none.
    pub fn bundles(&self) -> impl Iterator<Item = &[u8]> {
        self.configurations
            .values()
            .flat_map(|webhooks| webhooks.iter().map(|(_, bundle)| bundle.as_slice()))
    }

    /// The configurations of which a webhook does not hold exactly this bundle.
    pub fn lacking(&self, bundle: &[u8]) -> impl Iterator<Item = Which> {
        Which::ALL.into_iter().filter(move |which| {
            let mut webhooks = self.configurations.get(which).into_iter().flatten();
            webhooks.any(|(_, held)| held != bundle)
        })
    }

    /// Takes over what was seen; whether that is news.
    fn put(&mut self, which: Which, bundles: Vec<Entry>) -> bool {
        let had_failed = self.failures.remove(&which).is_some();
        let before = self.configurations.insert(which, bundles);
        had_failed || before.as_ref() != self.configurations.get(&which)
    }

    /// Takes over why one cannot be seen; whether that is news. What was seen before still holds for all that anybody
    /// knows.
    fn fail(&mut self, which: Which, reason: String) -> bool {
        let is_news =
            !self.configurations.contains_key(&which) && self.failures.get(&which) != Some(&reason);
        if is_news {
            self.failures.insert(which, reason);
        }
        is_news
    }
}

/// The way to both configurations of one name.
#[derive(Clone)]
pub struct Webhooks {
    cluster: Cluster,
    name: String,
}

impl Debug for Webhooks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Webhooks")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Webhooks {
    /// The configurations of this name.
    #[must_use]
    pub fn new(cluster: Cluster, name: String) -> Self {
        Self { cluster, name }
    }

    /// Watches both for ever and says in `registered` what they hold; dropping the future ends it.
    pub async fn follow(&self, registered: &watch::Sender<Registered>) {
        join(
            self.watch(
                Which::Validating,
                registered,
                |config: &ValidatingWebhookConfiguration| {
                    let webhooks = config.webhooks.iter().flatten();
                    entries(webhooks.map(|webhook| (&webhook.name, &webhook.client_config)))
                },
            ),
            self.watch(
                Which::Mutating,
                registered,
                |config: &MutatingWebhookConfiguration| {
                    let webhooks = config.webhooks.iter().flatten();
                    entries(webhooks.map(|webhook| (&webhook.name, &webhook.client_config)))
                },
            ),
        )
        .await;
    }

    async fn watch<K>(
        &self,
        which: Which,
        registered: &watch::Sender<Registered>,
        bundles: impl Fn(&K) -> Vec<Entry>,
    ) where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        // A watch by this one name is granted by that name.
        let config = || {
            watcher::Config::default()
                .fields(&format!("metadata.name={}", self.name))
                .timeout(60)
        };
        let is_own = |object: &K| object.name_any() == self.name;
        let put = |bundles| {
            registered.send_if_modified(|registered| registered.put(which, bundles));
        };
        let mut failing = false;
        loop {
            let mut stream = watcher(Api::<K>::all(self.cluster.client()), config()).boxed();
            let mut listed = Vec::new();
            while let Some(event) = stream.next().await {
                match event {
                    Ok(Event::Init) => listed.clear(),
                    Ok(Event::InitApply(object)) if is_own(&object) => listed = bundles(&object),
                    Ok(Event::InitDone) => {
                        put(std::mem::take(&mut listed));
                        failing = false;
                    }
                    Ok(Event::Apply(object)) if is_own(&object) => put(bundles(&object)),
                    Ok(Event::Delete(object)) if is_own(&object) => put(Vec::new()),
                    Ok(_) => {}
                    Err(error) => {
                        let reason = self.unseen(which, &error);
                        if !failing {
                            tracing::warn!(reason, "trying again");
                        }
                        failing = true;
                        registered.send_if_modified(|registered| registered.fail(which, reason));
                        break;
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn unseen(&self, which: Which, error: &watcher::Error) -> String {
        let (kind, name) = (which.kind(), &self.name);
        format!("the {kind} {name} cannot be watched: {}", whole(error))
    }

    /// Puts a bundle into all webhooks of a configuration that were seen in it without it.
    ///
    /// It is a JSON Patch, which fails when the list is another by now. A server-side apply would own the entry: an
    /// upgrade that takes a webhook out would leave a stump of it that the API server refuses, and so the upgrade.
    ///
    /// # Errors
    /// What the API server says, with what to do.
    pub async fn inject(
        &self,
        which: Which,
        registered: &Registered,
        bundle: &[u8],
    ) -> Result<(), String> {
        let webhooks = registered.configurations.get(&which).into_iter().flatten();
        let lacking = webhooks.enumerate().filter(|(_, (_, held))| held != bundle);
        let bundle = json!(ByteString(bundle.to_vec()));
        let operations = lacking.flat_map(|(index, (name, _))| {
            [
                PatchOperation::Test(TestOperation {
                    path: PointerBuf::from_tokens(["webhooks", &index.to_string(), "name"]),
                    value: json!(name),
                }),
                PatchOperation::Add(AddOperation {
                    path: PointerBuf::from_tokens([
                        "webhooks",
                        &index.to_string(),
                        "clientConfig",
                        "caBundle",
                    ]),
                    value: bundle.clone(),
                }),
            ]
        });
        let patch = json_patch::Patch(operations.collect());
        let done = match which {
            Which::Validating => self.patch::<ValidatingWebhookConfiguration>(patch).await,
            Which::Mutating => self.patch::<MutatingWebhookConfiguration>(patch).await,
        };
        done.map_err(|error| match error {
            kube::Error::Api(status) if status.code == 403 => format!(
                "grant `patch` on the {} {} by its name",
                which.kind(),
                self.name
            ),
            error => whole(&error),
        })
    }

    async fn patch<K>(&self, patch: json_patch::Patch) -> kube::Result<()>
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        let api = Api::<K>::all(self.cluster.client());
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let patch = Patch::Json::<()>(patch);
        in_time(api.patch(&self.name, &params, &patch))
            .await
            .map(drop)
    }
}

fn entries<'a>(
    webhooks: impl Iterator<Item = (&'a String, &'a WebhookClientConfig)>,
) -> Vec<Entry> {
    webhooks
        .map(|(name, client)| {
            let bundle = client.ca_bundle.as_ref().map(|bundle| bundle.0.clone());
            (name.clone(), bundle.unwrap_or_default())
        })
        .collect()
}
