//! Lockkeeper judges the HelmReleases of a cluster that Flux runs: at admission, and before the push.
//!
//! The map of the house. A module names those that its row names, and no others; they all stand below
//! it. `tests/house.rs` holds the map to the code.
//!
//! | module | what it is | calls |
//! |---|---|---|
//! | [`cli`] | one file a subcommand | everything |
//! | [`custody`] | the certificate of a running server: signed, renewed, swapped, its CA injected | certs, cluster, server |
//! | [`controller`] | the policies of the cluster: compiled, put in force, their statuses | cluster, facts, policy, registration |
//! | [`cluster`] | watches and reads of the API server | facts, model |
//! | [`files`] | the walk over paths, and reading them in parallel | check, yaml |
//! | [`report`] | what `check` found, in five formats, and the rules' pages | check, judge, model, rules, yaml |
//! | [`check`] | texts → findings with their places, secrets masked | facts, judge, model, policy, rules, secrets, yaml |
//! | [`server`] | router, TLS listener, limits, health, metrics, graceful stop | admission, certs, expression, facts, judge, model, policy, telemetry |
//! | [`admission`] | AdmissionReview in, response out | expression, facts, judge, model, mounts, policy |
//! | [`certs`] | CAs and serving certificates: made, kept, read | nothing |
//! | [`telemetry`] | logs, and what is told of a panic | nothing |
//! | [`judge`] | case + policy + facts → verdict | expression, facts, model, policy, rules, secrets, yaml |
//! | [`registration`] | what the API server is told of us | model |
//! | [`policy`] | what a person writes, compiled against the registry | expression, facts, model, mounts, rules |
//! | [`rules`] | the registry; one file a rule | facts, model, mounts, secrets |
//! | [`expression`] | CEL over one case: compiled within bounds, evaluated | model |
//! | [`facts`] | questions that rules ask about other objects | model |
//! | [`yaml`] | Kubernetes' reading of YAML: text → values, pointer → place | model |
//! | [`secrets`] | what is a secret, and what only looks like one | model |
//! | [`mounts`] | the tmpfs mounts of a pod: pod in, JSON Patch out | model |
//! | [`model`] | the field's nouns over JSON values | nothing |

pub mod admission;
pub mod certs;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod controller;
pub mod custody;
pub mod expression;
pub mod facts;
pub mod files;
pub mod judge;
pub mod model;
pub mod mounts;
pub mod policy;
pub mod registration;
pub mod report;
pub mod rules;
pub mod secrets;
pub mod server;
pub mod telemetry;
pub mod yaml;
