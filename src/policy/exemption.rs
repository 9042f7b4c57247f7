//! Findings that are allowed for a while, and who may allow them.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::error::{PolicyError, globs, shape_error};
use super::glob::{self, Globs};
use super::names::{is_custom_name, known_rule};
use super::spec::{AllowedExemptionsSpec, ExemptionSpec, MeansSpec, PolicyExemptionSpec};
use crate::model::{Pointer, RuleName, Subject};

/// The annotation by which a release brings its own exemptions.
pub const ANNOTATION: &str = "lockkeeper.dev/exempt";

/// As many lines of it are read: its author is not its reader.
pub const MOST_LINES: usize = 64;

/// As the definitions have it: it is shown with every finding that it covers.
const LONGEST_REASON: usize = 1024;

/// Who exempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The ReleasePolicy of that name.
    Policy(Arc<str>),
    /// An Exemption object, as `namespace/name`.
    Exemption(Arc<str>),
    /// The annotation [`ANNOTATION`] of the release itself.
    Annotation,
}

impl By {
    /// The word for metrics.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            By::Policy(_) => "policy",
            By::Exemption(_) => "exemption",
            By::Annotation => "annotation",
        }
    }

    /// By what means a ReleasePolicy must open it; `None` where it needs no leave, as it is a policy's own.
    pub(super) fn means(&self) -> Option<MeansSpec> {
        match self {
            By::Policy(_) => None,
            By::Exemption(_) => Some(MeansSpec::Exemption),
            By::Annotation => Some(MeansSpec::Annotation),
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            By::Policy(name) if name.is_empty() => formatter.write_str("the policy file"),
            By::Policy(name) => write!(formatter, "ReleasePolicy `{name}`"),
            By::Exemption(name) => write!(formatter, "Exemption `{name}`"),
            By::Annotation => write!(formatter, "the annotation `{ANNOTATION}`"),
        }
    }
}

/// Findings that are allowed for a while.
#[derive(Clone, Debug)]
pub struct Exemption {
    pub(super) rules: Vec<RuleName>,
    pub(super) namespaces: Globs,
    pub(super) releases: Globs,
    pub(super) pointers: Option<Vec<Pointer>>,
    pub(super) reason: Arc<str>,
    pub(super) expires_at: Timestamp,
    pub(super) by: By,
}

impl Exemption {
    /// Compiles an Exemption object of that namespace and name.
    ///
    /// # Errors
    /// The first rule, glob or pointer that cannot be understood.
    pub fn compile(namespace: &str, name: &str, spec: &ExemptionSpec) -> Result<Self, PolicyError> {
        let at = Pointer::root();
        if spec.releases.is_empty() {
            return Err(PolicyError::at(
                at.join("releases"),
                "an exemption names the releases that it covers; `*` is all of its namespace",
            ));
        }
        Ok(Self {
            rules: rules(&spec.rules, &at)?,
            namespaces: Globs::default(),
            releases: globs(&at, "releases", Some(&spec.releases))?,
            pointers: pointers(spec.pointers.as_deref(), &at)?,
            reason: reason(&spec.reason, &at)?,
            expires_at: spec.expires_at,
            by: By::Exemption(format!("{namespace}/{name}").into()),
        })
    }

    /// Compiles what the ReleasePolicy `policy` itself allows.
    pub(super) fn of_policy(
        policy: &Arc<str>,
        spec: &PolicyExemptionSpec,
        at: &Pointer,
    ) -> Result<Self, PolicyError> {
        Ok(Self {
            rules: rules(&spec.rules, at)?,
            namespaces: globs(at, "namespaces", spec.namespaces.as_deref())?,
            releases: globs(at, "releases", spec.releases.as_deref())?,
            pointers: pointers(spec.pointers.as_deref(), at)?,
            reason: reason(&spec.reason, at)?,
            expires_at: spec.expires_at,
            by: By::Policy(Arc::clone(policy)),
        })
    }

    /// Why it was given.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// When it ends.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Who gave it.
    #[must_use]
    pub fn by(&self) -> &By {
        &self.by
    }

    /// The rules that it covers.
    #[must_use]
    pub fn rules(&self) -> &[RuleName] {
        &self.rules
    }

    /// Whether it has ended at `now`.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at < now
    }

    /// Whether it is for the object of that name, in the namespace of the Exemption.
    #[must_use]
    pub fn selects(&self, name: &str) -> bool {
        self.releases.matches(name)
    }

    /// Whether it names this object, whatever is found in it.
    pub(super) fn is_for(&self, subject: &Subject<'_>) -> bool {
        self.namespaces.matches(subject.namespace) && self.releases.matches(subject.name)
    }

    /// Whether it covers findings of this rule.
    pub(super) fn is_of(&self, rule: &str) -> bool {
        self.rules.iter().any(|name| name == rule)
    }
}

fn rules(names: &[String], at: &Pointer) -> Result<Vec<RuleName>, PolicyError> {
    let at = at.clone().join("rules");
    if names.is_empty() {
        return Err(PolicyError::at(
            at,
            "an exemption names the rules that it covers",
        ));
    }
    let rule = |(index, name): (usize, &String)| -> Result<RuleName, PolicyError> {
        if is_custom_name(name) {
            return Ok(name.clone().into());
        }
        let at = at.clone().join(&index.to_string());
        known_rule(name, &at).map(|rule| rule.meta().name.into())
    };
    names.iter().enumerate().map(rule).collect()
}

fn pointers(texts: Option<&[String]>, at: &Pointer) -> Result<Option<Vec<Pointer>>, PolicyError> {
    let at = at.clone().join("pointers");
    let pointer = |(index, text): (usize, &String)| {
        Pointer::parse(text).ok_or_else(|| {
            let at = at.clone().join(&index.to_string());
            PolicyError::at(at, "a JSON Pointer begins with `/`")
        })
    };
    texts
        .map(|texts| texts.iter().enumerate().map(pointer).collect())
        .transpose()
}

fn reason(text: &str, at: &Pointer) -> Result<Arc<str>, PolicyError> {
    let wrong = |message: &str| Err(PolicyError::at(at.clone().join("reason"), message));
    match text.trim() {
        "" => wrong("an exemption needs a reason that others can read"),
        reason if reason.chars().nth(LONGEST_REASON).is_some() => {
            wrong("a reason has at most 1024 characters")
        }
        reason => Ok(reason.into()),
    }
}

/// What a ReleasePolicy lets others exempt.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    rules: Globs,
    namespaces: Globs,
    means: Vec<MeansSpec>,
}

impl Opening {
    pub(super) fn compile(spec: &AllowedExemptionsSpec, at: &Pointer) -> Result<Self, PolicyError> {
        let rules_at = at.clone().join("rules");
        if spec.rules.is_empty() {
            return Err(PolicyError::at(
                rules_at,
                "name the rules that may be exempted; `*` is all of them",
            ));
        }
        for (index, name) in spec.rules.iter().enumerate() {
            if glob::is_name(name) && !is_custom_name(name) {
                known_rule(name, &rules_at.clone().join(&index.to_string()))?;
            }
        }
        let means = match &spec.by {
            None => vec![MeansSpec::Exemption],
            Some(means) if means.is_empty() => {
                return Err(PolicyError::at(
                    at.clone().join("by"),
                    "name `Exemption`, `Annotation` or both, or leave it out for `Exemption` alone",
                ));
            }
            Some(means) => means.clone(),
        };
        Ok(Self {
            rules: globs(at, "rules", Some(&spec.rules))?,
            namespaces: globs(at, "namespaces", spec.namespaces.as_deref())?,
            means,
        })
    }

    /// Whether a finding of `rule` in `namespace` may be exempted by these means.
    pub(super) fn opens(&self, rule: &str, namespace: &str, means: MeansSpec) -> bool {
        self.means.contains(&means)
            && self.rules.matches(rule)
            && self.namespaces.matches(namespace)
    }
}

/// Reads the annotation [`ANNOTATION`]: an exemption a line, `<rule> [<pointer>] until <date or time>: <reason>`.
/// The errors are the numbers of the lines that cannot be read, from 1; the first behind [`MOST_LINES`] stands for all
/// that are there.
pub(super) fn of_annotation(text: &str) -> (Vec<Exemption>, Vec<usize>) {
    let (mut exemptions, mut wrong) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if index >= MOST_LINES {
            wrong.push(index + 1);
            break;
        }
        match of_line(line) {
            Some(exemption) => exemptions.push(exemption),
            None => wrong.push(index + 1),
        }
    }
    (exemptions, wrong)
}

fn of_line(line: &str) -> Option<Exemption> {
    let (what, rest) = line.split_once(" until ")?;
    let (rule, place) = match what.trim().split_once(' ') {
        Some((rule, place)) => (rule, Some(place.trim())),
        None => (what.trim(), None),
    };
    // A time holds colons itself; what ends the date is a colon with a space behind it.
    let (ends, why) = rest.split_once(": ")?;
    let spec = serde_json::json!({"rules": [rule], "releases": ["any"], "reason": why,
        "pointers": place.map(|place| [place]), "expiresAt": ends.trim()});
    let spec: ExemptionSpec = serde_path_to_error::deserialize(spec)
        .map_err(|error| shape_error(&error, &Pointer::root()))
        .ok()?;
    let exemption = Exemption::compile("", "", &spec).ok()?;
    Some(Exemption {
        by: By::Annotation,
        releases: Globs::default(),
        ..exemption
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_says_rule_place_end_and_reason() {
        let (read, wrong) = of_annotation(
            "unpinned-image until 2027-06-30: upstream has no versions\n\n  missing-claim /spec/values/persistence/a until 2027-01-01T10:00:00Z: soon: really\ncustom/no-beta until 2027-01-01: x\n",
        );
        assert!(wrong.is_empty(), "{wrong:?}");
        let told: Vec<_> = read
            .iter()
            .map(|exemption| {
                let pointers = exemption.pointers.iter().flatten();
                let pointers: Vec<_> = pointers.map(Pointer::as_str).collect();
                (&*exemption.rules[0], pointers, exemption.reason())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("unpinned-image", vec![], "upstream has no versions"),
                (
                    "missing-claim",
                    vec!["/spec/values/persistence/a"],
                    "soon: really"
                ),
                ("custom/no-beta", vec![], "x"),
            ]
        );
        assert_eq!(
            read[1].expires_at(),
            "2027-01-01T10:00:00Z".parse().expect("a time")
        );
    }

    #[test]
    fn what_cannot_be_read_of_an_annotation_is_told_by_its_line() {
        let (read, wrong) = of_annotation(
            "unpinned-image: forever\nunpined-image until 2027-01-01: typo\nunpinned-image until soon: x\nunpinned-image until 2027-01-01: \nunpinned-image spec/values until 2027-01-01: no pointer\nunpinned-chart until 2027-01-01: good",
        );
        assert_eq!(wrong, [1, 2, 3, 4, 5]);
        assert_eq!(read.len(), 1);
    }

    #[test]
    fn what_an_author_makes_too_long_is_not_read() {
        let line = "unpinned-image until 2027-01-01: x\n";
        let (read, wrong) = of_annotation(&line.repeat(6000));
        assert_eq!((read.len(), wrong), (MOST_LINES, vec![MOST_LINES + 1]));
        let reason =
            |length: usize| format!("unpinned-image until 2027-01-01: {}", "ü".repeat(length));
        assert_eq!(of_annotation(&reason(LONGEST_REASON)).0.len(), 1);
        assert_eq!(of_annotation(&reason(LONGEST_REASON + 1)).1, [1]);
    }
}
