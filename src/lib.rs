//! Lockkeeper judges the HelmReleases of a cluster that Flux runs: at admission, and before the push.
//!
//! The map of the house; an arrow in this list never points up:
//!
//! | module | what it is | may call |
//! |---|---|---|
//! | [`cli`] | one file a subcommand | everything |
//! | [`cluster`] | the way to the API server | model |
//! | [`files`] | the walk over paths, and reading them in parallel | check |
//! | [`report`] | what `check` found, in five formats | check |
//! | [`check`] | texts → findings with their places, secrets masked | judge, policy, rules, yaml, model |
//! | [`server`] | router, TLS listener, limits, health, metrics, graceful stop | admission, policy, facts, telemetry |
//! | [`admission`] | AdmissionReview in, response out | judge, policy, facts, model |
//! | [`certs`] | the CA and the serving certificate | nothing |
//! | [`telemetry`] | logs, and what is told of a panic | nothing |
//! | [`judge`] | case + effective policy + facts → verdict | policy, rules, facts, model |
//! | [`registration`] | what the API server is told of us | model |
//! | [`policy`] | what a person writes, compiled against the registry | rules, model |
//! | [`rules`] | the registry; one file a rule | secrets, facts, model |
//! | [`facts`] | questions that rules ask about other objects | model |
//! | [`yaml`] | Kubernetes' reading of YAML: text → values, pointer → place | model |
//! | [`secrets`] | what is a secret, and what only looks like one | model |
//! | [`model`] | the field's nouns over JSON values | nothing |

pub mod admission;
pub mod certs;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod facts;
pub mod files;
pub mod judge;
pub mod model;
pub mod policy;
pub mod registration;
pub mod report;
pub mod rules;
pub mod secrets;
pub mod server;
pub mod telemetry;
pub mod yaml;
