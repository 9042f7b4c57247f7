//! Lockkeeper judges the HelmReleases of a cluster that Flux runs: at admission, and before the push.
//!
//! The map of the house; an arrow in this list never points up:
//!
//! | module | what it is | may call |
//! |---|---|---|
//! | [`judge`] | case + effective policy + facts → verdict | policy, rules, facts, model |
//! | [`policy`] | what a person writes, compiled against the registry | rules, model |
//! | [`rules`] | the registry; one file a rule | secrets, facts, model |
//! | [`facts`] | questions that rules ask about other objects | model |
//! | [`yaml`] | Kubernetes' reading of YAML: text → values, pointer → place | model |
//! | [`secrets`] | what is a secret, and what only looks like one | model |
//! | [`model`] | the field's nouns over JSON values | nothing |

pub mod facts;
pub mod judge;
pub mod model;
pub mod policy;
pub mod rules;
pub mod secrets;
pub mod yaml;
