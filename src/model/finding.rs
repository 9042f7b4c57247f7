//! What a rule says: a place, a message, a mend, and how sure it is. What follows is the policy's choice.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{NodeId, Pointer, Tree};

/// What becomes of a finding, from the mildest to the hardest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The rule is not asked.
    Off,
    /// Recorded, and shown to nobody in the request's way.
    Audit,
    /// The request passes with a warning.
    #[default]
    Warn,
    /// The request is refused.
    Deny,
}

impl Action {
    /// Every action, from the mildest to the hardest.
    pub const ALL: [Action; 4] = [Action::Off, Action::Audit, Action::Warn, Action::Deny];

    /// The word that policies and reports use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Off => "off",
            Action::Audit => "audit",
            Action::Warn => "warn",
            Action::Deny => "deny",
        }
    }
}

/// What [`Action`] is read from: a word, or the boolean that an unquoted `off` is.
impl JsonSchema for Action {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Action".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["off", "audit", "warn", "deny", false] })
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Word;
        impl de::Visitor<'_> for Word {
            type Value = Action;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("one of `off`, `audit`, `warn`, `deny`")
            }

            // Kubernetes reads an unquoted `off` in YAML as the boolean false.
            fn visit_bool<E: de::Error>(self, on: bool) -> Result<Action, E> {
                if on {
                    return Err(E::invalid_value(de::Unexpected::Bool(on), &self));
                }
                Ok(Action::Off)
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Action, E> {
                Action::ALL
                    .into_iter()
                    .find(|action| action.as_str() == word)
                    .ok_or_else(|| E::unknown_variant(word, &["off", "audit", "warn", "deny"]))
            }
        }
        from.deserialize_any(Word)
    }
}

/// Whether the rule saw what it needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// The rule saw all that it judges.
    #[default]
    Definite,
    /// Something could not be seen; the message says what.
    Unverified,
}

impl Certainty {
    /// The word that reports use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::Definite => "definite",
            Certainty::Unverified => "unverified",
        }
    }
}

/// What a finding rests on. One that rests on other objects is never denied in a dry-run: Flux
/// dry-runs a whole stage before it applies any of it, so the other object may be in that stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// The judged object alone.
    #[default]
    Object,
    /// Another object of the cluster or the tree.
    Facts,
}

/// A rule's name: that of the registry, or `custom/<name>` of a rule that a policy brings.
pub type RuleName = Cow<'static, str>;

/// One thing that a rule found wrong. It never contains the value of a secret.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The name of the rule.
    pub rule: RuleName,
    /// The place in the object.
    pub pointer: Pointer,
    /// What is wrong, as one sentence without the rule's name.
    pub message: String,
    /// How to mend it.
    pub help: Cow<'static, str>,
    /// Whether the rule saw all that it needed.
    pub certainty: Certainty,
    /// What the finding rests on.
    pub basis: Basis,
    /// The hardest action that this finding may have, whatever the rule's action is.
    pub at_most: Action,
    /// Whether the value at the place is a secret, which no message, path or excerpt may show.
    pub conceals: bool,
}

impl Finding {
    /// Marks that the value at the place is a secret.
    pub fn conceal(&mut self) -> &mut Self {
        self.conceals = true;
        self
    }

    /// A milder ceiling than the rule's own action.
    pub fn at_most(&mut self, action: Action) -> &mut Self {
        self.at_most = self.at_most.min(action);
        self
    }

    /// Marks that the rule could not see all that it needed.
    pub fn unverified(&mut self) -> &mut Self {
        self.certainty = Certainty::Unverified;
        self
    }

    /// Marks that the finding rests on another object.
    pub fn on_facts(&mut self) -> &mut Self {
        self.basis = Basis::Facts;
        self
    }

    /// Says how to mend it.
    pub fn help(&mut self, help: impl Into<Cow<'static, str>>) -> &mut Self {
        self.help = help.into();
        self
    }
}

/// Where a rule puts what it finds. Nothing is allocated while nothing is found.
#[derive(Debug)]
pub struct Findings {
    rule: RuleName,
    found: Vec<Finding>,
}

impl Findings {
    /// An empty list for the findings of `rule`.
    #[must_use]
    pub fn of(rule: impl Into<RuleName>) -> Self {
        Self {
            rule: rule.into(),
            found: Vec::new(),
        }
    }

    /// Adds a definite finding at a node of the tree.
    pub fn at(&mut self, tree: &Tree<'_>, id: NodeId, message: impl Into<String>) -> &mut Finding {
        self.at_pointer(tree.pointer(id), message)
    }

    /// Adds a definite finding at a pointer.
    pub fn at_pointer(&mut self, pointer: Pointer, message: impl Into<String>) -> &mut Finding {
        let index = self.found.len();
        self.found.push(Finding {
            rule: self.rule.clone(),
            pointer,
            message: message.into(),
            help: Cow::Borrowed(""),
            certainty: Certainty::Definite,
            basis: Basis::Object,
            at_most: Action::Deny,
            conceals: false,
        });
        &mut self.found[index]
    }

    /// The findings, in the order in which they were added.
    #[must_use]
    pub fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}
