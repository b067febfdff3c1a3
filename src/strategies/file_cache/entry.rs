//! What a file of the cache holds, and what its age means. Knows neither how it is written nor where.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::strategies::lease::{self, Age, Lease};
use crate::strategies::windows::Windows;

/// After a failure with credentials at hand that are good for a while: the specification's 5 to 10 minutes.
const RETRY_AFTER: Duration = Duration::from_mins(5);

/// After a failure with none at hand, or none for long: up to this. One caller per second and machine finds out
/// soon enough that a source is back, and is no load on one that is in trouble.
pub(super) const URGENT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entry {
    /// Credentials that expire. The moment of their renewal is drawn once, so that all readers of a machine agree
    /// on it and different machines do not.
    pub(super) lease: Option<Lease>,
    /// How the last try to renew them failed; `None` once one succeeds.
    pub(super) failure: Option<Failure>,
}

/// A try to renew that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Failure {
    #[serde(with = "moment")]
    pub(super) began_at: SystemTime,
    #[serde(with = "moment")]
    pub(super) ended_at: SystemTime,
    /// The source is left alone until then, unless the credentials at hand are about to expire.
    #[serde(with = "moment")]
    pub(super) retry_at: SystemTime,
    /// What went wrong, without secrets.
    pub(super) message: String,
}

impl Failure {
    /// A try that failed at `ended_at`, with credentials at hand whose age was `age` then.
    pub(super) fn new(
        began_at: SystemTime,
        ended_at: SystemTime,
        age: Option<Age>,
        message: String,
        chance: f64,
    ) -> Self {
        let pause = match age {
            Some(Age::Fresh | Age::Early) => RETRY_AFTER.mul_f64(1.0 + chance),
            _ => URGENT_RETRY_AFTER.mul_f64(0.5 + chance / 2.0),
        };
        Self {
            began_at,
            ended_at,
            retry_at: ended_at + pause,
            message,
        }
    }

    /// Until when the source is to be left alone, if that is after `now`.
    pub(super) fn holds_until(&self, age: Option<Age>, now: SystemTime) -> Option<SystemTime> {
        let until = match age {
            Some(Age::Fresh | Age::Early) => self.retry_at,
            _ => self.retry_at.min(self.ended_at + URGENT_RETRY_AFTER),
        };
        // A failure in the future is one from before the clock was set back.
        (self.ended_at <= now && now < until).then_some(until)
    }
}

impl Entry {
    /// What is written down after a fetch at `fetched_at`; `None` for credentials without an expiry, or past it:
    /// there is nothing to keep. `advisory` is the window in which they are renewed; the mandatory one is that of
    /// their lifetime.
    pub(super) fn fetched(
        credentials: Credentials,
        fetched_at: SystemTime,
        advisory: impl FnOnce(Duration) -> Duration,
    ) -> Option<Self> {
        let lifetime = lease::lifetime(&credentials, fetched_at);
        let windows = Windows {
            advisory: advisory(lifetime),
            ..Windows::of(lifetime)
        };
        (!lifetime.is_zero()).then(|| Self {
            lease: Some(Lease::new(credentials, fetched_at, windows)),
            failure: None,
        })
    }

    /// The age of the credentials. Those of the future have an expiry that cannot be believed.
    pub(super) fn age(&self, now: SystemTime) -> Option<Age> {
        let lease = self.lease.as_ref()?;
        Some(match lease.age(now) {
            Age::Fresh | Age::Early if self.is_from_the_future(now) => Age::Late,
            age => age,
        })
    }

    /// Whether the clock was set back since the credentials were fetched.
    pub(super) fn is_from_the_future(&self, now: SystemTime) -> bool {
        let lease = self.lease.as_ref();
        lease.is_some_and(|lease| now < lease.fetched_at)
    }

    /// The failure for whose sake the source is to be left alone, and until when.
    pub(super) fn failing(&self, now: SystemTime) -> Option<(&Failure, SystemTime)> {
        let failure = self.failure.as_ref()?;
        let until = failure.holds_until(self.age(now), now)?;
        Some((failure, until))
    }
}

/// A moment in a file: RFC 3339.
pub(super) mod moment {
    use super::{Deserializer, OffsetDateTime, Serializer, SystemTime, rfc3339};

    pub fn serialize<S: Serializer>(moment: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        rfc3339::serialize(&OffsetDateTime::from(*moment), to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
        rfc3339::deserialize(from).map(SystemTime::from)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::strategies::fixtures::{at, credentials};

    /// Credentials fetched at 0 for an hour: early from 2700 s, late from 3540 s.
    pub fn hour() -> Entry {
        fetched(credentials(3600.0), 0.0).expect("they expire")
    }

    pub fn fetched(credentials: Credentials, at_s: f64) -> Option<Entry> {
        Entry::fetched(credentials, at(at_s), |lifetime| lifetime / 4)
    }

    #[test]
    fn a_clock_set_back_is_noticed() {
        let entry = hour();
        assert_eq!(entry.age(at(0.0)), Some(Age::Fresh));
        assert!(!entry.is_from_the_future(at(0.0)) && entry.is_from_the_future(at(-1.0)));
        assert_eq!(entry.age(at(-1.0)), Some(Age::Late));
    }

    #[test]
    fn nothing_is_kept_of_credentials_that_do_not_expire_or_have_expired() {
        let forever = Credentials::new("A", "s", None, None, "test");
        assert_eq!(fetched(forever, 0.0), None);
        assert_eq!(fetched(credentials(0.0), 0.0), None);
        assert_eq!(fetched(credentials(0.0), 1.0), None);
    }

    #[test]
    fn a_failing_source_is_left_alone_for_minutes_but_only_for_a_second_near_the_expiry() {
        let failure = |age| Failure::new(at(0.0), at(1.0), age, String::new(), 0.0);
        let early = failure(Some(Age::Early));
        let until = early.holds_until(Some(Age::Early), at(2.0));
        assert_eq!(until, Some(at(1.0) + RETRY_AFTER));
        assert_eq!(early.holds_until(Some(Age::Late), at(2.0)), None);
        let urgent = failure(None);
        assert_eq!(urgent.holds_until(None, at(1.0)), Some(at(1.5)));
        assert_eq!(urgent.holds_until(None, at(0.0)), None, "from the future");
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", hour());
        assert!(shown.contains("ASIAEXAMPLE"));
        assert!(!shown.contains("the-secret") && !shown.contains("the-token"));
    }
}
