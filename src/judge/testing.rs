//! Rules that are made for the tests of the judge and of its callers.

use crate::facts::Facts;
use crate::model::{Action, Case, Findings, Kind};
use crate::policy::Setting;
use crate::rules::{AnyRule, Family, Meta, NoParams, Rule};

/// What is fixed about a rule that judges HelmReleases and denies.
pub(crate) const fn meta(name: &'static str) -> Meta {
    Meta {
        name,
        family: Family::Storage,
        subjects: &[Kind::HelmRelease],
        action: Action::Deny,
        summary: "",
    }
}

/// A rule without parameters, in force as a denial.
pub(crate) fn setting(rule: &'static dyn AnyRule) -> Setting {
    Setting {
        rule,
        action: Action::Deny,
        params: rule.params(serde_json::json!({})).expect("no parameters"),
        votes: Vec::new(),
    }
}

/// Fails on every object.
pub(crate) struct Panics;

impl Rule for Panics {
    type Params = NoParams;
    const META: Meta = meta("panics");
    const DOC: &'static str = "";

    fn check(&self, _: &Case<'_>, _: &NoParams, _: &dyn Facts, _: &mut Findings) {
        panic!("on purpose");
    }
}
