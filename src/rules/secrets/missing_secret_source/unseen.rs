//! What could not be verified, gathered so that a release says it once for each reason.

use std::collections::HashSet;
use std::fmt;

use crate::facts::Unseen;
use crate::model::{Action, Findings, NodeId, Tree};

/// How many names a message lists.
const MOST_NAMES: usize = 10;

const HELP: &str =
    "see that the Secret is made before this release is, or list it in `externalSecrets`";

/// Why a Secret could not be looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Nobody could look.
    Unseen(Unseen),
    /// Where it is cannot be said; the text completes "could not be verified: …".
    Place(&'static str),
    /// What it is called cannot be said; the text completes "its name …".
    Name(&'static str),
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Unseen(why) => why.fmt(formatter),
            Why::Place(why) => formatter.write_str(why),
            Why::Name(why) => write!(formatter, "the name {why}"),
        }
    }
}

#[derive(Debug)]
struct Group<'a> {
    why: Why,
    namespace: &'a str,
    /// The place of the first.
    node: NodeId,
    /// The first names, in the order of the object.
    listed: Vec<String>,
    /// All names.
    names: HashSet<String>,
}

/// The Secrets that could not be verified. Nothing is allocated while there is none.
#[derive(Debug, Default)]
pub(super) struct Unverified<'a>(Vec<Group<'a>>);

impl<'a> Unverified<'a> {
    pub(super) fn add(&mut self, node: NodeId, namespace: &'a str, name: &str, why: Why) {
        let name = shown(name);
        let at = self
            .0
            .iter()
            .position(|group| group.why == why && group.namespace == namespace);
        let at = at.unwrap_or_else(|| {
            self.0.push(Group {
                why,
                namespace,
                node,
                listed: Vec::new(),
                names: HashSet::new(),
            });
            self.0.len() - 1
        });
        let group = &mut self.0[at];
        if group.names.insert(name.to_owned()) && group.listed.len() < MOST_NAMES {
            group.listed.push(name.to_owned());
        }
    }

    /// Says each reason once.
    pub(super) fn report(self, tree: &Tree<'_>, in_file: bool, out: &mut Findings) {
        for group in self.0 {
            let finding = out.at(tree, group.node, group.to_string());
            finding.unverified().on_facts().help(HELP);
            // Nearly every release reads a Secret: without anything to ask, a warning is noise.
            if in_file || group.why == Why::Unseen(Unseen::NoCluster) {
                finding.at_most(Action::Audit);
            }
        }
    }
}

impl fmt::Display for Group<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = self.names.len();
        formatter.write_str(if many == 1 { "Secret" } else { "Secrets" })?;
        for (at, name) in self.listed.iter().enumerate() {
            let before = match at {
                0 => " ",
                _ if at + 1 == many => " and ",
                _ => ", ",
            };
            write!(formatter, "{before}`{name}`")?;
        }
        if many > MOST_NAMES {
            write!(formatter, " and {} more", many - MOST_NAMES)?;
        }
        if !self.namespace.is_empty() {
            write!(formatter, " in namespace `{}`", self.namespace)?;
        }
        write!(formatter, " could not be verified: {}", self.why)
    }
}

/// A text as messages show it: whole unless it is long.
pub(super) fn shown(text: &str) -> &str {
    match text.char_indices().nth(80) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
