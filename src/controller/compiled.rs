//! From the objects of the cluster to what is in force: what is good, what is broken, and what stays of that.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::cluster::PolicyObject;
use crate::policy::{BrokenPolicy, Document, Policy};

/// What became of the policies of the cluster.
#[derive(Default)]
pub(super) struct Outcome {
    /// One a policy, in the order of the objects.
    pub(super) compiled: Vec<Compiled>,
    /// Why all together cannot be put in force; what was before stays.
    pub(super) failure: Option<&'static str>,
}

/// What became of one policy.
#[derive(Clone)]
pub(super) struct Compiled {
    pub(super) object: Arc<PolicyObject>,
    /// What is in force of it: its last good form.
    pub(super) in_force: Option<Arc<Document>>,
    /// What is wrong with it as it is now.
    pub(super) problem: Option<Arc<str>>,
}

impl Compiled {
    pub(super) fn broken(&self) -> Option<BrokenPolicy> {
        let problem = self.problem.as_ref()?;
        Some(BrokenPolicy {
            kind: self.object.kind,
            namespace: self.object.namespace.clone(),
            name: self.object.name.clone(),
            problem: problem.to_string(),
            was_good: self.in_force.is_some(),
        })
    }
}

/// What was compiled before, by the object's uid. One that is made anew under the same name begins anew.
#[derive(Default)]
pub(super) struct Workshop {
    kept: HashMap<String, Compiled>,
}

impl Workshop {
    /// Compiles what has changed; forgets what is gone.
    pub(super) fn compile(&mut self, objects: Vec<Arc<PolicyObject>>) -> Vec<Compiled> {
        let mut before = std::mem::take(&mut self.kept);
        let compiled = objects.into_iter().map(|object| {
            let kept = before.remove(&object.uid);
            match kept {
                Some(kept) if kept.object.generation == object.generation => {
                    Compiled { object, ..kept }
                }
                kept => compile(object, kept.and_then(|kept| kept.in_force)),
            }
        });
        let compiled: Vec<Compiled> = compiled.collect();
        let by_uid = compiled.iter().map(|compiled| {
            let uid = compiled.object.uid.clone();
            (uid, compiled.clone())
        });
        self.kept = by_uid.collect();
        compiled
    }
}

fn compile(object: Arc<PolicyObject>, last_good: Option<Arc<Document>>) -> Compiled {
    let read = catch_unwind(AssertUnwindSafe(|| Document::read(&object.document)));
    let problem: Arc<str> = match read {
        Ok(Ok(document)) => {
            return Compiled {
                object,
                in_force: Some(Arc::new(document)),
                problem: None,
            };
        }
        // What it quotes may have line breaks, and the problem is told within a line.
        Ok(Err(error)) => format!("{}: {error}", error.pointer)
            .replace(char::is_control, " ")
            .into(),
        Err(_) => "Lockkeeper failed on it; please report it as a bug".into(),
    };
    Compiled {
        object,
        in_force: last_good,
        problem: Some(problem),
    }
}

/// Puts together what is in force.
pub(super) fn assembled(documents: Vec<Arc<Document>>) -> Result<Policy, &'static str> {
    catch_unwind(AssertUnwindSafe(|| Policy::of(documents))).map_err(
        |_| "Lockkeeper failed on the policies together, so those before stay in force; please report it as a bug",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{object, release_policy};
    use super::*;

    #[test]
    fn what_breaks_stays_as_it_last_was_good_until_it_is_gone() {
        let mut workshop = Workshop::default();
        let good = release_policy(
            "home",
            1,
            &json!({"rules": {"unpinned-image": {"action": "warn"}}}),
        );
        let first = workshop.compile(vec![good.clone()]).remove(0);
        assert!(first.problem.is_none());
        let in_force = first.in_force.expect("compiled");

        // Only its status changed: the same form stays.
        let mut touched = (*good).clone();
        touched.version = "8".to_owned();
        let same = workshop.compile(vec![Arc::new(touched)]).remove(0);
        assert!(Arc::ptr_eq(
            &in_force,
            same.in_force.as_ref().expect("kept")
        ));
        assert_eq!(same.object.version, "8");

        let bad = release_policy("home", 2, &json!({"rules": {"unpined-image": {}}}));
        for _ in 0..2 {
            let broken = workshop.compile(vec![bad.clone()]).remove(0);
            assert!(Arc::ptr_eq(
                &in_force,
                broken.in_force.as_ref().expect("kept")
            ));
            let told = broken.broken().expect("broken");
            assert!(told.was_good);
            assert!(
                told.problem.contains("/spec/rules/unpined-image")
                    && told.problem.contains("did you mean `unpinned-image`?"),
                "{told}"
            );
        }
        assert!(workshop.compile(Vec::new()).is_empty());
        // The same name is no reason to bring back what was deleted.
        let again = workshop.compile(vec![bad]).remove(0);
        assert!(again.in_force.is_none() && !again.broken().expect("broken").was_good);
    }

    #[test]
    fn another_object_of_the_same_name_has_no_last_good_form() {
        let mut workshop = Workshop::default();
        workshop.compile(vec![release_policy("home", 1, &json!({}))]);
        let mut bad = (*release_policy("home", 1, &json!({"rulez": {}}))).clone();
        bad.uid = "another".to_owned();
        let broken = workshop.compile(vec![Arc::new(bad)]).remove(0);
        assert!(broken.in_force.is_none() && broken.problem.is_some());
    }

    #[test]
    fn a_problem_is_one_line_whatever_it_quotes() {
        let spec = json!({"rules": ["literal-secret"], "releases": ["{\n[+]policies ok\n"], "reason": "r", "expiresAt": "2999-01-01"});
        let broken = Workshop::default()
            .compile(vec![object("Exemption", "games", "a", 1, &spec)])
            .remove(0);
        let problem = broken.problem.expect("broken");
        assert!(
            problem.contains("[+]policies ok") && !problem.contains('\n'),
            "{problem}"
        );
    }

    #[test]
    fn a_good_policy_is_in_force_beside_a_broken_one() {
        let mut workshop = Workshop::default();
        let compiled = workshop.compile(vec![
            object("Exemption", "games", "a", 1, &json!({"rules": []})),
            release_policy("home", 1, &json!({})),
        ]);
        let good: Vec<_> = compiled
            .iter()
            .filter_map(|compiled| compiled.in_force.clone())
            .collect();
        let policy = assembled(good).expect("assembled");
        assert_eq!(policy.documents().len(), 1);
        assert_eq!(policy.documents()[0].name(), "home");
    }
}
