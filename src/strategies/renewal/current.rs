//! The credentials that a strategy hands out now.

use std::time::SystemTime;

use aws_credential_types::Credentials;

use crate::strategies::lease::{Age, Lease, lifetime};
use crate::strategies::windows::Windows;

/// The last credentials that were fetched.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub lease: Lease,
    /// Before any chance moved the advisory window.
    pub windows: Windows,
    /// The service is known to take them no longer.
    pub refused: bool,
}

impl Current {
    /// Credentials fetched at `now`. `windows` replaces those that follow from how long they are valid; `chance`
    /// from 0 to 1 moves the advisory one.
    pub fn fetched(
        credentials: Credentials,
        now: SystemTime,
        windows: Option<Windows>,
        chance: f64,
    ) -> Self {
        let windows = windows.unwrap_or_else(|| Windows::of(lifetime(&credentials, now)));
        Self {
            lease: Lease::new(credentials, now, windows.jittered(chance)),
            windows,
            refused: false,
        }
    }

    /// The same, known to be refused by the service.
    pub fn refused(&self) -> Self {
        Self {
            refused: true,
            ..self.clone()
        }
    }

    pub fn credentials(&self) -> Credentials {
        self.lease.credentials.clone()
    }

    /// Refused ones are as good as expired.
    pub fn age(&self, now: SystemTime) -> Age {
        if self.refused {
            Age::Expired
        } else {
            self.lease.age(now)
        }
    }

    /// Whether a service would take them.
    pub fn valid(&self, now: SystemTime) -> bool {
        self.age(now) != Age::Expired
    }

    /// The next moment after `now` at which calls would be worse off with these credentials.
    pub fn next_boundary(&self, now: SystemTime) -> Option<SystemTime> {
        let mut boundaries = [self.lease.wait_at, self.lease.expiry()].into_iter();
        boundaries.find_map(|moment| moment.filter(|&moment| moment > now))
    }

    /// Whether `other` are other credentials. An expiry alone does not make them so: sources that fail hand
    /// out the last ones again, some of them with a later expiry.
    pub fn differs(&self, other: &Credentials) -> bool {
        let mine = &self.lease.credentials;
        mine.access_key_id() != other.access_key_id()
            || mine.session_token() != other.session_token()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategies::fixtures::{at, credentials};

    fn hour() -> Current {
        Current::fetched(credentials(3600.0), at(0.0), None, 0.0)
    }

    #[test]
    fn the_boundaries_are_the_mandatory_window_and_the_expiry() {
        let hour = hour();
        assert_eq!(hour.age(at(2700.0)), Age::Early);
        assert_eq!(hour.next_boundary(at(0.0)), Some(at(3540.0)));
        assert_eq!(hour.next_boundary(at(3540.0)), Some(at(3600.0)));
        assert!(hour.valid(at(3599.0)) && !hour.valid(at(3600.0)));
    }

    #[test]
    fn refused_credentials_are_urgent_at_once() {
        assert_eq!(hour().refused().age(at(0.0)), Age::Expired);
        assert!(!hour().refused().valid(at(0.0)));
    }

    #[test]
    fn a_later_expiry_alone_is_nothing_new() {
        assert!(!hour().differs(&credentials(9999.0)));
        let (token, expiry) = (Some("the-token".into()), Some(at(3600.0)));
        let other = Credentials::new("OTHER", "the-secret", token, expiry, "test");
        assert!(hour().differs(&other));
    }
}
