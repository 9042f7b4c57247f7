//! On which thread a review is judged, and for how long.
//!
//! Small reviews are judged where they arrive, large ones on a thread of their own, so that health is answered
//! meanwhile. Expressions of policies take time that nobody can cut short: they are evaluated on threads of their own
//! too, of which there are few, and who waits for them gives up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::timeout_at;

use super::app::App;
use super::body::Body;
use super::reviews::{At, Step, judge};
use crate::admission::Unreadable;
use crate::expression::Deadline;
use crate::facts::Replies;
use crate::policy::Policy;

/// How long a judgement may take.
#[derive(Clone, Copy)]
pub(super) enum Time<'d> {
    /// Somebody waits until the deadline passes, and then no more.
    Until(&'d Deadline),
    /// Whatever it takes, without expressions, whose time is up: the deadline has passed.
    WithoutExpressions(&'d Deadline),
}

impl<'d> Time<'d> {
    pub(super) fn deadline(self) -> &'d Deadline {
        match self {
            Self::Until(deadline) | Self::WithoutExpressions(deadline) => deadline,
        }
    }

    /// Whether nobody waits for the judgement any more.
    pub(super) fn is_given_up(self) -> bool {
        matches!(self, Self::Until(deadline) if deadline.is_past())
    }
}

/// What a review is judged by, and how long its expressions may yet take, over all its judgements.
pub(super) struct Session {
    pub(super) app: Arc<App>,
    pub(super) policy: Arc<Policy>,
    pub(super) body: Arc<Body>,
    left: Duration,
    is_over: bool,
}

impl Session {
    pub(super) fn new(app: &Arc<App>, body: Body) -> Self {
        Self {
            // One policy for all judgements of it, whatever is put in force meanwhile.
            policy: app.policy.policy(),
            body: Arc::new(body),
            left: app.limits.expressions,
            is_over: false,
            app: Arc::clone(app),
        }
    }

    /// Judges once. What was read counts for the size: a few lines can name ConfigMaps of a megabyte.
    pub(super) async fn judged(
        &mut self,
        at: At,
        replies: &Arc<Replies>,
    ) -> Result<Step, Unreadable> {
        if at.task.evaluates() && self.policy.has_expressions() && !self.is_over {
            if let Some(step) = self.in_time(at, replies).await {
                return step;
            }
            self.is_over = true;
        }
        let size = self.body.bytes.len() + replies.size();
        if size <= self.app.limits.inline && at.task.is_quick() {
            let deadline = Deadline::default();
            deadline.pass();
            let (body, time) = (&self.body.bytes, Time::WithoutExpressions(&deadline));
            return judge(&self.app, &self.policy, at, body, replies, time);
        }
        let judged = self.elsewhere(at, replies, None).await;
        judged.unwrap_or_else(|_| Err(stopping()))
    }

    /// Judges on a thread of its own with all expressions; `None` where that took too long.
    async fn in_time(
        &mut self,
        at: At,
        replies: &Arc<Replies>,
    ) -> Option<Result<Step, Unreadable>> {
        let start = Instant::now();
        let until = (start + self.left).into();
        let room = Arc::clone(&self.app.evaluations).acquire_owned();
        let Ok(Ok(room)) = timeout_at(until, room).await else {
            // All threads are taken by evaluations that nobody waits for any more.
            self.app.metrics.overdue("unknown");
            return None;
        };
        let deadline = Arc::new(Deadline::default());
        let judging = self.elsewhere(at, replies, Some((Arc::clone(&deadline), room)));
        match timeout_at(until, judging).await {
            Ok(judged) => {
                self.left = self.left.saturating_sub(start.elapsed());
                Some(judged.unwrap_or_else(|_| Err(stopping())))
            }
            Err(_) => {
                // The thread ends by itself before its next expression.
                deadline.pass();
                None
            }
        }
    }

    /// Judges on a thread for what may block. What is timed takes room, and gives it back when it ends, whoever waits
    /// for it.
    fn elsewhere(
        &self,
        at: At,
        replies: &Arc<Replies>,
        timed: Option<(Arc<Deadline>, OwnedSemaphorePermit)>,
    ) -> JoinHandle<Result<Step, Unreadable>> {
        let (app, policy) = (Arc::clone(&self.app), Arc::clone(&self.policy));
        let (body, replies) = (Arc::clone(&self.body), Arc::clone(replies));
        tokio::task::spawn_blocking(move || {
            let body = &body.bytes;
            match &timed {
                Some((deadline, _)) => {
                    let time = Time::Until(deadline);
                    judge(&app, &policy, at, body, &replies, time)
                }
                None => {
                    let deadline = Deadline::default();
                    deadline.pass();
                    let time = Time::WithoutExpressions(&deadline);
                    judge(&app, &policy, at, body, &replies, time)
                }
            }
        })
    }
}

/// Says whose expression it was that nobody could wait for.
pub(super) fn blame(app: &App, policy: &Policy, deadline: &Deadline) {
    let culprit = deadline.overdue().and_then(|text| {
        let mut releases = policy.releases().iter();
        releases.find(|release| release.holds_expression(text))
    });
    let name = culprit.map_or("unknown", |release| release.name());
    app.metrics.overdue(name);
    app.policy.note_overdue(name);
    tracing::warn!(
        policy = name,
        "an expression took too long, so what it says of an object was not verified"
    );
}

fn stopping() -> Unreadable {
    Unreadable {
        status: 500,
        sentence: "the server is stopping".to_owned(),
    }
}
