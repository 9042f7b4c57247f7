//! What the live bundles hold that this replica does not know of: perhaps it is the one that is behind.
//!
//! Who has just begun to lead may have read the Secret or the files before another CA came there, while other replicas
//! serve by that CA already. So a CA is taken away only when it has been seen for a while.

use std::time::{Duration, Instant};

use crate::certs::{Bundle, MOST_PREVIOUS};

/// The CAs in the live bundles, each with when it was first seen there.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    seen: Vec<(Bundle, Instant)>,
}

impl Strangers {
    /// Looks at the live bundles. What cannot be read is nobody's CA.
    pub(super) fn look<'a>(&mut self, bundles: impl Iterator<Item = &'a [u8]>, now: Instant) {
        let live = bundles
            .filter_map(|pem| Bundle::from_pem(pem).ok())
            .fold(Bundle::default(), Bundle::union);
        self.seen.retain(|(one, _)| live.contains(one));
        for one in live.each() {
            if !self.seen.iter().any(|(seen, _)| *seen == one) {
                self.seen.push((one, now));
            }
        }
    }

    /// What is wanted and what was first seen less than `grace` ago; and after how long to ask again.
    ///
    /// No more strangers than Lockkeeper itself would leave there: a `caBundle` is read at every handshake.
    pub(super) fn beside(
        &self,
        wanted: Bundle,
        grace: Duration,
        now: Instant,
    ) -> (Bundle, Option<Duration>) {
        let left = |since: Instant| grace.saturating_sub(now.saturating_duration_since(since));
        let young = self
            .seen
            .iter()
            .filter(|(one, since)| !wanted.contains(one) && !left(*since).is_zero())
            .take(MOST_PREVIOUS)
            .collect::<Vec<_>>();
        let again = young.iter().map(|(_, since)| left(*since)).min();
        let all = young
            .into_iter()
            .fold(wanted, |all, (one, _)| all.union(one.clone()));
        (all, again)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::certs::Authority;

    const GRACE: Duration = Duration::from_secs(20);

    fn authority() -> Bundle {
        let names = ["lockkeeper.lockkeeper.svc".to_owned()];
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        Authority::make(&names, now).expect("a CA").bundle()
    }

    #[test]
    fn a_ca_that_came_just_now_stays_beside_what_is_wanted_for_a_while() {
        let (own, new) = (authority(), authority());
        let both = own.clone().union(new.clone());
        let pem = both.to_pem();
        let start = Instant::now();
        let mut strangers = Strangers::default();
        strangers.look([pem.as_bytes(), b"nonsense"].into_iter(), start);
        let later = start + Duration::from_secs(5);
        strangers.look([pem.as_bytes()].into_iter(), later);
        let beside = |wanted: &Bundle, at| strangers.beside(wanted.clone(), GRACE, at);
        assert_eq!(
            beside(&own, later),
            (both.clone(), Some(Duration::from_secs(15)))
        );
        // Its time is over, or somebody has told of it.
        assert_eq!(beside(&own, start + GRACE), (own, None));
        assert_eq!(beside(&both, later), (both, None));
    }

    #[test]
    fn what_was_gone_and_many_at_once_are_not_kept_for_ever() {
        let (own, other) = (authority(), authority());
        let start = Instant::now();
        let mut strangers = Strangers::default();
        strangers.look([other.to_pem().as_bytes()].into_iter(), start);
        strangers.look(std::iter::empty(), start);
        assert_eq!(
            strangers.beside(own.clone(), GRACE, start),
            (own.clone(), None)
        );
        let many = (0..10).map(|_| authority());
        let many = many.fold(Bundle::default(), Bundle::union).to_pem();
        strangers.look([many.as_bytes()].into_iter(), start);
        assert_eq!(
            strangers.beside(own, GRACE, start).0.len(),
            1 + MOST_PREVIOUS
        );
    }
}
