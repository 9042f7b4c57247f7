//! The way to the API server. Judging never waits for it: what cannot be seen is `Unseen`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection may say nothing while an answer is awaited.
const QUIET: Duration = Duration::from_secs(90);
/// The pause behind the first failed try; it doubles up to the pause between signs of life.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// By what the API server is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A kubeconfig's current context.
    Kubeconfig(PathBuf),
    /// The service account that a pod is given.
    InCluster,
}

impl Way {
    /// The way that was asked for, else the pod's, where this is a pod.
    #[must_use]
    pub fn find(kubeconfig: Option<PathBuf>) -> Option<Self> {
        let in_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
        kubeconfig
            .map(Self::Kubeconfig)
            .or_else(|| in_pod.then_some(Self::InCluster))
    }
}

/// Why no client could be made. An API server that does not answer is another matter: the server listens for it meanwhile.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The kubeconfig is not there, is none, or names what is not there.
    #[error("the kubeconfig {0} cannot be used")]
    Kubeconfig(PathBuf, #[source] kube::config::KubeconfigError),
    /// The pod lacks what every pod with a service account has.
    #[error(
        "this pod has no service account to reach the API server with; mount its token, or give --no-cluster"
    )]
    InCluster(#[source] kube::config::InClusterError),
    /// The certificates or the address in it are broken.
    #[error("no client can be made of what was configured for the API server")]
    Client(#[source] kube::Error),
}

/// An API server that may answer.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    address: String,
    alive: Arc<Mutex<Instant>>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Cluster")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// Reads the configuration; nothing is sent yet. Must be called on a Tokio runtime.
    ///
    /// # Errors
    /// When the configuration cannot be used: no later try would mend that.
    pub async fn new(way: &Way) -> Result<Self, SetupError> {
        let mut config = match way {
            Way::Kubeconfig(path) => from_kubeconfig(path)
                .await
                .map_err(|error| SetupError::Kubeconfig(path.clone(), error))?,
            Way::InCluster => Config::incluster().map_err(SetupError::InCluster)?,
        };
        config.connect_timeout = Some(PATIENCE);
        // kube would try fifteen times where it is told that there is no room; who waits for a review cannot,
        // and a watch must know that it is broken.
        config.default_retry = false;
        // A connection that died without a word; watches end after a minute.
        config.read_timeout = Some(QUIET);
        // kube takes it from the environment; a proxy for the internet does not lead to an API server.
        config.proxy_url = None;
        let address = config.cluster_url.to_string();
        let client = Client::try_from(config).map_err(SetupError::Client)?;
        Ok(Self {
            client,
            address,
            alive: Arc::new(Mutex::new(Instant::now())),
        })
    }

    /// Whoever sends requests.
    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// When the API server last answered; before it ever did, when this was made.
    pub(super) fn alive(&self) -> Instant {
        *self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the API server for a sign of life for ever, and says in the log when it begins to answer and
    /// when it stops. Dropping the future ends it.
    pub(super) async fn listen(&self, every: Duration) {
        let mut pause = FIRST_PAUSE;
        let mut answers = None;
        loop {
            match self.version().await {
                Ok(version) => {
                    *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                    if answers != Some(true) {
                        tracing::info!(address = self.address, version, "reached the API server");
                    }
                    answers = Some(true);
                    pause = FIRST_PAUSE;
                    tokio::time::sleep(every).await;
                }
                Err(reason) => {
                    if answers != Some(false) {
                        tracing::warn!(
                            address = self.address,
                            reason,
                            "the API server cannot be reached: what rules would ask it counts as unverified; trying again"
                        );
                    }
                    answers = Some(false);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(every);
                }
            }
        }
    }

    async fn version(&self) -> Result<String, String> {
        match tokio::time::timeout(PATIENCE, self.client.apiserver_version()).await {
            Ok(Ok(info)) => Ok(info.git_version),
            // Whoever says that it is not allowed to ask is there all the same.
            Ok(Err(kube::Error::Api(status))) if status.code < 500 && status.code != 429 => {
                Ok(format!("not told (HTTP {})", status.code))
            }
            Ok(Err(error)) => Err(whole(&error)),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }
}

async fn from_kubeconfig(path: &Path) -> Result<Config, kube::config::KubeconfigError> {
    let kubeconfig = Kubeconfig::read_from(path)?;
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await
}

/// The answer to a request, or that none came in time: a connection that died without a word is noticed much later.
pub(super) async fn in_time<T>(answer: impl Future<Output = kube::Result<T>>) -> kube::Result<T> {
    within(PATIENCE, answer).await
}

async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = kube::Result<T>>,
) -> kube::Result<T> {
    let late = || kube::Error::Service(format!("no answer within {} s", patience.as_secs()).into());
    let answer = tokio::time::timeout(patience, answer).await;
    answer.unwrap_or_else(|_| Err(late()))
}

/// An error with all that caused it: kube's own sentence is often only "client error (Connect)".
pub(super) fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
impl Cluster {
    /// One where nobody answers.
    pub(super) async fn of_nobody() -> Self {
        let (_folder, way) = tests::way(tests::KUBECONFIG);
        Self::new(&way).await.expect("a client")
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    pub(super) const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
current-context: here
clusters: [{name: here, cluster: {server: \"http://127.0.0.1:1\"}}]
contexts: [{name: here, context: {cluster: here, user: me}}]
users: [{name: me, user: {}}]
";

    pub(super) fn way(text: &str) -> (tempfile::TempDir, Way) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kubeconfig");
        std::fs::write(&path, text).expect("a file");
        (folder, Way::Kubeconfig(path))
    }

    #[tokio::test]
    async fn a_kubeconfig_that_cannot_be_used_is_an_error_at_once() {
        let (_folder, wrong) = way("not: [a kubeconfig");
        let absent = Way::Kubeconfig(PathBuf::from("/nowhere/kubeconfig"));
        for way in [wrong, absent] {
            let error = Cluster::new(&way).await.expect_err("unusable");
            assert!(matches!(error, SetupError::Kubeconfig(..)), "{error:?}");
        }
    }

    #[tokio::test]
    async fn an_api_server_that_does_not_tell_its_version_lives() {
        for (code, lives) in [(403, true), (503, false)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address").to_string();
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let body = format!(r#"{{"kind":"Status","status":"Failure","code":{code}}}"#);
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {code} No\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
            let (_folder, way) = way(&KUBECONFIG.replace("127.0.0.1:1", &address));
            let cluster = Cluster::new(&way).await.expect("a client");
            let version = cluster.version().await;
            assert_eq!(version.is_ok(), lives, "{version:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_an_error() {
        let never = std::future::pending::<kube::Result<()>>();
        let error = within(Duration::ZERO, never).await.expect_err("late");
        assert!(whole(&error).contains("no answer within 0 s"), "{error}");
        let answer = within(PATIENCE, std::future::ready(Ok(1))).await;
        assert_eq!(answer.expect("an answer"), 1);
    }

    #[tokio::test]
    async fn nobody_at_home_is_told_with_the_reason() {
        let cluster = Cluster::of_nobody().await;
        let reason = cluster.version().await.expect_err("port 1 is closed");
        assert!(reason.contains("refused"), "{reason}");
    }
}
