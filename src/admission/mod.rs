//! AdmissionReview v1 in, response out: which requests are judged, and how a verdict is answered.
//!
//! It is pure: bytes, policy, facts and the time in, an answer out. It knows no server.

mod answer;
mod envelope;
mod message;
mod object;
mod pods;
mod policies;
mod pruned;
mod review;
mod same;
#[cfg(test)]
mod tests;
mod text;
mod unchanged;

pub use answer::Answer;
pub use envelope::Unreadable;
pub use pods::plan_pod;
pub use review::{Judged, NotJudged, Opened, Review};
