//! The policy of whoever wrote none: every rule with its own action and default parameters.

use super::Setting;
use crate::model::Action;
use crate::rules::RULES;

/// What becomes of what could not be verified.
pub(super) const ON_UNSEEN: Action = Action::Warn;

pub(super) fn settings() -> Vec<Setting> {
    RULES
        .iter()
        .filter_map(|&rule| {
            let params = rule.params(rule.defaults()).ok()?;
            Some(Setting {
                rule,
                action: rule.meta().action,
                params,
                votes: Vec::new(),
            })
        })
        .collect()
}
