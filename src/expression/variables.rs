//! What expressions know of one case: each variable is made when an expression names it, once a review.

use std::cell::{Cell, OnceCell};
use std::fmt;

use cel::common::types::{CelBool, CelNull, CelString};
use serde_json::Value;

use super::Deadline;
use super::estimate::{Cost, MOST_BYTES};
use super::found;
use super::size::{Size, Whole};
use super::value::{Lent, lend, map};
use crate::model::{Case, Operation};

/// A variable of the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Object,
    OldObject,
    Request,
    Images,
    Claims,
    Chart,
}

impl Name {
    pub(super) const COUNT: usize = 6;

    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Object,
        Self::OldObject,
        Self::Request,
        Self::Images,
        Self::Claims,
        Self::Chart,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::OldObject => "oldObject",
            Self::Request => "request",
            Self::Images => "images",
            Self::Claims => "claims",
            Self::Chart => "chart",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// All of them, for a message.
    pub(super) fn list() -> String {
        Self::ALL
            .map(|name| format!("`{}`", name.as_str()))
            .join(", ")
    }
}

/// The sizes of a usual case, by which an expression is judged before there is an object.
pub(super) static NOMINAL: [Size; Name::COUNT] = {
    let object = Size {
        whole: whole_of(2000, 64 << 10, 4 << 10, 100),
        item: whole_of(100, 8 << 10, 4 << 10, 100),
        looped: whole_of(20, 4 << 10, 4 << 10, 20),
    };
    let found = Size {
        whole: whole_of(1000, 64 << 10, 256, 100),
        item: whole_of(8, 1 << 10, 256, 8),
        looped: whole_of(8, 1 << 10, 256, 8),
    };
    let few = Size {
        whole: whole_of(10, 1 << 10, 256, 10),
        item: whole_of(3, 512, 256, 3),
        looped: whole_of(1, 256, 256, 0),
    };
    [object, object, few, found, found, few]
};

const fn whole_of(nodes: u64, bytes: u64, text: u64, length: u64) -> Whole {
    Whole {
        nodes,
        bytes,
        text,
        length,
        own_nodes: 0,
        own_bytes: 0,
    }
}

/// What expressions know of one case, and what they have cost so far.
///
/// | variable | what it is |
/// |---|---|
/// | `object` | the object as it is judged |
/// | `oldObject` | the object before an update; `null` where there is none |
/// | `request` | `operation` (`CREATE` or `UPDATE`), `namespace`, `name`, `kind`, `dryRun`, `userInfo.username` |
/// | `images` | a list of the images that the release names: `image`, `registry`, `repository`, `tag`, `digest`, `pinned`, `path` |
/// | `claims` | a list of the claims that it names: `name`, `namespace`, `path` |
/// | `chart` | where it takes its chart from: `kind`, `name` and `namespace` of the source, `chart`, `version`; `null` where it does not say |
///
/// A text that is not there is `""`. `path` is the JSON Pointer to the place in the object.
pub struct Variables<'c> {
    pub(super) case: &'c Case<'c>,
    pub(super) deadline: &'c Deadline,
    made: [OnceCell<(Lent<'c>, Size)>; Name::COUNT],
    /// The variables whose lending is among what is spent, a bit each.
    lent: Cell<u8>,
    spent: Cell<u64>,
}

impl fmt::Debug for Variables<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Variables")
    }
}

impl<'c> Variables<'c> {
    /// The variables of a case, none of them made yet.
    #[must_use]
    pub fn new(case: &'c Case<'c>, deadline: &'c Deadline) -> Self {
        Self {
            case,
            deadline,
            made: Default::default(),
            lent: Cell::new(0),
            spent: Cell::new(0),
        }
    }

    /// The variable, and how large it is.
    pub(super) fn get(&self, name: Name) -> &(Lent<'c>, Size) {
        self.made[name as usize].get_or_init(|| self.make(name))
    }

    fn make(&self, name: Name) -> (Lent<'c>, Size) {
        match name {
            Name::Object => whole(self.case.subject.root),
            Name::OldObject => match self.case.before.and_then(|before| before.root()) {
                Some(root) => whole(root),
                None => (Box::new(CelNull), Size::uniform(Whole::SCALAR)),
            },
            Name::Request => self.request(),
            Name::Images => found::images(&self.case.subject),
            Name::Claims => found::claims(&self.case.subject),
            Name::Chart => found::chart(&self.case.subject),
        }
    }

    fn request(&self) -> (Lent<'c>, Size) {
        let (subject, request) = (&self.case.subject, &self.case.request);
        let operation = match request.operation {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
        };
        let user = request.user.unwrap_or("");
        let mut size = Whole::default();
        for text in [subject.namespace, subject.name, user] {
            size.add_text(text);
        }
        size = size.and(whole_of(8, 128, 16, 6));
        let text = |text: &'c str| -> Lent<'c> { Box::new(CelString::from(text)) };
        let value = map([
            ("operation", text(operation)),
            ("namespace", text(subject.namespace)),
            ("name", text(subject.name)),
            ("kind", text(subject.kind.name())),
            ("dryRun", Box::new(CelBool::from(request.dry_run))),
            ("userInfo", map([("username", text(user))])),
        ]);
        (value, Size::uniform(size))
    }

    /// Takes what an evaluation may cost from the review's budget: whether there is enough left.
    pub(super) fn spend(&self, mut cost: Cost, named: [bool; Name::COUNT]) -> bool {
        let lent = self.lent.get();
        let mut lends = lent;
        for name in Name::ALL.into_iter().filter(|name| named[*name as usize]) {
            let lending = Cost::lend(self.get(name).1.whole);
            cost.bytes = cost.bytes.saturating_add(lending.bytes);
            if lent & (1 << name as u8) == 0 {
                cost.steps = cost.steps.saturating_add(lending.steps);
                lends |= 1 << name as u8;
            }
        }
        let spent = self.spent.get();
        if !cost.is_within_budget(spent) {
            return false;
        }
        self.spent.set(spent + cost.steps);
        self.lent.set(lends);
        true
    }
}

fn whole(root: &Value) -> (Lent<'_>, Size) {
    (lend(root), Size::of_json(root))
}

/// A size that no budget is enough for.
pub(super) fn endless() -> Size {
    Size::uniform(Whole {
        nodes: MOST_BYTES,
        ..Whole::default()
    })
}
