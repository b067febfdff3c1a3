//! How long before their expiry credentials are renewed.

use std::time::Duration;

/// The two thresholds of a renewal, as time left before expiry. In between, credentials are renewed while
/// calls go on with those that are held; once no more than `mandatory` is left, calls wait for new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    pub advisory: Duration,
    pub mandatory: Duration,
}

const MINUTE: Duration = Duration::from_mins(1);

/// The shortest lifetime that STS gives. The table of the specification is not made for shorter ones, which
/// it would have renewed all the time.
const SHORTEST: Duration = Duration::from_mins(15);

/// The part of the advisory window that is left to chance, so that processes which fetched together do
/// not renew together.
const JITTER: f64 = 0.5;

impl Windows {
    /// The windows of the refresh specification that the SDKs share, for credentials that were valid for
    /// `lifetime` when they were fetched. Under 15 minutes, which the specification does not foresee,
    /// they are a third and a fifteenth of the lifetime: the proportions that it has at 15 minutes.
    #[must_use]
    pub fn of(lifetime: Duration) -> Self {
        let advisory = if lifetime < SHORTEST {
            lifetime / 3
        } else if lifetime <= 20 * MINUTE {
            5 * MINUTE
        } else if lifetime < 90 * MINUTE {
            15 * MINUTE
        } else {
            60 * MINUTE
        };
        Self {
            advisory,
            mandatory: MINUTE.min(advisory / 5),
        }
    }

    /// The same with an advisory window that begins up to half of it later, by `chance` from 0 to 1.
    #[must_use]
    pub fn jittered(self, chance: f64) -> Self {
        Self {
            advisory: self.advisory.mul_f64(1.0 - JITTER * chance.clamp(0.0, 1.0)),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_windows_are_those_of_the_specification() {
        for (lifetime, expected) in [(15, 5), (20, 5), (21, 15), (60, 15), (89, 15), (90, 60)] {
            let windows = Windows::of(lifetime * MINUTE);
            let expected = (expected * MINUTE, MINUTE);
            assert_eq!(
                (windows.advisory, windows.mandatory),
                expected,
                "{lifetime} min"
            );
        }
    }

    #[test]
    fn short_lifetimes_keep_the_proportions_and_meet_the_specification_at_fifteen_minutes() {
        let windows = Windows::of(Duration::from_secs(30));
        assert_eq!(windows.advisory, Duration::from_secs(10));
        assert_eq!(windows.mandatory, Duration::from_secs(2));
        let before = Windows::of(SHORTEST.mul_f64(0.999_999));
        assert!(Windows::of(SHORTEST).advisory < before.advisory + Duration::from_millis(1));
    }

    #[test]
    fn jitter_never_reaches_the_mandatory_window() {
        for lifetime in [1, 30, 900, 3600, 43_200] {
            let latest = Windows::of(Duration::from_secs(lifetime)).jittered(1.0);
            assert!(latest.advisory > latest.mandatory, "{lifetime} s");
        }
    }
}
