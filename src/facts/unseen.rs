//! Why a question has no answer: words for whoever reads the finding and can mend it.

use std::fmt;

/// Why a question has no answer; its text completes "could not be verified: …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Files are judged, or the server was started without a cluster.
    NoCluster,
    /// `spec.kubeConfig` installs to a cluster that is not this one.
    RemoteCluster,
    /// It is in another namespace than the judged object, and the policy does not open that one:
    /// a tenant could learn from the answer what exists elsewhere.
    OtherNamespace,
    /// It must be read from the API server, which was not done yet.
    NotRead,
    /// The object names more of its kind than are read for one review.
    TooMany,
    /// What the object names holds more text than is read for one review.
    TooLarge,
    /// The watch of a kind has not listed it yet.
    Starting {
        /// The plural name of the kind, such as `persistentvolumeclaims`.
        resource: &'static str,
    },
    /// The watch of a kind was lost too long ago to be believed.
    Lost {
        /// The plural name of the kind.
        resource: &'static str,
        /// Seconds since it was last known to be whole.
        seconds: u64,
    },
    /// The API server does not allow it.
    Forbidden {
        /// The verb, such as `list`.
        verb: &'static str,
        /// The plural name of the kind, with its group where it has one.
        resource: &'static str,
    },
    /// The administrator did not open this Secret to Lockkeeper.
    NotOpened,
    /// The names of Secrets are not watched, and nothing that makes Secrets is known to make it.
    SecretNames,
    /// The API server did not answer in time.
    TooSlow,
    /// The API server could not be reached, or answered with an error: its HTTP status, where there is one.
    Failed {
        /// The HTTP status.
        status: Option<u16>,
    },
    /// What was read is not what it should be.
    Unreadable,
}

impl fmt::Display for Unseen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unseen::NoCluster => formatter.write_str("no cluster is at hand to ask"),
            Unseen::RemoteCluster => {
                formatter.write_str("spec.kubeConfig installs it to another cluster")
            }
            Unseen::OtherNamespace => formatter.write_str(
                "it is in another namespace, and the policy's `lookupNamespaces` does not open that one",
            ),
            Unseen::NotRead => formatter.write_str("it was not read in time"),
            Unseen::TooMany => {
                formatter.write_str("the object names more such objects than are read for one review")
            }
            Unseen::TooLarge => formatter.write_str(
                "it and the others that the object names hold more than is read for one review",
            ),
            Unseen::Starting { resource } => {
                write!(formatter, "the {resource} of the cluster have not been listed yet")
            }
            Unseen::Lost { resource, seconds } => write!(
                formatter,
                "the watch of {resource} was lost {seconds} s ago"
            ),
            Unseen::Forbidden { verb, resource } => write!(
                formatter,
                "Lockkeeper's service account may not {verb} {resource}"
            ),
            Unseen::NotOpened => formatter.write_str(
                "Lockkeeper was not told that it may read the Secret (`serve --read-secret`)",
            ),
            Unseen::SecretNames => formatter.write_str(
                "the names of Secrets are not watched, and no ExternalSecret, SealedSecret or Kustomization is known to make it",
            ),
            Unseen::TooSlow => formatter.write_str("the API server did not answer in time"),
            Unseen::Failed { status: None } => {
                formatter.write_str("the API server could not be reached")
            }
            Unseen::Failed {
                status: Some(status),
            } => write!(formatter, "the API server answered with {status}"),
            Unseen::Unreadable => formatter.write_str("what the API server holds there cannot be read"),
        }
    }
}
