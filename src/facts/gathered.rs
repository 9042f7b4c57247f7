//! Facts by asking: what is not known at once is noted, read by whoever may wait, and judged again.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use super::{
    Answer, Claim, ConfigMap, Facts, Key, NoFacts, Population, SecretSource, SourceKind,
    SourceName, Substitution, Unseen,
};

/// What one review may ask to be read: an author could name any number of objects.
const MOST_QUESTIONS: usize = 64;

/// Names an object of a kind that the question implies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

impl From<Key<'_>> for Name {
    fn from(key: Key<'_>) -> Self {
        Self {
            namespace: key.namespace.to_owned(),
            name: key.name.to_owned(),
        }
    }
}

impl Name {
    /// The same, borrowed.
    #[must_use]
    pub fn key(&self) -> Key<'_> {
        Key {
            namespace: &self.namespace,
            name: &self.name,
        }
    }
}

/// A question that a read of the API server can answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// [`Facts::claim`].
    Claim(Name),
    /// [`Facts::config_map`].
    ConfigMap(Name),
    /// [`Facts::substitution`].
    Substitution(Name),
}

impl Question {
    /// What it is about.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Question::Claim(name) | Question::ConfigMap(name) | Question::Substitution(name) => {
                name
            }
        }
    }
}

/// The answer to a [`Question`] of the same kind.
#[derive(Clone)]
pub enum Reply {
    /// To [`Question::Claim`].
    Claim(Answer<Claim>),
    /// To [`Question::ConfigMap`].
    ConfigMap(Answer<Arc<ConfigMap>>),
    /// To [`Question::Substitution`].
    Substitution(Answer<Substitution>),
}

impl Reply {
    /// Says why the question has no answer.
    #[must_use]
    pub fn unseen(question: &Question, why: Unseen) -> Self {
        match question {
            Question::Claim(_) => Self::Claim(Answer::Unseen(why)),
            Question::ConfigMap(_) => Self::ConfigMap(Answer::Unseen(why)),
            Question::Substitution(_) => Self::Substitution(Answer::Unseen(why)),
        }
    }

    /// Says that nothing of that name is there.
    #[must_use]
    pub fn absent(question: &Question) -> Self {
        match question {
            Question::Claim(_) => Self::Claim(Answer::Absent),
            Question::ConfigMap(_) => Self::ConfigMap(Answer::Absent),
            Question::Substitution(_) => Self::Substitution(Answer::Absent),
        }
    }

    /// The bytes of the texts in it, as far as an object's author chooses how many there are.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::ConfigMap(Answer::Known(map)) => {
                let texts = map.data.iter();
                texts.map(|(key, text)| key.len() + text.len()).sum()
            }
            Self::Claim(_) | Self::ConfigMap(_) | Self::Substitution(_) => 0,
        }
    }
}

/// How old an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// One of some seconds will do.
    Recent,
    /// It must be read now: a denial would rest upon it.
    Now,
}

/// What was read for one review.
#[derive(Clone, Default)]
pub struct Replies(HashMap<Question, (Reply, Age)>);

impl Replies {
    /// Keeps an answer, with how old it is at most.
    pub fn insert(&mut self, question: Question, reply: Reply, age: Age) {
        self.0.insert(question, (reply, age));
    }

    /// Says of every question that nobody answered it in time.
    #[must_use]
    pub fn unread(questions: &[Question]) -> Self {
        let mut replies = Self::default();
        for question in questions {
            let reply = Reply::unseen(question, Unseen::TooSlow);
            replies.insert(question.clone(), reply, Age::Now);
        }
        replies
    }

    /// The bytes of the texts that were read: a small review can bring much to judge.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.values().map(|(reply, _)| reply.size()).sum()
    }

    /// Takes over newer answers.
    pub fn extend(&mut self, newer: Replies) {
        self.0.extend(newer.0);
    }

    fn get(&self, question: &Question) -> Option<(&Reply, Age)> {
        self.0.get(question).map(|(reply, age)| (reply, *age))
    }
}

/// Whoever answers questions at once, and can read more from the API server.
pub trait Knowledge: Facts + Send + Sync {
    /// Reads the answers, all at once; what has none at `until` is left out.
    fn read<'a>(
        &'a self,
        questions: Vec<Question>,
        age: Age,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Replies> + Send + 'a>> {
        let _ = (questions, age, until);
        Box::pin(ready(Replies::default()))
    }

    /// Whether enough is known to judge by: reviews before that find much unverified.
    fn is_ready(&self) -> bool {
        true
    }

    /// Who lives in the cluster; `None` where that is not known.
    fn population(&self) -> Option<Population> {
        None
    }

    /// What is watched, and how well.
    fn watches(&self) -> Vec<Watch> {
        Vec::new()
    }
}

impl Knowledge for NoFacts {}

/// The state of what is watched of one kind, for whoever reports it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watch {
    /// The plural name of the kind.
    pub resource: &'static str,
    /// How many objects are known.
    pub objects: usize,
    /// Seconds since what is known was last known to be whole; `None` before it ever was.
    pub age: Option<f64>,
}

/// The facts of one judgement of one review: those that are known at once, and those that were read
/// for it. It notes what is missing.
pub struct Gathered<'k> {
    known: &'k dyn Facts,
    replies: &'k Replies,
    missing: RefCell<Missing>,
}

/// What a judgement asked and did not surely learn.
#[derive(Debug, Default)]
pub struct Missing {
    /// Nobody answered, though a read could.
    pub unanswered: Vec<Question>,
    /// The answer speaks against the object and may be old: it must be read before a denial.
    pub doubtful: Vec<Question>,
}

impl<'k> Gathered<'k> {
    /// What is known at once, and what was read for this review.
    #[must_use]
    pub fn new(known: &'k dyn Facts, replies: &'k Replies) -> Self {
        Self {
            known,
            replies,
            missing: RefCell::default(),
        }
    }

    /// What the judgement asked and did not surely learn.
    #[must_use]
    pub fn missing(self) -> Missing {
        self.missing.into_inner()
    }

    /// Notes that a read could tell; says why not where it cannot be asked for.
    fn unanswered(&self, question: Question) -> Unseen {
        match self.note(question, |missing| &mut missing.unanswered) {
            true => Unseen::NotRead,
            false => Unseen::TooMany,
        }
    }

    /// The answer, noted as one that may be old. Where there is no room to read it again it is believed:
    /// else an author could hide what is missing behind questions that come to nothing.
    fn doubted<T>(&self, question: Question, answer: Answer<T>) -> Answer<T> {
        self.note(question, |missing| &mut missing.doubtful);
        answer
    }

    /// Adds to a list, once; says whether there was room.
    fn note(&self, question: Question, list: fn(&mut Missing) -> &mut Vec<Question>) -> bool {
        let mut missing = self.missing.borrow_mut();
        let list = list(&mut missing);
        if list.contains(&question) {
            return true;
        }
        let asked = self.replies.0.len();
        let has_room =
            list.len() + asked < MOST_QUESTIONS || self.replies.0.contains_key(&question);
        if has_room {
            list.push(question);
        }
        has_room
    }

    /// What a read told where nothing is known at once. An old answer is doubted.
    fn read<T: Clone>(
        &self,
        known: Answer<T>,
        question: impl FnOnce() -> Question,
        answer: impl FnOnce(&Reply) -> Option<&Answer<T>>,
    ) -> Answer<T> {
        if !matches!(known, Answer::Unseen(Unseen::NotRead)) {
            return known;
        }
        let question = question();
        let Some((reply, age)) = self.replies.get(&question) else {
            return Answer::Unseen(self.unanswered(question));
        };
        let answer = answer(reply).cloned().unwrap_or(known);
        match age {
            Age::Recent => self.doubted(question, answer),
            Age::Now => answer,
        }
    }
}

impl Facts for Gathered<'_> {
    fn claim(&self, key: Key<'_>) -> Answer<Claim> {
        // A claim that is known to be there is believed: nothing is read on a good release's way.
        let is_there =
            |answer: &Answer<Claim>| matches!(answer, Answer::Known(claim) if !claim.terminating);
        let known = self.known.claim(key);
        if is_there(&known) {
            return known;
        }
        let question = Question::Claim(key.into());
        let Some((Reply::Claim(answer), age)) = self.replies.get(&question) else {
            return match known {
                Answer::Unseen(Unseen::NotRead) => Answer::Unseen(self.unanswered(question)),
                Answer::Unseen(_) => known,
                // The watch may lag behind a claim that was made a moment ago.
                Answer::Known(_) | Answer::Absent => self.doubted(question, known),
            };
        };
        let answer = answer.clone();
        // So may an answer that was read for another review.
        match age {
            Age::Recent if !is_there(&answer) => self.doubted(question, answer),
            Age::Recent | Age::Now => answer,
        }
    }

    fn feeds_a_release(&self, source: Key<'_>) -> Answer<bool> {
        self.known.feeds_a_release(source)
    }

    fn source(&self, kind: SourceKind, key: Key<'_>) -> Answer<Arc<Value>> {
        self.known.source(kind, key)
    }

    fn namespace_labels(&self, namespace: &str) -> Answer<Arc<BTreeMap<String, String>>> {
        self.known.namespace_labels(namespace)
    }

    fn secret(&self, key: Key<'_>) -> Answer<SecretSource> {
        self.known.secret(key)
    }

    fn config_map(&self, key: Key<'_>) -> Answer<Arc<ConfigMap>> {
        self.read(
            self.known.config_map(key),
            || Question::ConfigMap(key.into()),
            |reply| match reply {
                Reply::ConfigMap(answer) => Some(answer),
                _ => None,
            },
        )
    }

    fn kustomization_source(&self, kustomization: Key<'_>) -> Answer<Arc<SourceName>> {
        self.known.kustomization_source(kustomization)
    }

    fn substitution(&self, kustomization: Key<'_>) -> Answer<Substitution> {
        self.read(
            self.known.substitution(kustomization),
            || Question::Substitution(kustomization.into()),
            |reply| match reply {
                Reply::Substitution(answer) => Some(answer),
                _ => None,
            },
        )
    }
}

#[cfg(test)]
mod tests;
