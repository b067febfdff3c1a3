//! How long a strategy waits after a fetch that brought nothing new.

use std::time::Duration;

use super::windows::Windows;

/// The wait grows from `first` by `factor` to `most`; up to `spread` of it is added by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backoff {
    first: Duration,
    factor: f64,
    most: Duration,
    spread: f64,
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
        }
    }

    /// The refresh specification's: 5 to 10 minutes, or as long as the advisory window where that is shorter.
    pub fn specified(windows: Windows) -> Self {
        let wait = windows.advisory.min(Duration::from_secs(5 * 60));
        Self {
            first: wait,
            factor: 1.0,
            most: wait,
            spread: 1.0,
        }
    }

    /// The wait after the `failures`-th failure in a row; `chance` from 0 to 1.
    pub fn wait(self, failures: u32, chance: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(32);
        let grown = self.first.as_secs_f64() * self.factor.powi(doublings as i32);
        let bounded = grown.min(self.most.as_secs_f64());
        Duration::from_secs_f64(bounded * (1.0 + self.spread * chance))
    }
}

/// From the start of one fetch to the next, once there are no valid credentials left and fetches have failed
/// for `trouble`: every call that is made meanwhile fails, so this is short. `chance` takes up to a quarter
/// off, so that processes which failed together do not try again together.
pub(super) fn gap(trouble: Duration, chance: f64) -> Duration {
    let gap = (trouble / SHARE_OF_OUTAGE).clamp(SHORTEST_GAP, LONGEST_GAP);
    gap.mul_f64(1.0 - 0.25 * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn waits_double_up_to_a_third_of_the_window() {
        let backoff = Backoff::doubling(Windows::of(HOUR));
        let waits: Vec<u64> = (1..=6).map(|n| backoff.wait(n, 0.0).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240, 300, 300]);
        assert_eq!(backoff.wait(1, 1.0), Duration::from_millis(37_500));
        assert_eq!(backoff.wait(u32::MAX, 0.0).as_secs(), 300);
    }

    #[test]
    fn the_specification_waits_five_to_ten_minutes() {
        let backoff = Backoff::specified(Windows::of(HOUR));
        assert_eq!(backoff.wait(7, 0.0).as_secs(), 300);
        assert_eq!(backoff.wait(7, 1.0).as_secs(), 600);
    }

    #[test]
    fn after_the_expiry_the_gap_is_a_hundredth_of_the_outage_within_its_bounds() {
        assert_eq!(gap(Duration::ZERO, 0.0), SHORTEST_GAP);
        assert_eq!(gap(Duration::from_secs(50), 0.0).as_millis(), 500);
        assert_eq!(gap(HOUR, 0.0), LONGEST_GAP);
        assert!(gap(HOUR, 1.0) >= LONGEST_GAP / 2);
    }
}
