//! Credentials from their fetch to their expiry, and what their age asks for.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;

use super::windows::Windows;

/// Credentials with the moments at which something has to happen to them; there are none where they never expire.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lease {
    pub credentials: Credentials,
    pub fetched_at: SystemTime,
    /// From then on somebody is to renew them while calls go on; not before they were fetched.
    pub renew_at: Option<SystemTime>,
    /// From then on calls wait for new ones.
    pub wait_at: Option<SystemTime>,
}

/// What is left of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    /// In the advisory window: to be renewed by one caller while the others go on.
    Early,
    /// In the mandatory window: callers wait for new ones.
    Late,
    Expired,
}

impl Lease {
    /// Credentials fetched at `fetched_at`, to be renewed ahead of their expiry as `windows` say.
    pub fn new(credentials: Credentials, fetched_at: SystemTime, windows: Windows) -> Self {
        let expiry = credentials.expiry();
        let before = |window| expiry.map(|expiry| expiry - window);
        let lifetime = lifetime(&credentials, fetched_at);
        Self {
            renew_at: before(windows.advisory.min(lifetime)),
            wait_at: before(windows.mandatory),
            credentials,
            fetched_at,
        }
    }

    /// When a service will take them no longer.
    pub fn expiry(&self) -> Option<SystemTime> {
        self.credentials.expiry()
    }

    /// Whether these are good for longer than `other`, whose expiry may be unknown.
    pub fn outlasts(&self, other: &Credentials) -> bool {
        other.expiry().is_none() || self.expiry() > other.expiry()
    }

    pub fn age(&self, now: SystemTime) -> Age {
        let reached = |moment: Option<SystemTime>| moment.is_some_and(|moment| now >= moment);
        if reached(self.expiry()) {
            Age::Expired
        } else if reached(self.wait_at) {
            Age::Late
        } else if reached(self.renew_at) {
            Age::Early
        } else {
            Age::Fresh
        }
    }
}

impl Age {
    /// Whether calls go on with the credentials.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Fresh | Self::Early)
    }
}

/// For how long credentials are good that were fetched at `fetched_at`; zero for those without an expiry.
pub(crate) fn lifetime(credentials: &Credentials, fetched_at: SystemTime) -> Duration {
    let expiry = credentials.expiry();
    expiry.map_or(Duration::ZERO, |expiry| since(fetched_at, expiry))
}

/// From `start` to `end`; zero when that is the other way round.
pub(super) fn since(start: SystemTime, end: SystemTime) -> Duration {
    end.duration_since(start).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategies::fixtures::at;

    const HOUR: Windows = Windows {
        advisory: Duration::from_mins(15),
        mandatory: Duration::from_mins(1),
    };

    fn lease(expiry: Option<SystemTime>) -> Lease {
        let credentials = Credentials::new("AKID", "secret", None, expiry, "test");
        Lease::new(credentials, at(0.0), HOUR)
    }

    #[test]
    fn age_follows_the_windows() {
        let hour = lease(Some(at(3600.0)));
        for (second, age) in [
            (0.0, Age::Fresh),
            (2699.0, Age::Fresh),
            (2700.0, Age::Early),
            (3539.0, Age::Early),
            (3540.0, Age::Late),
            (3599.0, Age::Late),
            (3600.0, Age::Expired),
        ] {
            assert_eq!(hour.age(at(second)), age, "{second} s");
        }
    }

    #[test]
    fn a_lifetime_shorter_than_its_window_is_renewed_at_once_and_not_before() {
        assert_eq!(lease(Some(at(10.0))).renew_at, Some(at(0.0)));
    }

    #[test]
    fn credentials_that_never_expire_are_never_renewed() {
        assert_eq!(lease(None).age(at(1e9)), Age::Fresh);
    }
}
