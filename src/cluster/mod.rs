//! The cluster: watches and reads that answer what rules ask, the objects of Lockkeeper's own, and the rights that all
//! of it needs.

mod ca_secret;
mod connect;
mod kinds;
mod knowledge;
mod lease;
mod policies;
mod policies_read;
mod population;
mod read;
mod rights;
mod roles;
mod store;
mod watch;
mod webhooks;

pub use ca_secret::{CaSecret, Held, SecretError};
pub use connect::{Cluster, SetupError, Way};
pub use knowledge::{Options, Seen};
pub use lease::Leadership;
pub use policies::{Policies, PolicyObject, PolicySnapshot};
pub use policies_read::PoliciesRead;
pub use rights::{OWN_RIGHTS, Own, OwnRight, RIGHTS, Right, cluster_role, own_table, table};
pub use roles::chart_files;
pub use webhooks::{Registered, Webhooks, Which};
