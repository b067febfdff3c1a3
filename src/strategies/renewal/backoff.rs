//! How long a strategy waits after a fetch that brought nothing new.

use std::time::{Duration, SystemTime};

use crate::strategies::lease::since;
use crate::strategies::windows::Windows;

/// The wait grows from `first` by `factor` to `most`; up to `spread` of it is added by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backoff {
    first: Duration,
    factor: f64,
    most: Duration,
    spread: f64,
    /// The mandatory window, which is also the shortest time before it that is worth another try.
    last: Duration,
}

/// After the expiry: the wait as a share of the time for which fetches have failed, and its bounds. A source
/// that is back is noticed after a hundredth of its outage, and never later than a second.
const SHARE_OF_OUTAGE: u32 = 100;
const SHORTEST_GAP: Duration = Duration::from_millis(100);
pub(super) const LONGEST_GAP: Duration = Duration::from_secs(1);

impl Backoff {
    /// Doubles from a thirtieth of the advisory window to a third of it: 30 s to 5 min for credentials
    /// that last an hour.
    pub fn doubling(windows: Windows) -> Self {
        Self {
            first: windows.advisory / 30,
            factor: 2.0,
            most: windows.advisory / 3,
            spread: 0.25,
            last: windows.mandatory,
        }
    }

    /// The refresh specification's: 5 to 10 minutes, or as long as the advisory window where that is shorter.
    pub fn specified(windows: Windows) -> Self {
        let wait = windows.advisory.min(Duration::from_mins(5));
        Self {
            first: wait,
            factor: 1.0,
            most: wait,
            spread: 1.0,
            last: windows.mandatory,
        }
    }

    /// `next`, or an earlier moment so that there is a try well before `boundary`, from which on calls are worse off:
    /// half of what is left until then, as long as that is more than the last minute.
    pub fn before(self, boundary: SystemTime, now: SystemTime, next: SystemTime) -> SystemTime {
        let half = since(now, boundary) / 2;
        if half >= self.last && since(next, boundary) < self.last {
            now + half
        } else {
            next.min(boundary)
        }
    }

    /// The wait after the `failures`-th failure in a row; `chance` from 0 to 1.
    pub fn wait(self, failures: u32, chance: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(32);
        let grown = self.first.as_secs_f64() * self.factor.powf(f64::from(doublings));
        let bounded = grown.min(self.most.as_secs_f64());
        Duration::from_secs_f64(bounded * (1.0 + self.spread * chance))
    }
}

/// From the start of one fetch, which took `took`, to the next, once there are no valid credentials left and
/// fetches have failed for `trouble`: every call that is made meanwhile fails, so this is short; but a source
/// that is slow to fail is not asked without a pause. `chance` takes up to a quarter off, so that processes which
/// failed together do not try again together.
pub(super) fn gap(trouble: Duration, took: Duration, chance: f64) -> Duration {
    let gap = (trouble / SHARE_OF_OUTAGE).clamp(SHORTEST_GAP, LONGEST_GAP);
    let pause = (took / 4).min(LONGEST_GAP);
    gap.mul_f64(1.0 - 0.25 * chance).max(took + pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn waits_double_up_to_a_third_of_the_window() {
        let backoff = Backoff::doubling(Windows::of(HOUR));
        let waits: Vec<u64> = (1..=6).map(|n| backoff.wait(n, 0.0).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240, 300, 300]);
        assert_eq!(backoff.wait(1, 1.0), Duration::from_millis(37_500));
        assert_eq!(backoff.wait(u32::MAX, 0.0).as_secs(), 300);
    }

    #[test]
    fn no_wait_sleeps_through_the_time_before_a_boundary() {
        let now = SystemTime::UNIX_EPOCH;
        for backoff in [Backoff::doubling, Backoff::specified] {
            let backoff = backoff(Windows::of(HOUR));
            let before = |left, wait| {
                let [boundary, next] = [left, wait].map(|s| now + Duration::from_secs(s));
                since(now, backoff.before(boundary, now, next)).as_secs()
            };
            assert_eq!(before(600, 120), 120);
            assert_eq!(before(290, 300), 145);
            assert_eq!(
                before(310, 300),
                155,
                "ten seconds are too few for a slow source"
            );
            assert_eq!(before(100, 300), 100);
        }
    }

    #[test]
    fn the_specification_waits_five_to_ten_minutes() {
        let backoff = Backoff::specified(Windows::of(HOUR));
        assert_eq!(backoff.wait(7, 0.0).as_secs(), 300);
        assert_eq!(backoff.wait(7, 1.0).as_secs(), 600);
    }

    #[test]
    fn after_the_expiry_the_gap_is_a_hundredth_of_the_outage_within_its_bounds() {
        assert_eq!(gap(Duration::ZERO, Duration::ZERO, 0.0), SHORTEST_GAP);
        assert_eq!(
            gap(Duration::from_secs(50), Duration::ZERO, 0.0).as_millis(),
            500
        );
        assert_eq!(gap(HOUR, Duration::ZERO, 0.0), LONGEST_GAP);
        assert!(gap(HOUR, Duration::ZERO, 1.0) >= LONGEST_GAP / 2);
        assert_eq!(gap(HOUR, 5 * LONGEST_GAP, 0.0), 6 * LONGEST_GAP);
    }
}
