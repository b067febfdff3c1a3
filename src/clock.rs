//! The one place that reads a clock.
//!
//! What is measured comes from the monotonic clock: no step of the system's clock can shorten or lengthen it.
//! It stands still while the machine sleeps, so whatever leaves the program as a time of day (a signature, an
//! expiry, a document) comes from the wall clock.

use std::time::{Duration, Instant, SystemTime};

/// By how much the two clocks may come apart before an anchor follows the wall clock.
const LARGEST_DRIFT: Duration = Duration::from_secs(1);

/// A point on the monotonic clock.
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// A point on the clock that tokio's timers go by: the monotonic one, but where it is paused.
#[must_use]
pub fn ticks() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// The time of day, as the system has it now.
#[must_use]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// Time passed since `start`, on the monotonic clock.
#[must_use]
pub fn since(start: Instant) -> Duration {
    now().saturating_duration_since(start)
}

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub monotonic: Instant,
    pub wall: SystemTime,
}

impl Moment {
    /// Reads both clocks.
    #[must_use]
    pub fn now() -> Self {
        Self {
            monotonic: now(),
            wall: wall(),
        }
    }

    /// The time of day at `moment`, advanced from this one by the monotonic clock: whoever takes the difference
    /// of two such times is not reached by a small step of the system's clock. Sleep of the machine, and a step
    /// of more than a second, move the anchor that this is to `moment` instead.
    pub fn advance(&mut self, moment: Self) -> SystemTime {
        let steady = self.wall + moment.monotonic.saturating_duration_since(self.monotonic);
        let drift = moment.wall.duration_since(steady);
        if drift.unwrap_or_else(|behind| behind.duration()) > LARGEST_DRIFT {
            *self = moment;
            return moment.wall;
        }
        steady
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times that an anchor gives when the two clocks have advanced by so many milliseconds each.
    fn times(advances: &[(u64, u64)]) -> Vec<u128> {
        let start = Moment::now();
        let mut anchor = start;
        let times = advances.iter().map(|&(monotonic, wall)| {
            anchor.advance(Moment {
                monotonic: start.monotonic + Duration::from_millis(monotonic),
                wall: start.wall + Duration::from_millis(wall),
            })
        });
        times
            .map(|time| time.duration_since(start.wall).unwrap().as_millis())
            .collect()
    }

    #[test]
    fn after_a_suspend_the_time_of_day_is_that_of_the_wall() {
        let hours = 3 * 3_600_000;
        let seen = times(&[(1_000, 1_000), (1_001, hours), (2_001, hours + 1_000)]);
        assert_eq!(seen, [1_000, hours.into(), u128::from(hours) + 1_000]);
    }

    #[test]
    fn a_small_step_of_the_wall_clock_changes_no_interval() {
        assert_eq!(times(&[(1_000, 1_900), (2_000, 2_900)]), [1_000, 2_000]);
        assert_eq!(times(&[(1_000, 100), (2_000, 1_100)]), [1_000, 2_000]);
    }

    #[test]
    fn a_wall_clock_that_is_set_back_is_followed() {
        assert_eq!(times(&[(5_000, 2_000), (6_000, 3_000)]), [2_000, 3_000]);
    }
}
