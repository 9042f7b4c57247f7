//! Where a literal came from: what Flux substituted from a Secret is no secret in Git.
//!
//! The labels that name the Kustomization are the author's own words. A tenant could use them to pass
//! a leaked value off as a placeholder's, or to learn another's by guessing. So the answer is the same
//! as for no match unless Flux itself writes, and then the value must be long and whole.

use crate::facts::{Answer, Facts, Key, Store, Substitution, Unseen};
use crate::model::Case;
use crate::secrets::{Found, Hit, What};

/// A shorter value could be met by chance, or found by a few guesses.
const SHORTEST: usize = 8;

const NAME: &str = "kustomize.toolkit.fluxcd.io/name";
const NAMESPACE: &str = "kustomize.toolkit.fluxcd.io/namespace";

/// What is known of how a finding's literal got into the object.
pub(super) enum Origin<'s> {
    /// From a Secret's variable; its name, where the object's namespace may know it.
    Substituted(Option<&'s str>),
    /// Its Kustomization decrypts files, and this may have been in one.
    MaybeDecrypted,
    /// A Kustomization applied it, but nobody could look what it substituted.
    Unseen(&'s Unseen),
    /// It is written out, as far as anyone can tell.
    Literal,
}

/// The Kustomization that applied the object, as far as it is to be believed.
pub(super) struct Owner {
    answer: Option<Answer<Substitution>>,
    is_same_namespace: bool,
}

impl Owner {
    /// Asks for the owner of the case's subject; only when there is a finding.
    pub(super) fn of(case: &Case<'_>, controller: &str, facts: &dyn Facts) -> Self {
        let nobody = Self {
            answer: None,
            is_same_namespace: false,
        };
        let (Some(name), Some(namespace), Some(user)) = (
            case.subject.label(NAME),
            case.subject.label(NAMESPACE),
            case.request.user,
        ) else {
            return nobody;
        };
        let is_controller = !controller.is_empty() && user == controller;
        let (user_namespace, account) = service_account(user).unwrap_or_default();
        // Nobody else is answered for, so nobody else need be asked about.
        if !is_controller && (account.is_empty() || user_namespace != namespace) {
            return nobody;
        }
        let answer = facts.substitution(Key { namespace, name });
        let is_writer = match &answer {
            Answer::Known(known) => {
                is_controller || known.service_account.as_deref() == Some(account)
            }
            Answer::Absent => false,
            Answer::Unseen(_) => is_controller,
        };
        Self {
            answer: is_writer.then_some(answer),
            is_same_namespace: namespace == case.subject.namespace,
        }
    }

    /// Where the literals of a scalar came from. One that is written out makes the whole so.
    pub(super) fn origin(&self, hit: &Hit, text: Option<&str>) -> Origin<'_> {
        let known = match &self.answer {
            Some(Answer::Known(known)) if !known.is_remote => known,
            Some(Answer::Known(_)) => return Origin::Unseen(&Unseen::RemoteCluster),
            Some(Answer::Unseen(why)) => return Origin::Unseen(why),
            Some(Answer::Absent) | None => return Origin::Literal,
        };
        // So many are not all there.
        if hit.is_cut() {
            return Origin::Literal;
        }
        let mut name = None;
        for found in &hit.found {
            match text.and_then(|text| variable(known, found, text)) {
                Some(variable) => name = Some(variable),
                None if let Some(why) = &known.unread => return Origin::Unseen(why),
                None if known.decrypts => return Origin::MaybeDecrypted,
                None => return Origin::Literal,
            }
        }
        // The variable is of the Kustomization's namespace: no other one learns its name.
        Origin::Substituted(name.filter(|_| self.is_same_namespace))
    }
}

/// The namespace and name of a service account.
fn service_account(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':')
}

/// The Secret's variable whose value the found literal is. Every variable is compared, whatever the
/// first ones gave.
fn variable<'s>(known: &'s Substitution, found: &Found, text: &str) -> Option<&'s str> {
    let range = found.literal.clone()?;
    let literal = text.get(range)?;
    // The whole scalar, or the whole password of a URL or a DSN of one line.
    let is_whole = literal.len() == text.trim().len();
    let is_component = found.what == What::UrlPassword || (found.key.is_some() && found.line == 0);
    if literal.len() < SHORTEST || !(is_whole || is_component) {
        return None;
    }
    let mut matching = None;
    for variable in known.variables.iter() {
        let is_equal = variable.value.is_substituted_as(literal);
        let clears = variable.store == Store::Secret && variable.value.has(SHORTEST);
        if is_equal & clears {
            matching = Some(variable.name.as_str());
        }
    }
    matching
}
