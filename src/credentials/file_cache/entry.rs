//! What a file of the cache holds, and what its age means. Knows neither how it is written nor where.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;

use crate::credentials::Windows;

/// After a failure with credentials in hand that are good for a while: the specification's 5 to 10 minutes.
const PATIENCE: Duration = Duration::from_mins(5);

/// After a failure with none in hand, or none for long: up to this. One caller per second and machine finds out
/// soon enough that a source is back, and is no load on one that is in trouble.
pub(super) const SHORT_PATIENCE: Duration = Duration::from_secs(1);

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entry {
    pub(super) held: Option<Held>,
    /// How the last try to renew them failed; `None` once one succeeds.
    pub(super) failure: Option<Failure>,
}

/// Credentials that expire, and when they are to be renewed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    pub(super) credentials: Credentials,
    pub(super) fetched_at: SystemTime,
    /// From when on somebody is to renew them. Drawn once, so that all readers of a machine agree on it and
    /// different machines do not.
    pub(super) renew_at: SystemTime,
    pub(super) expires_at: SystemTime,
}

/// How much longer credentials are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    /// In the advisory window: to be renewed by one caller while the others go on.
    Early,
    /// In the mandatory window: callers wait for new ones.
    Late,
    Expired,
    /// Fetched after now: the clock was set back, and the expiry cannot be believed.
    Doubtful,
}

/// A try to renew that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) began_at: SystemTime,
    pub(super) ended_at: SystemTime,
    /// The source is left alone until then, unless the credentials in hand are about to expire.
    pub(super) retry_at: SystemTime,
    /// What went wrong, without secrets.
    pub(super) message: String,
}

impl Held {
    /// What the source handed out at `fetched_at`; `chance`, from 0 to 1, spreads the renewal. `None` for
    /// credentials without an expiry, or past it: there is nothing to keep.
    pub(super) fn new(
        credentials: Credentials,
        fetched_at: SystemTime,
        windows: impl Fn(Duration) -> Windows,
    ) -> Option<Self> {
        let expires_at = credentials.expiry()?;
        let lifetime = expires_at.duration_since(fetched_at).ok()?;
        let ahead = windows(lifetime).advisory.min(lifetime);
        (!lifetime.is_zero()).then_some(Self {
            credentials,
            fetched_at,
            renew_at: expires_at - ahead,
            expires_at,
        })
    }

    pub(super) fn age(&self, now: SystemTime) -> Age {
        let lifetime = self.expires_at.duration_since(self.fetched_at);
        let mandatory = Windows::of(lifetime.unwrap_or_default()).mandatory;
        if now < self.fetched_at {
            Age::Doubtful
        } else if now >= self.expires_at {
            Age::Expired
        } else if now + mandatory >= self.expires_at {
            Age::Late
        } else if now >= self.renew_at {
            Age::Early
        } else {
            Age::Fresh
        }
    }
}

impl Failure {
    /// A try that failed at `ended_at`, with credentials `held` whose age was `age` then.
    pub(super) fn new(
        began_at: SystemTime,
        ended_at: SystemTime,
        age: Option<Age>,
        message: String,
        chance: f64,
    ) -> Self {
        let patience = match age {
            Some(Age::Fresh | Age::Early) => PATIENCE.mul_f64(1.0 + chance),
            _ => SHORT_PATIENCE.mul_f64(0.5 + chance / 2.0),
        };
        Self {
            began_at,
            ended_at,
            retry_at: ended_at + patience,
            message,
        }
    }

    /// Until when the source is to be left alone, if that is after `now`.
    pub(super) fn holds_until(&self, age: Option<Age>, now: SystemTime) -> Option<SystemTime> {
        let until = match age {
            Some(Age::Fresh | Age::Early) => self.retry_at,
            _ => self.retry_at.min(self.ended_at + SHORT_PATIENCE),
        };
        // A failure in the future is one from before the clock was set back.
        (self.ended_at <= now && now < until).then_some(until)
    }
}

impl Entry {
    /// What is written down after a fetch.
    pub(super) fn of(held: Held) -> Self {
        Self {
            held: Some(held),
            failure: None,
        }
    }

    /// The age of what is held.
    pub(super) fn age(&self, now: SystemTime) -> Option<Age> {
        self.held.as_ref().map(|held| held.age(now))
    }

    /// The failure for whose sake the source is to be left alone, and until when.
    pub(super) fn failing(&self, now: SystemTime) -> Option<(&Failure, SystemTime)> {
        let failure = self.failure.as_ref()?;
        let until = failure.holds_until(self.age(now), now)?;
        Some((failure, until))
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + 1_000_000 * Duration::from_secs(1) + Duration::from_secs(seconds)
    }

    fn held() -> Held {
        let credentials = Credentials::new(
            "ASIAEXAMPLE",
            "the-secret",
            Some("the-token".into()),
            Some(at(3600)),
            "test",
        );
        Held::new(credentials, at(0), Windows::of).expect("they expire")
    }

    #[test]
    fn age_follows_the_windows_and_a_clock_set_back_is_noticed() {
        let held = held();
        for (seconds, age) in [
            (0, Age::Fresh),
            (2699, Age::Fresh),
            (2700, Age::Early),
            (3539, Age::Early),
            (3540, Age::Late),
            (3600, Age::Expired),
        ] {
            assert_eq!(held.age(at(seconds)), age, "{seconds} s");
        }
        assert_eq!(held.age(at(0) - Duration::from_secs(1)), Age::Doubtful);
    }

    #[test]
    fn nothing_is_kept_of_credentials_that_do_not_expire_or_have_expired() {
        let with = |expiry| Credentials::new("A", "s", None, expiry, "test");
        assert_eq!(Held::new(with(None), at(0), Windows::of), None);
        assert_eq!(Held::new(with(Some(at(0))), at(0), Windows::of), None);
        assert_eq!(Held::new(with(Some(at(0))), at(1), Windows::of), None);
    }

    #[test]
    fn a_failing_source_is_left_alone_for_minutes_but_only_for_a_second_near_the_expiry() {
        let failure = Failure::new(at(0), at(1), Some(Age::Early), String::new(), 0.0);
        assert_eq!(
            failure.holds_until(Some(Age::Early), at(2)),
            Some(at(1) + PATIENCE)
        );
        assert_eq!(failure.holds_until(Some(Age::Late), at(2)), None);
        let urgent = Failure::new(at(0), at(1), None, String::new(), 1.0);
        assert_eq!(urgent.holds_until(None, at(1)), Some(at(2)));
        assert_eq!(urgent.holds_until(None, at(0)), None, "from the future");
    }

    #[test]
    fn debug_shows_no_secret() {
        let entry = Entry {
            held: Some(held()),
            failure: None,
        };
        let shown = format!("{entry:?}");
        assert!(shown.contains("ASIAEXAMPLE"));
        assert!(!shown.contains("the-secret") && !shown.contains("the-token"));
    }

    #[test]
    fn a_lifetime_shorter_than_its_window_is_renewed_at_once_and_not_before() {
        let credentials = Credentials::new("A", "s", None, Some(at(10)), "test");
        let wide = |_| Windows {
            advisory: HOUR,
            mandatory: HOUR,
        };
        let held = Held::new(credentials, at(0), wide).expect("they expire");
        assert_eq!(held.renew_at, at(0));
    }
}
