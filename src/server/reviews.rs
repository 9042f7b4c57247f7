//! One review, from its bytes to its answer: judged, logged, counted, and never let through by a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::app::App;
use super::body::Body;
use super::judging::{self, Session, Time};
use super::metrics::verdict;
use crate::admission::{Answer, Review, Unreadable};
use crate::facts::{Age, Gathered, Question, Replies};
use crate::policy::Policy;

/// What is asked of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// May it pass?
    Validate,
    /// What must be changed?
    Mutate,
    /// Can this policy be compiled?
    Policies,
}

impl Task {
    fn as_str(self) -> &'static str {
        match self {
            Task::Validate => "validate",
            Task::Mutate => "mutate",
            Task::Policies => "policies",
        }
    }

    /// Whether expressions of policies may be evaluated for it.
    pub(super) fn evaluates(self) -> bool {
        self == Task::Validate
    }

    /// Whether a small body means little work. A small policy can hold many expressions to compile.
    pub(super) fn is_quick(self) -> bool {
        self != Task::Policies
    }
}

/// How often the API server may be asked for one review: values from a ConfigMap can name a claim, and
/// what a denial rests upon is read once more.
const READS: usize = 3;
/// Judgements of one review, whatever else is asked.
const JUDGEMENTS: usize = 8;

/// Answers a review with the bytes to send. What is asked and not known is read, within the limit of
/// time, and the object is judged again.
pub(super) async fn answer(app: &Arc<App>, task: Task, body: Body) -> Result<Vec<u8>, Unreadable> {
    let start = Instant::now();
    let until = start + app.limits.lookups;
    let mut session = Session::new(app, body);
    let mut replies = Arc::new(Replies::default());
    let mut judgement = 0;
    loop {
        judgement += 1;
        let at = At {
            task,
            start,
            is_last: judgement == JUDGEMENTS,
        };
        let (questions, age) = match session.judged(at, &replies).await? {
            Step::Answered(bytes) => return Ok(bytes),
            Step::Ask(questions, age) => (questions, age),
        };
        // A judgement that nobody waits for any more may still read the old ones.
        let replies = Arc::make_mut(&mut replies);
        // Behind the last read everything counts as unread, which is never a denial.
        replies.extend(Replies::unread(&questions));
        if judgement <= READS {
            replies.extend(app.knowledge.read(questions, age, until).await);
        }
    }
}

/// One judgement among those of a review.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) task: Task,
    start: Instant,
    is_last: bool,
}

/// What a judgement comes to.
pub(super) enum Step {
    /// The bytes of the answer.
    Answered(Vec<u8>),
    /// What must be read first.
    Ask(Vec<Question>, Age),
}

pub(super) fn judge(
    app: &App,
    policy: &Policy,
    at: At,
    body: &[u8],
    replies: &Replies,
    time: Time<'_>,
) -> Result<Step, Unreadable> {
    // Rules that panic are the judge's business; this is for everything around them.
    catch_unwind(AssertUnwindSafe(|| {
        try_judge(app, policy, at, body, replies, time)
    }))
    .unwrap_or_else(|_| {
        let echoed = catch_unwind(|| {
            let review = Review::read(body)?;
            let answer = match at.task {
                Task::Validate | Task::Policies => Answer::of_failure(),
                Task::Mutate => Answer::of_failed_mutation(),
            };
            Ok(Step::Answered(answer.to_bytes(review.uid())))
        });
        echoed.unwrap_or_else(|_| {
            Err(Unreadable {
                status: 500,
                sentence: "the review could not be read because of a bug in Lockkeeper".to_owned(),
            })
        })
    })
}

fn try_judge(
    app: &App,
    policy: &Policy,
    at: At,
    body: &[u8],
    replies: &Replies,
    time: Time<'_>,
) -> Result<Step, Unreadable> {
    let review = Review::read(body)?;
    let facts = Gathered::new(&*app.knowledge, replies);
    let answer = match at.task {
        Task::Validate => review.validate_until(policy, &facts, (app.clock)(), time.deadline())?,
        Task::Mutate => review.mutate(policy, &facts)?,
        Task::Policies => {
            let population = app.knowledge.population();
            review.judge_policy(policy, population.as_ref(), (app.clock)())?
        }
    };
    if time.is_given_up() {
        judging::blame(app, policy, time.deadline());
        return Ok(Step::Answered(Vec::new()));
    }
    if !at.is_last {
        let missing = facts.missing();
        if !missing.unanswered.is_empty() {
            // What a dry-run read may be older than what Flux applied since, before this write.
            let age = match review.is_dry_run() {
                true => Age::Recent,
                false => Age::Now,
            };
            return Ok(Step::Ask(missing.unanswered, age));
        }
        if !answer.is_allowed() && !missing.doubtful.is_empty() {
            return Ok(Step::Ask(missing.doubtful, Age::Now));
        }
    }
    let bytes = answer.to_bytes(review.uid());
    let took = at.start.elapsed();
    app.metrics.took(took.as_secs_f64());
    app.metrics.answered(&review, &answer);
    log(at.task, &review, &answer, took.as_micros());
    Ok(Step::Answered(bytes))
}

/// One line a review, without any value of the object.
fn log(task: Task, review: &Review<'_>, answer: &Answer, micros: u128) {
    let rules = Rules(answer);
    tracing::info!(
        task = task.as_str(),
        uid = review.uid(),
        kind = review.kind(),
        namespace = review.namespace(),
        name = review.name(),
        subresource = review.subresource(),
        operation = review.operation_name(),
        user = review.user(),
        dry_run = review.is_dry_run(),
        verdict = verdict(answer),
        not_judged = answer.not_judged.map_or("", |why| why.as_str()),
        rules = %rules,
        operations = answer.patch.len(),
        micros = u64::try_from(micros).unwrap_or(u64::MAX),
        "review"
    );
}

/// The rules that spoke, each with what became of it.
struct Rules<'a>(&'a Answer);

impl std::fmt::Display for Rules<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told: Vec<(&str, &str)> = Vec::new();
        for ruled in &self.0.verdict.findings {
            let pair = (&*ruled.finding.rule, ruled.action.as_str());
            if !told.contains(&pair) {
                if !told.is_empty() {
                    formatter.write_str(",")?;
                }
                write!(formatter, "{}={}", pair.0, pair.1)?;
                told.push(pair);
            }
        }
        Ok(())
    }
}
