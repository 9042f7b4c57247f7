//! The field's nouns: lossless views over JSON values, without a clock, network or opinion.

pub mod app_template;
pub mod finding;
pub mod pointer;
pub mod release;
pub mod subject;
pub mod tree;

pub use app_template::AppTemplate;
pub use finding::{Action, Basis, Certainty, Finding, Findings};
pub use pointer::Pointer;
pub use release::{ChartSource, HelmRelease};
pub use subject::{Before, Case, Form, Kind, Operation, Request, Subject};
pub use tree::{Node, NodeId, Step, Tree};
