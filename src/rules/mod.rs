//! The registry: what a rule is, and the one list of all rules.
//!
//! A rule is a unit struct made with `rule!`, its `Params` and a `check`. It reads one object (and
//! asks [`Facts`]) and puts findings into [`Findings`]; what becomes of them is the policy's choice.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::facts::Facts;
use crate::model::{Action, Case, Findings, Kind};

pub mod name_globs;
pub mod pinning;
pub mod secrets;
pub mod storage;

/// Every rule, in the order of reports.
pub static RULES: &[&dyn AnyRule] = &[
    &secrets::literal_secret::LiteralSecret,
    &secrets::weak_default_secret::WeakDefaultSecret,
    &secrets::unresolved_placeholder::UnresolvedPlaceholder,
    &secrets::unseen_values::UnseenValues,
    &secrets::missing_secret_source::MissingSecretSource,
    &pinning::unpinned_chart::UnpinnedChart,
    &pinning::unpinned_image::UnpinnedImage,
    &storage::undeclared_storage::UndeclaredStorage,
    &storage::invalid_mount::InvalidMount,
    &storage::missing_claim::MissingClaim,
    &storage::missing_tmpfs::MissingTmpfs,
];

/// The rule of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn AnyRule> {
    RULES.iter().copied().find(|rule| rule.meta().name == name)
}

/// What a rule belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Values that must stay placeholders or references.
    Secrets,
    /// Charts and images that must not change by themselves.
    Pinning,
    /// Volumes that must be declared before the workload.
    Storage,
}

impl Family {
    /// The word that docs and metrics use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Family::Secrets => "secrets",
            Family::Pinning => "pinning",
            Family::Storage => "storage",
        }
    }
}

/// What is fixed about a rule.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// The name in policies and reports, in kebab-case.
    pub name: &'static str,
    /// The family.
    pub family: Family,
    /// The kinds that it judges.
    pub subjects: &'static [Kind],
    /// The action of the built-in policy.
    pub action: Action,
    /// One line that says what it refuses.
    pub summary: &'static str,
}

/// What a policy can set for a rule: a struct whose serialized default names every parameter.
pub trait Params:
    Default + Serialize + DeserializeOwned + JsonSchema + Stricter + fmt::Debug + Send + Sync + 'static
{
}

/// How what two policies say of one thing joins.
pub trait Stricter {
    /// What holds where both are in force: of every part the stricter one.
    #[must_use]
    fn stricter(self, other: Self) -> Self;
}

/// The parameters of a rule that has none.
#[derive(Clone, Copy, Debug, Default, Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

impl Params for NoParams {}

impl Stricter for NoParams {
    fn stricter(self, _: Self) -> Self {
        self
    }
}

/// A rule, as its author writes it.
pub trait Rule: Sync + 'static {
    /// What a policy can set.
    type Params: Params;
    /// What is fixed.
    const META: Meta;
    /// The rule's page in Markdown: its own doc comment, kept by `rule!`.
    const DOC: &'static str;

    /// Judges the case's subject, which is of one of the rule's kinds.
    fn check(&self, case: &Case<'_>, params: &Self::Params, facts: &dyn Facts, out: &mut Findings);
}

/// The parameters of some rule, as [`AnyRule::params`] made them.
pub type AnyParams = Arc<dyn Any + Send + Sync>;

/// What a policy writes of a rule's parameters.
type Written = serde_json::Map<String, Value>;

/// A [`Rule`] whose parameters' type is hidden, so that one list holds all.
pub trait AnyRule: Sync {
    /// What is fixed about the rule.
    fn meta(&self) -> &'static Meta;
    /// The rule's page, in Markdown.
    fn doc(&self) -> &'static str;
    /// The default parameters: their keys are all that a policy can set.
    fn defaults(&self) -> Value;
    /// The schema of the parameters.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// Reads parameters from a policy.
    ///
    /// # Errors
    /// When a parameter is unknown or has a wrong value; the path says which.
    fn params(
        &self,
        value: Value,
    ) -> Result<AnyParams, serde_path_to_error::Error<serde_json::Error>>;
    /// Reads the parameters of several policies and joins them: one that several write is the strictest of what they
    /// say, and one that nobody writes has its default.
    ///
    /// # Errors
    /// As [`AnyRule::params`].
    fn joined(
        &self,
        written: &[&serde_json::Map<String, Value>],
    ) -> Result<AnyParams, serde_path_to_error::Error<serde_json::Error>>;
    /// Judges with parameters that [`AnyRule::params`] of this rule made.
    fn check(&self, case: &Case<'_>, params: &AnyParams, facts: &dyn Facts, out: &mut Findings);
}

impl<R: Rule> AnyRule for R {
    fn meta(&self) -> &'static Meta {
        &R::META
    }

    fn doc(&self) -> &'static str {
        R::DOC
    }

    fn defaults(&self) -> Value {
        serde_json::to_value(R::Params::default()).unwrap_or_default()
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        R::Params::json_schema(generator)
    }

    fn params(
        &self,
        value: Value,
    ) -> Result<AnyParams, serde_path_to_error::Error<serde_json::Error>> {
        serde_path_to_error::deserialize::<_, R::Params>(value)
            .map(|params| Arc::new(params) as AnyParams)
    }

    fn joined(
        &self,
        written: &[&Written],
    ) -> Result<AnyParams, serde_path_to_error::Error<serde_json::Error>> {
        // What one of them leaves out is what another says: only what several say is joined.
        let mut anybody = Written::new();
        for one in written {
            for (key, value) in *one {
                anybody.entry(key.as_str()).or_insert_with(|| value.clone());
            }
        }
        let whole = |one: &Written| {
            let mut whole = anybody.clone();
            whole.extend(one.iter().map(|(key, value)| (key.clone(), value.clone())));
            serde_path_to_error::deserialize::<_, R::Params>(Value::Object(whole))
        };
        let mut joined: Option<R::Params> = None;
        for one in written {
            let next = whole(one)?;
            joined = Some(match joined {
                Some(before) => before.stricter(next),
                None => next,
            });
        }
        Ok(Arc::new(joined.unwrap_or_default()))
    }

    fn check(&self, case: &Case<'_>, params: &AnyParams, facts: &dyn Facts, out: &mut Findings) {
        // The policy keeps a rule and its parameters in one setting, so the type always fits.
        if let Some(params) = params.downcast_ref::<R::Params>() {
            Rule::check(self, case, params, facts, out);
        }
    }
}

/// Makes the struct of a rule and keeps its doc comment as the rule's page, so that rustdoc,
/// `lockkeeper explain` and docs/rules have one source.
macro_rules! rule {
    ($(#[doc = $line:literal])+ pub struct $name:ident;) => {
        $(#[doc = $line])+
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name;

        impl $name {
            /// The lines of the doc comment, each with the space that follows `///`.
            const PAGE: &'static str = concat!($($line, "\n"),+);
        }
    };
}
pub(crate) use rule;
