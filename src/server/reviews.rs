//! One review, from its bytes to its answer: judged, logged, counted, and never let through by a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::app::App;
use super::metrics::verdict;
use crate::admission::{Answer, Review, Unreadable};

/// What is asked of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// May it pass?
    Validate,
    /// What must be changed?
    Mutate,
}

impl Task {
    fn as_str(self) -> &'static str {
        match self {
            Task::Validate => "validate",
            Task::Mutate => "mutate",
        }
    }
}

/// Answers a review with the bytes to send.
pub(super) fn answer(app: &App, task: Task, body: &[u8]) -> Result<Vec<u8>, Unreadable> {
    // Rules that panic are the judge's business; this is for everything around them.
    catch_unwind(AssertUnwindSafe(|| try_answer(app, task, body))).unwrap_or_else(|_| {
        let echoed = catch_unwind(|| {
            let review = Review::read(body)?;
            Ok(Answer::of_failure().to_bytes(review.uid()))
        });
        echoed.unwrap_or_else(|_| {
            Err(Unreadable {
                status: 500,
                sentence: "the review could not be read because of a bug in Lockkeeper".to_owned(),
            })
        })
    })
}

fn try_answer(app: &App, task: Task, body: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let start = Instant::now();
    let review = Review::read(body)?;
    let answer = match task {
        Task::Validate => review.validate(&app.policy, &*app.facts, (app.clock)())?,
        Task::Mutate => review.mutate()?,
    };
    let bytes = answer.to_bytes(review.uid());
    let took = start.elapsed();
    app.metrics.took(took.as_secs_f64());
    app.metrics.answered(&review, &answer);
    log(task, &review, &answer, took.as_micros());
    Ok(bytes)
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
            let pair = (ruled.finding.rule, ruled.action.as_str());
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
