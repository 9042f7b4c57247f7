//! The field's nouns: lossless views over JSON values, without a clock, network or opinion.

pub mod app_template;
pub mod claim;
pub mod elsewhere;
pub mod finding;
pub mod hidden;
pub mod image;
pub mod images;
pub mod memo;
pub mod mounts;
pub mod persistence;
pub mod pointer;
pub mod quantity;
pub mod release;
pub mod resource_name;
pub mod secret_reference;
pub mod secrets_made;
pub mod subject;
pub mod tag;
pub mod template;
pub mod tree;
pub mod values_from;

pub use app_template::AppTemplate;
pub use claim::ClaimReference;
pub use finding::{Action, Basis, Certainty, Finding, Findings};
pub use hidden::Hidden;
pub use image::ImageReference;
pub use memo::Memo;
pub use mounts::{Mount, Scope};
pub use persistence::{Persistence, VolumeKind};
pub use pointer::Pointer;
pub use quantity::Quantity;
pub use release::{ChartSource, HelmRelease};
pub use secret_reference::SecretReference;
pub use subject::{Before, Case, Comments, Form, Kind, Operation, Request, Subject};
pub use tree::{Node, NodeId, Step, Tree};
pub use values_from::{Unmerged, ValuesFrom, ValuesReference};
