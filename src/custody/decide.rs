//! When another certificate is served, and when the server is ready: decided without a clock or a cluster.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::certs::{Bundle, Pair};

/// What is known of the certificate that is served.
#[derive(Clone, Debug)]
pub(super) struct Served {
    /// The CA that signed it.
    pub(super) authority: Bundle,
    /// When it is to be replaced.
    pub(super) due: Timestamp,
    /// When it ends.
    pub(super) end: Timestamp,
}

impl Served {
    pub(super) fn new(pair: &Pair, authority: Bundle) -> Self {
        Self {
            authority,
            due: pair.due(),
            end: pair.not_after(),
        }
    }
}

/// What is to be done about the served certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing.
    Keep,
    /// Have another signed, and serve it.
    Sign,
    /// The same, after this long: an API server may not have read the new bundle yet.
    Wait(Duration),
}

/// What is to be done when `current` is the CA in force, and has been in every bundle for `trusted`.
pub(super) fn next(
    served: Option<&Served>,
    current: &Bundle,
    trusted: Option<Duration>,
    settle: Duration,
    now: Timestamp,
) -> Next {
    match served {
        None => Next::Sign,
        Some(served) if served.authority == *current && now < served.due => Next::Keep,
        Some(served) if served.authority == *current => Next::Sign,
        // What has ended convinces nobody; the new one may.
        Some(served) if served.end <= now => Next::Sign,
        Some(_) => match trusted {
            None => Next::Keep,
            Some(trusted) if trusted >= settle => Next::Sign,
            Some(trusted) => Next::Wait(settle - trusted),
        },
    }
}

/// How many of the bundles lack the CA. One that cannot be read lacks it.
pub(super) fn missing<'a>(bundles: impl Iterator<Item = &'a [u8]>, authority: &Bundle) -> usize {
    bundles
        .filter(|pem| !Bundle::from_pem(pem).is_ok_and(|bundle| bundle.contains(authority)))
        .count()
}

/// Why no reviews should come; `None` when they should.
pub(super) fn unready(
    served: Option<&Served>,
    failure: Option<&str>,
    unknown: Option<&str>,
    missing: usize,
) -> Option<Cow<'static, str>> {
    match (served, failure) {
        (None, Some(failure)) => {
            Some(format!("there is no certificate to serve: {failure}").into())
        }
        (None, None) => Some("there is no certificate to serve yet".into()),
        (Some(_), None) => untrusted(unknown, missing),
        // What keeps the CA from being kept may be what keeps it from being injected.
        (Some(_), Some(failure)) => {
            untrusted(unknown, missing).map(|why| format!("{why}; {failure}").into())
        }
    }
}

/// Why no reviews should come to a certificate that is served: who sends them does not trust it.
pub(super) fn untrusted(unknown: Option<&str>, missing: usize) -> Option<Cow<'static, str>> {
    match (unknown, missing) {
        (Some(unknown), _) => Some(unknown.to_owned().into()),
        (None, 0) => None,
        (None, missing) => Some(
            format!("{missing} of the registered webhooks do not trust the served certificate yet")
                .into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::certs::Authority;

    const SETTLE: Duration = Duration::from_secs(5);

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).expect("a time")
    }

    fn authority() -> Authority {
        Authority::make(&names(), now()).expect("a CA")
    }

    fn names() -> Vec<String> {
        vec!["lockkeeper.lockkeeper.svc".to_owned()]
    }

    fn served(by: &Authority) -> Served {
        Served::new(&by.issue(&names(), now()).expect("a pair"), by.bundle())
    }

    #[test]
    fn a_certificate_of_the_same_ca_is_renewed_when_it_is_due() {
        let ca = authority();
        let first = served(&ca);
        let next = |at| next(Some(&first), &ca.bundle(), None, SETTLE, at);
        assert_eq!(next(now()), Next::Keep);
        let days = |days: i64| now() + SignedDuration::from_hours(24 * days);
        assert_eq!(next(days(58)), Next::Keep);
        assert_eq!(next(days(61)), Next::Sign);
    }

    #[test]
    fn one_of_a_new_ca_waits_until_all_have_trusted_it_for_a_while() {
        let (old, new) = (authority(), authority());
        let first = served(&old);
        let next = |trusted, at| next(Some(&first), &new.bundle(), trusted, SETTLE, at);
        assert_eq!(next(None, now()), Next::Keep);
        let second = Duration::from_secs(1);
        assert_eq!(next(Some(second), now()), Next::Wait(SETTLE - second));
        assert_eq!(next(Some(SETTLE), now()), Next::Sign);
        let ended = now() + SignedDuration::from_hours(24 * 91);
        assert_eq!(next(None, ended), Next::Sign);
    }

    #[test]
    fn who_has_none_takes_what_there_is() {
        let ca = authority();
        assert_eq!(next(None, &ca.bundle(), None, SETTLE, now()), Next::Sign);
    }

    #[test]
    fn ready_is_who_is_trusted_by_all_that_are_registered() {
        let (ca, other) = (authority(), authority());
        let both = ca.bundle().union(other.bundle()).to_pem();
        let one = other.bundle().to_pem();
        let count = |bundles: &[&[u8]]| missing(bundles.iter().copied(), &ca.bundle());
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[both.as_bytes()]), 0);
        assert_eq!(
            count(&[both.as_bytes(), one.as_bytes(), b"", b"nonsense"]),
            3
        );

        let own = served(&ca);
        assert!(unready(Some(&own), None, None, 0).is_none());
        // What fails later does not matter while all trust what is served.
        assert!(unready(Some(&own), Some("gone"), None, 0).is_none());
        assert!(unready(Some(&own), None, None, 1).is_some());
        assert!(unready(Some(&own), None, Some("not seen"), 0).is_some());
        let why = unready(Some(&own), Some("gone"), None, 1).expect("not ready");
        assert!(why.contains("gone"), "{why}");
        let why = unready(None, Some("forbidden"), None, 0).expect("not ready");
        assert!(why.contains("forbidden"), "{why}");
    }
}
