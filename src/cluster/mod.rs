//! What the cluster knows: watches that answer at once, reads that answer in time, and the rights that both need.

mod connect;
mod kinds;
mod knowledge;
mod read;
mod rights;
mod roles;
mod store;
mod watch;

pub use connect::{Cluster, SetupError, Way};
pub use knowledge::{Options, Seen};
pub use rights::{
    OWN_RIGHTS, Own, OwnRight, RIGHTS, Right, cluster_role, manifests, own_table, table,
};
pub use roles::chart_files;
