//! `missing-claim`: a claim that is not there when the pod wants it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shown;
use crate::facts::{Answer, Facts, Key, Unseen};
use crate::model::claim::{ClaimPlace, ClaimsMade, references};
use crate::model::elsewhere::{NO_NAMESPACE, elsewhere};
use crate::model::persistence::is_set;
use crate::model::resource_name::{Made, is_valid_name};
use crate::model::template::{NameBuffer, Rendered, render};
use crate::model::{
    Action, AppTemplate, Case, ClaimReference, Finding, Findings, HelmRelease, Kind, NodeId,
};
use crate::rules::name_globs::NameGlobs;
use crate::rules::{Family, Meta, Params, Rule, Stricter, rule};

rule! {
    /// ## What it does
    /// Refuses a release that names a PersistentVolumeClaim which does not exist in the namespace
    /// that the chart is installed to, or which is being deleted, or whose name no claim can have.
    /// Names are found as `existingClaim` and `claimName` anywhere in the values.
    ///
    /// ## Why is this bad
    /// The pod stays Pending and the upgrade fails after its timeout. Worse, a mistyped name that
    /// happens to exist mounts somebody else's data.
    ///
    /// ## Example
    /// ```yaml
    /// persistence:
    ///   data:
    ///     existingClaim: Romm_Data
    /// ```
    ///
    /// ## Use instead
    /// ```yaml
    /// persistence:
    ///   data:
    ///     existingClaim: romm-data
    /// ```
    ///
    /// ## What is not judged
    /// Claims that the release makes itself, by entries of its own, by the claim templates of its
    /// StatefulSets or by manifests in its values. A name is rendered first: `{{ .Release.Name }}`,
    /// `{{ .Release.Namespace }}`, `quote` and `printf` of them. Other templates, `${…}`, a release
    /// for another cluster (`spec.kubeConfig`) and a claim that nobody could look for are
    /// unverified: a warning that says why. In a dry-run a missing claim is a warning as well, as
    /// Flux dry-runs a whole Kustomization before it makes the claims in it; when the release is
    /// really written, its claims have been.
    ///
    /// ## Options
    /// * `existence`: `deny` (default) refuses a missing claim; `warn` only says so; `off` judges
    ///   names alone.
    /// * `externalClaims`: globs of the claims that something outside of the tree makes, by name or
    ///   as `namespace/name`.
    ///
    /// ## References
    /// * <https://kubernetes.io/docs/concepts/storage/persistent-volumes/#persistentvolumeclaims>
    /// * <https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies>
    pub struct MissingClaim;
}

/// What becomes of a claim that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Existence {
    /// Nobody looks.
    Off,
    /// At most a warning.
    Warn,
    /// The rule's own action.
    #[default]
    Deny,
}

impl JsonSchema for Existence {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Existence".into()
    }

    // As Action: an unquoted `off` in YAML is a boolean.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["deny", "warn", "off", false] })
    }
}

impl<'de> Deserialize<'de> for Existence {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        // Action knows that an unquoted `off` in YAML is a boolean.
        match Action::deserialize(from)? {
            Action::Deny => Ok(Self::Deny),
            Action::Warn => Ok(Self::Warn),
            Action::Off => Ok(Self::Off),
            Action::Audit => Err(D::Error::unknown_variant("audit", &["deny", "warn", "off"])),
        }
    }
}

/// What a policy can set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct MissingClaimParams {
    /// What becomes of a claim that is not there.
    pub existence: Existence,
    /// The claims that something outside of the tree makes.
    pub external_claims: NameGlobs,
}

impl Params for MissingClaimParams {}

impl Stricter for MissingClaimParams {
    fn stricter(self, other: Self) -> Self {
        Self {
            existence: self.existence.max(other.existence),
            external_claims: self.external_claims.stricter(other.external_claims),
        }
    }
}

const HELP_MISSING: &str = "make the claim in the release's own Kustomization or in an earlier one that this one `dependsOn`; if something later makes it, list it in `externalClaims`, or set `existence: warn`";
const HELP_NAME: &str = "a claim's name is a DNS-1123 subdomain: at most 253 of a-z, 0-9, `-` and `.`, with a letter or digit at both ends of each part";
const HELP_UNSEEN: &str =
    "see that the claim is there before this release is, or list it in `externalClaims`";

impl Rule for MissingClaim {
    type Params = MissingClaimParams;
    const META: Meta = Meta {
        name: "missing-claim",
        family: Family::Storage,
        subjects: &[Kind::HelmRelease],
        action: Action::Deny,
        summary: "a claim that is not there when the pod wants it",
    };
    const DOC: &'static str = Self::PAGE;

    fn check(&self, case: &Case<'_>, params: &Self::Params, facts: &dyn Facts, out: &mut Findings) {
        let release = HelmRelease::of(&case.subject);
        let app = AppTemplate::of(&release);
        let mut judge = Judge {
            release,
            app,
            params,
            facts,
            made: None,
            said: HashSet::new(),
        };
        for claim in references(&release, app.as_ref()) {
            judge.claim(&claim, out);
        }
    }
}

/// ` in namespace …`; nothing where the object names none.
struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(formatter, " in namespace `{}`", self.0)
    }
}

struct Judge<'s, 'a, 'p> {
    release: HelmRelease<'s, 'a>,
    app: Option<AppTemplate<'s, 'a>>,
    params: &'p MissingClaimParams,
    facts: &'p dyn Facts,
    /// Read only for a claim that is not there.
    made: Option<ClaimsMade<'a>>,
    /// The claims of which it was said that they could not be verified: once is enough.
    said: HashSet<String>,
}

impl<'a> Judge<'_, 'a, '_> {
    fn claim(&mut self, claim: &ClaimReference<'a>, out: &mut Findings) {
        let Some(text) = self.text(claim, out) else {
            return;
        };
        let mut buffer = NameBuffer::default();
        let name = match render(text, &self.release, &mut buffer) {
            Rendered::Text(name) => name,
            Rendered::Open(why) => {
                if self.params.existence != Existence::Off && !self.is_external(text) {
                    self.unverified(claim.node, text, out, |shown| {
                        format!("claim `{shown}` could not be verified: its name {why}")
                    });
                }
                return;
            }
        };
        if !is_valid_name(name) {
            self.invalid(claim, text, name, out);
            return;
        }
        if self.params.existence != Existence::Off {
            self.existence(claim, name, out);
        }
    }

    /// The name as it is written; `None` where there is none, or none that could be a claim's.
    fn text(&self, claim: &ClaimReference<'a>, out: &mut Findings) -> Option<&'a str> {
        // What an empty name means is the chart's affair, but for where it goes to the pod as it is.
        let is_direct = matches!(claim.place, ClaimPlace::Entry | ClaimPlace::Volume);
        let tree = self.release.tree();
        let message = match claim.value {
            Value::String(text) if !text.is_empty() => return Some(text),
            Value::String(_) if is_direct && !self.makes_instead(claim) => {
                "the name of the claim is empty"
            }
            Value::Number(_) | Value::Array(_) | Value::Object(_)
                if is_direct && is_set(claim.value) =>
            {
                "the name of the claim is not a text"
            }
            _ => return None,
        };
        out.at(tree, claim.node, message).help(HELP_NAME);
        None
    }

    /// Whether an entry with an empty `existingClaim` says how to make a claim.
    fn makes_instead(&self, claim: &ClaimReference<'_>) -> bool {
        let tree = self.release.tree();
        claim.place == ClaimPlace::Entry
            && tree.parent(claim.node).is_some_and(|entry| {
                let has = |key: &str| tree.value(entry).get(key).is_some_and(is_set);
                has("size") && has("accessMode")
            })
    }

    fn invalid(&mut self, claim: &ClaimReference<'_>, text: &str, name: &str, out: &mut Findings) {
        // Some other tool may have yet to fill in what looks like a placeholder of its own.
        let is_foreign = name.contains(['$', '<', '>', '%', '{', '}', '[', '(', '@']);
        if is_foreign && claim.place != ClaimPlace::Entry {
            self.unverified(claim.node, text, out, |shown| {
                format!("claim `{shown}` could not be verified: its name looks like a placeholder")
            });
            return;
        }
        let message = if name.trim().is_empty() {
            "the name of the claim is empty".to_owned()
        } else {
            format!("`{}` cannot be the name of a claim", shown(name))
        };
        out.at(self.release.tree(), claim.node, message)
            .help(HELP_NAME);
    }

    fn existence(&mut self, claim: &ClaimReference<'_>, name: &str, out: &mut Findings) {
        let namespace = self.release.release_namespace();
        let answer = match elsewhere(&self.release, claim.node, namespace) {
            Some(why) => Err(why),
            None if self.release.is_remote() => Ok(Answer::Unseen(Unseen::RemoteCluster)),
            None => match self.facts.claim(Key { namespace, name }) {
                // Whoever looked in no namespace saw nothing.
                Answer::Known(_) | Answer::Absent if namespace.is_empty() => Err(NO_NAMESPACE),
                answer => Ok(answer),
            },
        };
        if matches!(&answer, Ok(Answer::Known(known)) if !known.terminating) {
            return;
        }
        if self.is_external(name) {
            return;
        }
        let (release, app) = (self.release, self.app);
        let made = self
            .made
            .get_or_insert_with(|| ClaimsMade::of(&release, app.as_ref()));
        let made = made.makes(name);
        if made == Made::Surely {
            return;
        }
        let missing = match answer {
            Ok(Answer::Known(_)) => "is being deleted",
            Ok(Answer::Absent) => "does not exist",
            Ok(Answer::Unseen(why)) => {
                let place = Place(namespace);
                self.unverified(claim.node, name, out, |name| {
                    format!("claim `{name}`{place} could not be verified: {why}")
                });
                return;
            }
            Err(why) => {
                self.unverified(claim.node, name, out, |name| {
                    format!("claim `{name}` could not be verified: {why}")
                });
                return;
            }
        };
        let mut message = format!("claim `{name}` {missing}{}", Place(namespace));
        let perhaps = made == Made::Perhaps || claim.place == ClaimPlace::Named;
        if perhaps {
            message.push_str("; the release may make it itself, which could not be verified");
        }
        let finding = out
            .at(self.release.tree(), claim.node, message)
            .on_facts()
            .help(HELP_MISSING);
        if perhaps {
            finding.unverified();
        }
        if self.params.existence == Existence::Warn {
            finding.at_most(Action::Warn);
        }
    }

    fn is_external(&self, name: &str) -> bool {
        let namespace = self.release.release_namespace();
        self.params.external_claims.matches(namespace, name)
    }

    fn unverified(
        &mut self,
        node: NodeId,
        name: &str,
        out: &mut Findings,
        message: impl FnOnce(&str) -> String,
    ) {
        if self.said.insert(name.to_owned()) {
            let finding: &mut Finding = out.at(self.release.tree(), node, message(shown(name)));
            finding.unverified().on_facts().help(HELP_UNSEEN);
            if self.params.existence == Existence::Warn {
                finding.at_most(Action::Warn);
            }
        }
    }
}

#[cfg(test)]
mod tests;
