//! What is said of a policy in its status. Pure: what is known in, the status out.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::compiled::Compiled;
use crate::facts::Population;
use crate::policy::{Document, Exemption, Policy, ReleasePolicy, TmpfsPolicy};
use crate::registration::PodScope;

/// The one condition that is written.
const READY: &str = "Ready";
/// What a message may have; Kubernetes allows more, but nobody reads it.
const LONGEST: usize = 2048;

/// What a status is made of, besides the policy itself.
pub(super) struct View<'v> {
    pub(super) policy: &'v Policy,
    pub(super) population: Option<&'v Population>,
    pub(super) pod_scope: Option<PodScope>,
    /// Whether an expression of the ReleasePolicy of that name took too long for an object.
    pub(super) is_overdue: &'v dyn Fn(&str) -> bool,
    pub(super) now: Timestamp,
}

/// The condition, before it is known since when it holds.
struct Verdict {
    ready: bool,
    reason: &'static str,
    message: String,
}

impl Verdict {
    fn new(ready: bool, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            ready,
            reason,
            message: message.into(),
        }
    }
}

/// What its status should be, where `there` is its status now.
pub(super) fn wanted(compiled: &Compiled, there: &Value, view: &View<'_>) -> Map<String, Value> {
    let generation = compiled.object.generation;
    let mut status = Map::new();
    if let Some(document) = &compiled.in_force {
        counts(document, there, view, &mut status);
    }
    let verdict = verdict(compiled, view);
    let state = if verdict.ready { "True" } else { "False" };
    status.insert("observedGeneration".to_owned(), generation.into());
    status.insert(
        "conditions".to_owned(),
        json!([{
            "type": READY,
            "status": state,
            "reason": verdict.reason,
            "message": cut(verdict.message),
            "observedGeneration": generation,
            "lastTransitionTime": since(there, state).unwrap_or_else(|| second(view.now).into()),
        }]),
    );
    status
}

/// Whether a status says all that is wanted. What others wrote into it beside that does not matter.
pub(super) fn says(there: &Value, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, value)| match key.as_str() {
        "conditions" => condition(there) == value.get(0),
        key => there.get(key) == Some(value),
    }) && OURS
        .iter()
        .all(|key| wanted.contains_key(*key) || there.get(key).is_none())
}

/// The fields that come and go.
const OURS: [&str; 6] = [
    "inForce",
    "rules",
    "customRules",
    "exemptions",
    "matchedReleases",
    "expired",
];

fn condition(there: &Value) -> Option<&Value> {
    let conditions = there.get("conditions")?.as_array()?;
    conditions
        .iter()
        .find(|condition| condition.get("type").is_some_and(|name| name == READY))
}

/// Since when the condition has this state.
fn since(there: &Value, state: &str) -> Option<Value> {
    let condition = condition(there)?;
    let is_same = condition.get("status").is_some_and(|there| there == state);
    condition
        .get("lastTransitionTime")
        .filter(|_| is_same)
        .cloned()
}

/// As the API server writes times.
fn second(now: Timestamp) -> String {
    Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

fn cut(message: String) -> String {
    match message.char_indices().nth(LONGEST) {
        None => message,
        Some((end, _)) => format!("{}…", &message[..end]),
    }
}

fn verdict(compiled: &Compiled, view: &View<'_>) -> Verdict {
    if let Some(broken) = compiled.broken() {
        let message = format!("{}; {}", broken.problem, broken.instead());
        return Verdict::new(false, "Invalid", message);
    }
    let Some(document) = &compiled.in_force else {
        return Verdict::new(false, "Invalid", "it could not be read");
    };
    match &**document {
        Document::Exemption {
            namespace,
            exemption,
            ..
        } => of_exemption(namespace, exemption, view),
        Document::Tmpfs(policy) => of_tmpfs(policy, view),
        Document::Release(policy) if (view.is_overdue)(policy.name()) => Verdict::new(
            false,
            "TooSlow",
            "it is in force, but an expression of it took too long for some object, of which it then said nothing: make it simpler",
        ),
        Document::Release(_) => in_force(document, view),
    }
}

fn in_force(document: &Document, view: &View<'_>) -> Verdict {
    let remarks = document.remarks(view.now);
    let told: String = remarks
        .iter()
        .map(|remark| format!("; {}: {}", remark.pointer, remark.message))
        .collect();
    Verdict::new(true, "InForce", format!("it is in force{told}"))
}

fn of_exemption(namespace: &str, exemption: &Exemption, view: &View<'_>) -> Verdict {
    let end = exemption.expires_at();
    if exemption.is_expired(view.now) {
        let message = format!("it ended at {end}; take it out, or give it another end");
        // Ready all the same: it did what it was written for, and a Kustomization of Flux that waits for its objects
        // must not stop by the calendar alone.
        return Verdict::new(true, "Expired", message);
    }
    if !view.policy.opens(namespace, exemption) {
        let message = "no ReleasePolicy lets it count: name its rules and namespace in `spec.allowExemptions` of one";
        return Verdict::new(false, "NotOpened", message);
    }
    Verdict::new(true, "InForce", format!("it counts until {end}"))
}

fn of_tmpfs(policy: &TmpfsPolicy, view: &View<'_>) -> Verdict {
    let scope = view.pod_scope;
    match scope.and_then(|scope| scope.withholds(policy.is_for_writable_roots())) {
        None => Verdict::new(true, "InForce", "it is in force"),
        Some(withheld) => Verdict::new(
            true,
            "PodScope",
            format!(
                "it is in force, but {withheld} are never sent to Lockkeeper: register a wider pod scope"
            ),
        ),
    }
}

/// What can be counted of what is in force.
fn counts(document: &Document, there: &Value, view: &View<'_>, status: &mut Map<String, Value>) {
    let mut put = |key: &str, value: Value| status.insert(key.to_owned(), value);
    let matched = match document {
        Document::Release(policy) => {
            put("inForce", summary(policy).into());
            put("rules", policy.rules().into());
            put("customRules", policy.custom_rules().len().into());
            put("exemptions", policy.exemptions().len().into());
            view.population
                .map(|population| releases(policy, population))
        }
        Document::Tmpfs(policy) => {
            put("inForce", mounts(policy).into());
            return;
        }
        Document::Exemption {
            namespace,
            exemption,
            ..
        } => {
            put("expired", exemption.is_expired(view.now).into());
            view.population.map(|population| {
                let releases = population.releases.iter();
                releases
                    .filter(|release| release.namespace == *namespace)
                    .filter(|release| exemption.selects(&release.name))
                    .count()
            })
        }
    };
    // Who cannot see the releases now keeps what was said of them.
    let matched = match matched {
        Some(count) => Some(Value::from(count)),
        None => there.get("matchedReleases").cloned(),
    };
    if let Some(matched) = matched {
        put("matchedReleases", matched);
    }
}

fn summary(policy: &ReleasePolicy) -> String {
    cut(policy.summary())
}

fn mounts(policy: &TmpfsPolicy) -> String {
    let mounts = policy.request().mounts.iter();
    let told: Vec<String> = mounts
        .map(|mount| format!("{}={}", mount.path, mount.size.as_str()))
        .collect();
    told.join(", ")
}

fn releases(policy: &ReleasePolicy, population: &Population) -> usize {
    let releases = population.releases.iter();
    releases
        .filter(|release| {
            let labels = release.namespace_labels.as_deref();
            let namespace = (release.namespace.as_str(), labels);
            policy.selects(namespace, (&release.name, &release.labels))
        })
        .count()
}

#[cfg(test)]
mod tests;
