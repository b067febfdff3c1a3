//! Credentials that a strategy holds, and what their age asks for.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;

use super::windows::Windows;

/// Credentials with the moments at which something has to happen to them.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub credentials: Credentials,
    /// Before any chance moved the advisory window.
    pub windows: Windows,
    renew_from: Option<SystemTime>,
    wait_from: Option<SystemTime>,
    /// The service refused them.
    refused: bool,
}

/// What the age of the credentials asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Nothing.
    None,
    /// A renewal, while calls go on.
    Renew,
    /// New ones before the next call.
    Wait,
}

impl Held {
    /// Credentials fetched at `now`. `windows` replaces those that follow from how long they are valid; `chance`
    /// from 0 to 1 moves the advisory one. Credentials without an expiry are never renewed.
    pub fn fetched(
        credentials: Credentials,
        now: SystemTime,
        windows: Option<Windows>,
        chance: f64,
    ) -> Self {
        let expiry = credentials.expiry();
        let lifetime = expiry.map_or(Duration::ZERO, |expiry| since(now, expiry));
        let windows = windows.unwrap_or_else(|| Windows::of(lifetime));
        let before = |window| expiry.map(|expiry| expiry - window);
        Self {
            renew_from: before(windows.jittered(chance).advisory),
            wait_from: before(windows.mandatory),
            windows,
            refused: false,
            credentials,
        }
    }

    /// The same, known to be refused by the service.
    pub fn refused(&self) -> Self {
        Self {
            refused: true,
            ..self.clone()
        }
    }

    pub fn urgency(&self, now: SystemTime) -> Urgency {
        let reached = |moment: Option<SystemTime>| moment.is_some_and(|moment| now >= moment);
        if self.refused || reached(self.wait_from) {
            Urgency::Wait
        } else if reached(self.renew_from) {
            Urgency::Renew
        } else {
            Urgency::None
        }
    }

    /// Whether the service is known to take them no longer.
    pub fn is_refused(&self) -> bool {
        self.refused
    }

    /// When the urgency will have grown from none; `None` for credentials that never expire.
    pub fn renew_from(&self) -> Option<SystemTime> {
        self.renew_from
    }

    /// Whether a service would take them.
    pub fn valid(&self, now: SystemTime) -> bool {
        let expired = self
            .credentials
            .expiry()
            .is_some_and(|expiry| now >= expiry);
        !self.refused && !expired
    }

    /// The next moment after `now` at which calls would be worse off with these credentials.
    pub fn next_boundary(&self, now: SystemTime) -> Option<SystemTime> {
        let boundaries = [self.wait_from, self.credentials.expiry()];
        boundaries
            .into_iter()
            .flatten()
            .find(|&moment| moment > now)
    }

    /// Whether `other` are other credentials. An expiry alone does not make them so: sources that fail hand
    /// out the last ones again, some of them with a later expiry.
    pub fn differs(&self, other: &Credentials) -> bool {
        self.credentials.access_key_id() != other.access_key_id()
            || self.credentials.session_token() != other.session_token()
    }
}

/// From `start` to `end`; zero when that is the other way round.
pub(super) fn since(start: SystemTime, end: SystemTime) -> Duration {
    end.duration_since(start).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn held(lifetime_s: u64) -> Held {
        let expiry = NOW + Duration::from_secs(lifetime_s);
        let credentials = Credentials::new("AKID", "secret", None, Some(expiry), "test");
        Held::fetched(credentials, NOW, None, 0.0)
    }

    fn after(seconds: u64) -> SystemTime {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn urgency_grows_at_the_two_thresholds() {
        let held = held(3600);
        let cases = [
            (2699, Urgency::None),
            (2700, Urgency::Renew),
            (3539, Urgency::Renew),
            (3540, Urgency::Wait),
            (4000, Urgency::Wait),
        ];
        for (second, urgency) in cases {
            assert_eq!(held.urgency(after(second)), urgency, "{second}");
        }
        assert!(held.valid(after(3599)) && !held.valid(after(3600)));
        assert_eq!(held.next_boundary(after(3540)), Some(after(3600)));
    }

    #[test]
    fn refused_credentials_are_urgent_at_once() {
        assert_eq!(held(3600).refused().urgency(NOW), Urgency::Wait);
        assert!(!held(3600).refused().valid(NOW));
    }

    #[test]
    fn a_later_expiry_alone_is_nothing_new() {
        let later = Credentials::new("AKID", "secret", None, Some(after(9999)), "test");
        assert!(!held(3600).differs(&later));
        let other = Credentials::new("OTHER", "secret", None, Some(after(3600)), "test");
        assert!(held(3600).differs(&other));
    }

    #[test]
    fn credentials_that_never_expire_are_never_renewed() {
        let forever = Credentials::new("AKID", "secret", None, None, "test");
        let held = Held::fetched(forever, NOW, None, 0.0);
        assert_eq!(held.urgency(after(1 << 30)), Urgency::None);
        assert!(held.valid(after(1 << 30)));
    }
}
